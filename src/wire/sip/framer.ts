import type { AnySipMessage } from "./message.ts";
import { readMessage, type Reading, type SipLimits, type Source } from "./parse-message.ts";
import type { SipProblem } from "./problem.ts";

/** What a stream brought. */
export type SipFrame =
  | { readonly kind: "message"; readonly message: AnySipMessage }
  /** CRLF CRLF between messages: to be answered with CRLF (RFC 5626 §3.5.1). */
  | { readonly kind: "ping" }
  | {
      readonly kind: "problem";
      readonly problem: SipProblem;
      /** Where the next message begins is not certain: answer, then close. Nothing more comes out of this framer. */
      readonly fatal: boolean;
    };

/** Cuts a stream of bytes into messages (RFC 3261 §18.3). */
export interface SipFramer {
  /** Takes bytes in any portions; gives what is complete, in order. Keeps no view of `chunk` beyond what it returns. */
  push(chunk: Buffer): readonly SipFrame[];
  /** Bytes of an unfinished message. */
  readonly bufferedBytes: number;
  /** A message has begun and is not complete (a lone line end between messages does not count). */
  readonly midMessage: boolean;
}

/**
 * Makes a framer for one connection. It buffers at most a head and a body of the limits plus one chunk.
 * Memory: a message that fills at least half of the memory it lies in keeps that memory; a smaller one is copied
 * out, so a message that is kept for a transaction never holds a large receive buffer.
 */
export function createSipFramer(limits: SipLimits): SipFramer {
  return new StreamFramer(limits);
}

const STREAM: Source = {
  stream: true,
  take(bytes, start, end) {
    if ((end - start) * 2 < bytes.buffer.byteLength) {
      const copy = Buffer.allocUnsafe(end - start);
      bytes.copy(copy, 0, start, end);
      return copy;
    }
    return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
  },
};

const NOTHING: readonly SipFrame[] = [];
const EMPTY: Buffer = Buffer.alloc(0);
const PING_BYTES: Buffer = Buffer.from("\r\n\r\n");
const PING: SipFrame = { kind: "ping" };

class StreamFramer implements SipFramer {
  private readonly limits: SipLimits;
  /** Memory of our own for a message that came in pieces; its first `used` bytes count. */
  private store: Buffer = EMPTY;
  private used = 0;
  /** No blank line begins before this offset of the store. */
  private searched = 0;
  /** Total bytes that the message in the store needs; 0: its head is not complete. */
  private needed = 0;
  private broken = false;

  constructor(limits: SipLimits) {
    this.limits = limits;
  }

  get bufferedBytes(): number {
    return this.used;
  }

  get midMessage(): boolean {
    return this.used > 0 && !this.holdsLineEnds();
  }

  push(chunk: Buffer): readonly SipFrame[] {
    if (this.broken || chunk.length === 0) return NOTHING;
    const frames: SipFrame[] = [];
    if (this.used === 0) {
      this.keep(chunk, this.consume(chunk, frames));
      return frames;
    }
    const betweenMessages = !this.midMessage;
    this.append(chunk);
    if (!betweenMessages && !this.mayBeComplete()) return frames;
    const filled = this.store.subarray(0, this.used);
    // The store may become a message's memory: what is left over moves to new memory.
    this.store = EMPTY;
    this.used = 0;
    this.keep(filled, this.consume(filled, frames));
    return frames;
  }

  /** Reads all whole messages at the start of `bytes`; gives the offset of what is left. */
  private consume(bytes: Buffer, frames: SipFrame[]): number {
    this.needed = 0;
    let start = 0;
    while (start < bytes.length && !this.broken) {
      if (isLineEnd(bytes[start])) {
        const after = skipLineEnds(bytes, start, frames);
        if (after === start) return start;
        if (after > start) {
          start = after;
          continue;
        }
      }
      const reading = readMessage(bytes, start, this.limits, STREAM);
      if (reading.outcome === undefined) {
        this.needed = reading.end > bytes.length + 1 ? reading.end - start : 0;
        return start;
      }
      frames.push(frameOf(reading));
      this.broken = reading.fatal;
      start = reading.end;
    }
    return bytes.length;
  }

  /** Copies what is left from `start` on into the store. */
  private keep(bytes: Buffer, start: number): void {
    this.searched = 0;
    if (start >= bytes.length || this.broken) return;
    this.append(bytes.subarray(start));
  }

  /** Memory grows with what has come, not with what was announced. */
  private append(chunk: Buffer): void {
    const total = this.used + chunk.length;
    if (total > this.store.length) {
      const wanted = Math.max(total, this.store.length * 2);
      const grown = Buffer.allocUnsafeSlow(
        this.needed >= total ? Math.min(wanted, this.needed) : wanted,
      );
      this.store.copy(grown, 0, 0, this.used);
      this.store = grown;
    }
    chunk.copy(this.store, this.used);
    this.used = total;
  }

  /** What is kept is a ping that has begun, or ends a line between messages. A CR before anything else begins a message. */
  private holdsLineEnds(): boolean {
    if (this.used >= PING_BYTES.length) return false;
    for (let p = 0; p < this.used; p++) if (this.store[p] !== PING_BYTES[p]) return false;
    return true;
  }

  /** Whether reading again can bring more than it did the last time. Looks at each byte once. */
  private mayBeComplete(): boolean {
    if (this.needed > 0) return this.used >= this.needed;
    if (this.used >= this.limits.maxHeadBytes) return true;
    for (let p = this.searched; p < this.used; p++) {
      if (this.store[p] !== 10) continue;
      const next = this.store[p + 1];
      // A bare LF ends a line for this search as it does for the scan, which then refuses it.
      if (p + 1 < this.used && next === 10) return true;
      if (p + 2 < this.used && next === 13 && this.store[p + 2] === 10) return true;
    }
    this.searched = Math.max(0, this.used - 2);
    return false;
  }
}

/**
 * Passes line ends between messages: two are a ping, a single one is skipped (RFC 3261 §7.5). Gives the offset after them,
 * `start` itself when more bytes must come to tell, -1 when these are not line ends.
 */
function skipLineEnds(bytes: Buffer, start: number, frames: SipFrame[]): number {
  const left = bytes.length - start;
  if (bytes[start] !== 13) return -1;
  if (left === 1) return start;
  if (bytes[start + 1] !== 10) return -1;
  if (left === 2) return start;
  if (bytes[start + 2] !== 13) return start + 2;
  if (left === 3) return start;
  if (bytes[start + 3] !== 10) return start + 2;
  frames.push(PING);
  return start + 4;
}

function frameOf(reading: Reading): SipFrame {
  const { outcome } = reading;
  if (outcome === undefined) throw new Error("an unfinished reading is no frame");
  return outcome.ok
    ? { kind: "message", message: outcome.value }
    : { kind: "problem", problem: outcome.problem, fatal: reading.fatal };
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === 13 || byte === 10;
}
