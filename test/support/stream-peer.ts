import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { CertificateFiles } from "./certificates.ts";
import { Inbox } from "./inbox.ts";
import {
  openStreamServer,
  openStreamSocket,
  type Address,
  type MessageHandler,
  type SipSocket,
} from "./sip-socket.ts";
import { writeSip, type SipText } from "./sip-text.ts";

/** What a peer shows when it is asked for a certificate, and whom it believes. */
export interface PeerTls {
  readonly certificate?: CertificateFiles;
  /** PEM file of the authority. */
  readonly ca: string;
  /** The name that the gateway's certificate must bear. */
  readonly gateway: string;
}

/** Who a peer is, and where. */
export interface StreamPeerOptions {
  readonly address: string;
  /** Of its listener; 0 or left out: any free one. */
  readonly port?: number;
  /** TLS, else TCP. */
  readonly tls?: PeerTls;
}

/** A request and the way by which it came: the peer's listener, or a connection that the peer has opened. */
interface Arrival {
  readonly request: SipText;
  readonly by: "listener" | OwnConnection;
}

/** A connection of the peer's to the gateway. */
export interface OwnConnection extends AsyncDisposable {
  readonly open: boolean;
  /** Sends OPTIONS with that topmost Via, the branch left out, and gives the answer: the gateway's own, if nobody is named. */
  asks(via: string, uri?: string): Promise<SipText>;
}

/** A server that speaks over connections alone, listens, and opens some of its own. It answers every request 200. */
export class StreamPeer implements AsyncDisposable {
  readonly arrived: Inbox<Arrival> = new Inbox();
  readonly #options: StreamPeerOptions;
  readonly #answers: Inbox<SipText> = new Inbox();
  readonly #sockets: SipSocket[] = [];
  #listener!: SipSocket;

  private constructor(options: StreamPeerOptions) {
    this.#options = options;
  }

  static async open(options: StreamPeerOptions): Promise<StreamPeer> {
    const peer = new StreamPeer(options);
    const at = { address: options.address, port: options.port ?? 0 };
    const taken = peer.#taker(() => "listener");
    peer.#listener = await openStreamServer(at, taken, peer.#files());
    return peer;
  }

  get local(): Address {
    return this.#listener.local;
  }

  /** No connection to it comes about any more, and those that others have opened end. */
  async stopsListening(): Promise<void> {
    await this.#listener.close();
  }

  async connectsTo(gateway: Address): Promise<OwnConnection> {
    const { tls, address } = this.#options;
    const connection: { by?: OwnConnection } = {};
    const taken = this.#taker(() => connection.by ?? "listener");
    const show = tls && { ...this.#files(), servername: tls.gateway };
    const socket = await openStreamSocket(address, gateway, taken, show);
    this.#sockets.push(socket);
    const own: OwnConnection = {
      get open() {
        return socket.open;
      },
      asks: async (via, uri) => {
        const callId = randomBytes(8).toString("hex");
        socket.send(optionsRequest(via, uri, callId));
        return this.#answers.next(`an answer to ${via}`, (answer) => answer.callId === callId);
      },
      [Symbol.asyncDispose]: () => socket.close(),
    };
    connection.by = own;
    return own;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) await socket.close();
    if (this.#listener.open) await this.#listener.close();
  }

  #files() {
    const { tls } = this.#options;
    if (tls === undefined) return undefined;
    const { certificate } = tls;
    const pair = certificate && {
      cert: readFileSync(certificate.cert),
      key: readFileSync(certificate.key),
    };
    return { ca: readFileSync(tls.ca), ...pair };
  }

  #taker(by: () => Arrival["by"]): MessageHandler {
    return (message, reply) => {
      if (!message.isRequest) {
        this.#answers.put(message);
        return;
      }
      reply(ok(message));
      // Probes of the gateway are nobody's message.
      if (!message.branch.endsWith(".probe")) this.arrived.put({ request: message, by: by() });
    };
  }
}

/** With no hops left the gateway answers by itself. */
function optionsRequest(via: string, uri: string | undefined, callId: string): Buffer {
  return writeSip(`OPTIONS ${uri ?? "sip:nobody@example.test"} SIP/2.0`, [
    ["Via", `${via};branch=z9hG4bK${callId}`],
    ["Max-Forwards", uri === undefined ? "0" : "70"],
    ["From", "<sip:peer@example.test>;tag=p"],
    ["To", "<sip:nobody@example.test>"],
    ["Call-ID", callId],
    ["CSeq", "1 OPTIONS"],
  ]);
}

function ok(request: SipText): Buffer {
  const copied = request.headers
    .filter(({ name }) => ["via", "from", "call-id", "cseq"].includes(name))
    .map(({ name, value }) => [name, value] as const);
  const to = request.header("to") ?? "";
  return writeSip("SIP/2.0 200 OK", [
    ...copied,
    ["To", /;\s*tag=/i.test(to) ? to : `${to};tag=peer`],
  ]);
}
