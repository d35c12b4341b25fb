/** Before key and value: hash of the key, time, length of the value, length of the key. */
const HEAD = 16;
/** Bytes of a record that a segment reckons with: the table of places is made for as many. */
const USUAL_RECORD = 128;
/** A place further from where it belongs than this is not looked for. */
const MOST_STEPS = 64;

/**
 * A run of records in one buffer, written one behind the other and never changed, with a table to find them by the hash of
 * their key (open addressing, linear probing). Keys are latin1. A key has one place, which its newest record takes over.
 */
export class ByteSegment {
  readonly #bytes: Buffer;
  /** Offset of a record plus one; 0: free. Its length is a power of two. */
  readonly #places: Int32Array;
  #used = 0;
  #count = 0;
  #startedAt = 0;
  #lastAt = 0;

  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafeSlow(size);
    const places = Math.max(64, 2 ** Math.ceil(Math.log2((2 * size) / USUAL_RECORD)));
    this.#places = new Int32Array(places);
  }

  get size(): number {
    return this.#bytes.length;
  }

  /** Keys, however often each was written. */
  get count(): number {
    return this.#count;
  }

  /** When its first record was written, and its last. */
  get startedAt(): number {
    return this.#startedAt;
  }

  get lastAt(): number {
    return this.#lastAt;
  }

  /** What a record takes, its place in the table not counted. */
  static recordBytes(key: string, valueBytes: number): number {
    return HEAD + key.length + valueBytes;
  }

  /** Empties it, to be filled anew from `nowMs` on. */
  begin(nowMs: number): void {
    if (this.#count > 0) this.#places.fill(0);
    this.#used = 0;
    this.#count = 0;
    this.#startedAt = nowMs;
    this.#lastAt = nowMs;
  }

  /** False when there is no room for it. */
  add(hash: number, key: string, value: Buffer, nowMs: number): boolean {
    const at = this.#used;
    const end = at + HEAD + key.length + value.length;
    if (end > this.#bytes.length || this.#count * 4 > this.#places.length * 3) return false;
    const place = this.#placeFor(hash, key);
    if (place < 0) return false;
    const bytes = this.#bytes;
    bytes.writeUInt32LE(hash, at);
    bytes.writeUInt32LE(Math.trunc(nowMs - this.#startedAt), at + 4);
    bytes.writeUInt32LE(value.length, at + 8);
    bytes.writeUInt32LE(key.length, at + 12);
    bytes.write(key, at + HEAD, "latin1");
    value.copy(bytes, at + HEAD + key.length);
    if (this.#places[place] === 0) this.#count += 1;
    this.#places[place] = at + 1;
    this.#used = end;
    this.#lastAt = nowMs;
    return true;
  }

  /** A view of the newest value of that key, if it was written after `sinceMs`. */
  find(hash: number, key: string, sinceMs: number): Buffer | undefined {
    const place = this.#placeFor(hash, key);
    const at = place < 0 ? -1 : (this.#places[place] as number) - 1;
    if (at < 0 || this.#startedAt + this.#bytes.readUInt32LE(at + 4) <= sinceMs) return undefined;
    const valueAt = at + HEAD + key.length;
    return this.#bytes.subarray(valueAt, valueAt + this.#bytes.readUInt32LE(at + 8));
  }

  /** The place of that key, or the free one that it would take; -1: neither is near. */
  #placeFor(hash: number, key: string): number {
    const { length } = this.#places;
    for (let step = 0; step < MOST_STEPS; step += 1) {
      const place = (hash + step) & (length - 1);
      const at = (this.#places[place] as number) - 1;
      if (at < 0 || (this.#bytes.readUInt32LE(at) === hash && this.#isKey(at, key))) return place;
    }
    return -1;
  }

  #isKey(at: number, key: string): boolean {
    if (this.#bytes.readUInt32LE(at + 12) !== key.length) return false;
    return this.#bytes.toString("latin1", at + HEAD, at + HEAD + key.length) === key;
  }
}
