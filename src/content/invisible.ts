/**
 * Characters that a reader does not see, or that turn the order of what he sees: they hide an extension or split a link for
 * a filter and change nothing for a client.
 */

/** Bidirectional controls: embeddings, overrides, isolates, marks (UAX #9). */
export const BIDI_CONTROLS: RegExp = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/;

/**
 * A code point that is shown as nothing: zero-width, soft hyphen, bidi controls, variation selectors, tags, Hangul fillers,
 * and control characters other than tab, line feed and carriage return.
 */
export function isInvisible(codePoint: number): boolean {
  if (codePoint < 0x20) return codePoint !== 0x09 && codePoint !== 0x0a && codePoint !== 0x0d;
  if (codePoint < 0xad) return codePoint >= 0x7f && codePoint < 0xa0;
  return INVISIBLE.some(([first, last]) => codePoint >= first && codePoint <= last);
}

const INVISIBLE: readonly (readonly [number, number])[] = [
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff9, 0xfffb],
  [0xe0000, 0xe0fff],
];
