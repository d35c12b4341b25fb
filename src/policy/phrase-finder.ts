import { isAsciiText } from "../content/ascii-text.ts";
import { asciiLookalike } from "../content/lookalike.ts";
import { normalizeText } from "../content/normalize-text.ts";
import type { MessageWork } from "./message-work.ts";
import { PatternAutomaton } from "./pattern-automaton.ts";

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

/** The phrases of one rule or list, in a search that looks for those of many. Runs of white space count as one blank. */
export interface PhraseFinder {
  /** Whether a text holds one of the phrases. */
  test(text: string): boolean;
  readonly search: PhraseSearch;
  /** Its number in the search. */
  readonly number: number;
}

/** One search of a text for the phrases of many finders that normalize alike: one pass for all of them, once a message. */
export class PhraseSearch {
  readonly #normalize: (text: string) => string;
  readonly #phrases = new Map<string, WantedPhrase>();
  #prepared:
    | { readonly automaton: PatternAutomaton; readonly all: readonly WantedPhrase[] }
    | undefined;
  #finders = 0;
  /** The numbers of the finders that have a phrase in the text. */
  readonly findersIn: (text: string) => ReadonlySet<number>;

  constructor(normalize: readonly PhraseNormalization[], work: MessageWork) {
    this.#normalize = normalizer(normalize);
    this.findersIn = work.once((text) => this.#search(text));
  }

  /** Adds a finder; not to be called any more when texts are searched. */
  add(phrases: readonly string[], match: PhraseOptions["match"]): PhraseFinder {
    const number = this.#finders;
    this.#finders += 1;
    for (const phrase of new Set(phrases.map(this.#normalize))) {
      if (phrase === "") continue;
      const wanted = this.#phrases.get(phrase) ?? { phrase, asWord: [], anywhere: [] };
      (match === "word" ? wanted.asWord : wanted.anywhere).push(number);
      this.#phrases.set(phrase, wanted);
    }
    this.#prepared = undefined;
    return { test: (text) => this.findersIn(text).has(number), search: this, number };
  }

  /** Builds what the first search would have to build. */
  prepare(): void {
    if (this.#prepared !== undefined) return;
    const all = [...this.#phrases.values()];
    this.#prepared = { automaton: new PatternAutomaton(all.map(({ phrase }) => phrase)), all };
  }

  #search(text: string): ReadonlySet<number> {
    const found = new Set<number>();
    this.prepare();
    const { automaton, all } = this.#prepared ?? { automaton: undefined, all: [] };
    const normalized = this.#normalize(text);
    const foundAsWord = new Set<WantedPhrase>();
    automaton?.search(normalized, (number, end) => {
      const wanted = all[number];
      if (wanted === undefined) return;
      for (const finder of wanted.anywhere) found.add(finder);
      if (wanted.asWord.length === 0 || foundAsWord.has(wanted)) return;
      if (!isWord(normalized, end - wanted.phrase.length, wanted.phrase)) return;
      foundAsWord.add(wanted);
      for (const finder of wanted.asWord) found.add(finder);
    });
    return found;
  }
}

interface WantedPhrase {
  readonly phrase: string;
  /** Finders that want it between characters that are no letters or digits. */
  readonly asWord: number[];
  readonly anywhere: number[];
}

/** The searches of a policy, one for each way to normalize. */
export class PhraseSearches {
  readonly #work: MessageWork;
  readonly #searches = new Map<string, PhraseSearch>();

  constructor(work: MessageWork) {
    this.#work = work;
  }

  /** A finder in the search that it shares with all others of its way to normalize. */
  finder(phrases: readonly string[], { match, normalize }: PhraseOptions): PhraseFinder {
    const key = [...new Set(normalize)].sort().join(" ");
    const search = this.#searches.get(key) ?? new PhraseSearch(normalize, this.#work);
    this.#searches.set(key, search);
    return search.add(phrases, match);
  }

  /** A finder in a search of its own. */
  alone(phrases: readonly string[], { match, normalize }: PhraseOptions): PhraseFinder {
    const search = new PhraseSearch(normalize, this.#work);
    const finder = search.add(phrases, match);
    search.prepare();
    return finder;
  }

  /** Builds all searches. */
  prepare(): void {
    for (const search of this.#searches.values()) search.prepare();
  }
}

function normalizer(steps: readonly PhraseNormalization[]): (text: string) => string {
  const has = new Set(steps);
  return (text) => {
    let result = text;
    if (!isAsciiText(text)) {
      if (has.has("zero-width")) result = result.replace(INVISIBLE, "");
      if (has.has("nfkc")) result = normalizeText(result, "NFKC");
    }
    if (has.has("case")) result = result.toLowerCase();
    if (has.has("confusables")) result = asciiLookalike(result);
    return hasUnevenSpace(result) ? result.replace(/\s+/g, " ").trim() : result;
  };
}

/** White space that is not single blanks between words. */
function hasUnevenSpace(text: string): boolean {
  return /[^\S ]/.test(text) || text.includes("  ") || text.startsWith(" ") || text.endsWith(" ");
}

/** Format characters (soft hyphen, zero-width, joining, directional marks), variation selectors, grapheme joiner. */
const INVISIBLE = /[\p{Cf}\p{Variation_Selector}\u034F]/gu;

const WORD = /[\p{L}\p{N}_]/u;

/** The phrase at this place stands between characters that are no letters or digits. */
function isWord(text: string, at: number, phrase: string): boolean {
  return !touchesWord(text, at, phrase) && !touchesWordAfter(text, at + phrase.length, phrase);
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
