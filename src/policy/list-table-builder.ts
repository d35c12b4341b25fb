import { randomBytes } from "node:crypto";
import {
  addToHash,
  DOT,
  dotsBit,
  LINE_FEED,
  MAX_ENTRY_BYTES,
  mixHash,
  OFFSET_BITS,
  OFFSET_MASK,
  type ListTable,
} from "./list-table.ts";

/**
 * Gathers the entries of a list and makes a table of them. Made for a million entries: what is added goes straight into
 * the text of the table, and the hash table is laid once, when their number is known.
 */
export class ListTableBuilder {
  #text: Uint8Array<SharedArrayBuffer>;
  #length = 0;
  #added = 0;

  /** @param expectedBytes about as many as the entries have together with one for each; more are borne */
  constructor(expectedBytes: number) {
    const bytes = Math.min(Math.max(expectedBytes + MAX_ENTRY_BYTES, 4096), OFFSET_MASK);
    this.#text = new Uint8Array(new SharedArrayBuffer(bytes));
  }

  /**
   * Room for one more entry, to be filled from `at` on and then taken by `take`; undefined when the list is full (128 MiB).
   * The array is another one after each call.
   */
  room(): { readonly text: Uint8Array<SharedArrayBuffer>; readonly at: number } | undefined {
    const needed = this.#length + MAX_ENTRY_BYTES + 1;
    if (needed > OFFSET_MASK) return undefined;
    if (needed > this.#text.length) {
      const size = Math.min(Math.max(needed, Math.ceil(this.#text.length * 1.25)), OFFSET_MASK);
      const larger = new Uint8Array(new SharedArrayBuffer(size));
      larger.set(this.#text);
      this.#text = larger;
    }
    return { text: this.#text, at: this.#length };
  }

  /** Takes what was written into the room, up to `end`. */
  take(end: number): void {
    if (end === this.#length) return;
    this.#text[end] = LINE_FEED;
    this.#length = end + 1;
    this.#added += 1;
  }

  /** @returns whether there was room; an entry is at most `MAX_ENTRY_BYTES` long and holds no line feed */
  add(entry: string): boolean {
    const room = this.room();
    const bytes = Buffer.from(entry);
    if (room === undefined || bytes.length > MAX_ENTRY_BYTES || bytes.includes(LINE_FEED)) {
      return false;
    }
    room.text.set(bytes, room.at);
    this.take(room.at + bytes.length);
    return true;
  }

  /** The table; the builder is not used afterwards. */
  finish(): ListTable {
    const text = this.#trimmed();
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const table = layOut(text, this.#length, slotCount(this.#added));
      if (table !== undefined) return table;
    }
    throw new Error("the entries of a list collide under every seed");
  }

  /** Comments and duplicates of the file do not stay in memory when they are many. */
  #trimmed(): Uint8Array<SharedArrayBuffer> {
    if (this.#text.length - this.#length < Math.max(65_536, this.#length / 8)) return this.#text;
    const exact = new Uint8Array(new SharedArrayBuffer(this.#length));
    exact.set(this.#text.subarray(0, this.#length));
    return exact;
  }
}

/** At most two thirds of the slots are taken. */
function slotCount(entries: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(entries * 1.5, 16)));
}

const MAX_ATTEMPTS = 8;

/** With a good seed some dozen slots are looked at in the worst case; a seed that gives more is not used. */
const MAX_PROBES = 512;

/** Undefined: this seed does not spread the entries. */
function layOut(
  text: Uint8Array<SharedArrayBuffer>,
  length: number,
  count: number,
): ListTable | undefined {
  const random = randomBytes(8);
  const seed = random.readInt32LE(0);
  const factor = random.readInt32LE(4) | 1;
  const slots = new Uint32Array(new SharedArrayBuffer(count * 4));
  let entries = 0;
  let known = 0;
  // Backwards, since hashes begin at the end of an entry.
  let end = length - 1;
  while (end > 0) {
    let start = end;
    let hash = seed;
    let dots = 0;
    for (; start > 0; start -= 1) {
      const byte = text[start - 1] ?? 0;
      if (byte === LINE_FEED) break;
      if (byte === DOT) dots += 1;
      hash = addToHash(hash, byte, factor);
    }
    const placed = place(text, slots, { start, end, mixed: mixHash(hash) });
    if (placed === undefined) return undefined;
    entries += placed;
    known |= dotsBit(dots);
    end = start - 1;
  }
  return { text, slots, seed, factor, entries, dots: known };
}

/** Puts an entry into the first free slot; how many that adds, 0 for one that is there already. Undefined: too far off. */
function place(
  text: Uint8Array,
  slots: Uint32Array,
  { start, end, mixed }: { readonly start: number; readonly end: number; readonly mixed: number },
): 0 | 1 | undefined {
  const mask = slots.length - 1;
  const sign = mixed >>> OFFSET_BITS;
  let at = mixed & mask;
  for (let probes = 0; probes < MAX_PROBES; probes += 1) {
    const slot = slots[at] ?? 0;
    if (slot === 0) {
      slots[at] = (sign << OFFSET_BITS) | (start + 1);
      return 1;
    }
    if (slot >>> OFFSET_BITS === sign && isSame(text, (slot & OFFSET_MASK) - 1, start, end)) {
      return 0;
    }
    at = (at + 1) & mask;
  }
  return undefined;
}

/** Whether the entry at `offset` is the bytes from `start` to `end`, with the line feed. */
function isSame(text: Uint8Array, offset: number, start: number, end: number): boolean {
  for (let index = 0; index <= end - start; index += 1) {
    if (text[offset + index] !== text[start + index]) return false;
  }
  return true;
}
