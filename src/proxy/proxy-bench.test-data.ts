/** A proxy between fake flows: what it sends is read back as text or messages. */
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import type { ServerLocator } from "../dns/server-locator.ts";
import { createEmbeddedRegistrar } from "../location/embedded-registrar.ts";
import { createContactAliases } from "../location/contact-aliases.ts";
import { createFlowTokens } from "../location/flow-tokens.ts";
import { createRegistrations, type Registrations } from "../location/registrations.ts";
import type { Endpoint, Flow, TransportName } from "../transport/flow.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { AnySipMessage, SipRequest, SipResponse } from "../wire/sip/message.ts";
import { parseDatagram } from "../wire/sip/parse-message.ts";
import { createProxy, type Proxy } from "./proxy.ts";
import type { FlowOpener, ProxyOptions } from "./proxy-options.ts";
import type { Abandoned, RequestContext, RequestOutcome, Seams } from "./seams.ts";
import type { UpstreamChange } from "./upstream-watch.ts";

export const LIMITS = { maxHeadBytes: 65_536, maxHeaderCount: 200, maxBodyBytes: 2_097_152 };
const GATEWAY = "10.0.0.1";
export const UPSTREAM: Endpoint = { address: "10.9.0.5", port: 5070 };
export const SPARE: Endpoint = { address: "10.9.0.6", port: 5070 };

export class FakeFlow implements Flow {
  readonly id: string;
  readonly transport: TransportName;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly outgoing: boolean;
  readonly encrypted: boolean;
  congested = false;
  /** It has no room for what it is given. */
  full = false;
  established?: boolean;
  open = true;
  sent: string[] = [];
  constructor(transport: TransportName, local: Endpoint, remote: Endpoint, outgoing: boolean) {
    this.id = `${transport}/${local.address}:${local.port}/${remote.address}:${remote.port}`;
    this.transport = transport;
    this.encrypted = transport === "tls" || transport === "wss";
    this.local = local;
    this.remote = remote;
    this.outgoing = outgoing;
  }
  get reliable(): boolean {
    return this.transport !== "udp";
  }
  send(bytes: Buffer): boolean {
    if (this.full) return false;
    if (this.open) this.sent.push(bytes.toString("latin1"));
    return true;
  }
  close(): void {
    this.open = false;
  }
  /** What was sent since the last look. */
  taken(): string[] {
    const { sent } = this;
    this.sent = [];
    return sent;
  }
  /** The first line of each message since the last look. */
  takenLines(): string[] {
    return this.taken().map((text) => text.slice(0, text.indexOf("\r\n")));
  }
  /** The same without 100, which says nothing but that there will be more. */
  takenFinals(): string[] {
    return this.takenLines().filter((line) => line !== "SIP/2.0 100 Trying");
  }
  one(): AnySipMessage {
    const texts = this.taken();
    if (texts.length !== 1) throw new Error(`${texts.length} messages instead of one`);
    return read(texts[0] ?? "");
  }
  request(): SipRequest {
    const message = this.one();
    if (message.kind !== "request") throw new Error(`a response: ${message.status}`);
    return message;
  }
  response(): SipResponse {
    const message = this.one();
    if (message.kind !== "response") throw new Error(`a request: ${message.method}`);
    return message;
  }
}

class FakeNetwork implements FlowOpener {
  readonly flows: Map<string, FakeFlow> = new Map();
  /** Names that certificates had to prove, in the order of connecting. */
  readonly names: (string | undefined)[] = [];
  /** Connections that peers offered for requests to them, and the port of each. */
  readonly offered: [flow: Flow, port: number][] = [];
  connect(target: Parameters<FlowOpener["connect"]>[0]): FakeFlow {
    this.names.push(target.name);
    const { transport, remote } = target;
    const port = transport === "udp" ? (target.local?.port ?? 0) : 41_000;
    const local = { address: target.local?.address ?? GATEWAY, port };
    const flow = new FakeFlow(transport, local, remote, transport !== "udp");
    const known = this.flows.get(flow.id);
    if (known?.open === true) return known;
    this.flows.set(flow.id, flow);
    return flow;
  }
  alias(flow: Flow, port: number): void {
    this.offered.push([flow, port]);
  }
  flowById(id: string): FakeFlow | undefined {
    const flow = this.flows.get(id);
    return flow?.open === true ? flow : undefined;
  }
  /** A peer that has come to one of our listeners. */
  peer(transport: TransportName, remote: string, listenerPort = 5060): FakeFlow {
    const [address = "", port = "0"] = remote.split(":");
    const local = { address: GATEWAY, port: listenerPort };
    const flow = new FakeFlow(transport, local, { address, port: Number(port) }, false);
    this.flows.set(flow.id, flow);
    return flow;
  }
  /** The connection that the proxy has opened to an endpoint. */
  to(remote: Endpoint, transport: TransportName = "tcp"): FakeFlow {
    for (const flow of this.flows.values()) {
      const same = flow.remote.address === remote.address && flow.remote.port === remote.port;
      if (same && flow.transport === transport && flow.open) return flow;
    }
    throw new Error("the proxy has opened no such flow");
  }
}

export function read(text: string): AnySipMessage {
  const message = parseDatagram(Buffer.from(text, "latin1"), LIMITS);
  if (!message.ok) throw new Error(`unreadable (${message.problem.code}):\n${text}`);
  return message.value;
}

export interface Bench {
  readonly proxy: Proxy;
  readonly clock: ManualClock;
  readonly network: FakeNetwork;
  readonly registrations: Registrations;
  readonly asked: { request: SipRequest; context: RequestContext; abandoned: Abandoned }[];
  readonly alice: FakeFlow;
  readonly bob: FakeFlow;
  readonly send: (flow: Flow, text: string) => void;
  readonly upstream: () => FakeFlow;
  /** What the operator's log was told. */
  readonly warnings: string[];
}

export const FORWARD: RequestOutcome = { kind: "forward", splices: [] };

export function bench(
  given: {
    options?: Partial<ProxyOptions>;
    seams?: Partial<Seams>;
    transport?: TransportName;
    onUpstream?: (change: UpstreamChange) => void;
    locator?: ServerLocator;
  } = {},
): Bench {
  const clock = createManualClock();
  const network = new FakeNetwork();
  const registrations = createRegistrations();
  const asked: Bench["asked"] = [];
  const warnings: string[] = [];
  const upstreamTransport = given.transport ?? "tcp";
  const seams: Seams = {
    onRequest: (request, context, abandoned) => {
      asked.push({ request, context, abandoned });
      return given.seams?.onRequest?.(request, context, abandoned) ?? FORWARD;
    },
    mayPassUnjudged: given.seams?.mayPassUnjudged ?? (() => true),
    onAck: given.seams?.onAck ?? (() => []),
    onResponse: given.seams?.onResponse ?? (() => []),
    ...(given.seams?.onOriginate === undefined ? {} : { onOriginate: given.seams.onOriginate }),
  };
  const proxy = createProxy(
    {
      clock,
      transport: network,
      seams,
      flowTokens: createFlowTokens(Buffer.alloc(32, 7), "boot-1"),
      contactAliases: createContactAliases(Buffer.alloc(32, 7), "boot-1"),
      registrations,
      registrar: createEmbeddedRegistrar(),
      log: { warn: (_fields, message) => void warnings.push(message) },
      ...(given.locator === undefined ? {} : { locator: given.locator }),
      ...(given.onUpstream === undefined ? {} : { onUpstream: given.onUpstream }),
    },
    optionsOf(upstreamTransport, given.options),
  );
  return {
    proxy,
    clock,
    network,
    registrations,
    asked,
    warnings,
    alice: network.peer("tcp", "192.0.2.10:40001"),
    bob: network.peer("tcp", "192.0.2.20:40002"),
    send: (flow, text) => proxy.onFrame(flow, { kind: "message", message: read(text) }),
    upstream: () => network.to(UPSTREAM, upstreamTransport),
  };
}

function optionsOf(
  transport: TransportName,
  options: Partial<ProxyOptions> | undefined,
): ProxyOptions {
  const listener = (name: TransportName, port: number) => ({
    transport: name,
    address: GATEWAY,
    port,
  });
  return {
    clientListeners: [listener("udp", 5060), listener("tcp", 5060)],
    serverListeners: [listener("udp", 5061), listener("tcp", 5061)],
    ownHosts: ["gw.example.com"],
    advertisedHost: (local) => local.address,
    upstream: [{ transport, remote: UPSTREAM, host: "sip.example.com" }],
    isServerSide: () => false,
    isTrusted: () => false,
    path: "always",
    answerWithinMs: 20_000,
    onFailure: "block",
    inFlight: 1000,
    ...options,
  };
}

let counter = 0;

/** A request as text; `extra` header fields stand after CSeq. */
export function request(
  method: string,
  given: {
    uri?: string;
    via?: string;
    branch?: string | null;
    to?: string;
    cseq?: string;
    callId?: string;
    extra?: readonly string[];
    maxForwards?: string | null;
    body?: string;
    contentLength?: boolean;
  } = {},
): string {
  counter += 1;
  const branch = given.branch === undefined ? `z9hG4bKt${counter}` : given.branch;
  const body = given.body ?? "";
  const head = [
    `${method} ${given.uri ?? "sip:bob@example.com"} SIP/2.0`,
    `Via: ${given.via ?? "SIP/2.0/TCP 192.0.2.10:40001"}${branch === null ? "" : `;branch=${branch}`}`,
    ...(given.maxForwards === null ? [] : [`Max-Forwards: ${given.maxForwards ?? "70"}`]),
    "From: <sip:alice@example.com>;tag=a1",
    `To: ${given.to ?? "<sip:bob@example.com>"}`,
    `Call-ID: ${given.callId ?? `call-${counter}`}`,
    `CSeq: ${given.cseq ?? `1 ${method}`}`,
    ...(given.extra ?? []),
    ...(given.contentLength === false ? [] : [`Content-Length: ${body.length}`]),
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

/** The answer of a peer to a request that reached it. */
export function answer(to: SipRequest, status: number, extra: readonly string[] = []): string {
  const lines = [`SIP/2.0 ${status} Reason`];
  for (let i = 0; i < to.headerCount; i += 1) {
    const id = to.idAt(i);
    const copied = [HeaderId.Via, HeaderId.From, HeaderId.CallId, HeaderId.CSeq] as number[];
    if (status < 300 && status > 100) copied.push(HeaderId.RecordRoute);
    if (copied.includes(id)) lines.push(`${to.nameAt(i)}: ${to.valueAt(i)}`);
    if (id === HeaderId.To) {
      lines.push(`To: ${to.valueAt(i)}${to.toTag === undefined && status > 100 ? ";tag=b1" : ""}`);
    }
  }
  return `${[...lines, ...extra, "Content-Length: 0"].join("\r\n")}\r\n\r\n`;
}

export function values(message: AnySipMessage, id: HeaderId): string[] {
  const found: string[] = [];
  for (let i = message.find(id); i >= 0; i = message.find(id, i + 1))
    found.push(message.valueAt(i));
  return found;
}

/** The UAS's route set: Record-Route as it came; the UAC's is the reverse (RFC 3261 §12.1). */
export function routes(set: readonly string[]): string[] {
  return set.map((value) => `Route: ${value}`);
}
