import { msnftpProblem, type MsnftpProblem } from "./msnftp-problem.ts";
import type { Rc4 } from "./rc4.ts";

/** Why reading has stopped: the bytes are used up, a line begins in place of a chunk, or all of the content is here. */
export type ChunkStop = "more" | "line" | "all" | MsnftpProblem;

const HEADER_BYTES = 3;
/** "C" and "B": a sender that gives up with CCL or BYE does so where a chunk would begin. */
const LINE_STARTS: ReadonlySet<number> = new Set([0x43, 0x42]);

/**
 * Finds the content in chunks (lcs.md B4: 00, length little endian, payload), wherever the stream is cut, and decrypts it
 * in place. Knows how many bytes must come, and lets none come beyond them.
 */
export class ChunkReader {
  /** Where the content of the bytes in hand lies; both 0: there is none. */
  dataStart: number = 0;
  dataEnd: number = 0;
  readonly #cipher: Rc4 | undefined;
  /** Content that has not come yet. */
  #missing: number;
  /** Of the chunk that is being read. */
  #payloadLeft = 0;
  #headerBytes = 0;
  #type = 0;
  #length = 0;

  /**
   * @param size bytes of content
   * @param cipher undefined: the payload is in clear
   */
  constructor(size: number, cipher: Rc4 | undefined) {
    this.#missing = size;
    this.#cipher = cipher;
  }

  get isComplete(): boolean {
    return this.#missing === 0;
  }

  /** Other bytes are in hand. */
  turn(): void {
    this.dataStart = 0;
    this.dataEnd = 0;
  }

  /** Reads from `start`; `next` is the first byte that was not used. */
  take(bytes: Buffer, start: number): { readonly next: number; readonly stop: ChunkStop } {
    let at = start;
    while (at < bytes.length) {
      if (this.#payloadLeft > 0) {
        at = this.#takePayload(bytes, at);
        if (this.#missing === 0) return { next: at, stop: "all" };
        continue;
      }
      const stop = this.#takeHeaderByte(bytes[at] ?? 0);
      if (stop !== undefined) return { next: at, stop };
      at += 1;
    }
    return { next: at, stop: "more" };
  }

  #takePayload(bytes: Buffer, at: number): number {
    const length = Math.min(this.#payloadLeft, bytes.length - at);
    if (this.dataEnd === 0) {
      this.dataStart = at;
      this.dataEnd = at;
    }
    // Moved together past the headers while it is decrypted: one piece to hash and to store for each read.
    if (this.#cipher !== undefined) this.#cipher.apply(bytes, at, bytes, this.dataEnd, length);
    else if (at !== this.dataEnd) bytes.copyWithin(this.dataEnd, at, at + length);
    this.dataEnd += length;
    this.#payloadLeft -= length;
    this.#missing -= length;
    return at + length;
  }

  #takeHeaderByte(byte: number): ChunkStop | undefined {
    if (this.#headerBytes === 0) {
      if (LINE_STARTS.has(byte)) return "line";
      if (byte > 1) return msnftpProblem("bad-chunk", `type ${byte}`);
      this.#type = byte;
      this.#length = 0;
    } else {
      this.#length |= byte << (8 * (this.#headerBytes - 1));
    }
    this.#headerBytes += 1;
    if (this.#headerBytes < HEADER_BYTES) return undefined;
    this.#headerBytes = 0;
    return this.#beginChunk();
  }

  #beginChunk(): MsnftpProblem | undefined {
    const length = this.#length;
    if (this.#type === 1) {
      // An end marker that comes too early can only mean that there will be no more.
      return length === 0
        ? msnftpProblem("peer-cancelled", "an end marker before the last byte")
        : msnftpProblem("bad-chunk", `type 1 with ${length} bytes`);
    }
    if (length === 0) return msnftpProblem("bad-chunk", "a chunk without bytes");
    if (length > this.#missing) {
      const missing = this.#missing;
      return msnftpProblem("too-much-data", `a chunk of ${length} where ${missing} are missing`);
    }
    this.#payloadLeft = length;
    return undefined;
  }
}
