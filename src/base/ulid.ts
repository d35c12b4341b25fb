import { randomBytes } from "node:crypto";

/** Crockford's base 32: no I, L, O, U, and in the order of ASCII, so that ids sort by time as text. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_CHARACTERS = 10;
const RANDOM_CHARACTERS = 16;
/** 48 bits of milliseconds: the year 10889. */
const LAST_TIME = 2 ** 48 - 1;

/**
 * A new ULID: 26 characters, 48 bits of time and 80 of chance. Ids sort by time to the millisecond; within one
 * millisecond their order is chance. Safe as a file name.
 *
 * @param at milliseconds since 1970
 */
export function createUlid(at: number): string {
  let time = Math.min(LAST_TIME, Math.max(0, Math.trunc(at)));
  let text = "";
  for (let i = 0; i < TIME_CHARACTERS; i += 1) {
    text = ALPHABET.charAt(time % 32) + text;
    time = Math.floor(time / 32);
  }
  // One byte a character: five of its eight bits are used, and all 32 values are equally likely.
  for (const byte of randomBytes(RANDOM_CHARACTERS)) text += ALPHABET.charAt(byte & 31);
  return text;
}

/** Whether a text from outside is spelled exactly as we spell ULIDs: then it holds no path and no other form of itself. */
export function isUlid(text: string): boolean {
  return /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text);
}

/** When a ULID was made, milliseconds since 1970. */
export function ulidTime(ulid: string): number {
  let time = 0;
  for (const character of ulid.slice(0, TIME_CHARACTERS)) {
    time = time * 32 + ALPHABET.indexOf(character);
  }
  return time;
}
