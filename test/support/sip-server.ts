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
import { SipText } from "./sip-text.ts";

interface Binding {
  readonly contact: string;
  /** Path of the REGISTER (RFC 3327), first to visit first. */
  readonly path: readonly string[];
}

/**
 * What the stand-in does with a request: passes it to all registered contacts, makes a request of its own out of it as a
 * back-to-back user agent does, keeps it for later (202), asks for credentials, or answers itself.
 */
export type Answering = "forward" | "b2bua" | "store" | "challenge" | number | "silence";

/** How a copy differs from the request that it was made of. */
export interface CopyChanges {
  readonly headers?: (headers: readonly string[]) => readonly string[];
  readonly body?: Buffer;
}

/**
 * The existing SIP server, small: registers with Path, forwards requests to what is registered along that path, keeps a
 * Via of its own, and remembers every request that reached it. No retransmissions, no dialogs. The first final answer of
 * several devices goes back.
 */
export class SipServer implements AsyncDisposable {
  /** Every request that arrived, in order. */
  readonly arrived: SipText[] = [];
  readonly requests: Inbox<SipText> = new Inbox();
  answering: Answering = "forward";
  readonly #sockets = new Map<TestTransport, SipSocket>();
  /** By address of record, then by contact. */
  readonly #bindings = new Map<string, Map<string, Binding>>();
  readonly #stored: SipText[] = [];
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

  /** Contact and Path as registered for an address of record, of the device that came first. */
  binding(aor: string): Binding | undefined {
    return [...(this.#bindings.get(aor.toLowerCase())?.values() ?? [])][0];
  }

  /** What was kept and not delivered, in order. */
  get stored(): readonly SipText[] {
    return this.#stored;
  }

  /** Delivers what was kept, as a store of messages does: new requests, of the old ones content and parties alone. */
  async deliversStored(): Promise<void> {
    await Promise.all(this.#stored.splice(0).map(async (kept) => this.sendsAnew(kept)));
  }

  /** Sends a request of its own with the content and the parties of one that arrived; gives the final answer. */
  async sendsAnew(request: SipText, changes: CopyChanges = {}): Promise<SipText> {
    return this.sends(newRequest(request), changes);
  }

  /** Sends a copy of a request that arrived, changed or not, to the receiver's device; gives the final answer. */
  async sendsAgain(request: SipText, changes: CopyChanges = {}): Promise<SipText> {
    const lines = request.headers.map((header) => header.raw);
    return this.sends(request, { ...changes, headers: () => changes.headers?.(lines) ?? lines });
  }

  /** Sends a request on, to the first device of its receiver; gives the final answer. */
  async sends(request: SipText, changes: CopyChanges = {}): Promise<SipText> {
    const [binding] = this.#devicesOf(request);
    if (binding === undefined) throw new Error(`nobody at ${request.requestUri}`);
    return new Promise((resolve) => {
      this.#sendTo(binding, request, changes, (bytes) => resolve(new SipText(bytes)));
    });
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
    else if (this.answering === "challenge" && message.header("proxy-authorization") === undefined)
      reply(answer(message, 407, ['Proxy-Authenticate: Digest realm="example.test", nonce="n1"']));
    else if (typeof this.answering === "number") reply(answer(message, this.answering));
    else if (this.answering === "store" && this.#devicesOf(message).length > 0) {
      this.#stored.push(message);
      reply(answer(message, 202));
    } else this.#forward(message, reply);
  }

  #register(request: SipText): Buffer {
    const aor = uriOf(request.header("to") ?? "").toLowerCase();
    const contact = request.header("contact") ?? "";
    const path = commaValues(request.all("path"));
    const expires = request.header("expires") ?? "600";
    const devices = this.#bindings.get(aor) ?? new Map<string, Binding>();
    this.#bindings.set(aor, devices);
    if (expires === "0") devices.delete(uriOf(contact));
    else devices.set(uriOf(contact), { contact: uriOf(contact), path });
    return answer(request, 200, [
      `Contact: ${contact};expires=${expires}`,
      ...path.map((value) => `Path: ${value}`),
    ]);
  }

  #devicesOf(request: SipText): readonly Binding[] {
    const aor = request.requestUri.toLowerCase().split(";")[0] ?? "";
    return [...(this.#bindings.get(aor)?.values() ?? [])];
  }

  #forward(request: SipText, reply: Reply): void {
    const devices = this.#devicesOf(request);
    if (devices.length === 0) reply(answer(request, 404));
    let answered = false;
    const once = (bytes: Buffer): void => {
      if (!answered) reply(bytes);
      answered = true;
    };
    if (this.answering !== "b2bua") {
      for (const device of devices) this.#sendTo(device, request, {}, once);
      return;
    }
    const own = newRequest(request);
    for (const device of devices) {
      this.#sendTo(device, own, {}, (bytes) => once(answer(request, new SipText(bytes).status)));
    }
  }

  #sendTo(binding: Binding, request: SipText, changes: CopyChanges, reply: Reply): void {
    const branch = `z9hG4bK-up-${randomBytes(6).toString("hex")}`;
    this.#pending.set(branch, reply);
    const { address, port } = this.local;
    const next = uriOf(binding.path[0] ?? "") || binding.contact;
    const transport: TestTransport = /transport=tcp/i.test(next) ? "tcp" : "udp";
    const ours = new RegExp(`[@:]${address.replaceAll(".", "\\.")}:${port}\\b`);
    const kept = request.headers
      .filter((header) => header.name !== "route" || !ours.test(header.value))
      .map((header) => header.raw);
    const lines = [
      `${request.method} ${binding.contact} SIP/2.0`,
      `Via: SIP/2.0/${transport.toUpperCase()} ${address}:${port};branch=${branch}`,
      ...binding.path.map((value) => `Route: ${value}`),
      ...(changes.headers?.(kept) ?? kept),
      "",
      "",
    ];
    const body = changes.body ?? request.body;
    const sized = lines.map((line) =>
      line.replace(/^(Content-Length): *\d+$/i, `$1: ${body.length}`),
    );
    const head = Buffer.from(sized.join("\r\n"), "latin1");
    this.#sockets.get(transport)?.send(Buffer.concat([head, body]), addressOf(next));
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

/** A request of the server's own with the parties and the content of another one, which is all that it keeps. */
function newRequest(request: SipText): SipText {
  const kept = request.headers.filter(({ name }) => /^(?:content-.*|contact)$/.test(name));
  const party = (name: string): string => uriOf(request.header(name) ?? "");
  const lines = [
    request.startLine,
    "Max-Forwards: 70",
    `From: <${party("from")}>;tag=${randomBytes(6).toString("hex")}`,
    `To: <${party("to")}>`,
    `Call-ID: ${randomBytes(8).toString("hex")}@server`,
    `CSeq: 1 ${request.method}`,
    ...kept.map((header) => header.raw),
    "",
    "",
  ];
  return new SipText(Buffer.concat([Buffer.from(lines.join("\r\n"), "latin1"), request.body]));
}

function answer(request: SipText, status: number, more: readonly string[] = []): Buffer {
  const copied = request.headers
    .filter((header) => ["via", "from", "call-id", "cseq"].includes(header.name))
    .map((header) => header.raw);
  const to = request.header("to") ?? "";
  const lines = [
    `SIP/2.0 ${status} ${status < 300 ? "OK" : "Refused"}`,
    ...copied,
    `To: ${/;\s*tag\s*=/i.test(to) ? to : `${to};tag=up`}`,
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
