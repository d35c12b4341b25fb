/**
 * One edit of a message: the bytes from `start` (inclusive) to `end` (exclusive) become `bytes`.
 * Offsets always refer to the message as it came in, so that edits of several parties can be collected and applied once.
 * A string stands for its latin1 bytes.
 */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly bytes: Buffer | string;
}

/**
 * Applies edits in one pass; everything that no splice names keeps its bytes. Splices may come in any order; of those that
 * begin at the same place insertions come before what replaces the bytes there, else they are applied in the order given. Throws on overlap, and on characters beyond latin1 (cut to a byte, one of them
 * would be a line end): that is our bug, never a peer's.
 *
 * @example applySplices(Buffer.from("abc"), [{ start: 1, end: 2, bytes: "XY" }]).toString() // "aXYc"
 */
export function applySplices(bytes: Buffer, splices: readonly Splice[]): Buffer {
  if (splices.length === 0) return bytes;
  const ordered = inOrder(splices);
  let size = bytes.length;
  for (const splice of ordered) size += splice.bytes.length - (splice.end - splice.start);
  const out = Buffer.allocUnsafe(size);
  let from = 0;
  let to = 0;
  for (const splice of ordered) {
    if (splice.start < from || splice.end < splice.start) throw new Error("splices overlap");
    to += bytes.copy(out, to, from, splice.start);
    to +=
      typeof splice.bytes === "string"
        ? writeLatin1(out, splice.bytes, to)
        : splice.bytes.copy(out, to);
    from = splice.end;
  }
  bytes.copy(out, to, from);
  return out;
}

/** More of them are sorted by the engine, whose sorting is dear to begin. */
const FEW = 24;

/** By where they begin: few as a rule, and nearly in order. */
function inOrder(splices: readonly Splice[]): readonly Splice[] {
  if (splices.length > FEW)
    return [...splices].sort((a, b) => a.start - b.start || kindOf(a) - kindOf(b));
  const ordered: Splice[] = [];
  for (const splice of splices) {
    let at = ordered.push(splice) - 1;
    for (; at > 0; at -= 1) {
      const before = ordered[at - 1] as Splice;
      if (before.start < splice.start) break;
      if (before.start === splice.start && kindOf(before) <= kindOf(splice)) break;
      ordered[at] = before;
    }
    ordered[at] = splice;
  }
  return ordered;
}

/** 0: it inserts. 1: it replaces. */
function kindOf({ start, end }: Splice): number {
  return end > start ? 1 : 0;
}

const BEYOND_LATIN1 = /[^\0-\xff]/;

function writeLatin1(out: Buffer, text: string, at: number): number {
  if (BEYOND_LATIN1.test(text)) throw new RangeError("a splice holds more than latin1");
  return out.write(text, at, "latin1");
}
