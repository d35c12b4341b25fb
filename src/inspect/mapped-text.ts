import { isInvisible } from "../content/invisible.ts";

/**
 * A text made from a source, with the place in the source that each of its UTF-16 units stands for. Links are looked for in
 * the text as a reader is shown it; a rewrite edits the source.
 */
export interface MappedText {
  readonly text: string;
  /** Offset in the source of the first unit that unit `i` comes from. */
  readonly starts: readonly number[] | undefined;
  /** Offset in the source after the last unit that unit `i` comes from. Both undefined: the text is the source. */
  readonly ends: readonly number[] | undefined;
}

/** Collects a mapped text piece by piece. */
export interface MappedTextBuilder {
  /** Adds text that stands for source[start, end). Equal lengths map unit by unit. */
  add(text: string, start: number, end: number): void;
  build(): MappedText;
}

/** Begins a mapped text. */
export function createMappedText(): MappedTextBuilder {
  let text = "";
  const starts: number[] = [];
  const ends: number[] = [];
  return {
    add(piece, start, end) {
      text += piece;
      const unitByUnit = piece.length === end - start;
      for (let i = 0; i < piece.length; i++) {
        starts.push(unitByUnit ? start + i : start);
        ends.push(unitByUnit ? start + i + 1 : end);
      }
    },
    build: () => ({ text, starts, ends }),
  };
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
 * The text as a client resolves it: without characters that are not seen, every other in its compatibility form (NFKC), the
 * ideographic full stop as a dot. `dropBreaks` also takes tabs and line ends away, as URL parsers do inside an attribute.
 */
export function foldText(mapped: MappedText, dropBreaks = false): MappedText {
  const { text } = mapped;
  const plain = dropBreaks ? /^[\x20-\x7e]*$/ : /^[\t\n\r\x20-\x7e]*$/;
  if (plain.test(text)) return mapped;
  const folded = createMappedText();
  let at = 0;
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0;
    const from = sourceStart(mapped, at);
    at += character.length;
    if (isInvisible(codePoint)) continue;
    if (dropBreaks && (codePoint === 0x09 || codePoint === 0x0a || codePoint === 0x0d)) continue;
    const form = codePoint < 0xa0 ? character : compatibilityForm(character);
    folded.add(form, from, sourceEnd(mapped, at - 1));
  }
  return folded.build();
}

function compatibilityForm(character: string): string {
  const form = character.normalize("NFKC");
  return form === "\u3002" ? "." : form;
}
