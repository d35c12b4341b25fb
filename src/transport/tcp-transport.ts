import { isIP, Socket, type TcpNetConnectOpts } from "node:net";
import { AliasTable } from "./alias-table.ts";
import { formatEndpoint, isWildcard } from "./endpoint.ts";
import type { Endpoint, Flow } from "./flow.ts";
import type { ProtocolContext, ProtocolTransport, StreamFramer } from "./protocol-transport.ts";
import { StreamConnection, type ConnectionIdentity } from "./stream-connection.ts";
import { type AcceptedConnection, startTcpListener, type TcpListener } from "./tcp-listener.ts";
import { createUnreachableFlow } from "./unreachable-flow.ts";

/** What a kind of connection has of its own; all else is the same for TCP and for TLS over it. */
export interface StreamKind {
  readonly transport: "tcp" | "tls";
  readonly encrypted: boolean;
  /** Makes an admitted connection one that carries messages; `ready` is called when it is, if ever. */
  prepare(accepted: AcceptedConnection, ready: (prepared: PreparedConnection) => void): void;
  /** Opens a connection to a peer of that name; `event` tells that it has come about. */
  open(
    to: TcpNetConnectOpts,
    name: string,
  ): { readonly socket: Socket; readonly event: "connect" | "secureConnect" };
  /** Gives up what is being prepared. */
  close(): void;
}

/** `sinceMs`: when the peer connected, if that was before now; `proves`: by a certificate, that it is that name. */
export interface PreparedConnection extends AcceptedConnection {
  readonly sinceMs?: number;
  readonly proves?: ((name: string) => boolean) | undefined;
}

const TCP: StreamKind = {
  transport: "tcp",
  encrypted: false,
  prepare: (accepted, ready) => ready(accepted),
  open: (to) => ({ socket: new Socket().connect(to), event: "connect" }),
  close: () => undefined,
};

/**
 * SIP over TCP (RFC 3261 §18): connections that peers open, within the quota, and connections that we open, one for
 * each pair of remote endpoint and local address, re-used as long as they live. A connection that a server has opened and
 * offered takes the place of one that we would have to open (RFC 5923).
 */
export function createTcpTransport<Frame>(
  context: ProtocolContext<Frame>,
  createFramer: () => StreamFramer<Frame>,
): ProtocolTransport {
  return createStreamTransport(context, createFramer, TCP);
}

/** The same for another kind of connection. */
export function createStreamTransport<Frame>(
  context: ProtocolContext<Frame>,
  createFramer: () => StreamFramer<Frame>,
  kind: StreamKind,
): ProtocolTransport {
  return new StreamTransport(context, createFramer, kind);
}

class StreamTransport<Frame> implements ProtocolTransport {
  readonly #context: ProtocolContext<Frame>;
  readonly #createFramer: () => StreamFramer<Frame>;
  readonly #kind: StreamKind;
  readonly #listeners = new Set<TcpListener>();
  readonly #connections = new Map<string, StreamConnection<Frame>>();
  /** Connections that we opened, by where they lead from and to. */
  readonly #pool = new Map<string, StreamConnection<Frame>>();
  readonly #aliases = new AliasTable<StreamConnection<Frame>>();
  #lastNumber = 0;

  constructor(
    context: ProtocolContext<Frame>,
    createFramer: () => StreamFramer<Frame>,
    kind: StreamKind,
  ) {
    this.#context = context;
    this.#createFramer = createFramer;
    this.#kind = kind;
  }

  async listen(endpoint: Endpoint): Promise<Endpoint> {
    const onConnection = (accepted: AcceptedConnection): void =>
      this.#kind.prepare(accepted, (prepared) => this.#accept(prepared));
    const { transport } = this.#kind;
    const listener = await startTcpListener(this.#context, endpoint, onConnection, transport);
    this.#listeners.add(listener);
    return listener.local;
  }

  connect(remote: Endpoint, local: Endpoint | undefined, name: string = remote.address): Flow {
    // Who has proven one name has not proven another.
    const proven = this.#kind.encrypted ? name : "";
    const key = `${local?.address ?? ""}>${formatEndpoint(remote)}>${proven}`;
    const pooled = this.#pool.get(key);
    if (pooled?.open === true) return pooled;
    const offered = this.#offered(remote, local, name);
    if (offered !== undefined) return offered;
    if (isIP(remote.address) === 0 || !(remote.port > 0 && remote.port < 65_536)) {
      const target = { transport: this.#kind.transport, remote, local };
      return createUnreachableFlow(this.#context, target, "not a literal address and a port");
    }
    const connection = this.#open({ remote, local, name }, () => {
      if (this.#pool.get(key) === connection) this.#pool.delete(key);
    });
    this.#pool.set(key, connection);
    return connection;
  }

  alias(flow: Flow, port: number): void {
    const connection = this.#connections.get(flow.id);
    if (connection === undefined || connection.outgoing || !connection.open) return;
    if (this.#kind.encrypted && connection.proves === undefined) return;
    this.#aliases.add(connection, port);
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
    this.#kind.close();
    const closed = [...this.#connections.values()].map((connection) => {
      connection.close();
      return connection.gone;
    });
    await Promise.all(closed);
  }

  /**
   * A connection that the peer there has opened, which may be used for requests to it (RFC 5923 §8.2). By TLS the certificate
   * must bear the name that a connection of ours would ask for. In clear nothing is proven, and nothing taken from anybody
   * but a server, who is believed by its address in all else. Nobody comes from one side to the other by it.
   */
  #offered(
    remote: Endpoint,
    local: Endpoint | undefined,
    name: string,
  ): StreamConnection<Frame> | undefined {
    const { transport, encrypted } = this.#kind;
    const from = local ?? { address: "0.0.0.0", port: 0 };
    const offered = this.#aliases.find(remote, (connection) => {
      const isServer = this.#context.isServer(connection);
      const towards = { transport, local: from, remote, outgoing: true };
      if (!connection.open || isServer !== this.#context.isServer(towards)) return false;
      return encrypted ? connection.proves?.(name) === true : isServer;
    });
    offered?.reuse();
    return offered;
  }

  #accept(prepared: PreparedConnection): void {
    const { socket, local, remote, isServer, release, sinceMs, proves } = prepared;
    const identity = {
      ...this.#identity(),
      outgoing: false,
      isServer,
      local,
      remote,
      proves,
      ...(sinceMs === undefined ? {} : { sinceMs }),
    };
    const connection = this.#add(socket, identity, () => {
      this.#aliases.forget(connection);
      release();
    });
  }

  #open({ remote, local, name }: Destination, onGone: () => void): StreamConnection<Frame> {
    const bound = local !== undefined && !isWildcard(local.address);
    const { socket, event } = this.#kind.open(
      {
        host: remote.address,
        port: remote.port,
        ...(bound ? { localAddress: local.address } : {}),
      },
      name,
    );
    const from = local ?? { address: "0.0.0.0", port: 0 };
    const identity = { ...this.#identity(), outgoing: true, isServer: false, local: from, remote };
    const connection = this.#add(socket, identity, onGone);
    socket.on(event, () => {
      const address = socket.localAddress ?? from.address;
      connection.connected({ address, port: socket.localPort ?? 0 });
    });
    return connection;
  }

  #add(socket: Socket, identity: ConnectionIdentity, onGone: () => void): StreamConnection<Frame> {
    const framer = this.#createFramer();
    const connection = new StreamConnection(this.#context, socket, identity, framer, () => {
      this.#connections.delete(identity.id);
      onGone();
    });
    this.#connections.set(identity.id, connection);
    return connection;
  }

  #identity(): Pick<ConnectionIdentity, "id" | "transport" | "encrypted"> {
    const { transport, encrypted } = this.#kind;
    this.#lastNumber += 1;
    return { id: `${transport}/${this.#lastNumber}`, transport, encrypted };
  }
}

interface Destination {
  readonly remote: Endpoint;
  readonly local: Endpoint | undefined;
  readonly name: string;
}
