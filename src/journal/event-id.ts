import { randomUUID } from "node:crypto";

/**
 * A new id of an event: UUID version 7 (RFC 9562 §5.7), so that ids sort by time. The random bits are those of a
 * version 4, which Node draws from a pool: one is needed for every message.
 *
 * @param at milliseconds since 1970
 */
export function createEventId(at: number): string {
  const time = Math.max(0, Math.trunc(at)).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-7${randomUUID().slice(15)}`;
}
