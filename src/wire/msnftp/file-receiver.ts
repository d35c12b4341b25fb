/**
 * MSN_SECURE_FTP and the plain MSNFTP (lcs.md B4), the file receiver's half: what the relay speaks towards a file sender.
 * Bytes in, bytes to write and plain content out; no sockets, no clock: who owns the connection keeps the times, and tells
 * when to go on. It is told the size and the protocol beforehand and accepts no other.
 */
import type { Hmac } from "node:crypto";
import { BYE_CODE } from "./bye-code.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { END_MARKER } from "./chunk-writer.ts";
import {
  protocolFor,
  readControlLine,
  serializeControlLine,
  type ControlLine,
} from "./control-line.ts";
import { LineAssembler } from "./line-assembler.ts";
import { msnftpProblem, type MsnftpProblem } from "./msnftp-problem.ts";
import type { SecureKeys } from "./secure-keys.ts";

export interface FileReceiverPlan {
  /** Undefined: the plain variant. */
  readonly keys: SecureKeys | undefined;
  /** For our USR. */
  readonly user: string;
  readonly authCookie: string;
  /** Bytes, as invited. */
  readonly size: number;
}

/** What some received bytes led to; all three can come at once. */
export interface FileReceiverStep {
  /** To be written to the sender. */
  readonly write: Buffer | undefined;
  /** Content, decrypted, in one piece; it lies in the buffer that was handed in. */
  readonly data: Buffer | undefined;
  /** The end of it: nothing is read any more. */
  readonly problem: MsnftpProblem | undefined;
}

/**
 * version, size: waits for that line. ready: the announced size is right, waits for `request`. receiving: chunks.
 * complete: all bytes are here; the sender's last word may come from now on, and `acknowledge` may be called.
 */
export type FileReceiverState = "version" | "size" | "ready" | "receiving" | "complete";

/** Why the content counts as the sender's: its MAC was right; or, of the plain variant, as many bytes came as announced. */
export type ContentProof =
  | { readonly kind: "mac"; readonly mac: string }
  | { readonly kind: "length" };

export interface FileReceiver {
  readonly state: FileReceiverState;
  /** Undefined until all of the content is here, and with keys until its MAC has come and is right. */
  readonly proof: ContentProof | undefined;
  /** Our first line: the file receiver speaks first, whoever connected. */
  greet(): Buffer;
  /** Reads what came; decrypts in place, so that the bytes handed in are used up. */
  receive(bytes: Buffer): FileReceiverStep;
  /** TFR: asks for the content. Only when `ready`. */
  request(): Buffer;
  /** BYE. Only when `complete`. */
  acknowledge(code: number): Buffer;
}

const NOTHING: FileReceiverStep = { write: undefined, data: undefined, problem: undefined };

export function createFileReceiver(plan: FileReceiverPlan): FileReceiver {
  return new ChunkFileReceiver(plan);
}

class ChunkFileReceiver implements FileReceiver {
  state: FileReceiverState = "version";
  proof: ContentProof | undefined;
  readonly #plan: FileReceiverPlan;
  readonly #lines = new LineAssembler();
  readonly #chunks: ChunkReader;
  readonly #hmac: Hmac | undefined;
  #expectedMac = "";
  /** A line has begun where a chunk would; it is the last thing that is read. */
  #inLine = false;
  /** Of END_MARKER, as far as it has come. */
  #markerBytes = 0;
  #write: Buffer | undefined;
  #problem: MsnftpProblem | undefined;

  constructor(plan: FileReceiverPlan) {
    this.#plan = plan;
    this.#chunks = new ChunkReader(plan.size, plan.keys?.cipher());
    this.#hmac = plan.keys?.mac();
  }

  greet(): Buffer {
    return serializeControlLine({ kind: "VER", protocols: [protocolFor(this.#plan.keys)] });
  }

  receive(bytes: Buffer): FileReceiverStep {
    if (this.#problem !== undefined) return NOTHING;
    this.#write = undefined;
    this.#chunks.turn();
    let at = 0;
    while (at < bytes.length && this.#problem === undefined) at = this.#take(bytes, at);
    if (this.state === "receiving") this.#hashData(bytes);
    const { dataStart, dataEnd } = this.#chunks;
    const data = dataEnd > dataStart ? bytes.subarray(dataStart, dataEnd) : undefined;
    return { write: this.#write, data, problem: this.#problem };
  }

  request(): Buffer {
    if (this.state !== "ready") throw new Error(`TFR in state ${this.state}`);
    this.state = "receiving";
    if (this.#chunks.isComplete) this.#completed();
    return serializeControlLine({ kind: "TFR" });
  }

  acknowledge(code: number): Buffer {
    if (this.state !== "complete") throw new Error(`BYE in state ${this.state}`);
    return serializeControlLine({ kind: "BYE", code });
  }

  #fail(code: MsnftpProblem["code"], detail: string): void {
    this.#problem = msnftpProblem(code, detail);
  }

  #hashData(bytes: Buffer): void {
    const { dataStart, dataEnd } = this.#chunks;
    if (dataEnd > dataStart) this.#hmac?.update(bytes.subarray(dataStart, dataEnd));
  }

  #completed(): void {
    this.state = "complete";
    if (this.#hmac === undefined) this.proof = { kind: "length" };
    else this.#expectedMac = this.#hmac.digest("base64");
  }

  /** Takes from `at` what belongs together, and tells where the rest begins. */
  #take(bytes: Buffer, at: number): number {
    if (this.#inLine || this.#lines.isPending) return this.#takeLine(bytes, at);
    if (this.state === "receiving") return this.#takeChunks(bytes, at);
    return this.#takesEndMarker(bytes[at]) ? at + 1 : this.#takeLine(bytes, at);
  }

  #takeChunks(bytes: Buffer, start: number): number {
    const { next, stop } = this.#chunks.take(bytes, start);
    if (stop === "line") this.#inLine = true;
    else if (stop === "all") {
      this.#hashData(bytes);
      this.#completed();
    } else if (stop !== "more") this.#problem = stop;
    return next;
  }

  /** COMPAT(Messenger): 01 00 00 may follow the content of the plain variant, once. False: the byte is no part of it. */
  #takesEndMarker(byte: number | undefined): boolean {
    if (this.state !== "complete" || this.#plan.keys !== undefined) return false;
    if (byte === END_MARKER[this.#markerBytes]) {
      this.#markerBytes += 1;
      return true;
    }
    if (this.#markerBytes === 0 || this.#markerBytes === END_MARKER.length) return false;
    this.#fail("bad-chunk", "an end marker that is none");
    return true;
  }

  #takeLine(bytes: Buffer, start: number): number {
    const { next, line } = this.#lines.take(bytes, start);
    if (line === undefined) return next;
    const read = line.ok ? readControlLine(line.value) : line;
    if (read.ok) this.#obey(read.value);
    else this.#problem = read.problem;
    return next;
  }

  #obey(line: ControlLine): void {
    if (line.kind === "BYE" && this.#isFarewell(line.code)) return;
    if (line.kind === "BYE" || line.kind === "CCL") {
      this.#fail("peer-cancelled", line.kind);
    } else if (this.state === "version" && line.kind === "VER") {
      this.#agree(line.protocols);
    } else if (this.state === "size" && line.kind === "FIL") {
      if (line.size === this.#plan.size) this.state = "ready";
      else this.#fail("wrong-size", `${line.size} instead of ${this.#plan.size}`);
    } else if (this.#awaitsMac && line.kind === "MAC") {
      if (line.mac === this.#expectedMac) this.proof = { kind: "mac", mac: line.mac };
      else this.#fail("bad-mac", "the MAC is not that of the content");
    } else this.#fail("unexpected-line", `${line.kind} in state ${this.state}`);
  }

  get #awaitsMac(): boolean {
    return this.state === "complete" && this.proof === undefined;
  }

  /** A client may close its side with "BYE sent". Behind a right MAC any code is as good: the content is proven by then. */
  #isFarewell(code: number): boolean {
    if (this.proof === undefined) return false;
    return this.proof.kind === "mac" || code === BYE_CODE.sent;
  }

  #agree(protocols: readonly string[]): void {
    const { keys, user, authCookie } = this.#plan;
    if (!protocols.includes(protocolFor(keys))) {
      this.#fail("no-common-version", protocols.join(" "));
      return;
    }
    this.#write = serializeControlLine({ kind: "USR", user, authCookie });
    this.state = "size";
  }
}
