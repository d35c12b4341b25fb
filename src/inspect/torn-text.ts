import { createMappedText, type MappedText } from "../content/mapped-text.ts";
import { isPlainLetter } from "../content/plain-letter.ts";
import type { HtmlToken } from "./html-tokens.ts";
import { isSeparator } from "./link-characters.ts";

/** A tag or a comment at a place of the shown text. */
export interface Seam {
  readonly at: number;
  readonly token: HtmlToken;
}

/**
 * The shown text with a line end wherever a tag stands inside of a word, as it is for who looks for links in each text node by
 * itself: in "http://evil.example<b>.good.com</b>" the host is another one then. Undefined when no tag stands in a word that may be,
 * or hold, a link.
 */
export function tornText(shown: MappedText, seams: readonly Seam[]): MappedText | undefined {
  const { text } = shown;
  const torn = seams.filter(({ at }) => at > 0 && isInWord(text, at));
  if (torn.length === 0 || holdNoLinks(text, torn)) return undefined;
  const out = createMappedText();
  let from = 0;
  for (const { at, token } of torn) {
    out.copy(shown, from, at);
    out.add("\n", token.start, token.end);
    from = at;
  }
  out.copy(shown, from, text.length);
  return out.build();
}

function isInWord(text: string, at: number): boolean {
  const [before, after] = [text.charCodeAt(at - 1), text.charCodeAt(at)];
  if (before === 0x20 || before === 0x0a || after === 0x20 || after === 0x0a) return false;
  return /^\S\S$/.test(text.slice(at - 1, at + 1));
}

/**
 * Whether words end the same to whoever looks for links in them, with a tag in them or without: nothing in the text is written for
 * a dot or a colon, or may fold to what is, or turns the order; and in the words that are torn there is no dot, colon or slash.
 */
function holdNoLinks(text: string, torn: readonly Seam[]): boolean {
  if (SPELLED.test(text)) return false;
  let end = 0;
  return torn.every(({ at }) => {
    if (at < end) return true;
    let start = at;
    // of seams in one place only the first walks back
    while (start > end && isHarmless(text.charCodeAt(start - 1))) start--;
    const begins = start === end || isOutside(text, start - 1);
    end = at;
    while (end < text.length && isHarmless(text.charCodeAt(end))) end++;
    return begins && isOutside(text, end);
  });
}

/**
 * Brackets, stars, "dot" (refang.ts), and all but the characters that are known to stand for themselves beside them: Latin, Cyrillic,
 * Han, kana and Hangul, and the punctuation of the former.
 */
const SPELLED =
  /[^\t\n\r\x20-')+-Z\\\]-z|}~\u00C0-\u00FF\u0400-\u0481\u048A-\u052F\u2013\u2014\u2018-\u201E\u20AC\u3001\u3002\u3041-\u3096\u30A1-\u30FA\u3400-\u4DBF\u4E00-\u9FFF\uAC00-\uD7A3]|[dD][oO][tT]/;

/** It begins no link, and ends none. */
function isHarmless(code: number): boolean {
  if (code >= 0x80) return isPlainLetter(code);
  return code > 0x20 && !isSeparator(code) && !LINK_SIGNS.has(code);
}

/** Dot, slash, colon, backslash. */
const LINK_SIGNS: ReadonlySet<number> = new Set([0x2e, 0x2f, 0x3a, 0x5c]);

function isOutside(text: string, at: number): boolean {
  return at < 0 || at >= text.length || isSeparator(text.charCodeAt(at));
}
