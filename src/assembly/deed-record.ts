import { createEventId } from "../journal/event-id.ts";
import type { ReviewAction, ReviewRecord } from "../journal/review-record.ts";
import type { QuarantineItem } from "../quarantine/quarantine.ts";
import type { Deed } from "../review/ports.ts";

/**
 * The record of what somebody did over the admin socket. The socket is open to the gateway's own account and to root alone, and tells
 * nothing more of who it is; the name that comes along is written down as what it is, a word of the asking program's.
 */
export function deedRecord(
  at: number,
  {
    action,
    incident,
    item,
    deed,
  }: {
    readonly action: ReviewAction;
    readonly incident: string;
    readonly item: Pick<QuarantineItem, "id" | "sha256"> | undefined;
    readonly deed: Deed;
  },
): ReviewRecord {
  return {
    eventId: createEventId(at),
    at,
    action,
    incident,
    item: item?.id,
    sha256: item?.sha256,
    actor: { by: "admin socket", said: deed.saidBy },
    reason: deed.reason,
    details: {},
  };
}
