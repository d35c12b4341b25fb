import type { Endpoint, Flow } from "./flow.ts";
import type { ProtocolContext, ProtocolTransport } from "./protocol-transport.ts";
import type { AcceptedConnection, TcpListener } from "./tcp-listener.ts";
import { createUnreachableFlow } from "./unreachable-flow.ts";
import { WsConnection, type ReadMessage } from "./ws-connection.ts";
import { createWsGate, type OpenedWebSocket, type WsGate } from "./ws-gate.ts";

/** Which of the two, and what it stands on. */
export interface WsTransportOptions<Frame> {
  readonly name: "ws" | "wss";
  /** Accepts connections within the quota: in clear for ws, through TLS for wss. */
  startListener(
    endpoint: Endpoint,
    onConnection: (accepted: AcceptedConnection) => void,
  ): Promise<TcpListener>;
  readonly readMessage: ReadMessage<Frame>;
  /** Whose pages may connect, lower case; empty: any. */
  readonly origins: ReadonlySet<string>;
}

/**
 * SIP over WebSocket (RFC 7118), as a server: clients connect, and everything for them goes over the connection that they
 * came by. Nothing is ever opened towards a client: `connect` gives a flow that says so.
 */
export function createWsTransport<Frame>(
  context: ProtocolContext<Frame>,
  options: WsTransportOptions<Frame>,
): ProtocolTransport {
  return new WsTransport(context, options);
}

class WsTransport<Frame> implements ProtocolTransport {
  readonly #context: ProtocolContext<Frame>;
  readonly #options: WsTransportOptions<Frame>;
  readonly #gate: WsGate;
  readonly #listeners = new Set<TcpListener>();
  readonly #connections = new Map<string, WsConnection<Frame>>();
  #lastNumber = 0;

  constructor(context: ProtocolContext<Frame>, options: WsTransportOptions<Frame>) {
    this.#context = context;
    this.#options = options;
    this.#gate = createWsGate(context, options.origins, (opened) => this.#add(opened));
  }

  async listen(endpoint: Endpoint): Promise<Endpoint> {
    const listener = await this.#options.startListener(endpoint, (accepted) =>
      this.#gate.enter(accepted),
    );
    this.#listeners.add(listener);
    return listener.local;
  }

  connect(remote: Endpoint, local: Endpoint | undefined): Flow {
    const target = { transport: this.#options.name, remote, local };
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
    this.#gate.close();
    const closed = [...this.#connections.values()].map((connection) => {
      connection.close();
      return connection.gone;
    });
    await Promise.all(closed);
  }

  #add(opened: OpenedWebSocket): void {
    this.#lastNumber += 1;
    const { name, readMessage } = this.#options;
    const id = `${name}/${this.#lastNumber}`;
    const identity = { id, transport: name, encrypted: name === "wss" };
    const connection = new WsConnection(this.#context, readMessage, opened, identity, () => {
      this.#connections.delete(id);
    });
    this.#connections.set(id, connection);
  }
}
