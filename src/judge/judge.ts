import type { InspectProblem, Attachment, Inspection } from "../inspect/inspection.ts";
import { isEncoded } from "../inspect/decoded-bytes.ts";
import { mayHideParts } from "../inspect/hidden-parts.ts";
import { inspectRequest, type InspectLimits } from "../inspect/inspect-request.ts";
import { emptyDraft } from "../inspect/inspection-draft.ts";
import { readRecipients } from "../inspect/recipient-list.ts";
import { stricter, type Policy } from "../policy/decision.ts";
import type { Channel, FileFacts, ScanFacts } from "../policy/facts.ts";
import {
  Hearing,
  shownTexts,
  type FailureSettings,
  type HearingContext,
  type Verdict,
} from "../policy/hearing.ts";
import type { SipRequest } from "../wire/sip/message.ts";

/**
 * From a message to a verdict and to outgoing bytes: inspect, ask the rules, carry out. Pure and synchronous; the one
 * thing that it cannot do, scanning, it hands back to the caller as a question.
 *
 * Used by the filter, `sluice try` and the inline tests, so that all of them decide alike. It keeps no incidents,
 * knows nothing of transactions, and has no clock.
 */
export function judge(
  request: SipRequest,
  context: HearingContext,
  policy: Policy,
  settings: JudgeSettings,
): Judgement {
  const inspected = inspectRequest(request, settings.inspect);
  if (!inspected.ok) {
    // An invitation that we cannot read may be one that a client can: the peers would meet without the relay.
    const action = mayInvite(request) ? "block" : settings.onParseProblem;
    return { kind: "decided", verdict: problemVerdict(inspected.problem, action) };
  }
  const inspection = inspected.value;
  const listed = readRecipients(inspection.attachments);
  if (!listed.ok) {
    return { kind: "decided", verdict: problemVerdict(listed.problem, settings.onParseProblem) };
  }
  // Who of them has answered, and who may, nobody could tell: an invitation is between two.
  if (listed.value.length > 0 && inspection.invitation !== undefined) {
    const problem = { code: "recipient-list", detail: "of an invitation" };
    return { kind: "decided", verdict: problemVerdict(problem, "block") };
  }
  const hearings = hearingsOf(inspection, context, policy, listed.value);
  for (const hearing of hearings) {
    if (inspection.opaque.length > 0) hearing.unreadable(settings.onOpaque);
    hearing.askMessage();
    hearing.askSession(request.method === "INVITE");
    hearing.askUnseen(settings);
  }
  if (inspection.attachments.length === 0 || hearings.some((hearing) => hearing.stopped)) {
    return { kind: "decided", verdict: strictestOf(hearings, settings) };
  }
  return {
    kind: "scan",
    attachments: inspection.attachments,
    decide(scans) {
      for (const hearing of hearings) hearing.askFiles(scans, settings);
      return strictestOf(hearings, settings);
    },
  };
}

export interface JudgeSettings extends FailureSettings {
  readonly inspect: InspectLimits;
}

export type Judgement =
  | { readonly kind: "decided"; readonly verdict: Verdict }
  | {
      /** Attachments have to be scanned first; `decide` takes one result for each, in order. */
      readonly kind: "scan";
      readonly attachments: readonly Attachment[];
      decide(scans: readonly ScanFacts[]): Verdict;
    };

/** One hearing for each receiver; mostly there is one. */
function hearingsOf(
  inspection: Inspection,
  context: HearingContext,
  policy: Policy,
  others: readonly string[],
): readonly Hearing[] {
  const { towards } = context;
  if (towards === undefined || others.length === 0)
    return [new Hearing(inspection, context, policy)];
  // What is released is so for one of them.
  const contexts = others.map((uri) => ({ ...context, ...towards(uri), isReleased: undefined }));
  const texts = shownTexts(inspection);
  return [context, ...contexts].map((one) => new Hearing(inspection, one, policy, texts));
}

/** One message cannot be split: what is strictest for one receiver counts for all, and what is changed for one for all. */
function strictestOf(hearings: readonly Hearing[], settings: JudgeSettings): Verdict {
  const [only] = hearings;
  if (only !== undefined && hearings.length === 1) return only.verdict(settings);
  const verdicts = hearings.map((hearing) => hearing.verdict(settings));
  const action = verdicts.reduce<Verdict["action"]>(
    (all, one) => stricter(all, one.action),
    "allow",
  );
  const leading = verdicts.find((one) => one.action === action) ?? verdicts[0];
  if (leading === undefined) throw new Error("a message without receivers");
  return { ...leading, decisions: verdicts.flatMap((one) => one.decisions) };
}

/** Could a client find a file invitation of the LCS dialect anywhere in this? */
export function mayInvite(request: SipRequest): boolean {
  // Asked when something is wrong already: what is encoded is not decoded once more for it.
  if (isEncoded(request) || mayHideParts(request)) return true;
  return request.bytes.toString("latin1").toLowerCase().includes("msmsgsinvite");
}

/** What could not be read, and what is done with it. */
export function problemVerdict(problem: InspectProblem, action: "block" | "allow"): Verdict {
  return {
    action,
    decision: undefined,
    decisions: [],
    setting: "parse_problem",
    problem,
    inspection: undefined,
    file: undefined,
    cookie: undefined,
    scans: [],
  };
}

/**
 * Judges a transferred file whose bytes are here: once more as an offer, by the rules that are in force now, then with
 * the result of the scan. The strictest of all decides.
 */
export function judgeFile(
  file: FileFacts,
  scan: ScanFacts,
  asked: { readonly context: HearingContext; readonly channel: Channel; readonly policy: Policy },
  settings: FailureSettings,
): Verdict {
  const hearing = new Hearing(
    emptyDraft(),
    { ...asked.context, channel: asked.channel },
    asked.policy,
  );
  hearing.askOffer(file, asked.channel);
  hearing.askFile(file, scan, settings);
  return hearing.verdict(settings);
}
