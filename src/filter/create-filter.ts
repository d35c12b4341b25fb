import { createEventId } from "../journal/event-id.ts";
import type { NoticeRecord } from "../journal/records.ts";
import { judge, mayInvite } from "../judge/judge.ts";
import { passOn, withoutBody } from "../judge/carry-out.ts";
import type { Attachment, InvitationPart } from "../inspect/inspection.ts";
import type { HearingContext, Verdict } from "../policy/hearing.ts";
import type {
  Abandoned,
  ForwardOutcome,
  RequestContext,
  RequestOutcome,
  Seams,
  TransactionEnd,
} from "../proxy/seams.ts";
import type { RelayEvent } from "../relay/relay.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { ApplicationDesk } from "./application-desk.ts";
import { Actions, ratedAction } from "./actions.ts";
import { AttachmentScans } from "./attachment-scans.ts";
import { hasLine, recordAllowed } from "./allowed-line.ts";
import { answersWithContent, carriesContent } from "./carries-content.ts";
import { closeMedia } from "./close-media.ts";
import { Crossings, type Judged } from "./crossings.ts";
import type { Desk, FilterDeps, FilterSettings, Question } from "./desk.ts";
import { FileDesk } from "./file-desk.ts";
import { hearingContext } from "./hearing-context.ts";
import { judgedAs, mark } from "./leave-judged.ts";
import { IgnoredRefusals } from "./ignored-refusals.ts";
import { NoticeDesk, type Parties } from "./notice-desk.ts";
import { type ReleasedMessage, stoppedAttachment, takeRelease } from "./released-attachment.ts";
import { RuleHits } from "./rule-hits.ts";
import { createSecondCrossing, ownDeparture } from "./second-crossing.ts";
import { coversBody, decodeRefusal } from "./signed-refusal.ts";
import { stopOrChange } from "./stop-or-change.ts";
import { Rates } from "./rates.ts";
import { Strangers } from "./strangers.ts";
import { TransferDesk } from "./transfer-desk.ts";
import type { Transfer } from "./transfer.ts";
import { transferEvent } from "./transfer-records.ts";

/** What the proxy asks, what the relay tells, and what must happen at shutdown. */
export interface Filter extends Seams {
  onRelayEvent(event: RelayEvent): void;
  /** Whose transfer the relay knows under this id. */
  transferOf(relayId: string): Transfer | undefined;
  readonly hits: RuleHits;
  /** A notice to the sender of what was stopped, in words of whoever reviews it. Never rejects; one record for it. */
  tellSender(text: string, parties: Parties): Promise<readonly NoticeRecord[]>;
  close(): void;
}

const UNTOUCHED: ForwardOutcome = { kind: "forward", splices: [] };
const NO_SPLICES: readonly Splice[] = [];

/**
 * The plug-in of the proxy: binds its seams to the judge and the journal, and knows what has been judged already.
 *
 * Life of a request here: does it carry content? does it bear our mark? → judge (scan attachments where there are any)
 * → commit what is not plain "allow" → forward with edits and our mark, or answer. Any failure on the way is thrown:
 * the proxy's guard sends it down the one configured road.
 */
export function createFilter(deps: FilterDeps, settings: FilterSettings): Filter {
  const actions = new Actions(deps.journal, deps.clock);
  const { markKey } = settings;
  const crossing =
    markKey === undefined ? undefined : createSecondCrossing(deps.clock, markKey, deps.domains);
  const rates = new Rates(deps.clock);
  const hits = new RuleHits(deps.clock.now());
  const strangers = new Strangers(deps.journal, deps.clock, deps.onFailure);
  const notices = new NoticeDesk(deps.means.notifier);
  const transfers = createTransferDesk(deps, settings);
  const applications = new ApplicationDesk(deps.clock, (callId, cookie) =>
    transfers.knows(callId, cookie),
  );
  const { relay, originator } = deps.means;
  const ignored = new IgnoredRefusals(deps.clock, originator);
  const files = new FileDesk(
    { ...deps, relay, transfers, notices, hits },
    { failure: settings.judge, agent: settings.agent },
  );
  const crossings = new Crossings(deps.clock);
  const desk: Desk = {
    deps,
    settings,
    actions,
    rates,
    hits,
    strangers,
    crossing,
    crossings,
    transfers,
    applications,
    ignored,
    notices,
  };
  return {
    onRequest: (request, context, abandoned) => onRequest(desk, request, context, abandoned),
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
    hits,
    tellSender: async (text, parties) => notices.send([{ audience: "sender", text }], parties),
    close() {
      actions.close();
      rates.close();
      strangers.close();
      crossing?.close();
      crossings.close();
      applications.close();
      ignored.close();
    },
  };
}

function createTransferDesk(deps: FilterDeps, settings: FilterSettings): TransferDesk {
  const { maxFileBytes, transferSecurity = () => "as_sip" } = settings;
  const { clock, journal, means } = deps;
  return new TransferDesk({
    clock,
    relay: maxFileBytes === undefined ? undefined : means.relay,
    originator: means.originator,
    newId: means.newId,
    mediaHost: means.mediaHost,
    maxFileBytes: maxFileBytes ?? 0,
    securityOf: transferSecurity,
    connects: settings.transferConnects ?? (() => "auto"),
    seatsOf: means.seatsOf,
    contact: settings.transferContact ?? "both",
    onEnded: (transfer, delivery) =>
      journal.allowed(transferEvent(transfer, { at: clock.now(), delivery, reason: "" })),
  });
}

function onRequest(
  desk: Desk,
  request: SipRequest,
  context: RequestContext,
  abandoned: Abandoned,
): RequestOutcome | Promise<RequestOutcome> {
  const outcome = carriesContent(request)
    ? judgeContent(desk, request, context, abandoned)
    : UNTOUCHED;
  const hungUp = request.method === "BYE" ? desk.transfers.hangUp(request) : undefined;
  if (hungUp === undefined) return outcome;
  return outcome instanceof Promise
    ? outcome.then((later) => toldAlso(later, hungUp))
    : toldAlso(outcome, hungUp);
}

/** The same, with one more to be told how it ended; who refuses a request has ended nothing. */
function toldAlso(outcome: RequestOutcome, also: (end: TransactionEnd) => void): RequestOutcome {
  if (outcome.kind === "reply") return outcome;
  return {
    ...outcome,
    onEnd(end) {
      outcome.onEnd?.(end);
      also(end);
    },
  };
}

function judgeContent(
  desk: Desk,
  request: SipRequest,
  context: RequestContext,
  abandoned: Abandoned,
): RequestOutcome | Promise<RequestOutcome> {
  const { deps, settings } = desk;
  const said =
    context.side === "server" ? desk.crossing?.saidOf(request, context.receivedAt) : undefined;
  if (said?.words !== undefined) return { kind: "reply", ...decodeRefusal(said.words) };
  if (said !== undefined) return UNTOUCHED;
  const bare = hearingContext(request, context, deps.domains);
  const hearing = { ...bare, rates: desk.rates.counterFor(() => ratedAction(request, bare)) };
  const judged = context.voucher === undefined ? undefined : desk.crossings.find(request, hearing);
  if (judged !== undefined) return passAgain(desk, request, hearing, judged);
  const policy = deps.policy();
  const judgement = judge(request, hearing, policy, settings.judge);
  const question: Question = { request, context, hearing, policy };
  const scans = new AttachmentScans(desk, { sender: hearing.from.aor, abandoned });
  if (judgement.kind === "decided") {
    return actOrRelease(desk, question, judgement.verdict, scans);
  }
  return scans
    .of(judgement.attachments)
    .then((facts) => actOrRelease(desk, question, judgement.decide(facts), scans));
}

function actOrRelease(
  desk: Desk,
  question: Question,
  verdict: Verdict,
  scans: AttachmentScans,
): RequestOutcome | Promise<RequestOutcome> {
  const stopped = stoppedAttachment(verdict, question);
  if (stopped === undefined) return act(desk, question, verdict);
  return actOnStopped(desk, question, { verdict, stopped }, scans);
}

/** Also what was stopped by its name is scanned: a release holds for what was known when it was given. */
async function actOnStopped(
  desk: Desk,
  question: Question,
  { verdict, stopped }: { readonly verdict: Verdict; readonly stopped: Attachment },
  scans: AttachmentScans,
): Promise<RequestOutcome> {
  const [scan] = await scans.of([stopped]);
  const released = scan && (await takeRelease(desk.deps, question, { stopped, scan }));
  if (released === undefined) return act(desk, question, verdict);
  return actWithout(desk, released, scans);
}

/** The message once more, without the file that was released; that is used up when the message arrives. */
async function actWithout(
  desk: Desk,
  { question, taker }: ReleasedMessage,
  scans: AttachmentScans,
): Promise<RequestOutcome> {
  const { journal } = desk.deps;
  let outcome: RequestOutcome | undefined;
  try {
    const { request, hearing, policy } = question;
    const judgement = judge(request, hearing, policy, desk.settings.judge);
    const verdict =
      judgement.kind === "decided"
        ? judgement.verdict
        : judgement.decide(await scans.of(judgement.attachments));
    const given = await act(desk, question, verdict);
    // Of what was given up meanwhile nobody hears the end.
    scans.abandoned.throwIfAborted();
    outcome = given;
  } finally {
    if (outcome?.kind !== "forward") journal.endWaiver(taker, false);
  }
  return toldAlso(outcome, ({ status = 0 }) =>
    journal.endWaiver(taker, status >= 200 && status < 300),
  );
}

/** What has been judged already: once more as it is, in dialogs that we stay in, and with a line of its own if it was sent anew. */
function passAgain(
  desk: Desk,
  request: SipRequest,
  hearing: HearingContext,
  judged: Judged,
): RequestOutcome {
  const { messaging, comesRound } = judged;
  judged.comesRound = false;
  const outcome: ForwardOutcome = { kind: "forward", splices: NO_SPLICES, messaging };
  if (comesRound || !hasLine(request)) return outcome;
  return {
    ...outcome,
    onEnd: (end) => recordAllowed(desk.actions, { request, hearing, judged }, end),
  };
}

/** What came encoded leaves decoded, and wrong lengths leave right; credentials that cover the body would no longer fit. */
function sealed(verdict: Verdict): Verdict {
  const code =
    verdict.inspection?.decoded === undefined ? "part-content-length" : "content-encoding";
  const problem = { code, detail: "under credentials that cover the body" };
  const setting = "parse_problem";
  return { ...verdict, action: "block", decision: undefined, decisions: [], setting, problem };
}

function act(
  desk: Desk,
  question: Question,
  verdict: Verdict,
): RequestOutcome | Promise<RequestOutcome> {
  desk.hits.take(verdict, desk.deps.clock.now());
  reportRuleErrors(desk, verdict);
  const refused = verdict.action === "block" || verdict.action === "quarantine";
  const { invitation, decoded, wrongLengths = [] } = verdict.inspection ?? {};
  const mended = decoded !== undefined || wrongLengths.length > 0;
  if (!refused && mended && coversBody(question.request))
    return stopOrChange(desk, question, sealed(verdict));
  if (!refused && invitation !== undefined) return transfer(desk, question, verdict, invitation);
  if (verdict.action === "allow") return allow(desk, question, verdict, UNTOUCHED);
  return stopOrChange(desk, question, verdict);
}

/** A step of a file transfer, or of another application, that the rules allow: the desks say whether, and how, it goes on. */
async function transfer(
  desk: Desk,
  question: Question,
  verdict: Verdict,
  part: InvitationPart,
): Promise<RequestOutcome> {
  const message = { ...question, part, verdict };
  const step = desk.applications.take(message) ?? (await desk.transfers.take(message));
  if (step.kind === "forward") return allow(desk, question, verdict, step);
  if (step.kind === "answer") return answerHere(desk, question, verdict);
  try {
    return await stopOrChange(desk, question, step.verdict);
  } finally {
    // Also when it could not be recorded: the other side must not wait for nothing.
    step.after?.();
  }
}

/** Allowed, and at its end here: the other peer has no use for it. */
function answerHere(desk: Desk, { request, hearing }: Question, verdict: Verdict): RequestOutcome {
  const judged = judgedAs(verdict, hearing);
  return {
    kind: "reply",
    status: 200,
    reason: "OK",
    headers: [],
    onEnd: (end) => recordAllowed(desk.actions, { request, hearing, judged }, end),
  };
}

/** Edits that are no rewriting by a rule, and who else wants to know how it ended. */
interface Edits {
  readonly splices: readonly Splice[];
  readonly onEnd?: (end: TransactionEnd) => void;
}

function allow(desk: Desk, question: Question, verdict: Verdict, edits: Edits): RequestOutcome {
  const { request, hearing } = question;
  const splices = edits.splices.length > 0 ? edits.splices : passOn(request, verdict);
  const judged = judgedAs(verdict, hearing);
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
      recordAllowed(desk.actions, { request, hearing, judged }, end);
    },
  };
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
