import { CodedError } from "../base/coded-error.ts";
import { formatEndpoint } from "./endpoint.ts";
import type { Endpoint, Flow, TransportName } from "./flow.ts";

/** What a UDP flow asks of the socket that it belongs to. */
export interface DatagramSender {
  readonly local: Endpoint;
  readonly open: boolean;
  /** How the socket appears to a peer: of a socket bound to every address, the one of the route to the peer. */
  localTowards(remote: Endpoint): Endpoint;
  sendTo(remote: Endpoint, bytes: Buffer, done: (error: Error | null) => void): void;
  failed(flow: Flow, error: CodedError): void;
}

/** A peer's address as seen from one of our UDP sockets; answers leave from that same socket (RFC 3581 §4). */
export class UdpFlow implements Flow {
  readonly id: string;
  readonly transport: TransportName = "udp";
  readonly reliable = false;
  readonly encrypted = false;
  readonly outgoing = false;
  readonly congested = false;
  readonly remote: Endpoint;
  readonly #socket: DatagramSender;
  #local: Endpoint | undefined;

  constructor(socket: DatagramSender, remote: Endpoint) {
    this.#socket = socket;
    this.remote = remote;
    this.id = udpFlowId(socket.local, remote);
  }

  /** The address that the peer sees, also when our socket is bound to every address. */
  get local(): Endpoint {
    this.#local ??= this.#socket.localTowards(this.remote);
    return this.#local;
  }

  get open(): boolean {
    return this.#socket.open;
  }

  send(bytes: Buffer): boolean {
    this.#socket.sendTo(this.remote, bytes, this.#sent);
    return true;
  }

  close(): void {
    // A datagram socket belongs to all of its peers.
  }

  readonly #sent = (error: Error | null): void => {
    if (error === null) return;
    const message = `sending to udp ${formatEndpoint(this.remote)} failed: ${error.message}`;
    this.#socket.failed(this, new CodedError("SEND_FAILED", message, { cause: error }));
  };
}

/** "udp/<the address that our socket is bound to>/<the peer's address>". */
function udpFlowId(local: Endpoint, remote: Endpoint): string {
  return `udp/${formatEndpoint(local)}/${formatEndpoint(remote)}`;
}
