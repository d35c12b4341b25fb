/**
 * A text made from a source, with the place in the source that each of its UTF-16 units stands for. Links and numbers are
 * looked for in the text as a reader is shown it; a rewrite edits the source.
 */
export interface MappedText {
  readonly text: string;
  /** Offset in the source of the first unit that unit `i` comes from. */
  readonly starts: ArrayLike<number> | undefined;
  /** Offset in the source after the last unit that unit `i` comes from. Both undefined: the text is the source. */
  readonly ends: ArrayLike<number> | undefined;
}

/** Collects a mapped text piece by piece. */
export class MappedTextBuilder {
  #text = "";
  // Plain arrays: most texts are an attribute of a few characters, for which two typed ones cost more than all the rest.
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  /** Of the text so far, UTF-16 units. */
  get length(): number {
    return this.#starts.length;
  }

  /** Adds text that stands for source[start, end). Equal lengths map unit by unit. */
  add(piece: string, start: number, end: number): void {
    this.#text += piece;
    const unitByUnit = piece.length === end - start;
    for (let i = 0; i < piece.length; i++) {
      this.#starts.push(unitByUnit ? start + i : start);
      this.#ends.push(unitByUnit ? start + i + 1 : end);
    }
  }

  /** Adds units `from` to `to` (excluded) of another text about the same source. */
  copy(mapped: MappedText, from: number, to: number): void {
    if (to <= from) return;
    this.#text += mapped.text.slice(from, to);
    for (let at = from; at < to; at++) {
      this.#starts.push(sourceStart(mapped, at));
      this.#ends.push(sourceEnd(mapped, at));
    }
  }

  /** The text so far. */
  build(): MappedText {
    return { text: this.#text, starts: this.#starts, ends: this.#ends };
  }
}

/** Begins a mapped text. */
export function createMappedText(): MappedTextBuilder {
  return new MappedTextBuilder();
}

/** The text is the source. */
export function sourceText(text: string): MappedText {
  return { text, starts: undefined, ends: undefined };
}

/** Offset in the source where unit `i` begins. */
export function sourceStart(mapped: MappedText, i: number): number {
  return mapped.starts === undefined ? i : (mapped.starts[i] ?? 0);
}

/** Offset in the source after unit `i`. */
export function sourceEnd(mapped: MappedText, i: number): number {
  return mapped.ends === undefined ? i + 1 : (mapped.ends[i] ?? 0);
}

/**
 * The text with every code point replaced by what `fold` makes of it ("": nothing), which depends on the code point alone.
 * Linear in the text.
 *
 * @example foldMapped(sourceText("a-b"), (codePoint) => (codePoint === 0x2d ? "" : "x")).text // "xx"
 */
export function foldMapped(mapped: MappedText, fold: (codePoint: number) => string): MappedText {
  const { text } = mapped;
  const known = new Map<number, string>();
  function formOf(codePoint: number): string {
    const before = known.get(codePoint);
    if (before !== undefined) return before;
    const form = fold(codePoint);
    known.set(codePoint, form);
    return form;
  }
  const aligned = foldAligned(text, formOf);
  if (aligned !== undefined) return { ...mapped, text: aligned };
  const out = createMappedText();
  for (let at = 0; at < text.length;) {
    const codePoint = text.codePointAt(at) ?? 0;
    const form = formOf(codePoint);
    const from = sourceStart(mapped, at);
    at += codePoint > 0xffff ? 2 : 1;
    if (form !== "") out.add(form, from, sourceEnd(mapped, at - 1));
  }
  return out.build();
}

/** The folded text when every code point is as long as its form, as in most texts: places are the same then. */
function foldAligned(text: string, formOf: (codePoint: number) => string): string | undefined {
  let out = "";
  for (let at = 0; at < text.length;) {
    const codePoint = text.codePointAt(at) ?? 0;
    const length = codePoint > 0xffff ? 2 : 1;
    const form = formOf(codePoint);
    if (form.length !== length) return undefined;
    out += form;
    at += length;
  }
  return out;
}
