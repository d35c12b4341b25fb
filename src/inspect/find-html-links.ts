import {
  linkBudget,
  partedLinks,
  searchLinkValue,
  searchText,
  type LinkSearch,
} from "./find-links.ts";
import { placeAndHost, type FoundLink } from "./found-link.ts";
import { attributeValue, readAttributes } from "./html-attributes.ts";
import { decodeReferences } from "./html-references.ts";
import { tokenizeHtml, type HtmlToken } from "./html-tokens.ts";
import { createMappedText, type MappedTextBuilder } from "../content/mapped-text.ts";
import { isKnownScheme } from "./link-schemes.ts";
import type { LinkBudget } from "./link-run.ts";
import { tornText, type Seam } from "./torn-text.ts";

/** The links of an HTML text, and the text as it is shown. */
export interface HtmlSearch extends LinkSearch {
  readonly shown: string;
}

/** Attributes whose value is one link. */
const LINK_ATTRIBUTES: ReadonlySet<string> = new Set(
  (
    "href src action formaction background cite data poster xlink:href longdesc lowsrc dynsrc codebase classid profile usemap " +
    "manifest icon archive url attributionsrc itemid pluginspage pluginurl code object src-set datasrc movie " +
    "data-href data-src data-url"
  ).split(" "),
);
/** Attributes that hold links among other things. */
const MIXED_ATTRIBUTES: ReadonlySet<string> = new Set(
  "srcset imagesrcset ping style content srcdoc value attributename from to values".split(" "),
);
/** Tags that end a word; all others do not: browsers show what they do not know in the line (HTML standard §15.3). */
const BREAKING: ReadonlySet<string> = new Set(
  (
    "address applet area article aside audio base blockquote body br button canvas caption center col colgroup dd details dialog dir div " +
    "dl dt embed fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe image img input " +
    "isindex keygen legend li link listing main map marquee math menu menuitem meta meter nav noembed noframes noscript object ol " +
    "optgroup option output p param picture plaintext pre progress script search section select source style summary svg table tbody td " +
    "template textarea tfoot th thead title tr track ul video xmp"
  ).split(" "),
);

/**
 * Finds the links of an HTML text: in attributes, in what is shown (with character references decoded and tags taken away; a
 * tag that breaks the line ends a link, `<b>` does not, and to some clients does), and in comments, scripts and styles.
 *
 * @param inXml Of a document that is worked with rather than shown: every element is a value by itself.
 * @example findHtmlLinks('<a href="&#104;ttp://evil.example">x</a>', 1000).links[0]?.host // "evil.example"
 */
export function findHtmlLinks(source: string, limit: number, inXml = false): HtmlSearch {
  const budget = linkBudget(limit, source.length);
  const shown = createMappedText();
  const byPlace = new Map<string, FoundLink>();
  let complete = true;
  const keep = (links: readonly FoundLink[] | undefined): void => {
    if (links === undefined) complete = false;
    else
      for (const link of links) {
        const key = placeAndHost(link);
        if (!byPlace.has(key)) byPlace.set(key, link);
      }
  };
  const seams: Seam[] = [];
  for (const token of tokenizeHtml(source)) {
    if (token.kind !== "text") seams.push({ at: shown.length, token });
    if (token.kind === "text") decodeReferences(shown, source, token, false);
    else if (token.kind === "hidden") keep(searchHidden(source, token, budget));
    else {
      if (inXml || BREAKING.has(token.tag)) breakLine(shown, token);
      if (token.kind === "start") for (const found of tagLinks(source, token, budget)) keep(found);
    }
    if (!complete) break;
  }
  const text = shown.build();
  if (complete) keep(searchText(text, source, budget, false));
  const apart = complete ? tornText(text, seams) : undefined;
  if (apart !== undefined) {
    const found = searchText(apart, source, linkBudget(limit, source.length), false);
    // "<b>ht</b>tp://": what is left of a scheme is none
    keep(found?.filter(({ scheme }) => scheme === "unc" || isKnownScheme(scheme)));
  }
  const links = [...byPlace.values()].sort((a, b) => a.start - b.start);
  return { ...partedLinks(links), complete, shown: text.text };
}

function breakLine(shown: MappedTextBuilder, token: HtmlToken): void {
  shown.add("\n", token.start, token.end);
}

/** A document type that the W3C has published, as Qt and Cocoa write it before every message: the address in it is no link. */
const DOCTYPE =
  /^<!doctype html public "-\/\/w3c\/\/dtd x?html [\w .]{1,40}\/\/en"(?:\s{1,4}"http:\/\/www\.w3\.org\/tr\/[\w./-]{1,60}\.dtd")?\s{0,4}>$/i;

function searchHidden(
  source: string,
  token: HtmlToken,
  budget: LinkBudget,
): readonly FoundLink[] | undefined {
  if (DOCTYPE.test(source.slice(token.start, Math.min(token.end, token.start + 200)))) return [];
  const text = createMappedText();
  decodeReferences(text, source, token, false);
  return searchText(text.build(), source, budget, true);
}

function tagLinks(
  source: string,
  token: HtmlToken,
  budget: LinkBudget,
): readonly (readonly FoundLink[] | undefined)[] {
  const found: (readonly FoundLink[] | undefined)[] = [];
  for (const attribute of readAttributes(source, token.start, token.end)) {
    const { name } = attribute;
    if (LINK_ATTRIBUTES.has(name) || name.endsWith(":href") || name.endsWith(":src"))
      found.push(searchLinkValue(attributeValue(source, attribute), source, budget));
    else if (MIXED_ATTRIBUTES.has(name) || name.startsWith("on"))
      found.push(searchText(attributeValue(source, attribute), source, budget, true));
  }
  return found;
}
