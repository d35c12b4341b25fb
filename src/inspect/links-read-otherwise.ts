import { decodeText, encodeText } from "../content/charset.ts";
import { findHtmlLinks } from "./find-html-links.ts";
import { findLinks } from "./find-links.ts";
import type { FoundLink } from "./found-link.ts";
import type { TextPart } from "./inspection.ts";
import { newLinks, readingsOf } from "./other-readings.ts";

/**
 * The links that a text which is no markup has in its further readings only, once it is written in its charset. One without a place
 * in the text itself begins at -1.
 *
 * @param known those of the text as it stands
 */
export function linksReadOtherwise(
  text: string,
  { type, charset }: Pick<TextPart, "type" | "charset">,
  known: readonly FoundLink[],
  limit: number,
): readonly FoundLink[] {
  const bytes = encodeText(text, charset);
  const decoded = bytes && decodeText(bytes, charset);
  const views = decoded?.ok === true ? decoded.value.views : [];
  return readingsOf(type, text, views, false)
    .slice(1)
    .flatMap((reading) => {
      const find = reading.markup ? findHtmlLinks : findLinks;
      const found = { text: reading.text, links: find(reading.text, limit).links };
      const links = newLinks(found, { text, links: known }, reading);
      return reading.inPlace ? links : links.map((link) => ({ ...link, start: -1 }));
    });
}
