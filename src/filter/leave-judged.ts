import { logOf } from "../judge/outcome-words.ts";
import type { Decision } from "../policy/decision.ts";
import type { HearingContext, Verdict } from "../policy/hearing.ts";
import type { Splice } from "../wire/sip/splice.ts";
import type { Judged } from "./crossings.ts";
import type { Desk, Question } from "./desk.ts";
import { mayCarryMessages } from "./messaging-media.ts";
import { attachmentScans, tagsOf } from "./incident-draft.ts";
import { departureOf } from "./second-crossing.ts";

const NO_SPLICES: readonly Splice[] = [];

/** What is remembered of a request that a verdict lets leave (crossings.ts). */
export function judgedAs(verdict: Verdict, hearing: HearingContext): Judged {
  const { decisions } = verdict;
  const messaging = mayCarryMessages(verdict.inspection);
  // Nothing matched, and nothing was scanned: nearly every message.
  if (decisions.every(saysNothing) && verdict.scans.length === 0) return { ...SILENT, messaging };
  return {
    messaging,
    ...(verdict.scans.length === 0 ? undefined : { scan: attachmentScans(verdict) }),
    would: decisions.flatMap((one) => one.monitored.map((hit) => hit.rule)),
    tags: tagsOf(decisions),
    log: logOf(hearing, verdict, { incident: "", agent: "" }),
    comesRound: true,
  };
}

const SILENT: Omit<Judged, "messaging"> = { would: [], tags: [], log: [], comesRound: true };

function saysNothing({ monitored, tags, log }: Decision): boolean {
  return monitored.length === 0 && tags.length === 0 && log.length === 0;
}

/**
 * Our mark for what a client sends, in case that it goes to the server; `splices` are the other edits. Beside a proxy and
 * on a trunk what leaves may go straight to a client, which sees no mark: there it is remembered instead.
 */
export function mark(
  desk: Desk,
  question: Question,
  splices: readonly Splice[],
  judged: Judged,
): readonly Splice[] {
  const { request, context, hearing } = question;
  if (context.voucher !== undefined) desk.crossings.note(request, hearing, splices, judged);
  if (desk.crossing === undefined || context.side !== "client") return NO_SPLICES;
  return desk.crossing.leaving(request, splices, departureOf(context, hearing));
}
