import { failed, ok, type Result } from "../../base/result.ts";
import { msnftpProblem, type MsnftpProblem } from "./msnftp-problem.ts";

/** The longest line that is accepted, with its CR LF: the longest that a client sends is USR with a long address. */
export const MAX_LINE_BYTES = 256;

const CR = 0x0d;
const LF = 0x0a;

/** Where reading goes on, and the line when one has ended there (without CR LF). */
export interface AssembledLine {
  readonly next: number;
  readonly line: Result<string, MsnftpProblem> | undefined;
}

/**
 * Puts control lines together from a stream, byte by byte: what is wrong is found at the same byte wherever the stream was
 * cut. Lines end with CR LF, and hold printable ASCII and NUL (which readers judge).
 */
export class LineAssembler {
  readonly #kept: Buffer = Buffer.alloc(MAX_LINE_BYTES);
  #length = 0;

  /** Whether a line has begun. */
  get isPending(): boolean {
    return this.#length > 0;
  }

  /** Reads from `start` to the end of one line, or of the bytes. */
  take(bytes: Buffer, start: number): AssembledLine {
    for (let at = start; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0;
      const previous = this.#length === 0 ? 0 : this.#kept[this.#length - 1];
      const wrong = this.#complaint(byte, previous === CR);
      if (wrong !== undefined) return { next: at, line: failed(msnftpProblem("bad-line", wrong)) };
      this.#kept[this.#length] = byte;
      this.#length += 1;
      if (byte === LF) {
        const line = this.#kept.toString("latin1", 0, this.#length - 2);
        this.#length = 0;
        return { next: at + 1, line: ok(line) };
      }
    }
    return { next: bytes.length, line: undefined };
  }

  #complaint(byte: number, afterCr: boolean): string | undefined {
    if (this.#length === MAX_LINE_BYTES) return `a line of more than ${MAX_LINE_BYTES} bytes`;
    if (afterCr !== (byte === LF)) return "a bare CR or LF";
    const isText = (byte >= 0x20 && byte <= 0x7e) || byte === 0 || byte === CR || byte === LF;
    return isText ? undefined : "a byte that no line has";
  }
}
