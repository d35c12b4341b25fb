import type { TimerWheel } from "../base/timer-wheel.ts";
import type { BranchMaker } from "./branch.ts";
import type { ClientTransactionEnv } from "./client-transaction.ts";
import type { PathRefusals } from "./contact-alias.ts";
import type { DialogLegs } from "./dialog-legs.ts";
import type { OwnCalls } from "./own-calls.ts";
import type { LargeRequests } from "./large-requests.ts";
import type { ProxyDeps, ProxyOptions } from "./proxy-options.ts";
import type { AskFilter } from "./request-guard.ts";
import type { TargetDeps } from "./targets.ts";

/** What a request needs on its way through; made once by proxy.ts. */
export interface ProxyCore extends Pick<ProxyDeps, "seams" | "log" | "registrations" | "clock"> {
  readonly options: ProxyOptions;
  readonly timers: TimerWheel;
  readonly ask: AskFilter;
  readonly targets: TargetDeps;
  readonly branches: BranchMaker;
  readonly clientEnv: ClientTransactionEnv;
  readonly legs: DialogLegs;
  /** `udp_mtu`; undefined: off. */
  readonly large: LargeRequests | undefined;
  readonly pathRefusals: PathRefusals;
  readonly ownCalls: OwnCalls;
}
