import type { FoundLink } from "./found-link.ts";

/** One way in which a reader may take a text. The first of several is the sender's own. */
export interface Reading {
  readonly text: string;
  readonly markup: boolean;
  /** Its places are those of the first: only what a client makes of the characters differs. */
  readonly inPlace: boolean;
}

/**
 * All readings of a text.
 *
 * @param views what else its bytes say (`DecodedText.views`)
 * @example readingsOf("text/plain", "<b>hi</b>", [], false).length // 2
 */
export function readingsOf(
  type: string,
  text: string,
  views: readonly string[],
  markup: boolean,
): readonly Reading[] {
  const readings: Reading[] = [{ text, markup, inPlace: true }];
  for (const view of views) readings.push({ text: view, markup, inPlace: false });
  // COMPAT(libpurple): its SIMPLE client shows every text as HTML.
  if (!markup && type.startsWith("text/") && mayBeMarkup(text) && MARKUP.test(text))
    readings.push({ text, markup: true, inPlace: true });
  if (FOLDED.test(type) && /\n[ \t]/.test(text))
    readings.push({ text: text.replaceAll(/\r?\n[ \t]/g, ""), markup, inPlace: false });
  return readings;
}

/** Cards and calendars: a line goes on behind a line end and a blank (RFC 6350 §3.2, RFC 5545 §3.1). */
const FOLDED = /^text\/(?:x-)?(?:vcard|vcalendar|calendar|directory)$/;

/** Nearly no plain text has one of these, and looking for a character is cheaper than for a pattern. */
function mayBeMarkup(text: string): boolean {
  return text.includes("<") || text.includes("&");
}

/** A tag, or a character reference: without either HTML reads as it stands. */
const MARKUP = /<[a-z!/?]|&#?[a-z0-9]{2,32};|&#x?[0-9a-f]/i;

/** Links, and the text that they were found in. */
export interface LinksOf {
  readonly text: string;
  readonly links: readonly FoundLink[];
}

/**
 * Of the links of a further reading those that the first has not: what is disarmed in the first is disarmed here too, when it is written
 * in ASCII, as is what stands before it, or stands in the same place. Any other cannot be edited.
 */
export function newLinks(
  found: LinksOf,
  known: LinksOf,
  { inPlace }: Pick<Reading, "inPlace">,
): readonly FoundLink[] {
  if (known.links.length === 0) return found.links;
  const key = inPlace ? placeOf : writtenAs;
  const left = new Map<string, number>();
  for (const link of known.links) {
    const one = key(link, known.text);
    if (one !== undefined) left.set(one, inPlace ? Infinity : (left.get(one) ?? 0) + 1);
  }
  return found.links.filter((link) => {
    const one = key(link, found.text);
    const count = one === undefined ? 0 : (left.get(one) ?? 0);
    if (one !== undefined) left.set(one, count - 1);
    return count <= 0;
  });
}

function placeOf({ start, host, pathExtensions }: FoundLink): string {
  return `${start} ${host ?? ""} ${pathExtensions.join(".")}`;
}

function writtenAs(link: FoundLink, text: string): string | undefined {
  const { raw, canonical, attribute, start } = link;
  const before = text.charAt(start - 1);
  return /^[\t\n\r\x20-\x7e]*$/.test(before + raw)
    ? `${before}${raw} ${canonical} ${attribute}`
    : undefined;
}
