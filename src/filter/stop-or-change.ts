import { createEventId } from "../journal/event-id.ts";
import type { IncidentDraft, NoticeRecord } from "../journal/records.ts";
import { carryOut } from "../judge/carry-out.ts";
import { judge } from "../judge/judge.ts";
import { noticesOf } from "../judge/outcome-words.ts";
import type { Verdict } from "../policy/hearing.ts";
import type { RequestOutcome, TransactionEnd } from "../proxy/seams.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { actorOf } from "./actor-of.ts";
import { actionKeys, type RecordedAction } from "./actions.ts";
import type { Desk, FilterDeps, Question } from "./desk.ts";
import { groupKey, incidentDraft } from "./incident-draft.ts";
import { judgedAs, mark } from "./leave-judged.ts";
import { coversBody, speakRefusal } from "./signed-refusal.ts";
import { keepStory } from "./transfer-records.ts";

/**
 * Carries out every verdict that is not plain "allow": records it first, then refuses the request or lets it leave
 * changed, and sends the notices that the rules ask for.
 */
export async function stopOrChange(
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
      actor: actorOf(request),
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
    const onEnd = (end: TransactionEnd): void => {
      actions.ended(recorded, end);
      desk.ignored.refused(question, verdict).catch(deps.onFailure);
    };
    return {
      ...speakRefusal(question, outcome.refusal, { incident, crossing: desk.crossing }),
      onEnd,
    };
  }
  return leaveChanged(desk, question, verdict, { splices: outcome.splices, recorded });
}

function leaveChanged(
  desk: Desk,
  question: Question,
  verdict: Verdict,
  { splices, recorded }: { readonly splices: readonly Splice[]; readonly recorded: RecordedAction },
): RequestOutcome {
  const { request, hearing } = question;
  const { actions } = desk;
  if (verdict.decisions.some(({ strips }) => strips.length > 0))
    actions.noteStripped(request, hearing);
  const judged = judgedAs(verdict, hearing);
  return {
    kind: "forward",
    splices,
    towardsServer: mark(desk, question, splices, judged),
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
  const kept = await deps.means.relay.keepBytes(
    attachment.bytes,
    keepStory(draft, verdict, hearing),
  );
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
