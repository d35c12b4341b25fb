/**
 * Finds what some client may make clickable, a superset of what a polite one does: schemes in any case and with missing or
 * backward slashes, "www.", hosts under a public suffix, UNC paths, split by invisible characters or written in full-width
 * letters. It says where a link stands in the source, so that a rewrite can disarm it with one "_" before it; a link that bears
 * that marker is plain and not found again (the rule is `isMarked`).
 * It decides nothing. Work is bounded by a small multiple of the text's length: what overlaps beyond that is said to be incomplete,
 * and the message is then refused as having too many links.
 */
import { describeLink, type LinkTarget } from "./describe-link.ts";
import type { Link } from "./inspection.ts";
import { pathExtensions } from "./path-extensions.ts";
import { sourceEnd, sourceStart, sourceText, type MappedText } from "../content/mapped-text.ts";
import { foldLinkText } from "./fold-link-text.ts";
import { isMarked } from "./link-marker.ts";
import { isSpent, scanLinks, type LinkBudget, type LinkCandidate } from "./scan-links.ts";

/** A link without the number of its part. */
export type FoundLink = Omit<Link, "part"> & {
  /** It bears our marker: nobody is expected to open it by a click. */
  readonly disarmed: boolean;
};

export interface LinkSearch {
  /** In the order of their places. */
  readonly links: readonly FoundLink[];
  /** Links that bear our marker already. */
  readonly disarmed: readonly FoundLink[];
  /** False: there are more links than the limit, or they overlap beyond measure. */
  readonly complete: boolean;
}

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
  const folded = foldLinkText(mapped);
  return describeAll(scanLinks(folded.text, budget), folded, source, budget, attribute);
}

// not a way out: a picture of the same message, an empty page
const INSIDE = /^(?:(?:cid|mid|about):|#)/i;

/** Searches the value of an attribute that is a link as a whole: it may hold blanks, and needs no known host. */
export function searchLinkValue(
  mapped: MappedText,
  source: string,
  budget: LinkBudget,
): readonly FoundLink[] | undefined {
  const folded = foldLinkText(mapped, true);
  const { text } = folded;
  const start = /^ */.exec(text)?.[0].length ?? 0;
  const end = text.trimEnd().length;
  const found = scanLinks(text, budget);
  const whole = wholeValue(text, start, end, found);
  const candidates =
    whole === undefined ? found : [whole, ...found.filter((candidate) => candidate.start > start)];
  return describeAll(candidates, folded, source, budget, true);
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

function describeAll(
  candidates: readonly LinkCandidate[],
  folded: MappedText,
  source: string,
  budget: LinkBudget,
  attribute: boolean,
): readonly FoundLink[] | undefined {
  const links: FoundLink[] = [];
  if (isSpent(budget)) return undefined;
  for (const candidate of candidates) {
    const start = sourceStart(folded, candidate.start);
    // What only folds to our marker, or stands in another text node, is none to the client that looks for links.
    const disarmed = candidate.plain && source[start - 1] === "_";
    const text = folded.text.slice(candidate.body, candidate.end);
    const end = sourceEnd(folded, Math.max(candidate.end, candidate.start + 1) - 1);
    const target = describeLink(candidate.form, candidate.scheme, text);
    const raw = source.slice(start, end);
    const extensions = target.path.length > 1 ? extensionsIn(raw, target) : target.pathExtensions;
    links.push({ start, end, raw, attribute, disarmed, ...target, pathExtensions: extensions });
  }
  return links;
}

/** Folding joins what some clients part: "a.exe" and an ideographic full stop, an ellipsis, a character without width. */
function extensionsIn(raw: string, target: LinkTarget): readonly string[] {
  if (/^[\x20-\x7e]*$/.test(raw)) return target.pathExtensions;
  const path = /^[^?#]*/.exec(raw)?.[0] ?? raw;
  return [...new Set([...target.pathExtensions, ...pathExtensions(path)])];
}
