/** What characters are to clients that look for links, of texts as `foldLinkText` gives them. */

/** Characters at which clients end a link or begin to look for a new one. */
const DELIMITERS = ",;|()[]{}'`*";

/** The end of the text counts as one. */
export function isDelimiter(character: string): boolean {
  return character === "" || DELIMITERS.includes(character);
}

/** Blanks of any kind, and what no client takes into a link. */
export function isSeparator(code: number): boolean {
  if (code < 0x80)
    return (
      code === 0x20 ||
      (code >= 0x09 && code <= 0x0d) ||
      code === 0x3c ||
      code === 0x3e ||
      code === 0x22
    );
  return code === 0x2028 || code === 0x2029 || code === 0x1680;
}

/** Of either kind. */
export function isSlash(code: number): boolean {
  return code === 0x2f || code === 0x5c;
}

/** They may stand inside a host, not at its ends. */
export function isDotOrDash(code: number): boolean {
  return code === 0x2e || code === 0x2d;
}

/** ASCII letters and digits. */
export function isAsciiWord(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a)
  );
}

/** What a scheme may be written with (RFC 3986 §3.1). */
export function isSchemeCode(code: number): boolean {
  return isAsciiWord(code) || code === 0x2b || isDotOrDash(code);
}

/** What a host may be written with, besides "_": ASCII letters and digits, dots, dashes, letters and digits of any script. */
export function isHostCode(code: number): boolean {
  if (code < 0x80) return isAsciiWord(code) || isDotOrDash(code);
  return (kindOf(code) & HOST) !== 0;
}

/** A letter or digit of a script that puts blanks between words; in others (Han, Thai …) any place may begin a word. */
export function isWord(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code < 0x80 ? isAsciiWord(code) : (kindOf(code) & WORD) !== 0;
}

const HOST = 1;
const WORD = 2;
const KNOWN = 4;
/** What is known of each UTF-16 unit; 0: not asked yet. */
const kinds = new Uint8Array(0x1_0000);
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

function kindOf(code: number): number {
  let kind = kinds[code] ?? KNOWN;
  if (kind !== 0) return kind;
  const character = String.fromCharCode(code);
  kind = KNOWN;
  if (code > 0xa0 && /[\p{L}\p{N}\p{M}]/u.test(character)) kind |= HOST;
  if (/[\p{L}\p{N}]/u.test(character) && !UNSPACED.test(character)) kind |= WORD;
  kinds[code] = kind;
  return kind;
}

/** Where text[start, end) ends without the dots and dashes at its end. */
export function withoutDots(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && isDotOrDash(text.charCodeAt(at - 1))) at--;
  return at;
}
