import type { HearingContext } from "../policy/hearing.ts";
import type { TransactionEnd } from "../proxy/seams.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { Judged } from "./crossings.ts";
import { actorOf } from "./actor-of.ts";
import { actionKeys, closedMediaKeys, type Actions } from "./actions.ts";

/** What was sent on as it came. */
export interface Passed {
  readonly request: SipRequest;
  readonly hearing: HearingContext;
  /** What rules said of it. */
  readonly judged: Pick<Judged, "would" | "tags" | "log" | "scan">;
}

/** Is there a line in the event log for each of these? */
export function hasLine({ method }: SipRequest): boolean {
  return method === "MESSAGE" || method === "INVITE";
}

/** Writes the line of a request that has come to its end. */
export function recordAllowed(
  actions: Actions,
  { request, hearing, judged }: Passed,
  end: TransactionEnd,
): void {
  if (request.method === "INVITE" && actions.takeClosed(closedMediaKeys(request, hearing))) return;
  const event = {
    at: hearing.now,
    type: request.method === "MESSAGE" ? ("message" as const) : ("session" as const),
    callId: request.callId,
    from: hearing.from.aor,
    actor: actorOf(request),
    to: [hearing.to.aor],
    direction: hearing.direction,
    channel: hearing.channel,
    would: judged.would,
    tags: judged.tags,
    log: judged.log,
    scan: judged.scan,
  };
  actions.allowed(event, () => actionKeys(request, hearing, undefined).own, end);
}
