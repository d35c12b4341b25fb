import type { TimerWheel } from "../base/timer-wheel.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { Abandonment } from "./abandonment.ts";
import type { ProxyLog } from "./proxy-options.ts";
import type { RequestContext, RequestOutcome, Seams } from "./seams.ts";

/** Asks the filter about one request; `settle` is called once, or never when the request was given up before. */
export type AskFilter = (
  request: SipRequest,
  context: RequestContext,
  abandonment: Abandonment,
  settle: (outcome: RequestOutcome) => void,
) => void;

export interface GuardDeps {
  readonly onRequest: Seams["onRequest"];
  readonly mayPassUnjudged: Seams["mayPassUnjudged"];
  readonly timers: TimerWheel;
  readonly log: ProxyLog;
}

export interface GuardOptions {
  readonly deadlineMs: number;
  readonly onFailure: "block" | "allow";
}

/** Peers get generic text; what really happened stands in the log. */
const REFUSAL: RequestOutcome = {
  kind: "reply",
  status: 500,
  reason: "Server Internal Error",
  headers: [],
};
const PASS: RequestOutcome = { kind: "forward", splices: [] };

/**
 * Sends a synchronous throw, a rejection and a hang of the filter down one road, the configured `onFailure`.
 * An outcome that is there at once is passed on at once, without a promise.
 */
export function createRequestGuard(deps: GuardDeps, options: GuardOptions): AskFilter {
  const failed = (request: SipRequest): RequestOutcome =>
    options.onFailure === "allow" && deps.mayPassUnjudged(request) ? PASS : REFUSAL;
  const report = (request: SipRequest, error: unknown): RequestOutcome => {
    deps.log.warn({ err: error, onFailure: options.onFailure }, "the filter failed on a request");
    return failed(request);
  };
  return (request, context, abandonment, settle) => {
    let answer: RequestOutcome | Promise<RequestOutcome>;
    try {
      answer = deps.onRequest(request, context, abandonment);
    } catch (error) {
      answer = report(request, error);
    }
    if (!(answer instanceof Promise)) {
      settle(answer);
      return;
    }
    let open = true;
    const finish = (outcome: RequestOutcome): void => {
      if (!open) return;
      open = false;
      deadline.cancel();
      if (!abandonment.aborted) settle(outcome);
    };
    const deadline = deps.timers.start(options.deadlineMs, () => {
      if (!open) return;
      finish(
        abandonment.aborted
          ? failed(request)
          : report(request, new Error("the filter gave no answer in time")),
      );
      abandonment.abort();
    });
    answer.then(finish, (error: unknown) => {
      if (open) finish(abandonment.aborted ? failed(request) : report(request, error));
    });
  };
}
