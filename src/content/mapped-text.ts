import type { CharacterFold } from "./character-fold.ts";
import { TextPlaces } from "./text-places.ts";

/**
 * A text made from a source, with the place in the source that each of its UTF-16 units stands for. Links and numbers are
 * looked for in the text as a reader is shown it; a rewrite edits the source.
 */
export interface MappedText {
  readonly text: string;
  /** Where its units stand in the source; undefined: the text is the source. */
  readonly places: TextPlaces | undefined;
}

/** Collects a mapped text piece by piece. */
export class MappedTextBuilder {
  #text = "";
  readonly #places = new TextPlaces();

  /** Of the text so far, UTF-16 units. */
  get length(): number {
    return this.#places.length;
  }

  /** Adds text that stands for source[start, end). Equal lengths map unit by unit. */
  add(piece: string, start: number, end: number): void {
    this.#text += piece;
    this.#places.add(piece.length, start, end);
  }

  /** Adds units `from` to `to` (excluded) of another text about the same source. */
  copy(mapped: MappedText, from: number, to: number): void {
    if (to <= from) return;
    this.#text += mapped.text.slice(from, to);
    if (mapped.places === undefined) this.#places.add(to - from, from, to);
    else this.#places.addFrom(mapped.places, from, to);
  }

  /** The same units, the last one first. */
  copyBackwards(mapped: MappedText, from: number, to: number): void {
    this.#text += mapped.text.slice(from, to).split("").reverse().join("");
    for (let at = to - 1; at >= from; at--) {
      if (mapped.places === undefined) this.#places.add(1, at, at + 1);
      else this.#places.addFrom(mapped.places, at, at + 1);
    }
  }

  /** The text so far. */
  build(): MappedText {
    return { text: this.#text, places: this.#places };
  }
}

/** Begins a mapped text. */
export function createMappedText(): MappedTextBuilder {
  return new MappedTextBuilder();
}

/** The text is the source. */
export function sourceText(text: string): MappedText {
  return { text, places: undefined };
}

/** Offset in the source where unit `i` begins. */
export function sourceStart(mapped: MappedText, i: number): number {
  return mapped.places === undefined ? i : mapped.places.startOf(i);
}

/** Offset in the source after unit `i`. */
export function sourceEnd(mapped: MappedText, i: number): number {
  return mapped.places === undefined ? i + 1 : mapped.places.endOf(i);
}

/**
 * The text with every code point replaced by what becomes of it. Linear in the text.
 *
 * @example foldMapped(sourceText("a-b"), new CharacterFold((one) => (one === 0x2d ? "" : "x"))).text // "xx"
 */
export function foldMapped(mapped: MappedText, fold: CharacterFold): MappedText {
  const { text } = mapped;
  const aligned = foldAligned(text, fold);
  if (aligned !== undefined) return aligned === text ? mapped : { ...mapped, text: aligned };
  const out = createMappedText();
  let from = 0;
  for (let at = 0; at < text.length;) {
    if (fold.keeps(text.charCodeAt(at))) {
      at++;
      continue;
    }
    out.copy(mapped, from, at);
    const codePoint = text.codePointAt(at) ?? 0;
    const form = fold.formOf(codePoint);
    const start = sourceStart(mapped, at);
    at += codePoint > 0xffff ? 2 : 1;
    if (form !== "") out.add(form, start, sourceEnd(mapped, at - 1));
    from = at;
  }
  out.copy(mapped, from, text.length);
  return out.build();
}

/** The folded text when every code point is as long as its form, as in most texts: places are the same then. */
function foldAligned(text: string, fold: CharacterFold): string | undefined {
  let out = "";
  let from = 0;
  for (let at = 0; at < text.length;) {
    if (fold.keeps(text.charCodeAt(at))) {
      at++;
      continue;
    }
    const codePoint = text.codePointAt(at) ?? 0;
    const length = codePoint > 0xffff ? 2 : 1;
    const form = fold.formOf(codePoint);
    if (form.length !== length) return undefined;
    out += text.slice(from, at) + form;
    at += length;
    from = at;
  }
  return from === 0 ? text : out + text.slice(from);
}
