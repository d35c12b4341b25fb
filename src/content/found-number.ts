import { sourceEnd, sourceStart, type MappedText } from "./mapped-text.ts";

/** A number of some kind that a text holds. */
export interface FoundNumber {
  /** Without what it was grouped by, letters large. */
  readonly number: string;
  /** Where it stands in the text: from `start` to `end` (excluded). */
  readonly start: number;
  readonly end: number;
}

/** The units of a folded text from `start` to `end`, as a place in its source. */
export function foundNumber(
  number: string,
  folded: MappedText,
  start: number,
  end: number,
): FoundNumber {
  return { number, start: sourceStart(folded, start), end: sourceEnd(folded, end - 1) };
}

/** More than these between two groups of a number, and they are two numbers: " - ". */
export const MAX_GAP = 3;

/** What the parts of a number are grouped by, folded. A line end is not among them: columns of numbers are no number. */
export function isSeparator(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x2d || code === 0x2e;
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** ASCII letters, digits and the underscore. Other letters do not count: Chinese is written without blanks. */
export function isWordCharacter(code: number): boolean {
  return (
    isDigit(code) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x5f
  );
}
