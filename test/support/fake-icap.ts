import { createServer, type Server, type Socket } from "node:net";
import { EICAR } from "../../src/content/eicar.ts";
import type { IcapAddress } from "../../src/scan/icap-request.ts";
import { nestedGzip } from "../../src/scan/nested-gzip.ts";
import { readIcapRequest, type IcapRequestSeen } from "./icap-request-reader.ts";

/**
 * How a fake ICAP server misbehaves with files: `reply` answers a whole request with exactly these bytes and closes;
 * `replyAndStay` does not close; `replyEarly` answers after so many bytes of the file and reads on; `closeAfter` ends the connection after
 * so many bytes. `afterPreview` answers a preview so, instead of asking for the rest.
 */
export type IcapFault =
  | "none"
  | "close-at-once"
  | "never-reads"
  | "silent"
  | { readonly reply: string }
  | { readonly replyAndStay: string }
  | { readonly replyEarly: string; readonly after: number }
  | { readonly afterPreview: string }
  | { readonly closeAfter: number };

const ENCRYPTED = Buffer.from("PK\x03\x04\x14\0\x01\0", "latin1");
const DEEP = nestedGzip().subarray(0, 40);
const PAGE = "<html>no</html>";

/** Speaks RFC 3507 on a port of its own: OPTIONS, RESPMOD and REQMOD, previews, kept connections. */
export class FakeIcap implements AsyncDisposable {
  /** May be set at any time; for the requests that come next. OPTIONS is always answered, but for the first two. */
  fault: IcapFault = "none";
  tag = "T1";
  /** The field in what it calls clean, in place of `tag`: of another machine behind the same address. */
  cleanTag: string | undefined;
  methods = "RESPMOD";
  preview: number | undefined = 1024;
  maxConnections: number | undefined;
  /** Answered to OPTIONS instead of all of the above. */
  optionsReply: string | undefined;
  /** Without it, what is clean is given back whole (200). */
  says204 = true;
  findsEicar = true;
  findsEmpty = false;
  reportsEncrypted = true;
  reportsDeep = true;
  /** Files that it was sent whole. */
  files = 0;
  connections = 0;
  openSockets = 0;
  peakOpenSockets = 0;
  /** The last request with a file, whole or not. */
  last: IcapRequestSeen | undefined;
  readonly #open = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  static async start(): Promise<FakeIcap> {
    const fake = new FakeIcap();
    await fake.comeBack();
    return fake;
  }

  get address(): IcapAddress {
    return { host: "127.0.0.1", port: this.#port, path: "/avscan" };
  }

  async goAway(): Promise<void> {
    const closed = Promise.withResolvers<void>();
    this.#server?.close(() => closed.resolve());
    this.hangUp();
    await closed.promise;
    this.#server = undefined;
  }

  /** Ends the connections that are open, and takes new ones. */
  hangUp(): void {
    for (const socket of this.#open) socket.destroy();
  }

  readAgain(): void {
    for (const socket of this.#open) socket.resume();
  }

  async comeBack(): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    const listening = Promise.withResolvers<void>();
    server.listen({ host: "127.0.0.1", port: this.#port }, () => listening.resolve());
    await listening.promise;
    const bound = server.address();
    if (typeof bound === "object" && bound !== null) this.#port = bound.port;
    this.#server = server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server !== undefined) await this.goAway();
  }

  #accept(socket: Socket): void {
    this.connections += 1;
    this.openSockets += 1;
    this.peakOpenSockets = Math.max(this.peakOpenSockets, this.openSockets);
    this.#open.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => {
      this.openSockets -= 1;
      this.#open.delete(socket);
    });
    if (this.fault === "close-at-once") socket.destroy();
    else if (this.fault === "never-reads") socket.pause();
    else this.#serve(socket);
  }

  #serve(socket: Socket): void {
    let kept = Buffer.alloc(0);
    let asked = false;
    let over = false;
    socket.on("data", (chunk: Buffer) => {
      if (over) return;
      kept = Buffer.concat([kept, chunk]);
      for (;;) {
        const request = readIcapRequest(kept, asked);
        if (request === undefined) return;
        if (request.method !== "OPTIONS") this.last = request;
        const step = this.#answer(request, asked);
        if (step === "wait") return;
        if (step === "continue") {
          asked = true;
          socket.write("ICAP/1.0 100 Continue\r\n\r\n");
          continue;
        }
        over = step.then !== "stay" || request.state !== "whole";
        if (step.then === "close") socket.end(step.bytes, "latin1");
        else if (step.bytes !== "") socket.write(step.bytes, "latin1");
        if (over) return;
        kept = kept.subarray(request.length);
        asked = false;
      }
    });
  }

  #answer(
    request: IcapRequestSeen,
    asked: boolean,
  ): "wait" | "continue" | { bytes: string; then: "stay" | "close" | "hang" } {
    const { fault } = this;
    if (request.method === "OPTIONS") return { bytes: this.#options(), then: "stay" };
    const had = request.body.length;
    if (typeof fault === "object") {
      if ("closeAfter" in fault && had >= fault.closeAfter) return { bytes: "", then: "close" };
      if ("replyEarly" in fault && had >= fault.after)
        return { bytes: fault.replyEarly, then: "hang" };
      if ("afterPreview" in fault && request.state === "preview")
        return { bytes: fault.afterPreview, then: "hang" };
    }
    if (request.state === "part") return "wait";
    if (request.state === "preview" && !asked) return "continue";
    this.files += 1;
    if (fault === "silent") return { bytes: "", then: "hang" };
    if (typeof fault === "object" && "reply" in fault) return { bytes: fault.reply, then: "close" };
    if (typeof fault === "object" && "replyAndStay" in fault)
      return { bytes: fault.replyAndStay, then: "stay" };
    return { bytes: this.#verdict(request), then: "stay" };
  }

  #options(): string {
    return (
      this.optionsReply ??
      [
        "ICAP/1.0 200 OK",
        `Methods: ${this.methods}`,
        "Service: Fake antivirus",
        `ISTag: "${this.tag}"`,
        ...(this.preview === undefined ? [] : [`Preview: ${this.preview}`, "Transfer-Preview: *"]),
        ...(this.maxConnections === undefined ? [] : [`Max-Connections: ${this.maxConnections}`]),
        "Allow: 204",
        "Encapsulated: null-body=0",
        "\r\n",
      ].join("\r\n")
    );
  }

  #verdict({ body, method }: IcapRequestSeen): string {
    const threat = this.#threatIn(body);
    const tag = threat === undefined ? (this.cleanTag ?? this.tag) : this.tag;
    const first = `ISTag: "${tag}"\r\n`;
    if (threat === undefined && this.says204) return `ICAP/1.0 204 No Content\r\n${first}\r\n`;
    const content = threat === undefined ? body.toString("latin1") : PAGE;
    const isRequest = method === "REQMOD" && threat === undefined;
    const status = threat === undefined ? "200 OK" : "403 Forbidden";
    const line = isRequest ? "POST http://sluice.invalid/ HTTP/1.1" : `HTTP/1.1 ${status}`;
    const http = `${line}\r\nContent-Length: ${content.length}\r\n\r\n`;
    const kind = isRequest ? "req" : "res";
    const found =
      threat === undefined ? "" : `X-Infection-Found: Type=0; Resolution=2; Threat=${threat};\r\n`;
    const chunk = content.length === 0 ? "" : `${content.length.toString(16)}\r\n${content}\r\n`;
    return `ICAP/1.0 200 OK\r\n${first}${found}Encapsulated: ${kind}-hdr=0, ${kind}-body=${http.length}\r\n\r\n${http}${chunk}0\r\n\r\n`;
  }

  #threatIn(body: Buffer): string | undefined {
    if (this.findsEmpty && body.length === 0) return "Empty";
    if (this.findsEicar && body.includes(EICAR)) return "Eicar-Test-Signature";
    if (this.reportsEncrypted && body.includes(ENCRYPTED)) return "Heuristics.Encrypted.Zip";
    if (this.reportsDeep && body.includes(DEEP)) return "Too.Deep";
    return undefined;
  }
}
