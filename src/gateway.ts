import { randomUUID } from "node:crypto";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { createAdvertisedHost } from "./assembly/advertised-host.ts";
import { openListeners, type Listeners } from "./assembly/open-listeners.ts";
import { transfersEnded } from "./assembly/transfers-ended.ts";
import { createPolicyStore } from "./assembly/policy-store.ts";
import { createQuarantinePort } from "./assembly/quarantine-port.ts";
import { quarantineStore } from "./assembly/relay-parts.ts";
import { startFilter } from "./assembly/start-filter.ts";
import { runInlineTest } from "./assembly/run-inline-test.ts";
import { createLocator, serverTransports, upstreamNames } from "./assembly/find-servers.ts";
import { reportUpstream } from "./assembly/upstream-reports.ts";
import { reloadPolicies, reviewPorts, type ReloadOutcome } from "./assembly/review-ports.ts";
import { systemClock } from "./base/clock.ts";
import { failed, ok, type Result } from "./base/result.ts";
import type { Config } from "./config/config.ts";
import type { ConfigProblem } from "./config/config-problem.ts";
import { createJournal } from "./journal/create-journal.ts";
import { createEmbeddedRegistrar } from "./location/embedded-registrar.ts";
import { createFlowTokens } from "./location/flow-tokens.ts";
import { readOrCreateKey } from "./location/key-file.ts";
import { createRegistrations } from "./location/registrations.ts";
import { isInNetworks, parseNetwork } from "./policy/cidr.ts";
import type { Account } from "./proxy/digest-credentials.ts";
import { createProxy, type Proxy } from "./proxy/proxy.ts";
import { createAdminServer } from "./review/admin-server.ts";
import { createQuarantineReader } from "./quarantine/create-quarantine-reader.ts";
import { formatEndpoint } from "./transport/endpoint.ts";
import { DEFAULT_TRANSPORT_LIMITS, type TransportLimits } from "./transport/transport-limits.ts";
import { createTransport } from "./transport/transport.ts";
import { createSipFramer, type SipFrame } from "./wire/sip/framer.ts";
import { parseDatagram, type SipLimits } from "./wire/sip/parse-message.ts";

/** What the gateway is given by the program around it. */
export interface GatewayHost {
  readonly version: string;
  readonly log: GatewayLog;
}

/** The program's own log; never message texts. */
export interface GatewayLog {
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
  /** Finishes what is under way and closes everything in the reverse order of its start; aborted: without waiting. */
  stop(hurry: AbortSignal): Promise<void>;
}

/** RFC 5626 §3.5.1. */
const CRLF_KEEPALIVE = { ping: Buffer.from("\r\n\r\n"), pong: Buffer.from("\r\n") };

/** How long SIGTERM waits for unfinished transactions. */
const GRACE_MS = 30_000;

/**
 * Builds every part from the configuration. The one place that knows them all; it decides nothing itself.
 * Bad rules are a result; what cannot be opened (a port, the store, the admin socket) rejects with a CodedError.
 */
export async function startGateway(
  config: Config,
  { version, log }: GatewayHost,
): Promise<Result<Gateway, readonly ConfigProblem[]>> {
  const clock = systemClock;
  const store = createPolicyStore(config, runInlineTest, clock);
  if (!store.ok) return failed(store.problem);
  const policies = store.value;

  await using parts = new AsyncDisposableStack();
  const journal = parts.use(
    await createJournal({ dir: config.data.dir, eventsFile: config.log.eventsFile, clock }),
  );
  const keys = join(config.data.dir, "keys");
  const registrations = createRegistrations();
  const registrar = createEmbeddedRegistrar();
  let proxy: Proxy | undefined;
  const locator = createLocator(config, clock);
  const names = parts.use(
    await upstreamNames(config, { clock, locator, log }, (now) => proxy?.replaceUpstreams(now)),
  );

  const kept = quarantineStore(config);
  const { filter, relay } = await startFilter(
    { clock, journal, policy: () => policies.current, originator: () => proxy, log },
    config,
    kept,
  );
  parts.use(relay);
  parts.defer(() => filter.close());

  const transport = parts.use(
    createTransport<SipFrame>(
      {
        clock,
        createFramer: () => createSipFramer(sipLimits(config)),
        readDatagram: (bytes) => readDatagram(bytes, config),
        keepAlive: CRLF_KEEPALIVE,
        handler: {
          onFrame: (flow, frame) => proxy?.onFrame(flow, frame),
          onClose(flow) {
            registrations.forgetFlow(flow.id);
            registrar.forgetFlow(flow.id);
            proxy?.onClose(flow);
          },
          onError: (flow, error) => log.warn(error.message, { code: error.code, flow: flow?.id }),
        },
      },
      { ...DEFAULT_TRANSPORT_LIMITS, ...transportLimits(config) },
    ),
  );
  const listeners = await openListeners(transport, {
    listen: config.listen,
    upstreamFrom: config.upstreamFrom,
    serverTransports: serverTransports(names, config),
  });
  const running = createProxy(
    {
      clock,
      transport,
      seams: filter,
      flowTokens: createFlowTokens(readOrCreateKey(keys, "flow.key"), randomUUID()),
      registrations,
      registrar,
      locator,
      log: { warn: (fields, message) => log.warn(message, fields) },
      onUpstream: (change) => reportUpstream({ clock, journal, log }, change),
    },
    {
      clientListeners: listeners.client,
      serverListeners: listeners.server,
      ownHosts: ownHosts(config),
      advertisedHost: createAdvertisedHost(config.advertise),
      upstream: names?.targets ?? "embedded",
      isServerSide: memberOf(config.serverSide),
      isTrusted: memberOf(config.trusted),
      path: config.path,
      answerWithinMs: config.answerWithinMs,
      onFailure: config.onFailure.internalError,
      inFlight: config.limits.inFlight,
      account: credentialsOf(config),
      upstreamProbe: config.upstreamProbe,
      udpMtuBytes: config.udpMtuBytes,
    },
  );
  proxy = running;

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
        quarantine: createQuarantinePort(createQuarantineReader(kept), { journal, clock }),
        version,
        listening,
      }),
      { socket: config.admin.socket },
    ),
  );
  const owned = parts.move();
  return ok({
    endpoints,
    warnings: policies.firstWarnings,
    reload: async () => reloadPolicies(policies, journal, clock),
    reopenLogs: () => journal.reopen(),
    async stop(hurry) {
      await transport.stopListening();
      await Promise.race([
        Promise.all([running.drain(GRACE_MS), transfersEnded(relay, clock, GRACE_MS)]),
        aborted(hurry),
      ]);
      await owned.disposeAsync();
    },
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** What the server's challenges to our own notices are answered with. */
function credentialsOf({ account }: Config): Account | undefined {
  if (account?.password === undefined) return undefined;
  return { user: account.user, password: account.password };
}

function sipLimits({ limits }: Config): SipLimits {
  const { maxHeadBytes, maxHeaderCount, maxBodyBytes } = limits;
  return { maxHeadBytes, maxHeaderCount, maxBodyBytes };
}

function transportLimits({ limits }: Config): Partial<TransportLimits> {
  const { connections, connectionsPerAddress, headerTimeoutMs, idleMs, sendBufferBytes } = limits;
  return { connections, connectionsPerAddress, headerTimeoutMs, idleMs, sendBufferBytes };
}

/** A datagram is one frame; what cannot be read in it ends nothing. */
function readDatagram(bytes: Buffer, config: Config): SipFrame {
  const parsed = parseDatagram(bytes, sipLimits(config));
  if (parsed.ok) return { kind: "message", message: parsed.value };
  return { kind: "problem", problem: parsed.problem, fatal: false };
}

function memberOf(networks: readonly string[]): (address: string) => boolean {
  const parsed = networks.flatMap((text) => parseNetwork(text) ?? []);
  return parsed.length === 0 ? () => false : (address) => isInNetworks(address, parsed);
}

/** Names and addresses under which peers may know us, besides those of the listeners. */
function ownHosts(config: Config): readonly string[] {
  const advertised = config.advertise.flatMap((entry) => entry.sip ?? []);
  const interfaces = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return [...advertised, ...interfaces.map((one) => one.address)];
}

function describeListeners(listeners: Listeners, config: Config): readonly string[] {
  const client = listeners.client.map(addressUrl);
  if (config.upstream.kind === "embedded") return [...client, "(upstream embedded)"];
  const servers = config.upstream.servers.map((server) => server.uri).join(" ");
  return [...client, `(upstream ${servers} from ${listeners.server.map(addressUrl).join(" ")})`];
}

function addressUrl(address: Listeners["client"][number]): string {
  return `${address.transport}://${formatEndpoint(address)}`;
}
