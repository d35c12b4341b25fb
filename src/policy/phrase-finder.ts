import { asciiLookalike } from "../content/lookalike.ts";

/** How phrases are compared with a text (`lists.*.match` and `normalize`). */
export interface PhraseOptions {
  readonly match: "word" | "substring";
  readonly normalize: readonly PhraseNormalization[];
}

export const PHRASE_NORMALIZATIONS = ["case", "nfkc", "confusables", "zero-width"] as const;

export type PhraseNormalization = (typeof PHRASE_NORMALIZATIONS)[number];

/** Whole words; case, compatibility forms and invisible characters do not count. */
export const PHRASE_DEFAULTS: PhraseOptions = {
  match: "word",
  normalize: ["case", "nfkc", "zero-width"],
};

/** A test whether a text holds one of the phrases. Runs of white space count as one blank. */
export function createPhraseFinder(
  phrases: readonly string[],
  options: PhraseOptions,
): (text: string) => boolean {
  const normalize = normalizer(options.normalize);
  const wanted = [...new Set(phrases.map(normalize))].filter((phrase) => phrase !== "");
  const holds =
    options.match === "word" ? holdsWord : (text: string, p: string) => text.includes(p);
  return (text) => {
    const normalized = normalize(text);
    return wanted.some((phrase) => holds(normalized, phrase));
  };
}

function normalizer(steps: readonly PhraseNormalization[]): (text: string) => string {
  const has = new Set(steps);
  return (text) => {
    let result = text;
    if (has.has("zero-width")) result = result.replace(INVISIBLE, "");
    if (has.has("nfkc")) result = result.normalize("NFKC");
    if (has.has("case")) result = result.toLowerCase();
    if (has.has("confusables")) result = asciiLookalike(result);
    return result.replace(/\s+/g, " ").trim();
  };
}

/** Format characters (soft hyphen, zero-width, joining, directional marks), variation selectors, grapheme joiner. */
const INVISIBLE = /[\p{Cf}\p{Variation_Selector}\u034F]/gu;

const WORD = /[\p{L}\p{N}_]/u;

/** The phrase stands between characters that are no letters or digits. */
function holdsWord(text: string, phrase: string): boolean {
  for (let at = text.indexOf(phrase); at !== -1; at = text.indexOf(phrase, at + 1)) {
    if (!touchesWord(text, at, phrase) && !touchesWordAfter(text, at + phrase.length, phrase)) {
      return true;
    }
  }
  return false;
}

function touchesWord(text: string, at: number, phrase: string): boolean {
  if (at === 0 || !WORD.test(charAt(phrase, 0))) return false;
  return WORD.test(charBefore(text, at));
}

function touchesWordAfter(text: string, end: number, phrase: string): boolean {
  if (end >= text.length || !WORD.test(charBefore(phrase, phrase.length))) return false;
  return WORD.test(charAt(text, end));
}

function charAt(text: string, index: number): string {
  return String.fromCodePoint(text.codePointAt(index) ?? 0);
}

function charBefore(text: string, index: number): string {
  const low = text.charCodeAt(index - 1);
  const isTrail = low >= 0xdc00 && low <= 0xdfff && index > 1;
  return charAt(text, isTrail ? index - 2 : index - 1);
}
