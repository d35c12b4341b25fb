import { operationLine } from "./event-line.ts";
import type { ReviewRecord, Waiver } from "./review-record.ts";

/** The line of the event log (`type: admin`) about what a person did. */
export function reviewLine(record: ReviewRecord): string {
  const { eventId, at, action, incident, item, sha256, actor, reason, details, waivers } = record;
  return operationLine({
    eventId,
    at,
    type: "admin",
    reason: `${action}: ${incident}`,
    details: {
      action,
      incident,
      item: item ?? null,
      sha256: sha256 ?? null,
      by: actor.by,
      ...(actor.said === "" ? undefined : { said_by: actor.said }),
      why: reason,
      ...details,
      ...(waivers === undefined ? undefined : { released: waivers.map(releasedFields) }),
    },
  });
}

/** What a line says of a waiver that was used, or could not be. */
export interface WaiverNews {
  readonly eventId: string;
  readonly at: number;
  readonly what: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** The line about what came of a release. */
export function waiverLine({ eventId, at, what, details }: WaiverNews): string {
  return operationLine({ eventId, at, type: "admin", reason: what, details });
}

function releasedFields({ id, receiver, expiresAt }: Waiver): unknown {
  return { waiver: id, to: receiver, until: new Date(expiresAt).toISOString() };
}
