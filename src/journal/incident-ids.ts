import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../base/clock.ts";

/**
 * Which incident a decision belongs to. Decisions with the same group key within one window share an incident: the
 * first gives it its id, the rest only count (DESIGN §4 "Records"). In memory, so that the id can stand in the text
 * that is about to be sent; the store refuses an id that it knows under another key.
 */
export interface IncidentIds {
  incidentFor(groupKey: string): { readonly id: string; readonly repeated: boolean };
  /** The group key of an id given out lately; "" when it has been forgotten. */
  groupKeyOf(id: string): string;
  /** Gives the group's next decision a new id, after the store refused this one. */
  forget(id: string): void;
}

/** A group that was running when an earlier process ended. */
export interface RunningGroup {
  readonly groupKey: string;
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly firstSeen: number;
}

/** Bounded by `maxGroups`, oldest out; `running` are the groups read back from the store at start. */
export function createIncidentIds(
  clock: Clock,
  options: { readonly windowMs: number; readonly maxGroups: number },
  running: readonly RunningGroup[],
): IncidentIds {
  const groups = new Map<string, { readonly id: string; readonly until: number }>();
  const keys = new Map<string, string>();

  const open = (key: string, id: string, until: number): void => {
    drop(key);
    groups.set(key, { id, until });
    keys.set(id, key);
    if (groups.size <= options.maxGroups) return;
    const oldest = groups.keys().next();
    if (!oldest.done) drop(oldest.value);
  };
  const drop = (key: string): void => {
    const group = groups.get(key);
    if (group === undefined) return;
    groups.delete(key);
    keys.delete(group.id);
  };

  const start = clock.now();
  for (const group of running) {
    const age = start - group.firstSeen;
    if (age < 0 || age >= options.windowMs || groups.size >= options.maxGroups) continue;
    open(group.groupKey, group.id, clock.monotonicMs() + options.windowMs - age);
  }

  return {
    incidentFor(groupKey) {
      const key = boundedKey(groupKey);
      const group = groups.get(key);
      if (group !== undefined && clock.monotonicMs() < group.until) {
        return { id: group.id, repeated: true };
      }
      const id = createIncidentId();
      open(key, id, clock.monotonicMs() + options.windowMs);
      return { id, repeated: false };
    },
    groupKeyOf: (id) => keys.get(id) ?? "",
    forget(id) {
      const key = keys.get(id);
      if (key !== undefined) drop(key);
    },
  };
}

/** Keys are made of what peers send; a long one is kept as its hash. */
function boundedKey(groupKey: string): string {
  return groupKey.length <= 256
    ? groupKey
    : createHash("sha256").update(groupKey).digest("base64url");
}

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** "INC-" and 40 random bits in Crockford's base32, which has no I, L, O, U to be misread over the telephone. */
function createIncidentId(): string {
  const bits = BigInt(`0x${randomBytes(5).toString("hex")}`);
  let id = "INC-";
  for (let shift = 35n; shift >= 0n; shift -= 5n) {
    id += CROCKFORD.charAt(Number((bits >> shift) & 31n));
  }
  return id;
}
