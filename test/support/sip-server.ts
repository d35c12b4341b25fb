import { randomBytes } from "node:crypto";
import { Inbox } from "./inbox.ts";
import { commaValues, uriOf } from "./sip-dialog.ts";
import {
  openDatagramSocket,
  openStreamServer,
  type Address,
  type Reply,
  type SipSocket,
  type TestTransport,
} from "./sip-socket.ts";
import type { SipText } from "./sip-text.ts";

interface Binding {
  readonly contact: string;
  /** Path of the REGISTER (RFC 3327), first to visit first. */
  readonly path: readonly string[];
}

/** What the stand-in does with a MESSAGE: passes it to the registered contact, or answers itself. */
export type Answering = "forward" | number | "silence";

/**
 * The existing SIP server, small: registers with Path, forwards MESSAGE to what is registered along that path, keeps a
 * Via of its own, and remembers every request that reached it. No retransmissions, no dialogs.
 */
export class SipServer implements AsyncDisposable {
  /** Every request that arrived, in order. */
  readonly arrived: SipText[] = [];
  readonly requests: Inbox<SipText> = new Inbox();
  answering: Answering = "forward";
  readonly #sockets = new Map<TestTransport, SipSocket>();
  readonly #bindings = new Map<string, Binding>();
  readonly #pending = new Map<string, Reply>();

  static async open(address = "127.0.0.1"): Promise<SipServer> {
    const server = new SipServer();
    const onMessage = (message: SipText, reply: Reply): void => server.#onMessage(message, reply);
    const udp = await openDatagramSocket({ address, port: 0 }, undefined, onMessage);
    server.#sockets.set("udp", udp);
    server.#sockets.set("tcp", await openStreamServer(udp.local, onMessage));
    return server;
  }

  get local(): Address {
    const socket = this.#sockets.get("udp");
    if (socket === undefined) throw new Error("not open");
    return socket.local;
  }

  /** For the gateway's `upstream`. */
  uri(transport: TestTransport): string {
    const { address, port } = this.local;
    return `sip:${address}:${port};transport=${transport}`;
  }

  /** Contact and Path as registered for an address of record. */
  binding(aor: string): Binding | undefined {
    return this.#bindings.get(aor.toLowerCase());
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.values()) await socket.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #onMessage(message: SipText, reply: Reply): void {
    if (!message.isRequest) {
      this.#onResponse(message);
      return;
    }
    // A probe of the gateway's, which is to no user: every server answers it, and it is nobody's message.
    if (message.method === "OPTIONS" && !message.requestUri.includes("@")) {
      reply(answer(message, 200));
      return;
    }
    this.arrived.push(message);
    this.requests.put(message);
    if (message.method === "ACK") return;
    if (message.method === "REGISTER") reply(this.#register(message));
    else if (this.answering === "silence") return;
    else if (this.answering !== "forward") reply(answer(message, this.answering));
    else this.#forward(message, reply);
  }

  #register(request: SipText): Buffer {
    const aor = uriOf(request.header("to") ?? "").toLowerCase();
    const contact = request.header("contact") ?? "";
    const path = commaValues(request.all("path"));
    const expires = request.header("expires") ?? "600";
    if (expires === "0") this.#bindings.delete(aor);
    else this.#bindings.set(aor, { contact: uriOf(contact), path });
    return answer(request, 200, [
      `Contact: ${contact};expires=${expires}`,
      ...path.map((value) => `Path: ${value}`),
    ]);
  }

  #forward(request: SipText, reply: Reply): void {
    const binding = this.#bindings.get(request.requestUri.toLowerCase().split(";")[0] ?? "");
    if (binding === undefined) {
      reply(answer(request, 404));
      return;
    }
    const branch = `z9hG4bK-up-${randomBytes(6).toString("hex")}`;
    this.#pending.set(branch, reply);
    const { address, port } = this.local;
    const next = uriOf(binding.path[0] ?? "") || binding.contact;
    const transport: TestTransport = /transport=tcp/i.test(next) ? "tcp" : "udp";
    const ours = new RegExp(`[@:]${address.replaceAll(".", "\\.")}:${port}\\b`);
    const kept = request.headers.filter(
      (header) => header.name !== "route" || !ours.test(header.value),
    );
    const lines = [
      `${request.method} ${binding.contact} SIP/2.0`,
      `Via: SIP/2.0/${transport.toUpperCase()} ${address}:${port};branch=${branch}`,
      ...binding.path.map((value) => `Route: ${value}`),
      ...kept.map((header) => header.raw),
      "",
      "",
    ];
    const head = Buffer.from(lines.join("\r\n"), "latin1");
    const socket = this.#sockets.get(transport);
    socket?.send(Buffer.concat([head, request.body]), addressOf(next));
  }

  #onResponse(response: SipText): void {
    const reply = this.#pending.get(response.branch);
    if (reply === undefined || response.status < 200) return;
    this.#pending.delete(response.branch);
    const end = response.bytes.indexOf("\r\n\r\n");
    const viaIndex = response.headers.findIndex((header) => header.name === "via");
    const lines = response.headers.flatMap((header, i) => (i === viaIndex ? [] : [header.raw]));
    const head = [response.startLine, ...lines].join("\r\n");
    reply(Buffer.concat([Buffer.from(head, "latin1"), response.bytes.subarray(end)]));
  }
}

function answer(request: SipText, status: number, more: readonly string[] = []): Buffer {
  const copied = request.headers
    .filter((header) => ["via", "from", "call-id", "cseq"].includes(header.name))
    .map((header) => header.raw);
  const to = request.header("to") ?? "";
  const lines = [
    `SIP/2.0 ${status} ${status < 300 ? "OK" : "Refused"}`,
    ...copied,
    `To: ${/;\s*tag=/i.test(to) ? to : `${to};tag=up`}`,
    ...more,
    "Content-Length: 0",
    "",
    "",
  ];
  return Buffer.from(lines.join("\r\n"), "latin1");
}

function addressOf(uri: string): Address {
  const match = /(?:@|sips?:)([^:;@>]+)(?::(\d+))?(?:;|$|>)/.exec(uri);
  return { address: match?.[1] ?? "", port: Number(match?.[2] ?? 5060) };
}
