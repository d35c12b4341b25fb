import { CharacterFold } from "../content/character-fold.ts";
import { isInvisible } from "../content/invisible.ts";
import { foldMapped, type MappedText } from "../content/mapped-text.ts";
import { isPlainLetter } from "../content/plain-letter.ts";

export interface LinkFold {
  /** Tabs and line ends are taken away, as URL parsers do inside an attribute. */
  readonly dropBreaks?: boolean;
  /** Dots beyond ASCII end a link, as for clients that know no other dot, rather than stand in a host. */
  readonly endAtDots?: boolean;
  /** Blanks beyond ASCII stay, as for clients that end a link at a blank of ASCII only (libpurple). */
  readonly keepBlanks?: boolean;
}

/** Longer forms are whole Arabic phrases, which hold no link; they would let a text swell to its eighteenfold. */
const LONGEST_FORM = 6;

/**
 * The text as a client resolves it: without characters that are not seen, every other in its compatibility form (NFKC), the
 * ideographic full stop as a dot.
 */
export function foldLinkText(mapped: MappedText, how: LinkFold = {}): MappedText {
  const { dropBreaks = false, endAtDots = false, keepBlanks = false } = how;
  const plain = dropBreaks ? /^[\x20-\x7e]*$/ : /^[\t\n\r\x20-\x7e]*$/;
  if (plain.test(mapped.text)) return mapped;
  const kind = (dropBreaks ? 1 : 0) + (endAtDots ? 2 : 0) + (keepBlanks ? 4 : 0);
  const fold = (folds[kind] ??= new CharacterFold((codePoint) => foldCodePoint(codePoint, how)));
  return foldMapped(mapped, fold);
}

/** One for each way. */
const folds: (CharacterFold | undefined)[] = [];

function foldCodePoint(codePoint: number, how: LinkFold): string {
  const character = String.fromCodePoint(codePoint);
  if (isPlainLetter(codePoint)) return character;
  if (isInvisible(codePoint)) return "";
  if (how.dropBreaks === true && (codePoint === 0x09 || codePoint === 0x0a || codePoint === 0x0d))
    return "";
  if (codePoint < 0xa0) return character;
  if (how.endAtDots === true && FOREIGN_DOTS.includes(character)) return " ";
  if (how.keepBlanks === true && FOREIGN_BLANK.test(character)) return "\u00A0";
  const form = character.normalize("NFKC");
  if (form.length > LONGEST_FORM) return character;
  return form === "\u3002" ? "." : form;
}

/** The ideographic full stop in three widths, the full-width one, leaders of one, two and three dots. */
const FOREIGN_DOTS = "\u3002\uFF61\uFE12\uFF0E\uFE52\u2024\u2025\u2026";

const FOREIGN_BLANK = /[\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]/;

/** The other ways to fold a text in which clients may find other links: none for most. */
export function otherFolds(text: string): readonly LinkFold[] {
  const folds: LinkFold[] = [];
  if (/[\u2024-\u2026\u3002\uFE12\uFE52\uFF0E\uFF61]/.test(text)) folds.push({ endAtDots: true });
  // "http://x\u00A0@evil.example": it matters where something may stand before an "@"
  if (text.includes("@") && FOREIGN_BLANK.test(text)) folds.push({ keepBlanks: true });
  return folds;
}
