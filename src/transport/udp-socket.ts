import dgram from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import { CodedError } from "../base/coded-error.ts";
import { deliverFrame } from "./deliver-frame.ts";
import { formatEndpoint, isWildcard } from "./endpoint.ts";
import type { Endpoint, Flow } from "./flow.ts";
import { literalLookup } from "./literal-lookup.ts";
import type { ProtocolContext } from "./protocol-transport.ts";
import { RecentMap } from "../base/recent-map.ts";
import { routeAddress } from "./route-address.ts";
import { type DatagramSender, UdpFlow } from "./udp-flow.ts";

/** Kernel buffer asked for in each direction; with the usual 208 kB bursts are lost from some thousand messages a second. */
const KERNEL_BUFFER_BYTES = 4 * 1024 * 1024;

/** Peer addresses whose route is remembered; asking the kernel costs some 40 µs. */
const REMEMBERED_ROUTES = 4096;

/** One bound UDP socket, and the flows of the peers that were lately heard or spoken to. */
export class UdpSocket<Frame> implements DatagramSender, AsyncDisposable {
  readonly #context: ProtocolContext<Frame>;
  readonly #socket: dgram.Socket;
  readonly #flows: RecentMap<UdpFlow>;
  readonly #routes: RecentMap<Endpoint> = new RecentMap(REMEMBERED_ROUTES);
  readonly #readDatagram: (bytes: Buffer) => Frame;
  #local: Endpoint = { address: "0.0.0.0", port: 0 };
  #open = false;
  /** The flow of the last datagram: under load the next one is often from the same peer. */
  #last: UdpFlow | undefined;

  constructor(
    context: ProtocolContext<Frame>,
    readDatagram: (bytes: Buffer) => Frame,
    address: string,
  ) {
    this.#context = context;
    this.#readDatagram = readDatagram;
    this.#flows = new RecentMap(context.limits.udpFlows);
    this.#socket = dgram.createSocket({
      type: isIPv6(address) ? "udp6" : "udp4",
      // "0.0.0.0" and "::" are two listeners; one that took both would show mapped addresses.
      ipv6Only: isIPv6(address),
      lookup: literalLookup,
    });
  }

  /** The address that the socket is bound to, with the real port. */
  get local(): Endpoint {
    return this.#local;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Binds the socket; rejects with CodedError LISTEN_FAILED. */
  async bind(endpoint: Endpoint): Promise<Endpoint> {
    try {
      const listening = once(this.#socket, "listening");
      this.#socket.bind({ address: endpoint.address, port: endpoint.port, exclusive: true });
      await listening;
    } catch (cause) {
      this.#socket.on("error", () => undefined);
      this.#socket.close();
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `cannot listen on udp ${formatEndpoint(endpoint)}: ${reason}`;
      throw new CodedError("LISTEN_FAILED", message, { cause });
    }
    this.#askForBuffers();
    const { address, port } = this.#socket.address();
    this.#local = { address, port };
    this.#open = true;
    this.#socket.on("message", this.#received);
    this.#socket.on("error", (cause) => this.#broken(cause));
    return this.#local;
  }

  /** The flow to a peer; the same object as long as it is remembered, the same id always. */
  flowTo(remote: Endpoint): UdpFlow {
    const key = formatEndpoint(remote);
    const known = this.#flows.get(key);
    if (known !== undefined) return known;
    const flow = new UdpFlow(this, { address: remote.address, port: remote.port });
    this.#flows.set(key, flow);
    return flow;
  }

  localTowards(remote: Endpoint): Endpoint {
    if (!isWildcard(this.#local.address)) return this.#local;
    const known = this.#routes.get(remote.address);
    if (known !== undefined) return known;
    const address = routeAddress(remote.address) ?? this.#local.address;
    const local: Endpoint = { address, port: this.#local.port };
    this.#routes.set(remote.address, local);
    return local;
  }

  flows(): Iterable<UdpFlow> {
    return this.#flows.values();
  }

  sendTo(remote: Endpoint, bytes: Buffer, done: (error: Error | null) => void): void {
    if (!this.#open) return;
    this.#context.counters.datagramsSent += 1;
    try {
      this.#socket.send(bytes, remote.port, remote.address, done);
    } catch (cause) {
      // A port that no datagram can go to, for one; thrown at once, reported like any other.
      process.nextTick(done, cause instanceof Error ? cause : new Error(String(cause)));
    }
  }

  failed(flow: Flow, error: CodedError): void {
    this.#context.counters.datagramErrors += 1;
    this.#context.handler.onError(flow, error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }

  readonly #received = (bytes: Buffer, from: dgram.RemoteInfo): void => {
    const { counters, handler } = this.#context;
    counters.datagramsReceived += 1;
    if (bytes.length === 0 || from.port === 0) {
      counters.datagramsIgnored += 1;
      return;
    }
    deliverFrame(handler, this.#flowFrom(from), this.#readDatagram(bytes));
  };

  #flowFrom(from: dgram.RemoteInfo): UdpFlow {
    const last = this.#last;
    if (last?.remote.port === from.port && last.remote.address === from.address) return last;
    const flow = this.flowTo(from);
    this.#last = flow;
    return flow;
  }

  #askForBuffers(): void {
    try {
      // The kernel caps what it grants (net.core.rmem_max) without an error.
      this.#socket.setRecvBufferSize(KERNEL_BUFFER_BYTES);
      this.#socket.setSendBufferSize(KERNEL_BUFFER_BYTES);
    } catch {
      // Works with the default as well, only with less room for bursts.
    }
  }

  #broken(cause: Error): void {
    const message = `udp ${formatEndpoint(this.#local)}: ${cause.message}`;
    this.#context.counters.datagramErrors += 1;
    this.#context.handler.onError(undefined, new CodedError("SEND_FAILED", message, { cause }));
  }
}
