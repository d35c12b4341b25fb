import type { Clock } from "../base/clock.ts";
import { formatProblem } from "../config/format-problem.ts";
import type { RunningJournal } from "../journal/create-journal.ts";
import type { RuleHits } from "../filter/rule-hits.ts";
import type { Proxy } from "../proxy/proxy.ts";
import type { Transfer } from "../filter/transfer.ts";
import type { TransferView as RelayedTransfer } from "../relay/relay.ts";
import type {
  DecisionsPort,
  EngineView,
  ListView,
  QuarantinePort,
  ReviewPorts,
  RulesView,
  TransferView,
} from "../review/ports.ts";
import type { EngineStatus } from "../scan/scan-engine.ts";
import type { Transport } from "../transport/transport.ts";
import { engineHealth } from "./engine-health.ts";
import type { ListStatus } from "./list-book.ts";
import type { PolicyStore } from "./policy-store.ts";
import type { RulesReloads } from "./rules-reloads.ts";
import type { RelayClient } from "./relay-client.ts";
import { ruleHitsView } from "./rule-hits-view.ts";
import { upstreamHealth, upstreamStats } from "./upstream-reports.ts";

export interface ReviewDeps {
  readonly clock: Clock;
  readonly journal: RunningJournal;
  readonly policies: PolicyStore;
  readonly proxy: Proxy;
  readonly transport: Transport;
  readonly relay: RelayClient;
  readonly transferOf: (relayId: string) => Transfer | undefined;
  readonly hits: RuleHits;
  readonly quarantine: QuarantinePort;
  readonly decisions: DecisionsPort;
  readonly reloads: RulesReloads;
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
    rules: () => rulesView(policies),
    ruleHits: () => ruleHitsView(policies.current, deps.hits),
    reload: () => deps.reloads.reload(),
    lists: () => policies.lists.map(listView),
    refreshLists: (which) => deps.reloads.refresh(which),
    quarantine: deps.quarantine,
    decisions: deps.decisions,
    engines: async (test) => (await relay.engines(test)).map((one) => engineView(one, clock.now())),
    transfers: async () =>
      (await relay.transfers()).map((one) => transferView(one, deps.transferOf(one.id))),
    stats: async () => ({
      rules: rulesStats(policies),
      proxy: { ...proxy.counters, unfinished: proxy.unfinished },
      transport: { ...transport.counters },
      upstream: upstreamStats(proxy.upstreams),
      scan_cache: { ...(await relay.scanCounts()) },
    }),
  };
}

function rulesView(policies: PolicyStore): RulesView {
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
      lists: policies.lists.flatMap(({ name, trouble }) =>
        trouble === undefined ? [] : [{ name, trouble }],
      ),
    },
  };
}

function rulesStats({ counters, lists }: PolicyStore): Readonly<Record<string, number>> {
  return {
    reloads: counters.reloads,
    failed_reloads: counters.failedReloads,
    list_refreshes: counters.listRefreshes,
    list_refusals: counters.listRefusals,
    lists_in_trouble: lists.filter((list) => list.trouble !== undefined).length,
    list_entries: lists.reduce((sum, list) => sum + list.entries, 0),
  };
}

function listView(list: ListStatus): ListView {
  const { name, section, type, entries, file, watched, loadedAt, checkedAt, trouble } = list;
  return {
    name,
    kind: section === "lists" ? "list" : "group",
    type,
    entries,
    file,
    refresh: watched ? "watch" : "reload",
    loaded_at: new Date(loadedAt).toISOString(),
    checked_at: new Date(checkedAt).toISOString(),
    trouble: trouble ?? null,
  };
}

function engineView({ signaturesAt, ...status }: EngineStatus, now: number): EngineView {
  if (signaturesAt === undefined) {
    return { ...status, signatures_at: null, signatures_age_seconds: null };
  }
  return {
    ...status,
    signatures_at: new Date(signaturesAt).toISOString(),
    // clamd writes its own local time
    signatures_age_seconds: Math.max(0, Math.round((now - signaturesAt) / 1000)),
  };
}

function transferView(relayed: RelayedTransfer, transfer: Transfer | undefined): TransferView {
  const { id, state, ports, size, receivedBytes, deliveredBytes, ageMs } = relayed;
  return {
    id,
    state,
    port: ports[0] ?? null,
    ports,
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
