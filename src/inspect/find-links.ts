/**
 * Finds what some client may make clickable, a superset of what a polite one does: schemes in any case and with missing or
 * backward slashes, "www.", hosts under a public suffix, UNC paths, split by invisible characters or written in full-width
 * letters. It says where a link stands in the source, so that a rewrite can disarm it with one "_" before it; a link that bears
 * that marker is plain and not found again (the rule is `isMarked`).
 * It decides nothing. Work is bounded by a small multiple of the text's length: what overlaps beyond that is said to be incomplete,
 * and the message is then refused as having too many links.
 */
import { sourceEnd, sourceStart, sourceText, type MappedText } from "../content/mapped-text.ts";
import { foldLinkText, otherFolds, type LinkFold } from "./fold-link-text.ts";
import { describeCandidates, placeAndHost, type FoundLink, type LinkSource } from "./found-link.ts";
import { isLinkless } from "./is-linkless.ts";
import { isMarked, nowhere, type Torn } from "./link-marker.ts";
import { isSpent, type LinkBudget, type LinkCandidate } from "./link-run.ts";
import { scanLinks } from "./scan-links.ts";
import { mergeRead, searchAsRead } from "./search-as-read.ts";

export interface LinkSearch {
  /** In the order of their places. */
  readonly links: readonly FoundLink[];
  /** Links that bear our marker already, and those that are written so that nobody clicks them. */
  readonly disarmed: readonly FoundLink[];
  /** False: there are more links than the limit, or they overlap beyond measure. */
  readonly complete: boolean;
}

const NOTHING: LinkSearch = { links: [], disarmed: [], complete: true };

/** The work that a text of this length may cost. */
export function linkBudget(limit: number, length: number): LinkBudget {
  return { links: limit, units: 4 * length + 65_536 };
}

/**
 * Finds the links of a plain text.
 *
 * @example findLinks("see HTTP:\\\\Evil.example/a.exe", 1000).links[0]?.canonical // "http://evil.example/a.exe"
 */
export function findLinks(text: string, limit: number): LinkSearch {
  if (limit >= 0 && isLinkless(text)) return NOTHING;
  const budget = linkBudget(limit, text.length);
  const links = searchText(sourceText(text), text, budget, false);
  return { ...partedLinks(links ?? []), complete: links !== undefined };
}

/** Live links, and those that bear our marker. */
export function partedLinks(found: readonly FoundLink[]): Pick<LinkSearch, "links" | "disarmed"> {
  const disarmed = found.filter((link) => link.disarmed);
  return {
    links: disarmed.length === 0 ? found : found.filter((link) => !link.disarmed),
    disarmed,
  };
}

/** Searches a text that stands for a source; undefined when the budget is used up. */
export function searchText(
  mapped: MappedText,
  source: string,
  budget: LinkBudget,
  attribute: boolean,
): readonly FoundLink[] | undefined {
  const search = { mapped, place: { source, attribute }, budget };
  return searchFolded(search, {}, scanLinks);
}

interface Search {
  readonly mapped: MappedText;
  readonly place: LinkSource;
  readonly budget: LinkBudget;
}

/** As clients resolve it, as those do that know other dots and blanks, and as a person reads it; the latter find little more. */
function searchFolded(
  { mapped, place, budget }: Search,
  fold: LinkFold,
  scan: typeof scanLinks,
): readonly FoundLink[] | undefined {
  const folded = foldLinkText(mapped, fold);
  const read = searchAsRead(mapped, folded, place, { ...budget });
  if (read === undefined) return undefined;
  const others: FoundLink[] = [];
  for (const other of otherFolds(mapped.text)) {
    const unlike = foldLinkText(mapped, { ...fold, ...other });
    const own = { ...budget };
    const candidates = scanLinks(unlike.text, own, tornIn(unlike, place.source));
    if (isSpent(own)) return undefined;
    others.push(...describeCandidates(candidates, unlike, place));
  }
  const candidates = scan(folded.text, budget, tornIn(folded, place.source));
  if (isSpent(budget)) return undefined;
  return mergeRead(withOthers(describeCandidates(candidates, folded, place), others), read);
}

/** Between two characters that stand together stood a tag. */
function tornIn(folded: MappedText, source: string): Torn {
  if (folded.places === undefined) return nowhere;
  return (at) => {
    const end = at === 0 ? 0 : sourceEnd(folded, at - 1);
    const start = sourceStart(folded, at);
    return end < start && source.slice(end, start).includes("<");
  };
}

/** Those of `others` too that lead elsewhere or stand in another place. What begins in one place ends in one. */
function withOthers(
  links: readonly FoundLink[],
  others: readonly FoundLink[],
): readonly FoundLink[] {
  if (others.length === 0) return links;
  const known = new Set(links.map(placeAndHost));
  const byStart = new Map(links.map((link) => [link.start, link]));
  const added = others.filter((link) => !known.has(placeAndHost(link)));
  const fitted = added.map((link) => {
    const { end, raw } = byStart.get(link.start) ?? link;
    return { ...link, end, raw };
  });
  return [...links, ...fitted].sort((a, b) => a.start - b.start);
}

// not a way out: a picture of the same message, an empty page
const INSIDE = /^(?:(?:cid|mid|about):|#)/i;

/** Searches the value of an attribute that is a link as a whole: it may hold blanks, and needs no known host. */
export function searchLinkValue(
  mapped: MappedText,
  source: string,
  budget: LinkBudget,
): readonly FoundLink[] | undefined {
  const search = { mapped, place: { source, attribute: true }, budget };
  return searchFolded(search, { dropBreaks: true }, scanValue);
}

function scanValue(text: string, budget: LinkBudget): readonly LinkCandidate[] {
  const start = /^ */.exec(text)?.[0].length ?? 0;
  const end = text.trimEnd().length;
  const found = scanLinks(text, budget);
  const whole = wholeValue(text, start, end, found);
  if (whole === undefined) return found;
  return [whole, ...found.filter((candidate) => candidate.start > start)];
}

function wholeValue(
  text: string,
  start: number,
  end: number,
  found: readonly LinkCandidate[],
): LinkCandidate | undefined {
  const first = found.find((candidate) => candidate.start === start);
  if (first !== undefined) return { ...first, end };
  const rest = text.slice(start, Math.min(end, start + 64));
  if (INSIDE.test(rest)) return undefined;
  const scheme = /^[a-z][a-z0-9+.-]*(?=:[^])/i.exec(rest)?.[0];
  const place = { start, body: start, end, plain: isMarked(text, start) };
  if (scheme !== undefined) return { form: "scheme", scheme: scheme.toLowerCase(), ...place };
  if (/^[\\/]{2}[^\\/]/.test(rest)) return { form: "relative", scheme: "", ...place };
  return undefined;
}
