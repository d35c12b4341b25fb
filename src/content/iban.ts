import { foldCharacters } from "./fold-characters.ts";
import {
  foundNumber,
  isDigit,
  isSeparator,
  isWordCharacter,
  MAX_GAP,
  type FoundNumber,
} from "./found-number.ts";
import { ibanFormat } from "./iban-registry.ts";

/**
 * International bank account numbers in a text (ISO 13616-1): country, check digits (ISO/IEC 7064, MOD 97-10) and what the
 * registry says of the country's, in large or small letters, grouped in any way by blanks, hyphens or dots, not inside a
 * longer run of letters and digits. Linear in the text: at each word at most one IBAN's length is read.
 */
export function findIbans(text: string): readonly FoundNumber[] {
  const folded = foldCharacters(text);
  const found: FoundNumber[] = [];
  const start = new RegExp(START);
  for (let match = start.exec(folded.text); match !== null; match = start.exec(folded.text)) {
    const iban = readIban(folded.text, match.index);
    if (iban !== undefined) found.push(foundNumber(iban.number, folded, match.index, iban.end));
    start.lastIndex = iban?.end ?? match.index + 1;
  }
  return found;
}

/** Two letters and a digit, at the beginning of a word: as much as can be told without counting. */
const START = /(?<![A-Za-z0-9_])[A-Za-z][ \t.-]{0,3}[A-Za-z][ \t.-]{0,3}[0-9]/g;

/** The country and the last four characters. */
export function maskIban(number: string): string {
  return `${number.slice(0, 2)}${"*".repeat(number.length - 6)}${number.slice(-4)}`;
}

function readIban(
  text: string,
  start: number,
): { readonly number: string; readonly end: number } | undefined {
  const head = readCharacters(text, start, 4)?.number ?? "";
  const format = hasCheckDigits(head) ? ibanFormat(head.slice(0, 2)) : undefined;
  if (format === undefined) return undefined;
  const iban = readCharacters(text, start, format.length);
  if (iban === undefined || isWordCharacter(text.charCodeAt(iban.end))) return undefined;
  const { number } = iban;
  return format.bban.test(number.slice(4)) && isRight(number) ? iban : undefined;
}

/** The next `count` letters and digits, without what groups them. */
function readCharacters(
  text: string,
  start: number,
  count: number,
): { readonly number: string; readonly end: number } | undefined {
  let number = "";
  let gap = 0;
  let at = start;
  for (; number.length < count; at += 1) {
    const code = text.charCodeAt(at);
    if (isDigit(code) || isLetter(code)) {
      number += text.charAt(at);
      gap = 0;
    } else {
      gap += 1;
      if (gap > MAX_GAP || !isSeparator(code)) return undefined;
    }
  }
  return { number: number.toUpperCase(), end: at };
}

function isLetter(code: number): boolean {
  return isWordCharacter(code) && !isDigit(code) && code !== 0x5f;
}

/** Check digits run from 02 to 98; others with the same remainder are never given out. */
function hasCheckDigits(head: string): boolean {
  return /^[A-Z]{2}[0-9]{2}$/.test(head) && head.slice(2) >= "02" && head.slice(2) <= "98";
}

/** The first four characters moved to the end, letters as 10 to 35: the remainder by 97 is one (ISO 13616-1 §6). */
function isRight(number: string): boolean {
  let remainder = 0;
  for (const character of `${number.slice(4)}${number.slice(0, 4)}`) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
}
