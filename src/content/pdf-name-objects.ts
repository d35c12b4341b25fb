import type { ByteView } from "./byte-view.ts";
import type { ObjectStream } from "./pdf-object-streams.ts";
import { hasMoreBlanks, readPdfString, skipBlanks } from "./pdf-tokens.ts";

const WINDOW_BYTES = 1024 * 1024;
const LOOK_AHEAD = 16 * 1024;
/** Many times what a PDF has in a hundred megabytes. */
const MAX_VISITED = 1_000_000;
/** Bytes behind a wanted one that count like another object: there may be many of one number. */
const BYTES_OF_ONE = 32;

/** The strings among the objects of a stream whose numbers are wanted; those that are found are wanted no more. */
export function nameObjectsIn(
  { bytes, places }: ObjectStream,
  wanted: Set<number>,
): readonly string[] {
  const found: string[] = [];
  for (const [place, number] of places) {
    if (!wanted.has(number)) continue;
    const { text, isCut } = readPdfString(bytes, skipBlanks(bytes, place));
    if (isCut) continue;
    wanted.delete(number);
    // a reference by such a key may lead to other things than a name: to a field of a form
    if (text !== undefined) found.push(text);
  }
  return found;
}

/** Finds objects by their beginning, "12 0 obj", wherever they stand. */
export class PdfObjectFinder {
  readonly #file: ByteView;

  constructor(file: ByteView) {
    this.#file = file;
  }

  /** The strings among the wanted ones. */
  find(wanted: Set<number>): readonly string[] {
    const found: string[] = [];
    const seen = new Set<number>();
    let left = MAX_VISITED;
    for (let at = 0; at < this.#file.size; at += WINDOW_BYTES) {
      const bytes = this.#file.read(at, WINDOW_BYTES + LOOK_AHEAD);
      for (const { number, end } of objectsIn(bytes)) {
        left -= 1;
        if (left < 0) return found;
        if (!wanted.has(number)) continue;
        const value = skipBlanks(bytes, end);
        const { text, isCut, end: behind } = readPdfString(bytes, value);
        left -= Math.floor((behind - end) / BYTES_OF_ONE);
        // what cannot be read to its end stays wanted
        if (!isCut && !hasMoreBlanks(end, value)) seen.add(number);
        if (text !== undefined) found.push(text);
      }
    }
    for (const number of seen) wanted.delete(number);
    return found;
  }
}

function* objectsIn(bytes: Buffer): Generator<{ readonly number: number; readonly end: number }> {
  for (let at = bytes.indexOf("obj"); at >= 0; at = bytes.indexOf("obj", at + 3)) {
    const before = bytes.toString("latin1", Math.max(0, at - 24), at);
    const [, number] = /([0-9]{1,10})\s+[0-9]{1,5}\s*$/.exec(before) ?? [];
    if (number !== undefined) yield { number: Number(number), end: at + 3 };
  }
}
