import type { Clock } from "../base/clock.ts";
import { createEventId } from "../journal/event-id.ts";
import type { Journal } from "../journal/journal.ts";
import type { IncidentDraft, NoticeRecord } from "../journal/records.ts";
import {
  carryOut,
  judge,
  mayInvite,
  noticesOf,
  withoutBody,
  type JudgeSettings,
} from "../judge.ts";
import type { Attachment, InvitationPart } from "../inspect/inspection.ts";
import type { Policy } from "../policy/decision.ts";
import type { Domains } from "../policy/domains.ts";
import type { ScanFacts } from "../policy/facts.ts";
import type { HearingContext, Verdict } from "../policy/hearing.ts";
import type { Notifier } from "../notify/notifier.ts";
import type { Originator } from "../proxy/origination.ts";
import type {
  ForwardOutcome,
  RequestContext,
  RequestOutcome,
  Seams,
  TransactionEnd,
} from "../proxy/seams.ts";
import type { Relay, RelayEvent } from "../relay/relay.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { Actions, actionKeys } from "./actions.ts";
import { hasLine, recordAllowed } from "./allowed-line.ts";
import { answersWithContent, carriesContent } from "./carries-content.ts";
import { closeMedia } from "./close-media.ts";
import { FileDesk } from "./file-desk.ts";
import { hearingContext } from "./hearing-context.ts";
import { groupKey, incidentDraft } from "./incident-draft.ts";
import { Crossings, type Judged } from "./crossings.ts";
import { mayCarryMessages } from "./messaging-media.ts";
import { NoticeDesk } from "./notice-desk.ts";
import {
  createSecondCrossing,
  departureOf,
  ownDeparture,
  type SecondCrossing,
} from "./second-crossing.ts";
import { coversBody, decodeRefusal, speakRefusal } from "./signed-refusal.ts";
import { Strangers } from "./strangers.ts";
import { TransferDesk } from "./transfer-desk.ts";
import type { Transfer } from "./transfer.ts";
import { keepStory, transferEvent } from "./transfer-records.ts";

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
  readonly domains: Domains;
  /** A failure that no caller can be told of. */
  readonly onFailure: (error: unknown) => void;
  /** What the gateway can do besides answering; the proxy and the relay come to life after the filter. */
  readonly means: FilterMeans;
}

/** The ways in which the filter acts on its own. */
export interface FilterMeans {
  readonly relay: Relay;
  readonly originator: Originator;
  readonly notifier: Notifier;
  /** The host of ours that a peer with this source address shall dial for a file. */
  readonly mediaHost: (peerAddress: string | undefined) => string | undefined;
  /** A new ULID. */
  readonly newId: () => string;
}

export interface FilterSettings {
  readonly judge: JudgeSettings;
  /** Warn-agent of our answers. */
  readonly agent: string;
  /** 32 bytes; undefined when no message crosses the gateway twice (`upstream: embedded`, beside a proxy, on a trunk). */
  readonly markKey: Buffer | undefined;
  /** Largest file to be relayed, bytes; undefined: no transfers (`relay.msnftp: off`). */
  readonly maxFileBytes: number | undefined;
}

/** What the proxy asks, what the relay tells, and what must happen at shutdown. */
export interface Filter extends Seams {
  onRelayEvent(event: RelayEvent): void;
  /** Whose transfer the relay knows under this id. */
  transferOf(relayId: string): Transfer | undefined;
  close(): void;
}

const UNTOUCHED: ForwardOutcome = { kind: "forward", splices: [] };
const NO_SPLICES: readonly Splice[] = [];

export function createFilter(deps: FilterDeps, settings: FilterSettings): Filter {
  const actions = new Actions(deps.journal, deps.clock);
  const { markKey } = settings;
  const crossing =
    markKey === undefined ? undefined : createSecondCrossing(deps.clock, markKey, deps.domains);
  const strangers = new Strangers(deps.journal, deps.clock, deps.onFailure);
  const notices = new NoticeDesk(deps.means.notifier);
  const transfers = createTransferDesk(deps, settings);
  const { relay } = deps.means;
  const files = new FileDesk(
    { ...deps, relay, transfers, notices },
    { failure: settings.judge, agent: settings.agent },
  );
  const crossings = new Crossings(deps.clock);
  const desk: Desk = {
    deps,
    settings,
    actions,
    strangers,
    crossing,
    crossings,
    transfers,
    notices,
  };
  return {
    onRequest: (request, context, signal) => onRequest(desk, request, context, signal),
    mayPassUnjudged: (request) => !mayInvite(request),
    onAck: (ack, context) => closeMedia(desk, ack, ack, context),
    onResponse: (response, request, context) =>
      answersWithContent(response, request)
        ? withoutBody(response)
        : closeMedia(desk, response, request, context),
    // Our own words are not judged again when the server sends them back to us on their way to the user.
    onOriginate: (request) =>
      crossing?.leaving(request, [], ownDeparture(request, deps.clock.now())) ?? [],
    onRelayEvent: (event) => files.onEvent(event),
    transferOf: (relayId) => transfers.ofRelay(relayId),
    close() {
      actions.close();
      strangers.close();
      crossing?.close();
      crossings.close();
    },
  };
}

function createTransferDesk(deps: FilterDeps, { maxFileBytes }: FilterSettings): TransferDesk {
  const { clock, journal, means } = deps;
  return new TransferDesk({
    clock,
    relay: maxFileBytes === undefined ? undefined : means.relay,
    originator: means.originator,
    newId: means.newId,
    mediaHost: means.mediaHost,
    maxFileBytes: maxFileBytes ?? 0,
    onEnded: (transfer, delivery) =>
      journal.allowed(transferEvent(transfer, { at: clock.now(), delivery, reason: "" })),
  });
}

/** What every step below needs. */
interface Desk {
  readonly deps: FilterDeps;
  readonly settings: FilterSettings;
  readonly actions: Actions;
  readonly strangers: Strangers;
  readonly crossing: SecondCrossing | undefined;
  readonly crossings: Crossings;
  readonly transfers: TransferDesk;
  readonly notices: NoticeDesk;
}

function onRequest(
  desk: Desk,
  request: SipRequest,
  context: RequestContext,
  signal: AbortSignal,
): RequestOutcome | Promise<RequestOutcome> {
  if (!carriesContent(request)) return UNTOUCHED;
  const { deps, settings } = desk;
  const said =
    context.side === "server" ? desk.crossing?.saidOf(request, context.receivedAt) : undefined;
  if (said?.words !== undefined) return { kind: "reply", ...decodeRefusal(said.words) };
  if (said !== undefined) return UNTOUCHED;
  const hearing = hearingContext(request, context, deps.domains);
  const judged = context.voucher === undefined ? undefined : desk.crossings.find(request, hearing);
  if (judged !== undefined) return passAgain(desk, request, hearing, judged);
  const policy = deps.policy();
  const judgement = judge(request, hearing, policy, settings.judge);
  const question: Question = { request, context, hearing, policy };
  if (judgement.kind === "decided") return act(desk, question, judgement.verdict);
  return scanAll(desk, judgement.attachments, signal).then((scans) =>
    act(desk, question, judgement.decide(scans)),
  );
}

/** What has been judged already: once more as it is, in dialogs that we stay in, and with a line of its own if it was sent anew. */
function passAgain(
  desk: Desk,
  request: SipRequest,
  hearing: HearingContext,
  judged: Judged,
): RequestOutcome {
  const { messaging, would, comesRound } = judged;
  judged.comesRound = false;
  const outcome: ForwardOutcome = { kind: "forward", splices: NO_SPLICES, messaging };
  if (comesRound || !hasLine(request)) return outcome;
  return {
    ...outcome,
    onEnd: (end) => recordAllowed(desk.actions, { request, hearing, would }, end),
  };
}

/** One request on its way through the filter, and the policy that it is judged by from beginning to end. */
interface Question {
  readonly request: SipRequest;
  readonly context: RequestContext;
  readonly hearing: HearingContext;
  readonly policy: Policy;
}

/** Rejects when the request was given up meanwhile: nobody waits for the rest. */
async function scanAll(
  desk: Desk,
  attachments: readonly Attachment[],
  signal: AbortSignal,
): Promise<ScanFacts[]> {
  const scans: ScanFacts[] = [];
  for (const attachment of attachments) {
    signal.throwIfAborted();
    scans.push(await desk.deps.scan(attachment));
  }
  signal.throwIfAborted();
  return scans;
}

function act(
  desk: Desk,
  question: Question,
  verdict: Verdict,
): RequestOutcome | Promise<RequestOutcome> {
  reportRuleErrors(desk, verdict);
  const refused = verdict.action === "block" || verdict.action === "quarantine";
  const invitation = verdict.inspection?.invitation;
  if (!refused && invitation !== undefined) return transfer(desk, question, verdict, invitation);
  if (verdict.action === "allow") return allow(desk, question, verdict, UNTOUCHED);
  return stopOrChange(desk, question, verdict);
}

/** A step of a file transfer that the rules allow: the transfer desk says whether, and how, it goes on. */
async function transfer(
  desk: Desk,
  question: Question,
  verdict: Verdict,
  part: InvitationPart,
): Promise<RequestOutcome> {
  const step = await desk.transfers.take({ ...question, part, verdict });
  if (step.kind === "forward") return allow(desk, question, verdict, step);
  try {
    return await stopOrChange(desk, question, step.verdict);
  } finally {
    // Also when it could not be recorded: the other side must not wait for nothing.
    step.after?.();
  }
}

/** Edits that are no rewriting by a rule, and who else wants to know how it ended. */
interface Edits {
  readonly splices: readonly Splice[];
  readonly onEnd?: (end: TransactionEnd) => void;
}

function allow(desk: Desk, question: Question, verdict: Verdict, edits: Edits): RequestOutcome {
  const { request, hearing } = question;
  const { splices } = edits;
  const judged = judgedAs(verdict);
  const towardsServer = mark(desk, question, splices, judged);
  if (!hasLine(request)) return { kind: "forward", splices, towardsServer };
  return {
    kind: "forward",
    splices,
    towardsServer,
    messaging: judged.messaging,
    onEnd(end) {
      judged.comesRound = false;
      edits.onEnd?.(end);
      recordAllowed(desk.actions, { request, hearing, would: judged.would }, end);
    },
  };
}

function judgedAs(verdict: Verdict): Judged {
  return {
    messaging: mayCarryMessages(verdict.inspection),
    would: verdict.decisions.flatMap((one) => one.monitored.map((hit) => hit.rule)),
    comesRound: true,
  };
}

async function stopOrChange(
  desk: Desk,
  question: Question,
  untraced: Verdict,
): Promise<RequestOutcome> {
  const { request, hearing } = question;
  const { deps, settings, actions } = desk;
  const traced = withTrace(desk, question, untraced);
  // What would have to be changed and cannot be is refused.
  const sealed = traced.action === "rewrite" && coversBody(request);
  const verdict: Verdict = sealed ? { ...traced, action: "block" } : traced;
  const keys = actionKeys(request, hearing, verdict.inspection);
  const found = actions.find(keys);
  // New rules may have come in between: what was changed then and is refused now is another decision.
  const known = found?.action === verdict.action ? found : undefined;
  const running = known ?? deps.journal.incidentFor(groupKey(verdict, hearing));
  const incident = "id" in running ? running.id : running.incident;
  const outcome = carryOut(request, hearing, verdict, { incident, agent: settings.agent });
  const answer =
    outcome.kind === "refuse"
      ? { status: outcome.refusal.status, reason: outcome.refusal.reason }
      : undefined;
  const action = verdict.action === "quarantine" ? "quarantine" : answer ? "block" : "rewrite";
  const draft = (): IncidentDraft =>
    incidentDraft({
      id: incident,
      callId: request.callId,
      verdict,
      context: hearing,
      action,
      answer,
    });
  // A refusal is nothing that a stranger could go on with: there is an answer, and no action to remember.
  if (outcome.kind === "refuse" && !hearing.from.authenticated) {
    await desk.strangers.record(draft());
    return speakRefusal(question, outcome.refusal, { incident, crossing: desk.crossing });
  }
  const recorded =
    known ?? (await actions.record(keys, await withCopy(desk, question, verdict, draft())));
  if ("id" in running && !running.repeated)
    notify(desk, question, verdict, { incident, eventId: recorded.eventId, answer });
  if (outcome.kind === "refuse") {
    const onEnd = (end: TransactionEnd): void => actions.ended(recorded, end);
    return {
      ...speakRefusal(question, outcome.refusal, { incident, crossing: desk.crossing }),
      onEnd,
    };
  }
  const judged = judgedAs(verdict);
  return {
    kind: "forward",
    splices: outcome.splices,
    towardsServer: mark(desk, question, outcome.splices, judged),
    messaging: judged.messaging,
    onEnd(end) {
      judged.comesRound = false;
      actions.ended(recorded, end);
    },
  };
}

/** Keeps a copy of the attachment that a verdict sends to the quarantine, and names it in the record. */
async function withCopy(
  { deps }: Desk,
  { hearing }: Question,
  verdict: Verdict,
  draft: IncidentDraft,
): Promise<IncidentDraft> {
  const wanted = verdict.action === "quarantine" || verdict.decisions.some((one) => one.keepCopy);
  const attachment = verdict.inspection?.attachments.find(
    (one) => one.name.normalized === verdict.file?.name.normalized,
  );
  // What strangers send under somebody's name is not kept (DESIGN §4).
  if (!wanted || attachment === undefined || !hearing.from.authenticated) return draft;
  const kept = await deps.means.relay.keepBytes(attachment.bytes, keepStory(draft));
  if (kept.kind === "kept") return { ...draft, quarantine: kept.id };
  return { ...draft, reason: `${draft.reason} (no copy: ${kept.detail})` };
}

/** Sends the notices that the rules ask for, and adds to the record what became of them. */
function notify(desk: Desk, question: Question, verdict: Verdict, recorded: Recorded): void {
  const { deps, settings, notices } = desk;
  const { hearing } = question;
  const { incident, eventId, answer } = recorded;
  if (!hearing.from.authenticated) return;
  const wanted = noticesOf(hearing, verdict, { incident, agent: settings.agent });
  if (wanted.length === 0) return;
  const parties = { sender: hearing.from, receiver: hearing.to, hearing };
  const noted = async (): Promise<void> => {
    const notified = await notices.send(wanted, parties);
    // What was refused has its end already; a changed message has it when the receiver answers, so it gets a line.
    if (answer !== undefined) deps.journal.settle(eventId, "refused", answer.status, notified);
    else noteNotices(deps, incident, notified);
  };
  noted().catch(deps.onFailure);
}

/** A decision that is on record. */
interface Recorded {
  readonly incident: string;
  readonly eventId: string;
  readonly answer: { readonly status: number } | undefined;
}

function noteNotices(
  { clock, journal }: FilterDeps,
  incident: string,
  notified: readonly NoticeRecord[],
): void {
  const at = clock.now();
  journal.operation({
    eventId: createEventId(at),
    at,
    type: "notify",
    reason: "notices were sent",
    details: { incident, notified },
  });
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

/**
 * Our mark for what a client sends, in case that it goes to the server; `splices` are the other edits. Beside a proxy and
 * on a trunk what leaves may go straight to a client, which sees no mark: there it is remembered instead.
 */
function mark(
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
