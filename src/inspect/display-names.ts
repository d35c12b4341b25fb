/**
 * The display names in a field of addresses (RFC 3261 §25.1: name-addr, comma between several), one a line; "" when nothing there
 * could be a link. What stands in quotes is a name before the address and a value behind it: "<" and "," are letters there. A
 * quote that never ends may be read in two ways, and all behind it counts.
 *
 * @example displayNames('"www.evil.example" <sip:a@b>;x=1') // '"www.evil.example" \n'
 */
export function displayNames(value: string): string {
  if (!value.includes("<")) return "";
  let names = "";
  for (let at = 0; at < value.length;) {
    const open = findOutsideQuotes(value, LESS, at);
    names += `${value.slice(at, open)}\n`;
    const close = value.indexOf(">", open);
    if (close < 0) break;
    const comma = findOutsideQuotes(value, COMMA, close);
    if (comma === value.length) names += openQuote(value.slice(close));
    at = comma + 1;
  }
  // eslint-disable-next-line no-control-regex -- ASCII is what is asked
  return /[.:\\/%@]|[^\0-\x7f]/.test(names) ? names : "";
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const LESS = 0x3c;
const BACKSLASH = 0x5c;

/** Where a character stands next; the text's length: nowhere. */
function findOutsideQuotes(text: string, wanted: number, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === wanted) return at;
    if (code === QUOTE) at = quoteEnd(text, at);
  }
  return text.length;
}

/** Of the quoted string that begins here, its last quote; the text's length: it has none. */
function quoteEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE)
    at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}

/** What follows a quote that is not closed. */
function openQuote(text: string): string {
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at)) {
    const end = quoteEnd(text, at);
    if (end >= text.length) return text.slice(at);
    at = end + 1;
  }
  return "";
}
