/** What characters are to clients that look for links, of texts as `foldLinkText` gives them. */

/** ASCII characters at which clients end a link or begin to look for a new one. */
const DELIMITERS = ",;|()[]{}'`*";
/** And those behind which some look for a host. */
const HOST_BREAKS = `${DELIMITERS}!"#$%&+<=>?^\\`;
/** And those that end the path of a link for some. */
const PATH_BREAKS = '()[]{}|`<>"^';

/** Behind it a link may begin inside of another. The end of the text counts as one, and all punctuation and signs beyond ASCII. */
export function isDelimiter(character: string): boolean {
  return isOneOf(character, DELIMITERS);
}

/** Behind it a host without a scheme may begin inside of what another client takes for one. */
export function isHostBreak(character: string): boolean {
  return isOneOf(character, HOST_BREAKS);
}

/** The same behind the path of a link. */
export function isPathBreak(character: string): boolean {
  return isOneOf(character, PATH_BREAKS);
}

function isOneOf(character: string, ascii: string): boolean {
  const code = character.charCodeAt(0);
  if (character === "" || code < 0x80) return ascii.includes(character);
  return code >= 0xa0 && (kindOf(code) & BREAK) !== 0;
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

/** Signs, emoji, and letters beyond the basic plane: some clients take them into a host ("i❤.ws"), others end a link there. */
export function isHostSign(code: number): boolean {
  return code > 0xa0 && (kindOf(code) & SIGN) !== 0;
}

/** A letter or digit of a script that puts blanks between words; in others (Han, Thai …) any place may begin a word. */
export function isWord(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code < 0x80 ? isAsciiWord(code) : (kindOf(code) & WORD) !== 0;
}

const HOST = 1;
const WORD = 2;
const SIGN = 4;
const BREAK = 8;
const KNOWN = 16;
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
  if (/[\p{S}\p{Cs}]/u.test(character)) kind |= SIGN;
  if (/[\p{P}\p{S}\p{Z}\p{Cs}]/u.test(character)) kind |= BREAK;
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
