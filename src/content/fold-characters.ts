import { CharacterFold } from "./character-fold.ts";
import { isInvisible } from "./invisible.ts";
import { isPlainLetter } from "./plain-letter.ts";
import { foldMapped, sourceText, type MappedText } from "./mapped-text.ts";

/**
 * The text as detectors of numbers read it: without what a reader does not see and without marks (a keycap around a digit),
 * decimal digits of every script as 0-9, dashes as "-", dots as ".", every other character in its compatibility form (NFKC):
 * no-break spaces are blanks then, and full-width letters plain ones. Linear in the text.
 *
 * @example foldCharacters("４\u200b१–1").text // "41-1"
 */
export function foldCharacters(source: string): MappedText {
  const text = sourceText(source);
  return PLAIN.test(source) ? text : foldMapped(text, FOLD);
}

const FOLD = new CharacterFold(foldCodePoint);
const PLAIN = /^[\t\n\r\x20-\x7e]*$/;

const MARK = /\p{M}/u;
const DIGIT = /\p{Nd}/u;
const DASH = /[\p{Pd}\u2043\u2212]/u;
/** Middle dots, bullets, the ideographic full stop. */
const DOT = /[\u00B7\u2022\u2027\u2219\u22C5\u3002\u30FB]/u;

/** Longer compatibility forms are whole words, which are no part of a number; they would let a text swell. */
const MAX_FOLD = 4;

function foldCodePoint(codePoint: number): string {
  const character = String.fromCodePoint(codePoint);
  if (isPlainLetter(codePoint)) return character;
  if (isInvisible(codePoint)) return "";
  if (codePoint < 0x80) return character;
  if (MARK.test(character)) return "";
  if (DIGIT.test(character)) return digitOf(codePoint);
  if (DASH.test(character)) return "-";
  if (DOT.test(character)) return ".";
  const fold = character.normalize("NFKC");
  return fold.length > MAX_FOLD ? "\uFFFD" : fold;
}

/** Decimal digits stand in runs of ten, 0 first (The Unicode Standard §4.6); a few runs follow each other directly. */
function digitOf(codePoint: number): string {
  let zero = codePoint;
  while (DIGIT.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((codePoint - zero) % 10);
}
