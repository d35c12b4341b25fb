import { isWord } from "./link-characters.ts";

/**
 * A link is plain when a lone "_" stands before it and no letter or digit before that, or two and more do: so one more "_"
 * always makes it plain, and a second gateway finds nothing left to do.
 */
export function isMarked(text: string, start: number, isTorn: Torn = nowhere): boolean {
  if (text[start - 1] !== "_") return false;
  return text[start - 2] === "_" || !isWord(text, start - 2) || isTorn(start - 1);
}

/** Whether a tag stood before a place of the text: a word ends there for some, and goes on for others. */
export type Torn = (at: number) => boolean;

/** The text was never in pieces. */
export function nowhere(): boolean {
  return false;
}

/** The character before the marker, if there is one. */
export function leadOf(text: string, start: number): string {
  let at = start - 1;
  while (at >= 0 && text[at] === "_" && start - at < 64) at--;
  return text[at] ?? "";
}
