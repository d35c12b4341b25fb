import { createEmbeddedRegistrar } from "../../src/location/embedded-registrar.ts";
import { createContactAliases } from "../../src/location/contact-aliases.ts";
import { createFlowTokens } from "../../src/location/flow-tokens.ts";
import { createRegistrations } from "../../src/location/registrations.ts";
import { createProxy, type Proxy } from "../../src/proxy/proxy.ts";
import type { ProxyOptions } from "../../src/proxy/proxy-options.ts";
import type { Endpoint, Flow, TransportName } from "../../src/transport/flow.ts";
import { parseDatagram } from "../../src/wire/sip/parse-message.ts";
import type { SipProblem } from "../../src/wire/sip/problem.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";

const LIMITS = { maxHeadBytes: 65_536, maxHeaderCount: 200, maxBodyBytes: 2_097_152 };
const GATEWAY = "10.0.0.1";
const UPSTREAM: Endpoint = { address: "10.9.0.5", port: 5070 };

/** A UDP flow that keeps nothing of what goes out over it. */
class SinkFlow implements Flow {
  readonly id: string;
  readonly transport: TransportName = "udp";
  readonly reliable = false;
  readonly encrypted = false;
  readonly outgoing = false;
  readonly congested = false;
  readonly open = true;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #onSent: (bytes: Buffer) => void;

  constructor(local: Endpoint, remote: Endpoint, onSent: (bytes: Buffer) => void) {
    this.id = `udp/${local.address}:${local.port}/${remote.address}:${remote.port}`;
    this.local = local;
    this.remote = remote;
    this.#onSent = onSent;
  }

  send(bytes: Buffer): boolean {
    this.#onSent(bytes);
    return true;
  }

  close(): void {
    // A datagram socket belongs to all of its peers.
  }
}

/** A proxy on a manual clock between clients and one server; it forwards everything, and nothing is recorded. */
export interface ProxyRig {
  readonly proxy: Proxy;
  readonly clock: ManualClock;
  /** A datagram of the client with that number. */
  fromClient(client: number, bytes: Buffer): void;
  fromServer(bytes: Buffer): void;
  /** A datagram of that client that could not be read. */
  problem(client: number, problem: SipProblem): void;
  /** What the operator's log was told. */
  readonly warnings: readonly string[];
  /** Called with what the server gets. */
  onServerGot: (bytes: Buffer) => void;
  /** Called with what clients get. */
  onClientGot: (bytes: Buffer) => void;
}

/** Builds the rig; clients are remembered as long as the socket's own table would remember them. */
export function createProxyRig(options: Partial<ProxyOptions> = {}): ProxyRig {
  const clock = createManualClock();
  const warnings: string[] = [];
  const rig: Pick<ProxyRig, "onServerGot" | "onClientGot"> = {
    onServerGot: ignore,
    onClientGot: ignore,
  };
  const server = new SinkFlow({ address: GATEWAY, port: 5061 }, UPSTREAM, (bytes) =>
    rig.onServerGot(bytes),
  );
  const clients = new Map<number, SinkFlow>();
  const clientFlow = (client: number): SinkFlow => {
    const address = `192.0.${(client >> 8) & 255}.${client & 255}`;
    const known = clients.get(client);
    if (known !== undefined) return known;
    const flow = new SinkFlow({ address: GATEWAY, port: 5060 }, { address, port: 5060 }, (bytes) =>
      rig.onClientGot(bytes),
    );
    clients.set(client, flow);
    return flow;
  };
  const proxy = createProxy(
    {
      clock,
      transport: {
        connect: ({ remote }) =>
          remote.port === UPSTREAM.port ? server : clientFlow(Number(remote.address.split(".")[3])),
        flowById: () => undefined,
      },
      seams: {
        onRequest: () => ({ kind: "forward", splices: [] }),
        mayPassUnjudged: () => true,
        onAck: () => [],
        onResponse: () => [],
      },
      contactAliases: createContactAliases(Buffer.alloc(32, 7), "boot-1"),
      flowTokens: createFlowTokens(Buffer.alloc(32, 7), "boot-1"),
      registrations: createRegistrations(),
      registrar: createEmbeddedRegistrar(),
      log: { warn: (_fields, message) => void warnings.push(message) },
    },
    {
      clientListeners: [{ transport: "udp", address: GATEWAY, port: 5060 }],
      serverListeners: [{ transport: "udp", address: GATEWAY, port: 5061 }],
      ownHosts: [],
      advertisedHost: (local) => local.address,
      upstream: [{ transport: "udp", remote: UPSTREAM, host: "sip.example.com" }],
      isServerSide: () => false,
      isTrusted: () => false,
      path: "always",
      answerWithinMs: 20_000,
      onFailure: "block",
      inFlight: 1_000_000,
      inFlightBytes: 4 * 1024 ** 3,
      ...options,
    },
  );
  const take = (flow: SinkFlow, bytes: Buffer): void => {
    const parsed = parseDatagram(bytes, LIMITS);
    if (!parsed.ok) throw new Error(`${parsed.problem.code}:\n${bytes.toString("latin1")}`);
    proxy.onFrame(flow, { kind: "message", message: parsed.value });
  };
  return Object.assign(rig, {
    proxy,
    clock,
    fromClient: (client: number, bytes: Buffer) => take(clientFlow(client), bytes),
    fromServer: (bytes: Buffer) => take(server, bytes),
    problem: (client: number, problem: SipProblem) =>
      proxy.onFrame(clientFlow(client), { kind: "problem", problem, fatal: false }),
    warnings,
  });
}

function ignore(): void {
  // Nobody looks.
}
