import type { ByteView } from "./byte-view.ts";
import type { ObjectStream } from "./pdf-object-streams.ts";
import { readPdfString, skipBlanks } from "./pdf-tokens.ts";

const WINDOW_BYTES = 1024 * 1024;
const LOOK_AHEAD = 16 * 1024;
const MAX_OBJECTS = 65_536;
/** Many times what a PDF has in a hundred megabytes. */
const MAX_VISITED = 1_000_000;

/** The strings among the objects of a stream whose numbers are wanted; those that are found are wanted no more. */
export function nameObjectsIn(
  { bytes, first }: ObjectStream,
  wanted: Set<number>,
): readonly string[] {
  const table = bytes.toString("latin1", 0, Math.min(first, bytes.length));
  const numbers = (table.match(/[0-9]{1,10}/g) ?? []).slice(0, 2 * MAX_OBJECTS).map(Number);
  const found: string[] = [];
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    const [number = 0, place = 0] = numbers.slice(i, i + 2);
    if (!wanted.has(number)) continue;
    wanted.delete(number);
    const text = readPdfString(bytes, skipBlanks(bytes, first + place));
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
        seen.add(number);
        const text = readPdfString(bytes, skipBlanks(bytes, end));
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
