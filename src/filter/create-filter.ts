import type { Clock } from "../base/clock.ts";
import { createEventId } from "../journal/event-id.ts";
import type { Journal } from "../journal/journal.ts";
import { carryOut, judge, judgeMedia, type JudgeSettings } from "../judge.ts";
import type { Attachment } from "../inspect/inspection.ts";
import type { Policy } from "../policy/decision.ts";
import type { Direction, ScanFacts } from "../policy/facts.ts";
import type { HearingContext, Verdict } from "../policy/hearing.ts";
import type { ForwardOutcome, RequestContext, RequestOutcome, Seams } from "../proxy/seams.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipMessage, SipRequest } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { Actions, actionKeys } from "./actions.ts";
import { hearingContext } from "./hearing-context.ts";
import { groupKey, incidentDraft } from "./incident-draft.ts";
import { createMarks, type Marks } from "./mark.ts";

/**
 * The plug-in of the proxy: binds its seams to the judge and the journal, and knows what has been judged already.
 *
 * Life of a request here: does it carry content? does it bear our mark? → judge (scan attachments where there are any)
 * → commit what is not plain "allow" → forward with edits and our mark, or answer. Any failure on the way is thrown:
 * the proxy's guard sends it down the one configured road.
 */
export interface FilterDeps {
  readonly journal: Journal;
  readonly clock: Clock;
  /** The policy in force at this moment. */
  readonly policy: () => Policy;
  /** Scans one attachment; never rejects, a broken engine is the verdict "error". */
  readonly scan: (attachment: Attachment) => ScanFacts | Promise<ScanFacts>;
  readonly directionOf: (fromDomain: string, toDomain: string) => Direction;
  /** A failure that no caller can be told of. */
  readonly onFailure: (error: unknown) => void;
}

export interface FilterSettings {
  readonly judge: JudgeSettings;
  /** Warn-agent of our answers. */
  readonly agent: string;
  /** 32 bytes; undefined when there is no server behind us that could send a message back (`upstream: embedded`). */
  readonly markKey: Buffer | undefined;
}

/** What the proxy asks, and what must happen at shutdown. */
export interface Filter extends Seams {
  close(): void;
}

const UNTOUCHED: ForwardOutcome = { kind: "forward", splices: [] };
const NO_SPLICES: readonly Splice[] = [];

export function createFilter(deps: FilterDeps, settings: FilterSettings): Filter {
  const actions = new Actions(deps.journal, deps.clock);
  const { markKey } = settings;
  const marks = markKey === undefined ? undefined : createMarks(markKey);
  const desk: Desk = { deps, settings, actions, marks };
  return {
    onRequest: (request, context) => onRequest(desk, request, context),
    onAck: (ack, context) => onMedia(desk, ack, ack, context),
    onResponse: (response, request, context) => onMedia(desk, response, request, context),
    close: () => actions.close(),
  };
}

/** What every step below needs. */
interface Desk {
  readonly deps: FilterDeps;
  readonly settings: FilterSettings;
  readonly actions: Actions;
  readonly marks: Marks | undefined;
}

function onRequest(
  desk: Desk,
  request: SipRequest,
  context: RequestContext,
): RequestOutcome | Promise<RequestOutcome> {
  if (!carriesContent(request)) return UNTOUCHED;
  const { deps, settings } = desk;
  if (context.side === "server" && desk.marks?.isMarked(request, context.receivedAt) === true) {
    return UNTOUCHED;
  }
  const hearing = hearingContext(request, context, deps.directionOf);
  const policy = deps.policy();
  const judgement = judge(request, hearing, policy, settings.judge);
  const question: Question = { request, context, hearing, policy };
  if (judgement.kind === "decided") return act(desk, question, judgement.verdict);
  return scanAll(desk, judgement.attachments).then((scans) =>
    act(desk, question, judgement.decide(scans)),
  );
}

/** One request on its way through the filter, and the policy that it is judged by from beginning to end. */
interface Question {
  readonly request: SipRequest;
  readonly context: RequestContext;
  readonly hearing: HearingContext;
  readonly policy: Policy;
}

/** INFO, UPDATE and PRACK are telephony's; they are looked into only for what a messaging client would show or use. */
const MESSAGING_TYPES =
  /^(?:text\/|multipart\/|message\/|application\/(?:sdp|vnd\.gsma|ms-filetransfer|x-ms))/i;

/** What is shown or offered whatever the method; presence documents and the progress of transfers are not. */
const SHOWN_TYPES =
  /^(?:text\/(?!xml)|multipart\/|message\/(?!sipfrag)|application\/(?:vnd\.gsma|ms-filetransfer|x-ms))/i;

function carriesContent(request: SipRequest): boolean {
  switch (request.method) {
    case "MESSAGE":
    case "INVITE":
      return true;
    case "INFO":
    case "UPDATE":
    case "PRACK":
      return request.find(HeaderId.MsTextFormat) >= 0 || bearsMessagingBody(request);
    default:
      // Not made for messages, but a client that is shown one does not mind.
      return SHOWN_TYPES.test(request.value(HeaderId.ContentType) ?? "") && hasBody(request);
  }
}

function bearsMessagingBody(request: SipRequest): boolean {
  if (!hasBody(request)) return false;
  const type = request.value(HeaderId.ContentType) || "text/";
  const disposition = request.value(HeaderId.ContentDisposition) ?? "";
  return MESSAGING_TYPES.test(type) || /name/i.test(type) || /attachment|name/i.test(disposition);
}

function hasBody(request: SipRequest): boolean {
  return request.bodyStart < request.bytes.length;
}

async function scanAll(desk: Desk, attachments: readonly Attachment[]): Promise<ScanFacts[]> {
  const scans: ScanFacts[] = [];
  for (const attachment of attachments) scans.push(await desk.deps.scan(attachment));
  return scans;
}

function act(
  desk: Desk,
  question: Question,
  verdict: Verdict,
): RequestOutcome | Promise<RequestOutcome> {
  reportRuleErrors(desk, verdict);
  if (verdict.action === "allow") return allow(desk, question, verdict);
  return stopOrChange(desk, question, verdict);
}

function allow(desk: Desk, question: Question, verdict: Verdict): RequestOutcome {
  const { request, hearing } = question;
  const towardsServer = mark(desk, question, NO_SPLICES);
  if (request.method !== "MESSAGE" && request.method !== "INVITE")
    return { kind: "forward", splices: NO_SPLICES, towardsServer };
  return {
    kind: "forward",
    splices: NO_SPLICES,
    towardsServer,
    onEnd(end) {
      const event = {
        at: hearing.now,
        type: request.method === "MESSAGE" ? ("message" as const) : ("session" as const),
        callId: request.callId,
        from: hearing.from.aor,
        to: [hearing.to.aor],
        direction: hearing.direction,
        channel: hearing.channel,
        would: verdict.decisions.flatMap((one) => one.monitored.map((hit) => hit.rule)),
      };
      desk.actions.allowed(event, () => actionKeys(request, hearing, verdict.inspection).own, end);
    },
  };
}

async function stopOrChange(
  desk: Desk,
  question: Question,
  untraced: Verdict,
): Promise<RequestOutcome> {
  const { request, hearing } = question;
  const { deps, settings, actions } = desk;
  const verdict = withTrace(desk, question, untraced);
  const keys = actionKeys(request, hearing, verdict.inspection);
  const found = actions.find(keys);
  // New rules may have come in between: what was changed then and is refused now is another decision.
  const known = found?.action === verdict.action ? found : undefined;
  const incident = known?.incident ?? deps.journal.incidentFor(groupKey(verdict, hearing)).id;
  const outcome = carryOut(request, hearing, verdict, { incident, agent: settings.agent });
  const answer =
    outcome.kind === "refuse"
      ? { status: outcome.refusal.status, reason: outcome.refusal.reason }
      : undefined;
  const action = verdict.action === "quarantine" ? "quarantine" : answer ? "block" : "rewrite";
  const recorded =
    known ??
    (await actions.record(
      keys,
      incidentDraft({
        id: incident,
        callId: request.callId,
        verdict,
        context: hearing,
        action,
        answer,
      }),
    ));
  if (outcome.kind === "refuse") return { kind: "reply", ...outcome.refusal };
  return {
    kind: "forward",
    splices: outcome.splices,
    towardsServer: mark(desk, question, outcome.splices),
    onEnd: (end) => actions.ended(recorded, end),
  };
}

/**
 * The same verdict once more, now with the trace of the rules for `incidents explain`. Judging is pure, so asking twice
 * gives the same answer; asking without a trace first keeps the common case, "allow", cheap.
 */
function withTrace(desk: Desk, question: Question, verdict: Verdict): Verdict {
  if (verdict.problem !== undefined) return verdict;
  const context = { ...question.hearing, trace: true };
  const judgement = judge(question.request, context, question.policy, desk.settings.judge);
  return judgement.kind === "decided" ? judgement.verdict : judgement.decide(verdict.scans);
}

/** Our mark for what a client sends, in case that it goes to the server; `splices` are the other edits. */
function mark(desk: Desk, question: Question, splices: readonly Splice[]): readonly Splice[] {
  const { request, context } = question;
  if (desk.marks === undefined || context.side !== "client") return NO_SPLICES;
  return [desk.marks.add(request, splices, context.receivedAt)];
}

/** Responses and ACK: what the rules refuse is closed, since refusing is impossible. */
function onMedia(
  desk: Desk,
  message: SipMessage,
  request: SipRequest,
  context: RequestContext,
): readonly Splice[] {
  if (message.bodyStart === message.bytes.length || !bearsMedia(request.method)) return NO_SPLICES;
  const { deps, settings, actions } = desk;
  const hearing = hearingContext(request, context, deps.directionOf);
  const { splices, verdict } = judgeMedia(message, hearing, deps.policy(), settings.judge);
  if (verdict === undefined) return splices;
  const { id } = deps.journal.incidentFor(groupKey(verdict, hearing));
  const answer = { status: 488, reason: "media closed" };
  const draft = incidentDraft({
    id,
    callId: request.callId,
    verdict,
    context: hearing,
    action: "block",
    answer,
  });
  actions.recordClosedMedia(draft, deps.onFailure);
  return splices;
}

function bearsMedia(method: string): boolean {
  return method === "INVITE" || method === "UPDATE" || method === "PRACK" || method === "ACK";
}

function reportRuleErrors(desk: Desk, verdict: Verdict): void {
  for (const decision of verdict.decisions) {
    for (const error of decision.ruleErrors) {
      const at = desk.deps.clock.now();
      desk.deps.journal.operation({
        eventId: createEventId(at),
        at,
        type: "rule_error",
        reason: error.message,
        details: { rule: error.rule },
      });
    }
  }
}
