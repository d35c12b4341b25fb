import { isDigit, isSeparator, isWordCharacter, MAX_GAP } from "./found-number.ts";

/** The digits of a text that may be numbers. */
export interface Digits {
  /** All groups, one behind the other. */
  readonly digits: string;
  readonly groups: readonly DigitGroup[];
}

/** A run of digits, and what stands between it and the run before. */
export interface DigitGroup {
  /** Where it stands in the text. */
  readonly start: number;
  readonly end: number;
  /** Where it stands among all digits. */
  readonly from: number;
  readonly to: number;
  /** What stands between this group and the one before; undefined: more than separates parts of one number. */
  readonly joint: Joint | undefined;
  /** No number begins here: a telephone number (+49…), or what stands behind the point of a decimal number. */
  readonly continues: boolean;
}

type Joint = "-" | "." | " ";

/**
 * The runs of at most `longest` digits in a folded text. A word with letters between its digits is an identifier, hexadecimal for instance; its digits are no
 * groups. Linear in the text.
 */
export function readDigits(text: string, longest: number): Digits {
  const groups: DigitGroup[] = [];
  let digits = "";
  let before = 0;
  const firstOfWord = /[0-9]/g;
  for (let match = firstOfWord.exec(text); match !== null; match = firstOfWord.exec(text)) {
    const start = match.index;
    const end = endOf(text, start, isDigit);
    const wordEnd = endOf(text, end, isWordCharacter);
    firstOfWord.lastIndex = wordEnd;
    const isIdentifier = endOf(text, end, isNoDigit, wordEnd) < wordEnd;
    if (isIdentifier || end - start > longest) continue;
    groups.push({
      start,
      end,
      from: digits.length,
      to: digits.length + end - start,
      joint: groups.length === 0 ? undefined : jointOf(text, before, start),
      continues: continuesNumber(text, start),
    });
    digits += text.slice(start, end);
    before = end;
  }
  return { digits, groups };
}

function isNoDigit(code: number): boolean {
  return !isDigit(code);
}

function endOf(
  text: string,
  start: number,
  fits: (code: number) => boolean,
  limit: number = text.length,
): number {
  let at = start;
  while (at < limit && fits(text.charCodeAt(at))) at += 1;
  return at;
}

function jointOf(text: string, from: number, to: number): Joint | undefined {
  if (to - from > MAX_GAP) return undefined;
  const between = text.slice(from, to);
  for (let at = from; at < to; at += 1) if (!isSeparator(text.charCodeAt(at))) return undefined;
  if (between.includes("-")) return "-";
  return between.includes(".") ? "." : " ";
}

function continuesNumber(text: string, start: number): boolean {
  const before = text[start - 1];
  return before === "+" || (before === "." && isDigit(text.charCodeAt(start - 2)));
}
