import { judgeMedia } from "../judge/judge-media.ts";
import { type JudgeSettings } from "../judge/judge.ts";
import type { Journal } from "../journal/journal.ts";
import type { Policy } from "../policy/decision.ts";
import type { Domains } from "../policy/domains.ts";
import type { RequestContext } from "../proxy/seams.ts";
import type { SipRequest, SipResponse } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { closedMediaKeys, type Actions } from "./actions.ts";
import { hearingContext } from "./hearing-context.ts";
import { groupKey, incidentDraft } from "./incident-draft.ts";
import type { RuleHits } from "./rule-hits.ts";

/** What judging media needs of the filter. */
export interface MediaDesk {
  readonly deps: {
    readonly journal: Journal;
    readonly policy: () => Policy;
    readonly domains: Domains;
    readonly onFailure: (error: unknown) => void;
  };
  readonly settings: { readonly judge: JudgeSettings };
  readonly actions: Actions;
  readonly hits: RuleHits;
}

const NO_SPLICES: readonly Splice[] = [];

/** Responses and ACK: what the rules refuse is closed, since refusing is impossible, and what they strip is taken out. Gives the edits. */
export function closeMedia(
  { deps, settings, actions, hits }: MediaDesk,
  message: SipRequest | SipResponse,
  request: SipRequest,
  context: RequestContext,
): readonly Splice[] {
  if (message.bodyStart === message.bytes.length || !bearsMedia(request.method)) return NO_SPLICES;
  const hearing = hearingContext(request, context, deps.domains);
  const answers = message.kind === "response" ? request : undefined;
  const asked = { context: hearing, answers };
  const { splices, verdict } = judgeMedia(message, asked, deps.policy(), settings.judge);
  if (verdict === undefined) return splices;
  const stripped = verdict.action === "rewrite";
  // Of a session whose offer was stripped the answer is no second incident.
  if (stripped && actions.isStripped(request, hearing)) return splices;
  const { id } = deps.journal.incidentFor(groupKey(verdict, hearing));
  const answer = stripped ? undefined : { status: 488, reason: "media closed" };
  const draft = incidentDraft({
    id,
    callId: request.callId,
    verdict,
    context: hearing,
    action: stripped ? "rewrite" : "block",
    answer,
  });
  const keys = closedMediaKeys(request, hearing);
  if (!actions.recordClosedMedia(draft, keys, deps.onFailure)) return splices;
  hits.take(verdict, hearing.now);
  if (stripped) deps.journal.settle(draft.eventId, "delivered", statusOf(message));
  return splices;
}

/** An ACK goes with an answer that accepted. */
function statusOf(message: SipRequest | SipResponse): number {
  return message.kind === "response" ? message.status : 200;
}

function bearsMedia(method: string): boolean {
  return method === "INVITE" || method === "UPDATE" || method === "PRACK" || method === "ACK";
}
