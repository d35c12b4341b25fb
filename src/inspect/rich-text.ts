/**
 * The text that a reader of RTF is shown, and everything that a field or a hidden destination holds besides: groups, control
 * words and line ends taken away, escapes decoded (RTF 1.9.1 "Unicode", "Special characters"). A superset for finding links, not
 * a renderer; what it returns has no offsets into the source. Linear in the length of the text.
 *
 * @example readRichText("{\\rtf1 ht\\'74p:\\'2f\\'2fevil.example}") // "http://evil.example"
 */
export function readRichText(source: string): string {
  let out = "";
  let skip = 0;
  for (const match of source.matchAll(TOKEN)) {
    const [token, byte, word, parameter, symbol] = match;
    if (byte !== undefined) {
      if (skip > 0) skip--;
      else out += WINDOWS_1252.decode(Buffer.from(byte, "hex"));
    } else if (word === "u") {
      out += String.fromCharCode(Number(parameter) & 0xffff);
      skip = 1;
    } else if (word !== undefined) {
      skip = 0;
      if (BREAKS.has(word)) out += "\n";
    } else if (symbol !== undefined) {
      out += SYMBOLS[symbol] ?? "";
    } else if (!/[{}\r\n]/.test(token)) {
      // The one character after \u is what readers without Unicode show.
      out += skip > 0 ? token.slice(skip) : token;
      skip = 0;
    }
  }
  return out;
}

const TOKEN = /\\'([0-9a-f]{2})|\\([a-z]{1,32})(-?\d{1,10})? ?|\\([^a-z])|[{}\r\n]|[^\\{}\r\n]+/gi;
const WINDOWS_1252 = new TextDecoder("windows-1252");
const BREAKS: ReadonlySet<string> = new Set([
  "par",
  "line",
  "tab",
  "cell",
  "row",
  "page",
  "sect",
  "column",
]);
/** Control symbols that stand for a character; "-" is a hyphen that is not seen. */
const SYMBOLS: Readonly<Record<string, string>> = {
  "\\": "\\",
  "{": "{",
  "}": "}",
  "~": "\u00a0",
  _: "-",
  "\r": "\n",
  "\n": "\n",
};
