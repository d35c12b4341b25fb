import type { Inspection, MediaKind } from "../inspect/inspection.ts";

const TELEPHONY: ReadonlySet<MediaKind> = new Set(["audio", "video"]);

/**
 * Will the session that is offered carry messages or files? Only one whose every line is audio or video will not. An
 * INVITE without an offer may: the answer, with all that it allows, then stands in its ACK (RFC 3261 §13.2.1).
 */
export function mayCarryMessages(inspection: Inspection | undefined): boolean {
  const media = inspection?.media ?? [];
  const isCall = ({ kinds }: (typeof media)[number]): boolean =>
    kinds.length > 0 && kinds.every((kind) => TELEPHONY.has(kind));
  return media.length === 0 || !media.every(isCall);
}
