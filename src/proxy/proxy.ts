/**
 * A transaction-stateful SIP proxy: RFC 3261 §16 and §17 with RFC 3327 (Path), 3581 (rport), 4320 and 6026, over UDP
 * and TCP. It stands between clients and one existing server, forwards every message as the bytes that came with a
 * closed list of edits (DESIGN §2.5), and asks its seams about each request before it routes it.
 *
 * One request's way: request-intake (transaction? refusal?) → server-transaction → response-context → request-guard
 * (the filter) → route, targets → forward-request → client-transaction; and back: client-transaction →
 * response-context → forward-response → server-transaction.
 *
 * Requests of our own begin in originate.ts. It knows no policy and no bodies, waits for no name but those that the server
 * side sends requests to (located-targets.ts), and keeps of dialogs no more than dialog-legs.ts needs.
 * Limits: `inFlight` unfinished transactions; finished ones linger within LINGER and ANSWERED, the oldest going first.
 */
import { ExpiringBytes, type ExpiringBytesOptions } from "../base/expiring-bytes.ts";
import { createTimerWheel } from "../base/timer-wheel.ts";
import type { Flow } from "../transport/flow.ts";
import type { ConnectionEnds } from "../transport/protocol-transport.ts";
import type { SipFrame } from "../wire/sip/framer.ts";
import type { AnySipMessage, SipResponse } from "../wire/sip/message.ts";
import { topmostVia } from "../wire/sip/via.ts";
import { BranchMaker } from "./branch.ts";
import type { CancelTransaction, ClientTransaction } from "./client-transaction.ts";
import { PathRefusals } from "./contact-alias.ts";
import { DialogLegs } from "./dialog-legs.ts";
import { FlowFaces, isWebSocket, type FlowFace } from "./flow-face.ts";
import { OwnCalls } from "./own-calls.ts";
import { LargeRequests } from "./large-requests.ts";
import { LingerQueue, type LingerLimits } from "./linger.ts";
import { OwnRequests } from "./originate.ts";
import type { LegRequest, OriginationEnd, Originator, OwnMessage } from "./origination.ts";
import { createProxyCounters, type ProxyCounters } from "./proxy-counters.ts";
import type { ProxyCore } from "./proxy-core.ts";
import { createPlacement } from "./create-placement.ts";
import type { ProxyDeps, ProxyOptions, UpstreamTarget } from "./proxy-options.ts";
import { createRequestGuard } from "./request-guard.ts";
import { RequestIntake } from "./request-intake.ts";
import type { Load, ServerTransaction } from "./server-transaction.ts";
import { sizeProblem } from "./size-limits.ts";
import { openHop, type Hop, type Target, type TargetDeps } from "./targets.ts";
import { T4_MS, TRANSACTION_MS } from "./timers.ts";
import { UpstreamChoice } from "./upstream-choice.ts";
import { upstreamName } from "./upstream-name.ts";
import type { UpstreamStatus } from "./upstream-state.ts";
import { UpstreamWatch } from "./upstream-watch.ts";

/** The proxy; its first two members are what the transport calls. It also sends requests of our own (originate.ts). */
export interface Proxy extends Originator {
  onFrame(flow: Flow, frame: SipFrame): void;
  onClose(flow: Flow): void;
  /**
   * Takes no new MESSAGE and INVITE (503), and resolves when every transaction has its final answer, requests of our
   * own included; after `graceMs`, or when `hurry` is aborted, the rest is answered 503. From then on nothing is
   * originated.
   */
  drain(graceMs: number, hurry?: AbortSignal): Promise<void>;
  readonly counters: Readonly<ProxyCounters>;
  /** Transactions without a final answer. */
  readonly unfinished: number;
  /** Does this connection lie on the server's side? */
  isServer(connection: ConnectionEnds): boolean;
  /** The names of the servers mean other addresses now; in the order of preference. */
  replaceUpstreams(upstreams: readonly UpstreamTarget[]): void;
  /** How the servers stand, the preferred one first; empty with the embedded registrar. */
  readonly upstreams: readonly UpstreamView[];
}

/** One server behind us. */
export interface UpstreamView {
  /** "sip:10.0.0.5:5070;transport=tcp" */
  readonly name: string;
  /** As the operator wrote it. */
  readonly host: string;
  /** "unknown" until a probe has told, and always without probes. */
  readonly status: UpstreamStatus;
  /** Milliseconds since 1970 of the last change. */
  readonly since: number | undefined;
  /** Why it is down; else "". */
  readonly reason: string;
}

const TICK_MS = 100;
/** Finished INVITEs that are remembered to replay their answer; 64 MiB is half of the budget of HARDENING D2. */
const LINGER: LingerLimits = { entries: 65_536, bytes: 64 * 1024 * 1024 };
/** The answers to all other requests: some 140,000 of them. */
const ANSWERED: ExpiringBytesOptions = { ttlMs: TRANSACTION_MS, maxBytes: 64 * 1024 * 1024 };
/** The filter's share of `answerWithinMs`: when it hangs and requests are let pass, the server still has time. */
const FILTER_SHARE = 0.95;
const PONG: Buffer = Buffer.from("\r\n", "latin1");

/** Builds the proxy; the caller hands its `onFrame` and `onClose` to the transport. */
export function createProxy(deps: ProxyDeps, options: ProxyOptions): Proxy {
  return new SipProxy(deps, options);
}

class SipProxy implements Proxy {
  readonly counters: ProxyCounters = createProxyCounters();
  readonly #faces: FlowFaces;
  readonly #core: ProxyCore;
  readonly #intake: RequestIntake;
  readonly #own: OwnRequests;
  readonly #servers = new Map<string, ServerTransaction>();
  readonly #clients = new Map<string, ClientTransaction>();
  readonly #cancels = new Map<string, CancelTransaction>();
  readonly #load: Load = { unfinished: 0, bytes: 0 };
  readonly #watch: UpstreamWatch | undefined;
  #drained: (() => void) | undefined;

  constructor(deps: ProxyDeps, options: ProxyOptions) {
    const timers = createTimerWheel(deps.clock, TICK_MS);
    const nowMs = (): number => deps.clock.monotonicMs();
    const longLinger = new LingerQueue(timers, nowMs, TRANSACTION_MS, LINGER);
    const answered = new ExpiringBytes(deps.clock, ANSWERED);
    const shortLinger = new LingerQueue(timers, nowMs, T4_MS, LINGER);
    this.#faces = new FlowFaces(options, deps.flowTokens);
    const targets = targetDeps(deps, options, this.#faces);
    this.#core = {
      seams: deps.seams,
      log: deps.log,
      registrations: deps.registrations,
      clock: deps.clock,
      options,
      timers,
      ask: createRequestGuard(
        {
          onRequest: deps.seams.onRequest.bind(deps.seams),
          mayPassUnjudged: deps.seams.mayPassUnjudged.bind(deps.seams),
          timers,
          log: deps.log,
        },
        { deadlineMs: options.answerWithinMs * FILTER_SHARE, onFailure: options.onFailure },
      ),
      targets,
      branches: new BranchMaker(),
      clientEnv: { timers, table: this.#clients, cancels: this.#cancels, longLinger },
      legs: new DialogLegs(),
      large: largeRequests(deps, options, targets),
      pathRefusals: new PathRefusals(options.path),
      ownCalls: new OwnCalls(),
    };
    const onFinished = (): void => this.#maybeDrained();
    const serverEnv = {
      timers,
      table: this.#servers,
      answered,
      longLinger,
      shortLinger,
      load: this.#load,
      onFinished,
    };
    this.#own = new OwnRequests({ core: this.#core, load: this.#load, onFinished });
    this.#intake = new RequestIntake({ core: this.#core, serverEnv, counters: this.counters });
    const { upstreamProbe } = options;
    if (upstreamProbe !== undefined && options.upstream !== "embedded") {
      const onChange = deps.onUpstream ?? (() => undefined);
      this.#watch = new UpstreamWatch(this.#core, upstreamProbe, onChange);
      this.#watch.start();
    }
  }

  get upstreams(): readonly UpstreamView[] {
    const { upstreams } = this.#core.targets;
    return upstreams.all.map((upstream) => {
      const { status, since, reason } = upstreams.stateOf(upstream);
      return { name: upstreamName(upstream), host: upstream.host, status, since, reason };
    });
  }

  get unfinished(): number {
    return this.#load.unfinished;
  }

  onFrame(flow: Flow, frame: SipFrame): void {
    const face = this.#faces.of(flow);
    face.frames += 1;
    try {
      this.#take(face, frame);
    } catch (error) {
      // Our bug; it may cost this message, not the process.
      this.#core.log.warn({ err: error }, "a message could not be handled");
      if (frame.kind === "message" && frame.message.kind === "request") {
        this.#intake.fail(face, frame.message);
      }
    }
  }

  #take(face: FlowFace, frame: SipFrame): void {
    switch (frame.kind) {
      case "ping":
        face.flow.send(PONG);
        return;
      case "problem":
        this.#intake.refuseProblem(face, frame.problem);
        if (frame.fatal) face.flow.close();
        return;
      case "message":
        this.#takeMessage(face, frame.message);
    }
  }

  #takeMessage(face: FlowFace, message: AnySipMessage): void {
    const { clientLimits } = this.#core.options;
    const code = face.side === "client" ? sizeProblem(message, clientLimits) : undefined;
    if (code !== undefined) {
      const partial = message.kind === "request" ? message : undefined;
      this.#intake.refuseProblem(face, { code, detail: "above the limits for clients", partial });
    } else if (message.kind === "request") {
      this.#intake.accept(face, message);
    } else {
      this.#acceptResponse(face, message);
    }
  }

  onClose(flow: Flow): void {
    this.#core.registrations.forgetFlow(flow.id);
    this.#core.targets.registrar?.forgetFlow(flow.id);
    const face = this.#faces.known(flow);
    for (const transaction of Array.from(face?.waiting ?? [])) transaction.flowLost();
    // Nobody can be told any more that somebody has picked up.
    for (const invite of Array.from(face?.asking ?? [])) invite.cancel();
  }

  async drain(graceMs: number, hurry?: AbortSignal): Promise<void> {
    this.#intake.draining = true;
    this.#watch?.close();
    if (this.#load.unfinished > 0) await this.#finished(graceMs, hurry);
    this.#own.close();
  }

  isServer(connection: ConnectionEnds): boolean {
    return this.#faces.sideOf(connection) === "server";
  }

  replaceUpstreams(upstreams: readonly UpstreamTarget[]): void {
    this.#faces.replaceUpstreams(upstreams);
    this.#core.targets.upstreams.replace(upstreams);
  }

  async sendMessage(message: OwnMessage): Promise<OriginationEnd> {
    return this.#own.sendMessage(message);
  }

  async sendInLeg(request: LegRequest): Promise<OriginationEnd> {
    return this.#own.sendInLeg(request);
  }

  watch(callId: string): void {
    this.#own.watch(callId);
  }

  unwatch(callId: string): void {
    this.#own.unwatch(callId);
  }

  async #finished(graceMs: number, hurry: AbortSignal | undefined): Promise<void> {
    const drained = Promise.withResolvers<void>();
    this.#drained = drained.resolve;
    const giveUp = (): void => {
      // First, for the end of a transaction may be a reason for a notice.
      this.#own.close();
      for (const transaction of this.#servers.values()) transaction.context?.shutdown();
      drained.resolve();
    };
    const grace = this.#core.clock.schedule(graceMs, giveUp);
    if (hurry?.aborted === true) giveUp();
    else hurry?.addEventListener("abort", giveUp, { once: true });
    await drained.promise;
    hurry?.removeEventListener("abort", giveUp);
    grace.cancel();
  }

  /** RFC 3261 §17.1.3: by our branch and the method in CSeq; a stray is dropped, never answered. */
  #acceptResponse(face: FlowFace, response: SipResponse): void {
    this.counters.responses += 1;
    const { branch } = topmostVia(response);
    const client = branch === undefined ? undefined : this.#clients.get(branch);
    if (client === undefined || !mayAnswer(face, client)) {
      this.counters.strayResponses += 1;
      return;
    }
    const { method } = response.cseq;
    if (method === client.method) client.receive(response);
    else if (method === "CANCEL") this.#cancels.get(client.branch)?.receive(response);
    else this.counters.strayResponses += 1;
  }

  #maybeDrained(): void {
    if (this.#load.unfinished === 0) this.#drained?.();
  }
}

/**
 * An answer comes from where the request went. Whoever shares an address with the server (a reverse proxy, another program
 * of its machine, a forger of datagrams) is not the server: side and transport must be the same too, and a client answers
 * on the very way by which it was reached.
 */
function mayAnswer(face: FlowFace, { face: asked }: ClientTransaction): boolean {
  if (face === asked) return true;
  const { flow } = asked;
  if (face.side !== asked.side || face.flow.transport !== flow.transport) return false;
  // A certificate speaks for one connection; behind a reverse proxy all WebSockets have one address.
  if (flow.encrypted || isWebSocket(flow)) return false;
  // RFC 3261 §18.2.2: a server whose connection has broken opens one to our Via, and may answer from another of its addresses.
  if (asked.side === "server") return true;
  const { address, port } = flow.remote;
  return !flow.reliable && face.flow.remote.address === address && face.flow.remote.port === port;
}

function largeRequests(
  { clock, log }: ProxyDeps,
  { udpMtuBytes }: ProxyOptions,
  targets: TargetDeps,
): LargeRequests | undefined {
  if (udpMtuBytes === undefined) return undefined;
  const open = (hop: Hop): Target => openHop(targets, hop);
  const streamPort = (address: string): number | undefined =>
    targets.upstreams.all.find(({ transport, remote }) => {
      return transport === "tcp" && remote.address === address;
    })?.remote.port;
  return new LargeRequests({ clock, log, open, streamPort }, udpMtuBytes);
}

function targetDeps(
  deps: ProxyDeps,
  options: ProxyOptions,
  faces: FlowFaces,
): ProxyCore["targets"] {
  const servers = options.upstream === "embedded" ? [] : options.upstream;
  const upstreams = new UpstreamChoice(servers, faces, deps.transport, deps.clock);
  return {
    options,
    faces,
    opener: deps.transport,
    flowTokens: deps.flowTokens,
    aliases: deps.contactAliases,
    registrar: deps.registrar,
    clock: deps.clock,
    locator: deps.locator,
    upstreams,
    placement: createPlacement({ options, upstreams }),
  };
}
