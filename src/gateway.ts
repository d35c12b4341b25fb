import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { checkScanRules } from "./assembly/check-yara-rules.ts";
import { describeListeners } from "./assembly/describe-listeners.ts";
import { openJournal } from "./assembly/open-journal.ts";
import { openListeners } from "./assembly/open-listeners.ts";
import { proxyOptions } from "./assembly/proxy-options.ts";
import { startTransport } from "./assembly/start-transport.ts";
import { transfersEnded } from "./assembly/transfers-ended.ts";
import { boundsOf } from "./assembly/quarantine-retention.ts";
import { keepRuleHits } from "./assembly/keep-rule-hits.ts";
import { createPolicyStore } from "./assembly/policy-store.ts";
import { openKeptFiles } from "./assembly/kept-files.ts";
import { keptFilePorts } from "./assembly/kept-file-ports.ts";
import { startFilter } from "./assembly/start-filter.ts";
import { runInlineTest } from "./assembly/run-inline-test.ts";
import { createLocator, serverTransports, upstreamNames } from "./assembly/find-servers.ts";
import { reportUpstream } from "./assembly/upstream-reports.ts";
import { placementOf } from "./assembly/resolve-placement.ts";
import { withEngines } from "./assembly/reload-engines.ts";
import { reviewPorts } from "./assembly/review-ports.ts";
import { createRulesDesk } from "./assembly/rules-desk.ts";
import {
  createRulesReloads,
  type ReloadOutcome,
  type RulesReloads,
} from "./assembly/rules-reloads.ts";
import { systemClock } from "./base/clock.ts";
import { failed, ok, type Result } from "./base/result.ts";
import type { Config } from "./config/config.ts";
import type { ConfigProblem } from "./config/config-problem.ts";
import { createEmbeddedRegistrar } from "./location/embedded-registrar.ts";
import { createContactAliases } from "./location/contact-aliases.ts";
import { createFlowTokens } from "./location/flow-tokens.ts";
import { readOrCreateKey } from "./location/key-file.ts";
import { createRegistrations } from "./location/registrations.ts";
import { createProxy, type Proxy } from "./proxy/proxy.ts";
import { createAdminServer } from "./review/admin-server.ts";

/** What the gateway is given by the program around it. */
export interface GatewayHost {
  readonly version: string;
  readonly log: GatewayLog;
}

/** The program's own log; never message texts. */
export interface GatewayLog {
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
  error(message: string, details?: Readonly<Record<string, unknown>>): void;
}

/** A running gateway. */
export interface Gateway {
  /** Clients' listeners, then in brackets the way to the server: scripts read the real ports from it. */
  readonly endpoints: readonly string[];
  /** Warnings of the rules it started with. */
  readonly warnings: readonly ConfigProblem[];
  reload(): Promise<ReloadOutcome>;
  reopenLogs(): Promise<void>;
  /**
   * Finishes what is under way, for `shutdown_grace` at most, and closes everything in the reverse order of its start;
   * aborted: without waiting. What has no answer by then gets 503.
   */
  stop(hurry: AbortSignal): Promise<void>;
}

/**
 * Builds every part from the configuration. The one place that knows them all; it decides nothing itself.
 * Bad rules are a result; what cannot be opened (a port, the store, the admin socket) rejects with a CodedError.
 */
export async function startGateway(
  config: Config,
  { version, log }: GatewayHost,
): Promise<Result<Gateway, readonly ConfigProblem[]>> {
  const clock = systemClock;
  await using parts = new AsyncDisposableStack();
  const yara = await checkScanRules(config.scan, clock);
  if (yara.some(({ severity }) => severity === "error")) return failed(yara);
  const desk = parts.use(createRulesDesk(clock));
  const store = createPolicyStore(config, { clock, judgeGiven: runInlineTest, desk });
  if (!store.ok) return failed(store.problem);
  const policies = store.value;

  const journal = parts.use(await openJournal(config, clock));
  const keys = join(config.data.dir, "keys");
  const flowKey = readOrCreateKey(keys, "flow.key");
  const bootId = randomUUID();
  const registrations = createRegistrations();
  const registrar = createEmbeddedRegistrar();
  let proxy: Proxy | undefined;
  const locator = createLocator(config, clock);
  const names = parts.use(
    await upstreamNames(config, { clock, locator, log }, (now) => proxy?.replaceUpstreams(now)),
  );
  const placed = placementOf(config, names);

  const kept = parts.use(openKeptFiles({ clock, journal, log }, config));
  const { filter, relay } = await startFilter(
    { clock, journal, policy: () => policies.current, originator: () => proxy, registrations, log },
    config,
    kept,
  );
  parts.use(relay);
  parts.use(
    keepRuleHits({ clock, hits: filter.hits, log }, join(config.data.dir, "rule-hits.json")),
  );
  parts.defer(() => filter.close());

  const { transport, tls } = startTransport(
    {
      clock,
      log,
      onFrame: (flow, frame) => proxy?.onFrame(flow, frame),
      isServer: (connection) => proxy?.isServer(connection) ?? false,
      onClose(flow) {
        registrations.forgetFlow(flow.id);
        registrar.forgetFlow(flow.id);
        proxy?.onClose(flow);
      },
    },
    config,
  );
  parts.defer(() => tls?.[Symbol.dispose]());
  parts.use(transport);
  const listeners = await openListeners(transport, {
    listen: config.listen,
    upstreamFrom: config.upstreamFrom,
    serverTransports: serverTransports(names, config),
    serversOnly: placed.placement !== undefined,
  });
  const running = createProxy(
    {
      clock,
      transport,
      seams: filter,
      flowTokens: createFlowTokens(flowKey, bootId),
      contactAliases: createContactAliases(flowKey, bootId),
      registrations,
      registrar,
      locator,
      log: { warn: (fields, message) => log.warn(message, fields) },
      onUpstream: (change) => reportUpstream({ clock, journal, log }, change),
    },
    proxyOptions(config, listeners, placed),
  );
  proxy = running;

  const ofFiles = createRulesReloads({ clock, policies, journal, log }, config);
  const ofEngines = withEngines({ clock, journal, policies, relay }, ofFiles);
  const reloads = parts.use(withCertificates(ofEngines, tls));
  const endpoints = describeListeners(listeners, config);
  const listening = endpoints.join(" ");
  parts.use(
    await createAdminServer(
      reviewPorts({
        clock,
        journal,
        policies,
        proxy: running,
        transport,
        relay,
        transferOf: (id) => filter.transferOf(id),
        hits: filter.hits,
        ...keptFilePorts({ clock, journal, reader: kept.reader, relay, filter }, boundsOf(config)),
        reloads,
        version,
        listening,
      }),
      { socket: config.admin.socket },
    ),
  );
  const owned = parts.move();
  return ok({
    endpoints,
    warnings: [...policies.firstWarnings, ...yara],
    reload: () => reloads.reload(),
    reopenLogs: () => journal.reopen(),
    async stop(hurry) {
      await transport.stopListening();
      await Promise.race([
        Promise.all([
          running.drain(config.shutdownGraceMs, hurry),
          transfersEnded(relay, clock, config.shutdownGraceMs),
        ]),
        aborted(hurry),
      ]);
      await owned.disposeAsync();
    },
  });
}

/** A reload on request looks at the certificates too. */
function withCertificates(
  reloads: RulesReloads,
  tls: { look(): Promise<void> } | undefined,
): RulesReloads {
  return {
    ...reloads,
    async reload() {
      await tls?.look();
      return reloads.reload();
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
