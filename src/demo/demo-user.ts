/**
 * A SIP user for the demonstration (RFC 3261, RFC 3428), small and honest: one TCP connection to its outbound proxy,
 * REGISTER, MESSAGE, and a conversation of the LCS dialect by INVITE. It answers whatever it gets with 200.
 * It does not retransmit (TCP), authenticate, or fork.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type AddressInfo, type Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import { buildRequest, buildResponse, type HeaderField } from "../wire/sip/build.ts";
import { createSipFramer } from "../wire/sip/framer.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { AnySipMessage, SipRequest, SipResponse } from "../wire/sip/message.ts";
import type { SipLimits } from "../wire/sip/parse-message.ts";
import { topmostVia } from "../wire/sip/via.ts";
import { DemoFailed } from "./demo-failed.ts";
import { dialogOfCallee, dialogOfCaller, type DialogState } from "./dialog-state.ts";
import { Mailbox } from "./mailbox.ts";

const LIMITS: SipLimits = { maxHeadBytes: 65_536, maxHeaderCount: 200, maxBodyBytes: 1_048_576 };
const DOMAIN = "example.test";

/** The description of a conversation, as clients of the LCS family write it (lcs.md B1). */
const CHAT = [
  "v=0",
  "o=- 0 0 IN IP4 127.0.0.1",
  "s=session",
  "c=IN IP4 127.0.0.1",
  "t=0 0",
  "m=x-ms-message 5060 sip null",
  "a=accept-types:text/plain text/html text/x-msmsgsinvite",
  "",
].join("\r\n");

export interface Body {
  readonly contentType: string;
  readonly bytes: Buffer;
}

interface Outgoing {
  readonly method: string;
  readonly uri: string;
  readonly headers: readonly HeaderField[];
  readonly body?: Body | undefined;
}

export class DemoUser {
  /** "Alice". */
  readonly name: string;
  readonly aor: string;
  /** MESSAGEs that came; each has been answered. */
  readonly messages: Mailbox<SipRequest>;
  readonly #invites: Mailbox<SipRequest>;
  readonly #responses: Mailbox<SipResponse>;
  readonly #socket: Socket;
  readonly #tag: string = token();
  #cseq = 0;

  private constructor(name: string, socket: Socket, clock: Clock) {
    this.name = name;
    this.aor = `sip:${name.toLowerCase()}@${DOMAIN}`;
    this.messages = new Mailbox(clock);
    this.#invites = new Mailbox(clock);
    this.#responses = new Mailbox(clock);
    this.#socket = socket;
    this.#listen();
  }

  /** Connects and registers. Rejects with DemoFailed when the registrar says no. */
  static async signOn(name: string, port: number, clock: Clock): Promise<DemoUser> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await once(socket, "connect");
    const user = new DemoUser(name, socket, clock);
    const answer = await user.#request({
      method: "REGISTER",
      uri: `sip:${DOMAIN}`,
      headers: [...user.#outOfDialog(user.aor), field("Contact", user.#contact)],
    });
    if (answer.status !== 200) throw new DemoFailed(`${name} may not register: ${answer.status}`);
    return user;
  }

  /** As in the USR line of a file transfer. */
  get address(): string {
    return this.aor.slice("sip:".length);
  }

  /** A MESSAGE outside of any conversation; its final response. */
  async sends(to: DemoUser, text: string): Promise<SipResponse> {
    const headers = this.#outOfDialog(to.aor);
    return this.#request({ method: "MESSAGE", uri: to.aor, headers, body: plain(text) });
  }

  /** Opens a conversation; both ends of it. */
  async opens(to: DemoUser): Promise<readonly [DialogState, DialogState]> {
    const answer = await this.#request({
      method: "INVITE",
      uri: to.aor,
      headers: [...this.#outOfDialog(to.aor), field("Contact", this.#contact)],
      body: { contentType: "application/sdp", bytes: Buffer.from(CHAT) },
    });
    if (answer.status !== 200)
      throw new DemoFailed(`${to.name} cannot be invited: ${answer.status}`);
    const own = dialogOfCaller(answer);
    this.#write(
      { method: "ACK", uri: own.target, headers: this.#inDialog(own) },
      answer.cseq.number,
    );
    const invite = await to.#invites.next(`invitation of ${this.name} at ${to.name}`);
    return [own, dialogOfCallee(invite, to.#answeredTo(invite))];
  }

  /** A MESSAGE inside a conversation; its final response. */
  async writes(dialog: DialogState, body: Body): Promise<SipResponse> {
    const headers = this.#inDialog(dialog);
    return this.#request({ method: "MESSAGE", uri: dialog.target, headers, body });
  }

  /** The next text that holds the words. */
  async reads(what: string, words: RegExp): Promise<string> {
    const request = await this.messages.next(`${what} at ${this.name}`, (one) =>
      words.test(textOf(one)),
    );
    return textOf(request);
  }

  /** Whether such a text is here. */
  hasGot(words: RegExp): boolean {
    return this.messages.kept.some((one) => words.test(textOf(one)));
  }

  close(): void {
    this.#socket.destroy();
  }

  #listen(): void {
    const framer = createSipFramer(LIMITS);
    this.#socket.on("data", (chunk: Buffer) => {
      for (const frame of framer.push(chunk)) {
        if (frame.kind === "message") this.#onMessage(frame.message);
      }
    });
    this.#socket.on("error", () => this.#socket.destroy());
    this.#socket.on("close", () => {
      const why = new DemoFailed(`the connection of ${this.name} to the gateway is gone`);
      for (const box of [this.messages, this.#invites, this.#responses]) box.close(why);
    });
  }

  #onMessage(message: AnySipMessage): void {
    if (message.kind === "response") {
      if (message.status >= 200) this.#responses.put(message);
      return;
    }
    if (message.method === "ACK") return;
    const isInvite = message.method === "INVITE";
    const answer = buildResponse(message, {
      status: 200,
      reason: "OK",
      toTag: this.#tag,
      headers: [...copies(message, HeaderId.RecordRoute), field("Contact", this.#contact)],
      ...(isInvite ? { body: { contentType: "application/sdp", bytes: Buffer.from(CHAT) } } : {}),
    });
    this.#socket.write(answer);
    if (isInvite) this.#invites.put(message);
    else if (message.method === "MESSAGE") this.messages.put(message);
  }

  async #request(outgoing: Outgoing): Promise<SipResponse> {
    this.#cseq += 1;
    const branch = this.#write(outgoing, this.#cseq);
    return this.#responses.next(
      `answer to ${outgoing.method} for ${this.name}`,
      (response) => topmostVia(response).branch === branch,
    );
  }

  /** Gives the branch. */
  #write({ method, uri, headers, body }: Outgoing, cseq: number): string {
    const branch = `z9hG4bK${token()}`;
    const { address, port } = this.#socket.address() as AddressInfo;
    const bytes = buildRequest({
      method,
      requestUri: uri,
      headers: [
        field("Via", `SIP/2.0/TCP ${address}:${port};branch=${branch};rport`),
        field("Max-Forwards", "70"),
        ...headers,
        field("CSeq", `${cseq} ${method}`),
      ],
      ...(body === undefined ? {} : { body }),
    });
    this.#socket.write(bytes);
    return branch;
  }

  get #contact(): string {
    const { address, port } = this.#socket.address() as AddressInfo;
    return `<sip:${this.name.toLowerCase()}@${address}:${port};transport=tcp>`;
  }

  /** The epid tells the gateway that a client of the LCS family speaks. */
  #outOfDialog(to: string): readonly HeaderField[] {
    return [
      field("From", `"${this.name}" <${this.aor}>;tag=${this.#tag};epid=0a0b0c0d0e`),
      field("To", `<${to}>`),
      field("Call-ID", `${token()}@127.0.0.1`),
    ];
  }

  #inDialog(dialog: DialogState): readonly HeaderField[] {
    return [
      ...dialog.routes.map((route) => field("Route", route)),
      field("From", dialog.from),
      field("To", dialog.to),
      field("Call-ID", dialog.callId),
      field("Contact", this.#contact),
    ];
  }

  #answeredTo(invite: SipRequest): string {
    return `${invite.value(HeaderId.To) ?? ""};tag=${this.#tag}`;
  }
}

/** What a MESSAGE says. */
export function textOf(request: SipRequest): string {
  return request.body.toString("utf8");
}

export function plain(text: string): Body {
  return { contentType: "text/plain; charset=UTF-8", bytes: Buffer.from(text, "utf8") };
}

function copies(message: SipRequest, id: HeaderId): readonly HeaderField[] {
  const found: HeaderField[] = [];
  for (let i = message.find(id); i >= 0; i = message.find(id, i + 1)) {
    found.push(field(message.nameAt(i), message.valueAt(i)));
  }
  return found;
}

function field(name: string, value: string): HeaderField {
  return { name, value };
}

function token(): string {
  return randomBytes(8).toString("hex");
}
