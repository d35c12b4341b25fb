import { once } from "node:events";
import { WebSocket, type ClientOptions } from "ws";
import type { Address } from "./sip-socket.ts";
import { SipText } from "./sip-text.ts";

/** Whom a crowd visits, and how many they are. */
export interface CrowdOptions {
  readonly scheme: "ws" | "wss";
  readonly gateway: Address;
  readonly count: number;
  /** Whom they believe, with wss. */
  readonly ca?: Buffer;
}

/** As many as one address may have (limits.connections_per_address, 64), and some to spare. */
const PER_ADDRESS = 50;
/** Handshakes under way at once. */
const AT_A_TIME = 50;

/**
 * Many clients by SIP over WebSocket that register and then do nothing, as phones in pockets do: they answer pings, and
 * a MESSAGE with 200. Each address of loopback has a few of them. Made light, for thousands in one process.
 */
export class WsCrowd implements AsyncDisposable {
  readonly #members: readonly Member[];

  private constructor(members: readonly Member[]) {
    this.#members = members;
  }

  /** Resolves when everyone has registered; rejects when somebody could not. */
  static async gather(options: CrowdOptions): Promise<WsCrowd> {
    const members = Array.from({ length: options.count }, (_, n) => new Member(n));
    const waiting = members.values();
    const usher = async (): Promise<void> => {
      for (const member of waiting) await member.signOn(options);
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, usher));
    return new WsCrowd(members);
  }

  /** How often the one who was pinged least has been pinged. */
  get pings(): number {
    return this.#members.reduce((least, { pings }) => Math.min(least, pings), Infinity);
  }

  /** Connections that neither side has ended. */
  get open(): number {
    return this.#members.filter((member) => member.open).length;
  }

  /** Address of record of the member with that number. */
  aor(n: number): string {
    return this.#memberAt(n).aor;
  }

  /** What has been written to that member. */
  texts(n: number): readonly string[] {
    return this.#memberAt(n).texts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#members.map(async (member) => member.leave()));
  }

  #memberAt(n: number): Member {
    const member = this.#members[n];
    if (member === undefined) throw new Error(`${n} of ${this.#members.length}`);
    return member;
  }
}

class Member {
  readonly aor: string;
  readonly texts: string[] = [];
  pings = 0;
  readonly #n: number;
  #ws: WebSocket | undefined;

  constructor(n: number) {
    this.#n = n;
    this.aor = `sip:idle${n}@example.test`;
  }

  get open(): boolean {
    return this.#ws?.readyState === WebSocket.OPEN;
  }

  async signOn({ scheme, gateway, ca }: CrowdOptions): Promise<void> {
    const localAddress = `127.0.3.${1 + Math.floor(this.#n / PER_ADDRESS)}`;
    const options: ClientOptions = { localAddress, ...(ca === undefined ? {} : { ca }) };
    const ws = new WebSocket(`${scheme}://${gateway.address}:${gateway.port}`, "sip", options);
    this.#ws = ws;
    const registered = Promise.withResolvers<void>();
    ws.on("ping", () => (this.pings += 1));
    ws.on("message", (data) => {
      const message = new SipText(data as Buffer);
      if (message.isRequest) this.#hear(message);
      else if (message.status === 200) registered.resolve();
      else registered.reject(new Error(`${this.aor}: ${message.startLine}`));
    });
    ws.on("close", () => registered.reject(new Error(`${this.aor}: closed`)));
    await once(ws, "open");
    ws.on("error", (error) => registered.reject(error));
    ws.send(this.#register(scheme));
    await registered.promise;
  }

  async leave(): Promise<void> {
    if (this.#ws === undefined || this.#ws.readyState === WebSocket.CLOSED) return;
    const closed = once(this.#ws, "close");
    this.#ws.close();
    await closed;
  }

  #hear(request: SipText): void {
    this.texts.push(request.text);
    const copied = request.headers
      .filter(({ name }) => ["via", "from", "to", "call-id", "cseq"].includes(name))
      .map(({ raw, name }) => (name === "to" ? `${raw};tag=idle` : raw));
    this.#ws?.send(["SIP/2.0 200 OK", ...copied, "Content-Length: 0", "", ""].join("\r\n"));
  }

  #register(scheme: string): string {
    const host = `idle${this.#n}.invalid`;
    const lines = [
      "REGISTER sip:example.test SIP/2.0",
      `Via: SIP/2.0/${scheme.toUpperCase()} ${host};branch=z9hG4bK${this.#n}`,
      "Max-Forwards: 70",
      `From: <${this.aor}>;tag=1`,
      `To: <${this.aor}>`,
      `Call-ID: ${host}`,
      "CSeq: 1 REGISTER",
      `Contact: <sip:idle${this.#n}@${host};transport=ws>`,
      "Expires: 600",
      "Supported: path",
      "Content-Length: 0",
    ];
    return `${lines.join("\r\n")}\r\n\r\n`;
  }
}
