import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EICAR } from "../../src/content/eicar.ts";
import { nestedGzip } from "../../src/scan/nested-gzip.ts";
import type { EngineAddress } from "../../src/scan/engine-connection.ts";

/**
 * How a fake clamd misbehaves. Those of the first group meet every command, the others INSTREAM alone:
 * `reply` answers a whole stream with exactly these bytes and closes; `replyAndStay` does not close; `replyEarly` answers and
 * closes after the first piece, reading no further; `replyThenReset` (TCP) resets the connection where it should close it; `closeAfter` and `resetAfter` end the connection after so many bytes.
 */
export type ClamdFault =
  | "none"
  | "close-at-once"
  | "never-reads"
  | "silent"
  | { readonly reply: string }
  | { readonly replyAndStay: string }
  | { readonly replyEarly: string }
  | { readonly replyThenReset: string }
  | { readonly closeAfter: number }
  | { readonly resetAfter: number };

/** The answer for streams that hold these words. */
type KnownAnswer = readonly [Buffer, string];

const EICAR_ANSWER: KnownAnswer = [EICAR, "Eicar-Test-Signature FOUND"];
const ENCRYPTED_ANSWER: KnownAnswer = [
  Buffer.from("PK\x03\x04\x14\0\x01\0", "latin1"),
  "Heuristics.Encrypted.Zip FOUND",
];
const LIMITS_ANSWER: KnownAnswer = [
  nestedGzip().subarray(0, 40),
  "Heuristics.Limits.Exceeded.MaxRecursion FOUND",
];

/** Speaks clamd's z- and n-commands PING, VERSION and INSTREAM on a socket of its own; one command for each connection. */
export class FakeClamd implements AsyncDisposable {
  /** May be set at any time; what has begun goes on as it was. */
  fault: ClamdFault = "none";
  /** Streams longer than this get the size error, and what follows is not read. */
  maxStreamBytes: number = Number.POSITIVE_INFINITY;
  /** The fault of streams that have come to so many bytes; what is shorter meets `fault`. */
  faultFrom: { readonly bytes: number; readonly fault: ClamdFault } | undefined;
  /** What it answers to VERSION. */
  version = "ClamAV 1.4.3";
  /** AlertEncrypted and AlertExceedsMax of its configuration: without them it calls such files clean. */
  alertsEncrypted = true;
  alertsLimits = true;
  /** Bytes that it read, of all connections. */
  receivedBytes = 0;
  connections = 0;
  /** INSTREAM commands, finished or not. */
  streams = 0;
  peakOpenSockets = 0;
  readonly #dir: string;
  readonly #kind: "unix" | "tcp";
  readonly #open = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  private constructor(dir: string, kind: "unix" | "tcp") {
    this.#dir = dir;
    this.#kind = kind;
  }

  static async start(kind: "unix" | "tcp" = "unix"): Promise<FakeClamd> {
    const fake = new FakeClamd(await mkdtemp(join(tmpdir(), "sluice-clamd-")), kind);
    await fake.comeBack();
    return fake;
  }

  get address(): EngineAddress {
    return this.#kind === "unix"
      ? { path: join(this.#dir, "s") }
      : { host: "127.0.0.1", port: this.#port };
  }

  /** Connections that this side has not seen the end of. */
  get openSockets(): number {
    return this.#open.size;
  }

  /** It has been given so many streams, and none of them is under way. */
  isAtRestAfter(streams: number): boolean {
    return this.streams >= streams && this.#open.size === 0;
  }

  /** Reads again where it did not; who has gone meanwhile is then seen to be gone. */
  readAgain(): void {
    for (const socket of this.#open) socket.resume();
  }

  /** As if killed: every connection ends, and new ones are refused. */
  async goAway(): Promise<void> {
    const closed = Promise.withResolvers<void>();
    this.#server?.close(() => closed.resolve());
    for (const socket of this.#open) socket.destroy();
    await closed.promise;
    this.#server = undefined;
  }

  /** At the address that it had. */
  async comeBack(): Promise<void> {
    const server = createServer({ pauseOnConnect: true }, (socket) => this.#accept(socket));
    const listening = Promise.withResolvers<void>();
    const { address } = this;
    server.listen("path" in address ? { path: address.path } : address, () => listening.resolve());
    await listening.promise;
    const bound = server.address();
    if (typeof bound === "object" && bound !== null) this.#port = bound.port;
    this.#server = server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server !== undefined) await this.goAway();
    await rm(this.#dir, { recursive: true, force: true });
  }

  get #known(): readonly KnownAnswer[] {
    return [
      EICAR_ANSWER,
      ...(this.alertsEncrypted ? [ENCRYPTED_ANSWER] : []),
      ...(this.alertsLimits ? [LIMITS_ANSWER] : []),
    ];
  }

  #accept(socket: Socket): void {
    this.connections += 1;
    this.#open.add(socket);
    this.peakOpenSockets = Math.max(this.peakOpenSockets, this.#open.size);
    socket.on("error", () => undefined);
    socket.once("close", () => this.#open.delete(socket));
    if (this.fault === "close-at-once") socket.destroy();
    else if (this.fault !== "never-reads") this.#converse(socket);
  }

  #converse(socket: Socket): void {
    const { fault } = this;
    let command: string | undefined;
    let head = Buffer.alloc(0);
    let stream: FakeStream | undefined;
    socket.on("data", (chunk: Buffer) => {
      this.receivedBytes += chunk.length;
      let rest = chunk;
      if (command === undefined) {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf(head[0] === 0x7a ? 0 : 0x0a);
        if (end === -1) return;
        command = head.toString("latin1", 1, end);
        rest = head.subarray(end + 1);
        if (command !== "INSTREAM") {
          const texts = { PING: "PONG", VERSION: this.version };
          if (fault !== "silent") answerPlain(socket, command, head[0], texts);
          return;
        }
        this.streams += 1;
        stream = new FakeStream(socket, fault, this.maxStreamBytes, {
          known: this.#known,
          faultFrom: this.faultFrom,
          end: head[0] === 0x7a ? "\0" : "\n",
        });
      }
      stream?.take(rest);
    });
    socket.resume();
  }
}

function answerPlain(
  socket: Socket,
  command: string,
  prefix: number | undefined,
  texts: Readonly<Record<string, string>>,
): void {
  const end = prefix === 0x7a ? "\0" : "\n";
  socket.end(`${texts[command] ?? "UNKNOWN COMMAND"}${end}`);
}

/** One INSTREAM from its first length to its end. */
class FakeStream {
  readonly #socket: Socket;
  #fault: ClamdFault;
  readonly #faultFrom: FakeClamd["faultFrom"];
  readonly #maxBytes: number;
  readonly #known: readonly KnownAnswer[];
  readonly #end: string;
  #pending: Buffer = Buffer.alloc(0);
  /** Bytes of the current piece that are still to come; undefined: a length comes next. */
  #missing: number | undefined;
  #tail: Buffer = Buffer.alloc(0);
  #seen = 0;
  #found: string | undefined;
  #over = false;

  constructor(
    socket: Socket,
    fault: ClamdFault,
    maxBytes: number,
    words: {
      readonly known: readonly KnownAnswer[];
      readonly end: string;
      readonly faultFrom: FakeClamd["faultFrom"];
    },
  ) {
    this.#socket = socket;
    this.#fault = fault;
    this.#maxBytes = maxBytes;
    this.#known = words.known;
    this.#end = words.end;
    this.#faultFrom = words.faultFrom;
  }

  take(bytes: Buffer): void {
    if (this.#over) return;
    this.#pending = Buffer.concat([this.#pending, bytes]);
    while (!this.#over) {
      if (this.#missing === undefined) {
        if (this.#pending.length < 4) return;
        this.#missing = this.#pending.readUInt32BE(0);
        this.#pending = this.#pending.subarray(4);
        if (this.#missing === 0) return this.#finish();
      }
      const piece = this.#pending.subarray(0, this.#missing);
      if (piece.length === 0) return;
      this.#pending = this.#pending.subarray(piece.length);
      this.#missing -= piece.length;
      if (this.#missing === 0) this.#missing = undefined;
      this.#look(piece);
    }
  }

  #look(piece: Buffer): void {
    this.#seen += piece.length;
    if (this.#faultFrom !== undefined && this.#seen >= this.#faultFrom.bytes) {
      this.#fault = this.#faultFrom.fault;
    }
    const window = Buffer.concat([this.#tail, piece]);
    this.#found ??= this.#known.find(([bytes]) => window.includes(bytes))?.[1];
    this.#tail = window.subarray(Math.max(0, window.length - EICAR.length + 1));
    if (this.#seen > this.#maxBytes) this.#say("INSTREAM size limit exceeded. ERROR", "close");
    else this.#misbehave();
  }

  #misbehave(): void {
    const fault = this.#fault;
    if (typeof fault === "string") return;
    if ("replyEarly" in fault) this.#write(fault.replyEarly, "close");
    if ("closeAfter" in fault && this.#seen >= fault.closeAfter) this.#write("", "close");
    if ("resetAfter" in fault && this.#seen >= fault.resetAfter) {
      this.#over = true;
      // a unix socket knows no reset: closed with bytes unread, it looks like one
      if (this.#socket.remoteAddress === undefined) this.#socket.destroy();
      else this.#socket.resetAndDestroy();
    }
  }

  #finish(): void {
    const fault = this.#fault;
    if (fault === "silent") this.#over = true;
    else if (typeof fault === "object" && "reply" in fault) this.#write(fault.reply, "end");
    else if (typeof fault === "object" && "replyAndStay" in fault) {
      this.#over = true;
      this.#socket.write(fault.replyAndStay, "latin1");
    } else if (typeof fault === "object" && "replyThenReset" in fault) {
      this.#over = true;
      this.#socket.write(fault.replyThenReset, "latin1", () => {
        setImmediate(() => this.#socket.resetAndDestroy());
      });
    } else this.#say(`stream: ${this.#found ?? "OK"}`, "end");
  }

  #say(line: string, then: "end" | "close"): void {
    this.#write(`${line}${this.#end}`, then);
  }

  /** "close": as clamd does, which leaves unread what still comes. */
  #write(bytes: string, then: "end" | "close"): void {
    this.#over = true;
    if (then === "end") this.#socket.end(bytes, "latin1");
    else {
      this.#socket.pause();
      if (bytes === "") this.#socket.destroy();
      else this.#socket.write(bytes, "latin1", () => this.#socket.destroy());
    }
  }
}
