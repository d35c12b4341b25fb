import type { Endpoint, Flow } from "./flow.ts";
import type { ProtocolContext, ProtocolTransport } from "./protocol-transport.ts";
import { type AcceptedConnection, startTcpListener, type TcpListener } from "./tcp-listener.ts";
import type { PreparedConnection } from "./tcp-transport.ts";
import { TlsAcceptor } from "./tls-acceptor.ts";
import type { TlsContexts } from "./tls-contexts.ts";
import { createUnreachableFlow } from "./unreachable-flow.ts";
import { WsConnection, type ReadMessage } from "./ws-connection.ts";
import { createWsGate, type OpenedWebSocket, type WsGate } from "./ws-gate.ts";

/** What WebSockets need besides what every transport has. */
export interface WebSocketMeans<Frame> {
  readonly readMessage: ReadMessage<Frame>;
  /** Whose pages may connect (RFC 6454 origins, lower case); empty: any. */
  readonly origins: readonly string[];
}

/** Which of the two: in clear, or through TLS. */
interface WsKind {
  readonly name: "ws" | "wss";
  /** Makes an admitted connection one that HTTP is spoken on; `ready` is called when it is, if ever. */
  prepare(accepted: AcceptedConnection, ready: (prepared: PreparedConnection) => void): void;
  /** Gives up what is being prepared. */
  close(): void;
}

const IN_CLEAR: WsKind = {
  name: "ws",
  prepare: (accepted, ready) => ready(accepted),
  close: () => undefined,
};

/**
 * SIP over WebSocket (RFC 7118), as a server: clients connect, and everything for them goes over the connection that they
 * came by. Nothing is ever opened towards a client: `connect` gives a flow that says so.
 */
export function createWsTransport<Frame>(
  context: ProtocolContext<Frame>,
  means: WebSocketMeans<Frame>,
): ProtocolTransport {
  return new WsTransport(context, means, IN_CLEAR);
}

/** The same through TLS, with the certificates of all that speaks TLS. */
export function createWssTransport<Frame>(
  context: ProtocolContext<Frame>,
  means: WebSocketMeans<Frame>,
  contexts: TlsContexts,
): ProtocolTransport {
  const acceptor = new TlsAcceptor(context, contexts, "wss");
  return new WsTransport(context, means, {
    name: "wss",
    prepare: (accepted, ready) => acceptor.accept(accepted, ready),
    close: () => acceptor.close(),
  });
}

class WsTransport<Frame> implements ProtocolTransport {
  readonly #context: ProtocolContext<Frame>;
  readonly #means: WebSocketMeans<Frame>;
  readonly #kind: WsKind;
  readonly #gate: WsGate;
  readonly #listeners = new Set<TcpListener>();
  readonly #connections = new Map<string, WsConnection<Frame>>();
  #lastNumber = 0;

  constructor(context: ProtocolContext<Frame>, means: WebSocketMeans<Frame>, kind: WsKind) {
    this.#context = context;
    this.#means = means;
    this.#kind = kind;
    const origins = new Set(means.origins);
    this.#gate = createWsGate(context, origins, (opened) => this.#add(opened));
  }

  async listen(endpoint: Endpoint): Promise<Endpoint> {
    const onConnection = (accepted: AcceptedConnection): void =>
      this.#kind.prepare(accepted, (prepared) => this.#gate.enter(prepared));
    const { name } = this.#kind;
    const listener = await startTcpListener(this.#context, endpoint, onConnection, name);
    this.#listeners.add(listener);
    return listener.local;
  }

  connect(remote: Endpoint, local: Endpoint | undefined): Flow {
    const target = { transport: this.#kind.name, remote, local };
    return createUnreachableFlow(this.#context, target, "WebSockets are opened by clients alone");
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
    this.#gate.close();
    const closed = [...this.#connections.values()].map((connection) => {
      connection.close();
      return connection.gone;
    });
    await Promise.all(closed);
  }

  #add(opened: OpenedWebSocket): void {
    this.#lastNumber += 1;
    const { name } = this.#kind;
    const id = `${name}/${this.#lastNumber}`;
    const identity = { id, transport: name, encrypted: name === "wss" };
    const connection = new WsConnection(
      this.#context,
      this.#means.readMessage,
      opened,
      identity,
      () => {
        this.#connections.delete(id);
      },
    );
    this.#connections.set(id, connection);
  }
}
