import type { Clock } from "../base/clock.ts";
import { formatProblem } from "../config/format-problem.ts";
import { createEventId } from "../journal/event-id.ts";
import type { RunningJournal } from "../journal/create-journal.ts";
import type { Proxy } from "../proxy/proxy.ts";
import type { Transfer } from "../filter/transfer.ts";
import type { TransferView as RelayedTransfer } from "../relay/relay.ts";
import type { QuarantinePort, ReviewPorts, TransferView } from "../review/ports.ts";
import type { Transport } from "../transport/transport.ts";
import { engineHealth } from "./engine-health.ts";
import type { PolicyStore } from "./policy-store.ts";
import type { RelayClient } from "./relay-client.ts";
import { upstreamHealth, upstreamStats } from "./upstream-reports.ts";

export interface ReviewDeps {
  readonly clock: Clock;
  readonly journal: RunningJournal;
  readonly policies: PolicyStore;
  readonly proxy: Proxy;
  readonly transport: Transport;
  readonly relay: RelayClient;
  readonly transferOf: (relayId: string) => Transfer | undefined;
  readonly quarantine: QuarantinePort;
  readonly reload: () => Promise<ReloadOutcome>;
  readonly version: string;
  /** As the ready line names them. */
  readonly listening: string;
}

/** What the admin API may ask of the running gateway, and the reload that SIGHUP shares with it. */
export function reviewPorts(deps: ReviewDeps): ReviewPorts {
  const { clock, journal, policies, proxy, transport, relay, version } = deps;
  const startedAt = clock.now();
  return {
    incidents: journal.queries,
    health() {
      const { trouble } = journal;
      const rules = `generation ${policies.current.generation}, ${policies.current.rules.length} rules`;
      const failure = policies.lastFailure;
      const parts = [
        { name: "listeners", ok: true, detail: deps.listening },
        {
          name: "rules",
          ok: true,
          detail: failure === undefined ? rules : `${rules}; the last reload failed`,
        },
        { name: "journal", ok: trouble === undefined, detail: trouble ?? "records are kept" },
        upstreamHealth(proxy.upstreams),
        {
          name: "relay",
          ok: relay.trouble === undefined,
          detail: relay.trouble ?? `${relay.load.open} of ${relay.load.capacity} transfers`,
        },
      ];
      const ready = parts.every((part) => part.ok);
      const all = [...parts, engineHealth(relay.lastEngines)];
      return { ready, parts: all, version, startedAt };
    },
    rules() {
      const { current, loadedAt, lastFailure } = policies;
      return {
        rules: current.rules,
        status: {
          generation: current.generation,
          hash: current.hash,
          loaded: current.rules.length,
          loadedAt,
          lastFailure: lastFailure && {
            at: lastFailure.at,
            problems: lastFailure.problems.map(formatProblem),
          },
        },
      };
    },
    reload: () => deps.reload(),
    quarantine: deps.quarantine,
    engines: async (test) => relay.engines(test),
    transfers: async () =>
      (await relay.transfers()).map((one) => transferView(one, deps.transferOf(one.id))),
    stats: () => ({
      proxy: { ...proxy.counters, unfinished: proxy.unfinished },
      transport: { ...transport.counters },
      upstream: upstreamStats(proxy.upstreams),
    }),
  };
}

function transferView(relayed: RelayedTransfer, transfer: Transfer | undefined): TransferView {
  const { id, state, port, size, receivedBytes, deliveredBytes, ageMs } = relayed;
  return {
    id,
    state,
    port,
    size,
    received_bytes: receivedBytes,
    delivered_bytes: deliveredBytes,
    age_ms: Math.round(ageMs),
    from: transfer?.sender.aor ?? "",
    to: transfer === undefined ? [] : [transfer.receiver.aor],
    name: transfer?.file.name.normalized ?? "",
    call_id: transfer?.callId ?? "",
  };
}

/** What came of a reload. */
export interface ReloadOutcome {
  readonly ok: boolean;
  /** Of the rules that are in force now. */
  readonly generation: number;
  /** Errors for which the old rules stay, or warnings of the new ones; each with file:line:column. */
  readonly problems: readonly string[];
}

/** Reads the rules anew and records the attempt; the old ones stay unless all is well. */
export function reloadPolicies(
  policies: PolicyStore,
  journal: RunningJournal,
  clock: Clock,
): ReloadOutcome {
  const loaded = policies.reload();
  const problems = (loaded.ok ? loaded.value.warnings : loaded.problem).map(formatProblem);
  const { generation } = policies.current;
  journal.operation({
    eventId: createEventId(clock.now()),
    at: clock.now(),
    type: "reload",
    reason: loaded.ok ? "new rules are in force" : "the rules were not loaded, the old ones stay",
    details: { generation, problems: problems.slice(0, 5) },
  });
  return { ok: loaded.ok, generation, problems };
}
