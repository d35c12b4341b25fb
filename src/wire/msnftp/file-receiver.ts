/**
 * MSN_SECURE_FTP (lcs.md B4), the file receiver's half: what the relay speaks towards a file sender. Bytes in, bytes to
 * write and plain content out; no sockets, no clock: who owns the connection keeps the times, and tells when to go on.
 * It is told the size beforehand and accepts no other; it does not know the plain variant MSNFTP.
 */
import type { Hmac } from "node:crypto";
import {
  readControlLine,
  SECURE_VERSION,
  serializeControlLine,
  type ControlLine,
} from "./control-line.ts";
import { LineAssembler } from "./line-assembler.ts";
import { msnftpProblem, type MsnftpProblem } from "./msnftp-problem.ts";
import type { Rc4 } from "./rc4.ts";
import type { SecureKeys } from "./secure-keys.ts";

export interface FileReceiverPlan {
  readonly keys: SecureKeys;
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
 * complete: all bytes are here; the MAC may come from now on, and `acknowledge` may be called.
 */
export type FileReceiverState = "version" | "size" | "ready" | "receiving" | "complete";

export interface FileReceiver {
  readonly state: FileReceiverState;
  /** The sender's MAC, once it has come and is right for what was received. */
  readonly verifiedMac: string | undefined;
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
const HEADER_BYTES = 3;
/** "C" and "B": a sender that gives up with CCL or BYE does so where a chunk would begin. */
const LINE_STARTS: ReadonlySet<number> = new Set([0x43, 0x42]);

export function createFileReceiver(plan: FileReceiverPlan): FileReceiver {
  return new SecureFileReceiver(plan);
}

class SecureFileReceiver implements FileReceiver {
  state: FileReceiverState = "version";
  verifiedMac: string | undefined;
  readonly #plan: FileReceiverPlan;
  readonly #lines = new LineAssembler();
  readonly #cipher: Rc4;
  readonly #hmac: Hmac;
  #expectedMac = "";
  /** Content that has not come yet. */
  #missing: number;
  /** Of the chunk that is being read. */
  #payloadLeft = 0;
  /** A line has begun where a chunk would; it is the last thing that is read. */
  #inLine = false;
  #headerBytes = 0;
  #chunkType = 0;
  #chunkLength = 0;
  /** Where the content of the bytes in hand lies, once decrypted. */
  #dataStart = 0;
  #dataEnd = 0;
  #write: Buffer | undefined;
  #problem: MsnftpProblem | undefined;

  constructor(plan: FileReceiverPlan) {
    this.#plan = plan;
    this.#cipher = plan.keys.cipher();
    this.#hmac = plan.keys.mac();
    this.#missing = plan.size;
  }

  greet(): Buffer {
    return serializeControlLine({ kind: "VER", protocols: [SECURE_VERSION] });
  }

  receive(bytes: Buffer): FileReceiverStep {
    if (this.#problem !== undefined) return NOTHING;
    this.#write = undefined;
    this.#dataStart = 0;
    this.#dataEnd = 0;
    let at = 0;
    while (at < bytes.length && this.#problem === undefined) {
      const inLine = this.#inLine || this.#lines.isPending;
      const inChunks = this.state === "receiving" && !inLine;
      at = inChunks ? this.#takeChunks(bytes, at) : this.#takeLine(bytes, at);
    }
    if (this.state === "receiving") this.#hashData(bytes);
    const data =
      this.#dataEnd > this.#dataStart ? bytes.subarray(this.#dataStart, this.#dataEnd) : undefined;
    return { write: this.#write, data, problem: this.#problem };
  }

  request(): Buffer {
    if (this.state !== "ready") throw new Error(`TFR in state ${this.state}`);
    this.state = "receiving";
    if (this.#missing === 0) this.#completed();
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
    if (this.#dataEnd > this.#dataStart) {
      this.#hmac.update(bytes.subarray(this.#dataStart, this.#dataEnd));
    }
  }

  #completed(): void {
    this.state = "complete";
    this.#expectedMac = this.#hmac.digest("base64");
  }

  #takeChunks(bytes: Buffer, start: number): number {
    let at = start;
    while (at < bytes.length) {
      if (this.#payloadLeft === 0) {
        if (!this.#takeHeaderByte(bytes[at] ?? 0)) return at;
        at += 1;
        continue;
      }
      const length = Math.min(this.#payloadLeft, bytes.length - at);
      if (this.#dataEnd === 0) {
        this.#dataStart = at;
        this.#dataEnd = at;
      }
      // Moved together past the headers while it is decrypted: one piece to hash and to store for each read.
      this.#cipher.apply(bytes, at, bytes, this.#dataEnd, length);
      this.#dataEnd += length;
      this.#payloadLeft -= length;
      this.#missing -= length;
      at += length;
      if (this.#missing === 0) {
        this.#hashData(bytes);
        this.#completed();
        return at;
      }
    }
    return at;
  }

  /** False: the byte belongs to a line, or there is a problem. */
  #takeHeaderByte(byte: number): boolean {
    if (this.#headerBytes === 0) {
      this.#inLine = LINE_STARTS.has(byte);
      if (this.#inLine) return false;
      if (byte > 1) this.#fail("bad-chunk", `type ${byte}`);
      this.#chunkType = byte;
      this.#chunkLength = 0;
    } else {
      this.#chunkLength |= byte << (8 * (this.#headerBytes - 1));
    }
    if (this.#problem !== undefined) return false;
    this.#headerBytes += 1;
    if (this.#headerBytes < HEADER_BYTES) return true;
    this.#headerBytes = 0;
    this.#beginChunk();
    return this.#problem === undefined;
  }

  #beginChunk(): void {
    const length = this.#chunkLength;
    if (this.#chunkType === 1) {
      // The end marker of the plain variant: here it can only mean that there will be no more.
      if (length === 0) this.#fail("peer-cancelled", "an end marker before the last byte");
      else this.#fail("bad-chunk", `type 1 with ${length} bytes`);
    } else if (length === 0) this.#fail("bad-chunk", "a chunk without bytes");
    else if (length > this.#missing) {
      this.#fail("too-much-data", `a chunk of ${length} where ${this.#missing} are missing`);
    } else this.#payloadLeft = length;
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
    // A client may close its side with "BYE sent"; the content is proven by then.
    if (line.kind === "BYE" && this.verifiedMac !== undefined) return;
    if (line.kind === "BYE" || line.kind === "CCL") {
      this.#fail("peer-cancelled", line.kind);
    } else if (this.state === "version" && line.kind === "VER") {
      this.#agree(line.protocols);
    } else if (this.state === "size" && line.kind === "FIL") {
      if (line.size === this.#plan.size) this.state = "ready";
      else this.#fail("wrong-size", `${line.size} instead of ${this.#plan.size}`);
    } else if (this.state === "complete" && line.kind === "MAC" && this.verifiedMac === undefined) {
      if (line.mac === this.#expectedMac) this.verifiedMac = line.mac;
      else this.#fail("bad-mac", "the MAC is not that of the content");
    } else this.#fail("unexpected-line", `${line.kind} in state ${this.state}`);
  }

  #agree(protocols: readonly string[]): void {
    if (!protocols.includes(SECURE_VERSION)) {
      this.#fail("no-secure-version", protocols.join(" "));
      return;
    }
    const { user, authCookie } = this.#plan;
    this.#write = serializeControlLine({ kind: "USR", user, authCookie });
    this.state = "size";
  }
}
