import { isIP, Socket } from "node:net";
import { formatEndpoint, isWildcard } from "./endpoint.ts";
import type { Endpoint, Flow } from "./flow.ts";
import type { ProtocolContext, ProtocolTransport, StreamFramer } from "./protocol-transport.ts";
import { StreamConnection } from "./stream-connection.ts";
import { type AcceptedConnection, startTcpListener, type TcpListener } from "./tcp-listener.ts";
import { createUnreachableFlow } from "./unreachable-flow.ts";

/**
 * SIP over TCP (RFC 3261 §18): connections that peers open, within the quota, and connections that we open, one for
 * each pair of remote endpoint and local address, re-used as long as they live. Connections that peers opened are never
 * used for another destination (RFC 5923 aliases are not supported).
 */
export function createTcpTransport<Frame>(
  context: ProtocolContext<Frame>,
  createFramer: () => StreamFramer<Frame>,
): ProtocolTransport {
  return new TcpTransport(context, createFramer);
}

class TcpTransport<Frame> implements ProtocolTransport {
  readonly #context: ProtocolContext<Frame>;
  readonly #createFramer: () => StreamFramer<Frame>;
  readonly #listeners = new Set<TcpListener>();
  readonly #connections = new Map<string, StreamConnection<Frame>>();
  /** Connections that we opened, by where they lead from and to. */
  readonly #pool = new Map<string, StreamConnection<Frame>>();
  #lastNumber = 0;

  constructor(context: ProtocolContext<Frame>, createFramer: () => StreamFramer<Frame>) {
    this.#context = context;
    this.#createFramer = createFramer;
  }

  async listen(endpoint: Endpoint): Promise<Endpoint> {
    const listener = await startTcpListener(this.#context, endpoint, (accepted) =>
      this.#accept(accepted),
    );
    this.#listeners.add(listener);
    return listener.local;
  }

  connect(remote: Endpoint, local: Endpoint | undefined): Flow {
    const key = `${local?.address ?? ""}>${formatEndpoint(remote)}`;
    const pooled = this.#pool.get(key);
    if (pooled?.open === true) return pooled;
    if (isIP(remote.address) === 0 || !(remote.port > 0 && remote.port < 65_536)) {
      const target = { transport: "tcp" as const, remote, local };
      return createUnreachableFlow(this.#context, target, "not a literal address and a port");
    }
    const connection = this.#open(remote, local, () => {
      if (this.#pool.get(key) === connection) this.#pool.delete(key);
    });
    this.#pool.set(key, connection);
    return connection;
  }

  flowById(id: string): Flow | undefined {
    const connection = this.#connections.get(id);
    return connection?.open === true ? connection : undefined;
  }

  flows(): Iterable<Flow> {
    return this.#connections.values();
  }

  stopListening(): void {
    for (const listener of this.#listeners) listener.stop();
    this.#listeners.clear();
  }

  /** What was handed over is still sent; a peer that does not take it or does not go holds this up for `closeFlushMs`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.stopListening();
    const closed = [...this.#connections.values()].map((connection) => {
      connection.close();
      return connection.gone;
    });
    await Promise.all(closed);
  }

  #accept({ socket, local, remote, release }: AcceptedConnection): void {
    const id = this.#nextId();
    const identity = {
      id,
      transport: "tcp",
      encrypted: false,
      outgoing: false,
      local,
      remote,
    } as const;
    this.#add(socket, identity, release);
  }

  #open(
    remote: Endpoint,
    local: Endpoint | undefined,
    onGone: () => void,
  ): StreamConnection<Frame> {
    const socket = new Socket();
    const from = local ?? { address: "0.0.0.0", port: 0 };
    const id = this.#nextId();
    const identity = {
      id,
      transport: "tcp",
      encrypted: false,
      outgoing: true,
      local: from,
      remote,
    } as const;
    const connection = this.#add(socket, identity, onGone);
    socket.on("connect", () => {
      const address = socket.localAddress ?? from.address;
      connection.connected({ address, port: socket.localPort ?? 0 });
    });
    const bound = local !== undefined && !isWildcard(local.address);
    socket.connect({
      host: remote.address,
      port: remote.port,
      ...(bound ? { localAddress: local.address } : {}),
    });
    return connection;
  }

  #add(
    socket: Socket,
    identity: ConstructorParameters<typeof StreamConnection<Frame>>[2],
    onGone: () => void,
  ): StreamConnection<Frame> {
    const framer = this.#createFramer();
    const connection = new StreamConnection(this.#context, socket, identity, framer, () => {
      this.#connections.delete(identity.id);
      onGone();
    });
    this.#connections.set(identity.id, connection);
    return connection;
  }

  #nextId(): string {
    this.#lastNumber += 1;
    return `tcp/${this.#lastNumber}`;
  }
}
