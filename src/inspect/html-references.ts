import { Tokenizer } from "parse5";
import { detached } from "../base/detached.ts";
import { RecentMap } from "../base/recent-map.ts";
import type { MappedTextBuilder } from "../content/mapped-text.ts";

const REFERENCE = /&(?:#[xX]?[0-9a-fA-F]{1,12};?|[a-zA-Z][a-zA-Z0-9]{1,31};?=?)/y;

/**
 * Adds source[start, end) to a mapped text with its character references decoded as the HTML standard has it: named and
 * numbered, also without the semicolon. NULs are left out, as readers do.
 */
export function decodeReferences(
  out: MappedTextBuilder,
  source: string,
  range: { readonly start: number; readonly end: number },
  inAttribute: boolean,
): void {
  // a search for the next "&" must not go on behind the range
  const piece = source.slice(range.start, range.end);
  let at = range.start;
  while (at < range.end) {
    const ampersand = piece.indexOf("&", at - range.start);
    const stop = ampersand < 0 ? range.end : range.start + ampersand;
    if (stop > at) out.add(source.slice(at, stop), at, stop);
    if (stop >= range.end) return;
    REFERENCE.lastIndex = stop;
    const reference = REFERENCE.exec(source)?.[0].slice(0, range.end - stop);
    at = stop + (reference?.length ?? 1);
    if (reference === undefined) {
      out.add("&", stop, at);
      continue;
    }
    const known = inAttribute ? inAttributes : inTexts;
    let decoded = known.get(reference);
    if (decoded === undefined) {
      decoded = decodeReference(reference, inAttribute);
      known.set(detached(reference), decoded);
    }
    addDecoded(out, reference, decoded, stop);
  }
}

/** The same few come again and again, in one message and in the next. */
const inAttributes = new RecentMap<string>(512);
const inTexts = new RecentMap<string>(512);

/** What follows a reference without semicolon ("&copyright") stays text and keeps its places. */
function addDecoded(out: MappedTextBuilder, reference: string, decoded: string, at: number): void {
  let tail = 0;
  const most = Math.min(reference.length, decoded.length) - 1;
  while (tail < most && reference.at(-1 - tail) === decoded.at(-1 - tail)) tail++;
  const split = at + reference.length - tail;
  out.add(decoded.slice(0, decoded.length - tail), at, split);
  if (tail > 0) out.add(decoded.slice(decoded.length - tail), split, at + reference.length);
}

function decodeReference(reference: string, inAttribute: boolean): string {
  let text = "";
  const add = (token: { readonly chars: string }): void => {
    text += token.chars;
  };
  const tokenizer = new Tokenizer(
    {},
    {
      onCharacter: add,
      onWhitespaceCharacter: add,
      onNullCharacter: nothing,
      onComment: nothing,
      onDoctype: nothing,
      onEndTag: nothing,
      onEof: nothing,
      onStartTag(token) {
        text = token.attrs[0]?.value ?? "";
      },
    },
  );
  // a reference without semicolon is decided by what follows
  tokenizer.write(inAttribute ? `<a b="${reference}">` : `${reference} `, true);
  return inAttribute ? text : text.slice(0, -1);
}

function nothing(): void {}
