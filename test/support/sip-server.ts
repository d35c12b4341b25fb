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
import type { SecurityAssociation } from "./sip-signature.ts";
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
  /** Adds itself to the Record-Route of what begins a dialog, and passes on what comes within one. */
  recordsRoute = false;
  /**
   * Whose messages are signed, by address of record. Such a user's requests are taken only with a good signature; what goes
   * to such a user, answers included, gets one.
   */
  readonly signing: Map<string, SecurityAssociation> = new Map();
  /** Requests of such users that came with none, or a broken one. */
  readonly unsigned: SipText[] = [];
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

  #onMessage(message: SipText, given: Reply): void {
    if (!message.isRequest) {
      this.#onResponse(message);
      return;
    }
    // A probe of the gateway's own (its branch says so): every server answers it, and it is nobody's message.
    if (message.method === "OPTIONS" && message.branch.endsWith(".probe")) {
      given(answer(message, 200));
      return;
    }
    const sender = uriOf(message.header("from") ?? "").toLowerCase();
    const association = this.signing.get(sender);
    // The ACK of a refusal is every hop's own (RFC 3261 §17.1.1.3), so nobody signs it.
    if (message.method !== "ACK" && association?.isByClient(message) === false) {
      this.unsigned.push(message);
      given(answer(message, 407));
      return;
    }
    const reply: Reply = (bytes) => given(association?.signedByServer(bytes) ?? bytes);
    this.arrived.push(message);
    this.requests.put(message);
    if (message.method === "ACK") {
      if (this.recordsRoute && inDialog(message)) this.#passOn(message, () => undefined);
      return;
    }
    if (message.method === "REGISTER") reply(this.#register(message));
    else if (this.answering === "silence") return;
    else if (this.answering === "challenge" && message.header("proxy-authorization") === undefined)
      reply(answer(message, 407, ['Proxy-Authenticate: Digest realm="example.test", nonce="n1"']));
    else if (typeof this.answering === "number") reply(answer(message, this.answering));
    else if (this.answering === "store" && this.#devicesOf(message).length > 0) {
      this.#stored.push(message);
      reply(answer(message, 202));
    } else if (inDialog(message) && this.recordsRoute) this.#passOn(message, reply);
    else this.#forward(message, reply);
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

  /** Within a dialog: by the Route set, which is ours and then the gateway's. */
  #passOn(request: SipText, reply: Reply): void {
    const next = commaValues(request.all("route")).find((value) => !this.#isOurs(value));
    if (next === undefined) return;
    this.#sendTo({ contact: request.requestUri, path: [] }, request, {}, reply, uriOf(next));
  }

  #isOurs(value: string): boolean {
    const { address, port } = this.local;
    return new RegExp(`[@:]${address.replaceAll(".", "\\.")}:${port}\\b`).test(value);
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

  #sendTo(
    binding: Binding,
    request: SipText,
    changes: CopyChanges,
    reply: Reply,
    next = uriOf(binding.path[0] ?? "") || binding.contact,
  ): void {
    const branch = `z9hG4bK-up-${randomBytes(6).toString("hex")}`;
    this.#pending.set(branch, reply);
    const { address, port } = this.local;
    const transport: TestTransport = /transport=tcp/i.test(next) ? "tcp" : "udp";
    const kept = request.headers
      .filter(({ name, value }) => name !== "route" || !this.#isOurs(value))
      .filter(({ name, value }) => name !== "proxy-authorization" || value.startsWith("Digest"))
      .map((header) => header.raw);
    const begins = this.recordsRoute && request.method === "INVITE" && !inDialog(request);
    const lines = [
      `${request.method} ${binding.contact} SIP/2.0`,
      `Via: SIP/2.0/${transport.toUpperCase()} ${address}:${port};branch=${branch}`,
      ...binding.path.map((value) => `Route: ${value}`),
      ...(begins ? [`Record-Route: <sip:${address}:${port};transport=${transport};lr>`] : []),
      ...(changes.headers?.(kept) ?? kept),
      "",
      "",
    ];
    const body = changes.body ?? request.body;
    const sized = lines.map((line) =>
      line.replace(/^(Content-Length): *\d+$/i, `$1: ${body.length}`),
    );
    const head = Buffer.from(sized.join("\r\n"), "latin1");
    const bytes = Buffer.concat([head, body]);
    const receiver = this.signing.get(uriOf(request.header("to") ?? "").toLowerCase());
    this.#sockets.get(transport)?.send(receiver?.signedByServer(bytes) ?? bytes, addressOf(next));
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

function inDialog(request: SipText): boolean {
  return /;\s*tag=/i.test(request.header("to") ?? "");
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
