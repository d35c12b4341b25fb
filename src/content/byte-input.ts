import type { ByteView } from "./byte-view.ts";

/** Bytes that come in pieces, each once: what an archive unpacks to, or a file from its beginning to its end. */
export type Chunks = Iterator<Buffer, unknown>;

const CHUNK_BYTES = 256 * 1024;

/** The bytes of a part of a view; shorter where the view is. */
export function* chunksOf(file: ByteView, start: number, length: number): Generator<Buffer> {
  const end = Math.min(start + length, file.size);
  for (let at = start; at < end;) {
    const chunk = file.read(at, Math.min(CHUNK_BYTES, end - at));
    if (chunk.length === 0) return;
    yield chunk;
    at += chunk.length;
  }
}

/** Reads such bytes in portions of the reader's choice. */
export class ByteInput {
  readonly #chunks: Chunks;
  #ready: Buffer = NOTHING;
  #isOver = false;
  #given = 0;

  constructor(chunks: Chunks) {
    this.#chunks = chunks;
  }

  /** Bytes given out so far. */
  get given(): number {
    return this.#given;
  }

  /** A piece as it comes, at most so long; undefined: there are no more. */
  next(most: number = Infinity): Buffer | undefined {
    if (this.#ready.length === 0 && !this.#pull()) return undefined;
    return this.#give(Math.min(most, this.#ready.length));
  }

  /** So many bytes; fewer at the end. They count as given. */
  take(length: number): Buffer {
    this.#gather(length);
    return this.#give(Math.min(length, this.#ready.length));
  }

  /** The same, to be given out later. */
  peek(length: number): Buffer {
    this.#gather(length);
    return this.#ready.subarray(0, length);
  }

  /** Gives back what was taken last and not needed: the end of the last piece. */
  unread(rest: Buffer): void {
    if (rest.length === 0) return;
    this.#ready = this.#ready.length === 0 ? rest : Buffer.concat([rest, this.#ready]);
    this.#given -= rest.length;
  }

  /** Whether so many bytes could be passed over. */
  skip(length: number): boolean {
    for (let left = length; left > 0;) {
      const piece = this.next(left);
      if (piece === undefined) return false;
      left -= piece.length;
    }
    return true;
  }

  /** What is left, piece by piece. */
  *rest(most: number = Infinity): Generator<Buffer> {
    for (let left = most; left > 0;) {
      const piece = this.next(left);
      if (piece === undefined) return;
      left -= piece.length;
      yield piece;
    }
  }

  /** Whether nothing is left but zeros, with which some fill the last block; it is read then. */
  isPadding(): boolean {
    for (const piece of this.rest()) if (piece.some((byte) => byte !== 0)) return false;
    return true;
  }

  #give(length: number): Buffer {
    const given = this.#ready.subarray(0, length);
    this.#ready = this.#ready.subarray(length);
    this.#given += length;
    return given;
  }

  #gather(length: number): void {
    if (this.#ready.length >= length) return;
    const pieces = [this.#ready];
    let ready = this.#ready.length;
    while (ready < length) {
      this.#ready = NOTHING;
      if (!this.#pull()) break;
      pieces.push(this.#ready);
      ready += this.#ready.length;
    }
    this.#ready = pieces.length === 1 ? (pieces[0] ?? NOTHING) : Buffer.concat(pieces);
  }

  #pull(): boolean {
    while (!this.#isOver) {
      const next = this.#chunks.next();
      if (next.done === true) this.#isOver = true;
      else if (next.value.length > 0) {
        this.#ready = next.value;
        return true;
      }
    }
    return false;
  }
}

const NOTHING = Buffer.alloc(0);
