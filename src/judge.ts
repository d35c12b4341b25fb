import { closeMedia, dropBody } from "./enforce/close-media.ts";
import type { LinksIn } from "./enforce/disarm-links.ts";
import { refuse, type Refusal } from "./enforce/refusal.ts";
import { removeContent } from "./enforce/remove-content.ts";
import {
  hideMeetingPlace,
  rewriteConnectivity,
  rewriteMeetingPlace,
  type MeetingPlace,
  type ReadInvitation,
} from "./enforce/rewrite-invitation.ts";
import { replaceTexts, type Replacement } from "./enforce/replace-texts.ts";
import { rewriteTexts } from "./enforce/rewrite-texts.ts";
import { stripMedia } from "./enforce/strip-media.ts";
import { isEncoded } from "./inspect/decoded-bytes.ts";
import { mayHideParts } from "./inspect/hidden-parts.ts";
import { findHtmlLinks } from "./inspect/find-html-links.ts";
import { findLinks } from "./inspect/find-links.ts";
import { inspectMedia } from "./inspect/inspect-media.ts";
import { inspectRequest, type InspectLimits } from "./inspect/inspect-request.ts";
import { emptyDraft } from "./inspect/inspection-draft.ts";
import type {
  Attachment,
  Inspection,
  InspectProblem,
  MediaLine,
  TextPart,
} from "./inspect/inspection.ts";
import { linksReadOtherwise } from "./inspect/links-read-otherwise.ts";
import { readRecipients } from "./inspect/recipient-list.ts";
import { stricter, type Notification, type Policy, type Strip } from "./policy/decision.ts";
import type { Channel, FileFacts, ScanFacts } from "./policy/facts.ts";
import {
  Hearing,
  isDataLine,
  mediaKindsOf,
  type FailureSettings,
  type HearingContext,
  type Verdict,
} from "./policy/hearing.ts";
import { renderHarmlessly, renderTemplate } from "./policy/template.ts";
import type { SipMessage, SipRequest } from "./wire/sip/message.ts";
import type { Splice } from "./wire/sip/splice.ts";

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
  const contexts = others.map((uri) => ({ ...context, ...towards(uri) }));
  return [context, ...contexts].map((one) => new Hearing(inspection, one, policy));
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

function problemVerdict(problem: InspectProblem, action: "block" | "allow"): Verdict {
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

/** What the texts of an answer or a notice need to know. */
export interface OutcomeWords {
  /** "INC-…" */
  readonly incident: string;
  /** Warn-agent in the answer: a host name or a pseudonym. */
  readonly agent: string;
}

export type Outcome =
  | { readonly kind: "forward"; readonly splices: readonly Splice[] }
  | { readonly kind: "refuse"; readonly refusal: Refusal };

/**
 * Turns a verdict into what goes out: edits of the request, or the answer that refuses it. The same input always gives
 * the same bytes, and judging the outgoing message again changes nothing.
 */
export function carryOut(
  request: SipRequest,
  context: HearingContext,
  verdict: Verdict,
  words: OutcomeWords,
): Outcome {
  switch (verdict.action) {
    case "allow":
      return { kind: "forward", splices: passOn(request, verdict) };
    case "rewrite":
      return rewrite(request, context, verdict, words);
    case "block":
    case "quarantine":
      return { kind: "refuse", refusal: refusal(request, verdict, words) };
  }
}

const UNTOUCHED: readonly Splice[] = [];

/**
 * The edits of a request that is allowed as it is: none, but that a body that came encoded leaves as it was read (decision 036), and
 * that lengths within leave right.
 */
export function passOn(message: SipMessage, { inspection }: Verdict): readonly Splice[] {
  if (inspection === undefined) return UNTOUCHED;
  if (inspection.decoded === undefined && inspection.wrongLengths.length === 0) return UNTOUCHED;
  return replaceTexts(message, inspection, []);
}

function rewrite(
  request: SipRequest,
  context: HearingContext,
  verdict: Verdict,
  words: OutcomeWords,
): Outcome {
  const values = templateValues(context, verdict, words);
  const decisions = verdict.decisions;
  const edited = rewriteTexts(request, verdict.inspection ?? emptyDraft(), {
    linksIn,
    linkRewrites: decisions.flatMap((decision) => decision.linkRewrites),
    strips: decisions.flatMap((decision) => decision.strips),
    notices: decisions.flatMap((decision) =>
      decision.notices.map((notice) => ({
        text: renderTemplate(notice.text, values),
        position: notice.position,
      })),
    ),
  });
  if (edited.ok) return { kind: "forward", splices: edited.value };
  // What must be changed and cannot be written is refused, never passed on unchanged.
  return { kind: "refuse", refusal: refusal(request, verdict, words) };
}

/** More than a message may hold, so that none is missed. */
const ALL_LINKS = 100_000;

function linksIn(text: string, markup: boolean, read?: TextPart): ReturnType<LinksIn> {
  if (markup) return findHtmlLinks(text, ALL_LINKS).links;
  const { links } = findLinks(text, ALL_LINKS);
  if (read === undefined) return links;
  return [...links, ...linksReadOtherwise(text, read, links, ALL_LINKS)];
}

function templateValues(
  context: HearingContext,
  verdict: Verdict,
  words: OutcomeWords,
): Record<string, string> {
  const decision = verdict.decision;
  return {
    "incident.id": words.incident,
    "incident.short": words.incident,
    "policy.name": decision?.policy ?? "default",
    "rule.id": decision?.rule?.id ?? "",
    "rule.title": decision?.rule?.title ?? "",
    "file.name": verdict.file?.name.normalized ?? "",
    "from.aor": context.from.aor,
    "to.aor": context.to.aor,
    "scan.name": verdict.scans.find((scan) => scan.name !== "")?.name ?? "",
  };
}

function refusal(request: SipRequest, verdict: Verdict, words: OutcomeWords): Refusal {
  return refuse(request, {
    respond: respondOf(verdict),
    text: reasonFor(verdict),
    incident: words.incident,
    agent: words.agent,
    cookie: verdict.cookie ?? verdict.inspection?.invitation?.invitation.cookie,
    wantsPlainContent: CODING_PROBLEMS.has(verdict.problem?.code ?? ""),
  });
}

function respondOf({ setting, problem, decision }: Verdict): number | undefined {
  if (problem === undefined) return decision?.respond;
  // What the relay cannot do is refused in the sender's dialect, like a rule that names no status.
  return setting === "relay" ? undefined : statusOf(problem);
}

/** What the sender is told; for problems a generic sentence, since the detail may quote the message. */
function reasonFor(verdict: Verdict): string {
  if (verdict.decision !== undefined) return verdict.decision.reason;
  if (verdict.sentence !== undefined) return verdict.sentence;
  return (verdict.setting && SETTING_SENTENCES[verdict.setting]) || "Message not permitted";
}

const SETTING_SENTENCES: Readonly<Record<string, string>> = {
  parse_problem: "Message could not be understood",
  opaque: "Content that cannot be inspected is not permitted",
  on_infected: "File is infected",
  on_unscannable: "File could not be scanned",
  on_error: "File could not be scanned now",
};

/** Problems that name a type or an encoding are 415, sizes 413, everything else 400 (RFC 3261 §21.4). */
function statusOf(problem: InspectProblem): number {
  if (UNSUPPORTED.has(problem.code)) return 415;
  return problem.code.endsWith("-too-large") ? 413 : 400;
}

/** What is wrong is the Content-Encoding. */
const CODING_PROBLEMS: ReadonlySet<string> = new Set([
  "content-encoding",
  "broken-content-encoding",
  "encoded-body-too-large",
]);

const UNSUPPORTED: ReadonlySet<string> = new Set([
  ...CODING_PROBLEMS,
  "unknown-charset",
  "unsupported-message-type",
  "transfer-encoding",
]);

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

/** The texts of the notices that a verdict asks for, macros filled in. */
export function noticesOf(
  context: HearingContext,
  verdict: Verdict,
  words: OutcomeWords,
): readonly RenderedNotification[] {
  const values = templateValues(context, verdict, words);
  const notices = new Map<string, RenderedNotification>();
  for (const { audience, text } of verdict.decisions.flatMap((decision) => decision.notify)) {
    const rendered = renderTemplate(text, values);
    // Several files or receivers may ask for the same.
    notices.set(`${audience} ${rendered}`, { audience, text: rendered });
  }
  return [...notices.values()];
}

/**
 * What the receiver of a stopped file gets in its place, macros filled in; undefined: nothing. Its size is the relay's affair.
 */
export function replacementOf(
  context: HearingContext,
  verdict: Verdict,
  words: OutcomeWords,
): string | undefined {
  const { decision } = verdict;
  if (decision?.replace === undefined) return undefined;
  return renderHarmlessly(decision.replace, templateValues(context, verdict, words));
}

/** The lines that rules want in the record (`log:`), macros filled in. */
export function logOf(
  context: HearingContext,
  verdict: Verdict,
  words: OutcomeWords,
): readonly string[] {
  if (verdict.decisions.every((decision) => decision.log.length === 0)) return [];
  const values = templateValues(context, verdict, words);
  return verdict.decisions.flatMap((decision) =>
    decision.log.map((text) => renderTemplate(text, values)),
  );
}

export interface RenderedNotification {
  readonly audience: Notification["audience"];
  readonly text: string;
}

/** The edits of an ACCEPT that make the other peer, its reader, come to the relay instead (DESIGN invariant 3). */
export function redirectTransfer(
  request: SipRequest,
  read: ReadInvitation,
  place: MeetingPlace,
  reader: "sender" | "receiver",
): readonly Splice[] {
  return rewriteMeetingPlace(request, read, place, reader);
}

/** The edits of an ACCEPT after which its reader knows of no place to connect to, and listens. */
export function hideTransferPlace(request: SipRequest, read: ReadInvitation): readonly Splice[] {
  return hideMeetingPlace(request, read);
}

/** The edits of a file invitation that say whether its sender can be connected to. */
export function announceConnectivity(
  request: SipRequest,
  read: ReadInvitation,
  canListen: boolean,
): readonly Splice[] {
  return rewriteConnectivity(request, read, canListen);
}

export type { Refusal };
export { maskNumbers } from "./policy/detectors.ts";

/** The edits that leave nothing of a refused request for its receiver but the sentence that it was refused. */
export function withoutContent(request: SipRequest, incident: string): readonly Splice[] {
  return removeContent(request, `This message was not delivered. Ref ${incident}`);
}

/** The edits that take the body out of a message that may have none. */
export function withoutBody(message: SipMessage): readonly Splice[] {
  return dropBody(message);
}

/** The edits for the media of a message that cannot be refused (a response, an ACK), and what was closed or stripped. */
export interface MediaOutcome {
  readonly splices: readonly Splice[];
  /** The verdict on what was closed, else on what was stripped (action "rewrite"); undefined when nothing was. */
  readonly verdict: Verdict | undefined;
}

/** Whose media they are. */
export interface AskedMedia {
  readonly context: HearingContext;
  /** The request that a response answers; undefined: the message is none. */
  readonly answers: SipRequest | undefined;
}

/** Files that nobody can look into were offered, and the offer went on: the rules, or the configuration, have allowed them. */
function offersData(request: SipRequest | undefined, { inspect }: JudgeSettings): boolean {
  const lines = request === undefined ? undefined : inspectMedia(request, inspect);
  return lines?.ok === true && lines.value.media.some(isDataLine);
}

/**
 * Judges the media of a response or an ACK: each line by itself, and what the rules refuse or strip gets port 0. A session
 * description that cannot be read is taken out.
 */
export function judgeMedia(
  message: SipMessage,
  asked: AskedMedia,
  policy: Policy,
  settings: JudgeSettings,
): MediaOutcome {
  const { context, answers } = asked;
  const lines = inspectMedia(message, settings.inspect);
  if (!lines.ok) {
    // As in a request: what is encoded may be media to a client that does not know the field.
    const passes = settings.onParseProblem === "allow" && !isEncoded(message);
    if (passes) return { splices: [], verdict: undefined };
    return { splices: dropBody(message), verdict: problemVerdict(lines.problem, "block") };
  }
  let closing: Verdict | undefined;
  let stripping: Verdict | undefined;
  const { media, decoded } = lines.value;
  const closed = new Set<MediaLine>();
  const found: Strip[] = [];
  for (const line of media) {
    if (mediaKindsOf([line]).length === 0) continue;
    const hearing = new Hearing({ ...emptyDraft(), media: [line] }, context, policy);
    hearing.askSession(true);
    if (!isDataLine(line) || !offersData(answers, settings)) hearing.askUnseen(settings);
    const verdict = hearing.verdict(settings);
    const strips = verdict.decisions.flatMap((decision) => decision.strips);
    const isStripped = !stripMedia([line], strips).ok;
    if (hearing.stopped || isStripped) closed.add(line);
    if (hearing.stopped) closing ??= verdict;
    else if (strips.length > 0) stripping ??= verdict;
    found.push(...strips);
  }
  const left = media.map((line) => (closed.has(line) ? { ...line, port: 0 } : line));
  const together = new Hearing({ ...emptyDraft(), media: left }, context, policy);
  const announced = stripLists(left, found, together, settings);
  return {
    splices: closeMedia(message, decoded, [...closed], announced.edits),
    verdict: closing ?? stripping ?? announced.verdict,
  };
}

/**
 * What the lines that are left say they accept, without what rules strip of each of them, or of all together: a list may stand before
 * any line, or under another one than the rules ask about.
 */
function stripLists(
  media: readonly MediaLine[],
  found: readonly Strip[],
  together: Hearing,
  settings: JudgeSettings,
): { readonly edits: readonly Replacement[]; readonly verdict: Verdict | undefined } {
  const nothing = { edits: [], verdict: undefined };
  if (media.every(({ acceptTypes }) => acceptTypes === undefined)) return nothing;
  together.askSession(false);
  const verdict = together.verdict(settings);
  const strips = [...found, ...verdict.decisions.flatMap((decision) => decision.strips)];
  const lists = strips.map(({ acceptTypes }) => ({ acceptTypes, media: [] }));
  const edits = stripMedia(media, lists);
  return edits.ok && edits.value.length > 0 ? { edits: edits.value, verdict } : nothing;
}
