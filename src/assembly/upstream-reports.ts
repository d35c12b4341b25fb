import type { Clock } from "../base/clock.ts";
import { createEventId } from "../journal/event-id.ts";
import type { Journal } from "../journal/journal.ts";
import type { UpstreamView } from "../proxy/proxy.ts";
import type { UpstreamChange } from "../proxy/upstream-watch.ts";
import type { Health } from "../review/ports.ts";

export interface UpstreamReportDeps {
  readonly clock: Clock;
  readonly journal: Pick<Journal, "operation">;
  readonly log: { warn(message: string, details?: Readonly<Record<string, unknown>>): void };
}

/** A server has gone or come back: a line in the program's log, and one in the event log. */
export function reportUpstream(deps: UpstreamReportDeps, change: UpstreamChange): void {
  const { upstream, status, was, reason } = change;
  // That it lives at the start is what everybody expects.
  if (status === "up" && was === "unknown") return;
  const text = status === "up" ? "upstream is back" : "upstream is down";
  deps.log.warn(`${text}: ${upstream}`, { upstream, status, ...(reason === "" ? {} : { reason }) });
  const at = deps.clock.now();
  deps.journal.operation({
    eventId: createEventId(at),
    at,
    type: "admin",
    reason: text,
    details: { upstream, status, ...(reason === "" ? {} : { cause: reason }) },
  });
}

/** The servers as a part of `sluice health`: all is well as long as one of them may live. */
export function upstreamHealth(upstreams: readonly UpstreamView[]): Health["parts"][number] {
  const ok = upstreams.length === 0 || upstreams.some(({ status }) => status !== "down");
  const detail = upstreams.length === 0 ? "embedded" : upstreams.map(described).join("; ");
  return { name: "upstream", ok, detail };
}

function described({ name, status, since, reason }: UpstreamView): string {
  const from = since === undefined ? "" : ` since ${new Date(since).toISOString()}`;
  const state = status === "unknown" ? "not probed" : status;
  return `${name} ${state}${from}${reason === "" ? "" : ` (${reason})`}`;
}

/** The same as `sluice stats` shows it: name → state. */
export function upstreamStats(
  upstreams: readonly UpstreamView[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(upstreams.map(({ name, status }) => [name, status]));
}
