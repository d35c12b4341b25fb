import { randomBytes } from "node:crypto";
import type { ConnectionOptions } from "node:tls";
import { digestCredentials } from "./digest.ts";
import { Inbox } from "./inbox.ts";
import { dialogOfCallee, dialogOfCaller, type DialogState } from "./sip-dialog.ts";
import {
  openDatagramSocket,
  openStreamSocket,
  type Address,
  type MessageHandler,
  type Reply,
  type SipSocket,
  type TestTransport,
} from "./sip-socket.ts";
import type { SecurityAssociation } from "./sip-signature.ts";
import { writeSip, type SipText } from "./sip-text.ts";
import { openWebSocket } from "./ws-socket.ts";

export interface SipClientOptions {
  /** User part of the address of record, and the actor's name in messages of a failed test. */
  readonly name: string;
  readonly domain?: string;
  readonly transport: TestTransport;
  /** With the transports tls and wss: whom to believe, and what to show. */
  readonly tls?: ConnectionOptions;
  /** Where everything is sent: the outbound proxy. */
  readonly gateway: Address;
  /** Local address; default 127.0.0.1. */
  readonly address?: string;
  readonly password?: string;
  /** Makes From look like an LCS client's (`;epid=…`). */
  readonly epid?: string;
  /** Signs all that it sends, and ignores all that its server has not signed, as the clients of the LCS family do. */
  readonly signing?: SecurityAssociation;
  /** How long it sends a request again and waits for the final response; default 30 s (RFC 3261's timer F is 32 s). */
  readonly patienceMs?: number;
}

export interface Outgoing {
  readonly contentType?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly callId?: string;
}

type Headers = readonly (readonly [string, string])[];

interface RequestParts {
  readonly method: string;
  readonly uri: string;
  readonly headers: Headers;
  readonly body: Buffer | string;
}

/** The gateway's own account, as it is without a setting (`sip:sluice@<first of domains>`). */
const NOTIFIER = /^<?sip:sluice@/;

const MESSAGE_SDP = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=session", "c=IN IP4 127.0.0.1", "t=0 0"];

/**
 * A SIP user agent for tests: honest, small, over real sockets. It retransmits over UDP, answers challenges, answers
 * what it receives with 200 (a retransmission with the same answer again) and keeps the bytes of all that arrived.
 */
export class SipClient implements AsyncDisposable {
  readonly name: string;
  readonly aor: string;
  /** Every request that arrived and was answered, retransmissions not counted; for what `receives` does not cover. */
  readonly arrived: SipText[] = [];
  /** What came without a good signature to a client that signs: it never answered or believed it. */
  readonly ignored: SipText[] = [];
  /** Further header lines of its 2xx answers. */
  readonly answersWith: string[] = [];
  readonly #options: SipClientOptions;
  #socket!: SipSocket;
  #cseq = 0;
  readonly #answers = new Map<string, Inbox<SipText>>();
  readonly #given = new Map<string, Buffer>();
  readonly #messages = new Inbox<SipText>();
  readonly #notices = new Inbox<SipText>();
  readonly #others = new Inbox<SipText>();
  readonly #tag = token();

  private constructor(options: SipClientOptions) {
    this.#options = options;
    this.name = options.name;
    this.aor = `sip:${options.name}@${options.domain ?? "example.test"}`;
  }

  static async open(options: SipClientOptions): Promise<SipClient> {
    const client = new SipClient(options);
    const address = options.address ?? "127.0.0.1";
    const onMessage = (message: SipText, reply: Reply): void => client.#onMessage(message, reply);
    client.#socket = await openSocket(options, address, onMessage);
    return client;
  }

  /** Opens and registers; throws when the registrar says no. */
  static async signOn(options: SipClientOptions): Promise<SipClient> {
    const client = await SipClient.open(options);
    const answer = await client.register();
    if (answer.status !== 200) throw new Error(`${client.name}: ${answer.startLine}`);
    return client;
  }

  get local(): Address {
    return this.#socket.local;
  }

  get connected(): boolean {
    return this.#socket.open;
  }

  get contact(): string {
    const { address, port } = this.local;
    return `<sip:${this.name}@${address}:${port};transport=${this.#options.transport.replace("wss", "ws")}>`;
  }

  /** Registers and gives the final response; a challenge is answered once when there is a password. */
  async register(expires = 600): Promise<SipText> {
    const registrar = `sip:${this.#options.domain ?? "example.test"}`;
    return this.requests("REGISTER", registrar, {
      to: this.aor,
      headers: [
        ["Contact", this.contact],
        ["Expires", String(expires)],
        ["Supported", "path"],
      ],
    });
  }

  /** Sends a MESSAGE out of dialog and gives its final response. */
  async sends(to: string, body: string | Buffer, outgoing: Outgoing = {}): Promise<SipText> {
    return this.requests("MESSAGE", to, { ...outgoing, body });
  }

  /** The next MESSAGE of a person that arrived (and fits); it has been answered 200 already. */
  async receives(timeoutMs = 10_000, fits?: (message: SipText) => boolean): Promise<SipText> {
    return this.#messages.next(`a MESSAGE to ${this.name}`, fits, timeoutMs);
  }

  /** The next notice from the gateway's account. */
  async receivesNotice(timeoutMs = 10_000): Promise<SipText> {
    return this.#notices.next(`a notice to ${this.name}`, () => true, timeoutMs);
  }

  /** The next request other than MESSAGE and ACK. */
  async receivesRequest(method: string, timeoutMs = 10_000): Promise<SipText> {
    const isWanted = (request: SipText): boolean => request.method === method;
    return this.#others.next(`${method} to ${this.name}`, isWanted, timeoutMs);
  }

  /** MESSAGEs of persons that arrived and that no `receives` has asked for. */
  get unread(): readonly SipText[] {
    return this.#messages.items;
  }

  /** Any request out of dialog; final response. */
  async requests(
    method: string,
    uri: string,
    parts: Outgoing & { readonly to?: string; readonly body?: string | Buffer } = {},
  ): Promise<SipText> {
    const body = parts.body ?? "";
    const headers: Headers = [
      ["From", `<${this.aor}>;tag=${this.#tag}${this.#epid()}`],
      ["To", `<${parts.to ?? uri}>`],
      ["Call-ID", parts.callId ?? `${token()}@${this.name}`],
      ...(parts.headers ?? []),
      ...contentType(body, parts.contentType),
    ];
    return this.#transact({ method, uri, headers, body });
  }

  /** INVITE to a session of messages; on success the ACK has been sent and the dialog can be used. */
  async invites(
    to: string,
    outgoing: Outgoing & { readonly sdp?: string } = {},
  ): Promise<{ readonly response: SipText; readonly dialog: ClientDialog }> {
    const media = ["m=message 5060 sip null", "a=accept-types:text/plain text/html"];
    const sdp = outgoing.sdp ?? `${[...MESSAGE_SDP, ...media].join("\r\n")}\r\n`;
    const response = await this.requests("INVITE", to, {
      contentType: "application/sdp",
      ...outgoing,
      headers: [["Contact", this.contact], ...(outgoing.headers ?? [])],
      body: sdp,
    });
    const dialog = new ClientDialog(this, dialogOfCaller(response));
    if (response.status < 300) dialog.acknowledges(response.header("cseq") ?? "1 INVITE");
    return { response, dialog };
  }

  /** The dialog that an INVITE has made which this client has answered with 200. */
  dialogOf(invite: SipText): ClientDialog {
    return new ClientDialog(this, dialogOfCallee(invite, this.#answeredTo(invite)));
  }

  /** A request within a dialog; ACK gets no answer. */
  async withinDialog(
    state: DialogState,
    method: string,
    outgoing: Outgoing & { readonly body?: string | Buffer } = {},
  ): Promise<SipText> {
    return this.#transact(this.#dialogRequest(state, method, outgoing));
  }

  /** Sends an ACK for a 2xx. */
  acknowledge(state: DialogState, cseqNumber: string): void {
    const request = this.#dialogRequest(state, "ACK", {});
    this.#socket.send(this.#write(request, `${cseqNumber} ACK`, branch()));
  }

  /** Bytes as they are, for what no honest client would send. */
  raw(bytes: Buffer | string): void {
    this.#socket.send(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** A final response to a request that was sent by `raw`; the test knows the branch. */
  async answerTo(branchValue: string, timeoutMs = 10_000): Promise<SipText> {
    return this.#inboxOf(branchValue).next(
      `an answer to ${branchValue} (${this.name})`,
      (response) => response.status >= 200,
      timeoutMs,
    );
  }

  async close(): Promise<void> {
    await this.#socket.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #epid(): string {
    return this.#options.epid === undefined ? "" : `;epid=${this.#options.epid}`;
  }

  #dialogRequest(
    state: DialogState,
    method: string,
    outgoing: Outgoing & { readonly body?: string | Buffer },
  ): RequestParts {
    const body = outgoing.body ?? "";
    return {
      method,
      uri: state.target,
      body,
      headers: [
        ...state.routes.map((route): [string, string] => ["Route", route]),
        ["From", state.from],
        ["To", state.to],
        ["Call-ID", state.callId],
        ["Contact", this.contact],
        ...(outgoing.headers ?? []),
        ...contentType(body, outgoing.contentType),
      ],
    };
  }

  async #transact(request: RequestParts): Promise<SipText> {
    const response = await this.#transactOnce(request);
    const challenge = response.header(
      response.status === 407 ? "proxy-authenticate" : "www-authenticate",
    );
    const { password } = this.#options;
    if ((response.status !== 401 && response.status !== 407) || challenge === undefined) {
      return response;
    }
    if (password === undefined) return response;
    const credentials = digestCredentials(challenge, { user: this.name, password }, request);
    const name = response.status === 407 ? "Proxy-Authorization" : "Authorization";
    return this.#transactOnce({ ...request, headers: [...request.headers, [name, credentials]] });
  }

  async #transactOnce(request: RequestParts): Promise<SipText> {
    this.#cseq += 1;
    const branchValue = branch();
    const bytes = this.#write(request, `${this.#cseq} ${request.method}`, branchValue);
    const stopRetransmitting = this.#sendRepeatedly(bytes);
    const inbox = this.#inboxOf(branchValue);
    try {
      const isFinal = (response: SipText): boolean => response.status >= 200;
      const what = `a final response to ${request.method} (${this.name})`;
      const response = await inbox.next(what, isFinal, this.#options.patienceMs ?? 30_000);
      if (request.method === "INVITE" && response.status >= 300) {
        this.#acknowledgeFailure(request, response, branchValue);
      }
      return response;
    } finally {
      stopRetransmitting();
      this.#answers.delete(branchValue);
    }
  }

  /** RFC 3261 §17.1.1.3: the ACK for a refusal bears the branch of the INVITE. */
  #acknowledgeFailure(request: RequestParts, response: SipText, branchValue: string): void {
    const kept = new Set(["From", "Call-ID", "Route"]);
    const headers: Headers = [
      ...request.headers.filter(([name]) => kept.has(name)),
      ["To", response.header("to") ?? ""],
    ];
    const cseq = `${this.#cseq} ACK`;
    this.#socket.send(
      this.#write({ ...request, method: "ACK", headers, body: "" }, cseq, branchValue),
    );
  }

  /** RFC 3261 §17.1.2.2: T1, doubled up to T2. */
  #sendRepeatedly(bytes: Buffer): () => void {
    this.#socket.send(bytes);
    if (this.#options.transport !== "udp") return () => undefined;
    let waitMs = 500;
    const again = (): void => {
      this.#socket.send(bytes);
      waitMs = Math.min(waitMs * 2, 4000);
      timer = setTimeout(again, waitMs);
    };
    let timer = setTimeout(again, waitMs);
    return () => clearTimeout(timer);
  }

  #write(request: RequestParts, cseq: string, branchValue: string): Buffer {
    const { address, port } = this.local;
    const via = `SIP/2.0/${this.#options.transport.toUpperCase()} ${address}:${port}`;
    const headers: Headers = [
      ["Via", `${via};branch=${branchValue};rport`],
      ["Max-Forwards", "70"],
      ...request.headers,
      ["CSeq", cseq],
    ];
    const bytes = writeSip(`${request.method} ${request.uri} SIP/2.0`, headers, request.body);
    return this.#options.signing?.signedByClient(bytes) ?? bytes;
  }

  #inboxOf(branchValue: string): Inbox<SipText> {
    const inbox = this.#answers.get(branchValue) ?? new Inbox<SipText>();
    this.#answers.set(branchValue, inbox);
    return inbox;
  }

  #onMessage(message: SipText, reply: Reply): void {
    if (this.#options.signing?.isByServer(message) === false) {
      // Nobody signs for a hop: a 100 ends there (RFC 3261 §8.2.6.1).
      if (message.status !== 100) this.ignored.push(message);
      return;
    }
    if (!message.isRequest) {
      this.#inboxOf(message.branch).put(message);
      return;
    }
    const key = `${message.branch} ${message.method} ${message.header("cseq")}`;
    const given = this.#given.get(key);
    if (given !== undefined) {
      reply(given);
      return;
    }
    this.arrived.push(message);
    if (message.method !== "ACK") {
      const answer = this.#ok(message);
      this.#given.set(key, answer);
      reply(answer);
    }
    this.#placeFor(message).put(message);
  }

  #placeFor(request: SipText): Inbox<SipText> {
    if (request.method !== "MESSAGE") return this.#others;
    return NOTIFIER.test(request.header("from") ?? "") ? this.#notices : this.#messages;
  }

  #ok(request: SipText): Buffer {
    const lines = ["SIP/2.0 200 OK"];
    for (const header of request.headers) {
      if (["via", "record-route", "from", "call-id", "cseq"].includes(header.name)) {
        lines.push(header.raw);
      }
    }
    lines.push(`To: ${this.#answeredTo(request)}`, `Contact: ${this.contact}`, ...this.answersWith);
    let body = "";
    if (request.method === "INVITE") {
      lines.push("Content-Type: application/sdp");
      body = `${[...MESSAGE_SDP, `m=message 5060 sip ${this.aor}`].join("\r\n")}\r\n`;
    }
    lines.push(`Content-Length: ${body.length}`, "", body);
    const bytes = Buffer.from(lines.join("\r\n"), "latin1");
    return this.#options.signing?.signedByClient(bytes) ?? bytes;
  }

  #answeredTo(request: SipText): string {
    const to = request.header("to") ?? "";
    return /;\s*tag=/i.test(to) ? to : `${to};tag=${this.#tag}`;
  }
}

/** A dialog of one client, to send within it. */
export class ClientDialog {
  readonly state: DialogState;
  readonly #client: SipClient;

  constructor(client: SipClient, state: DialogState) {
    this.#client = client;
    this.state = state;
  }

  async sends(body: string | Buffer, outgoing: Outgoing = {}): Promise<SipText> {
    return this.#client.withinDialog(this.state, "MESSAGE", { ...outgoing, body });
  }

  async ends(): Promise<SipText> {
    return this.#client.withinDialog(this.state, "BYE");
  }

  acknowledges(cseq: string): void {
    this.#client.acknowledge(this.state, cseq.split(" ")[0] ?? "1");
  }
}

function openSocket(
  { transport, gateway, tls = {} }: SipClientOptions,
  address: string,
  onMessage: MessageHandler,
): Promise<SipSocket> {
  switch (transport) {
    case "udp":
      return openDatagramSocket({ address, port: 0 }, gateway, onMessage);
    case "tcp":
      return openStreamSocket(address, gateway, onMessage);
    case "tls":
      return openStreamSocket(address, gateway, onMessage, tls);
    case "ws":
    case "wss":
      return openWebSocket(`${transport}://${gateway.address}:${gateway.port}`, tls, onMessage);
  }
}

function contentType(body: Buffer | string, type: string | undefined): Headers {
  return body.length === 0 ? [] : [["Content-Type", type ?? "text/plain"]];
}

function branch(): string {
  return `z9hG4bK${token()}`;
}

function token(): string {
  return randomBytes(8).toString("hex");
}
