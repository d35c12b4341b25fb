import { sourceEnd, sourceStart, type MappedText } from "../content/mapped-text.ts";
import type { LinkTarget } from "./describe-link.ts";
import type { Link } from "./inspection.ts";
import { readLink } from "./link-readings.ts";
import { isDefanged } from "./link-schemes.ts";
import { pathExtensions } from "./path-extensions.ts";
import type { LinkCandidate } from "./link-run.ts";

/** A link without the number of its part. */
export type FoundLink = Omit<Link, "part"> & {
  /** It bears our marker or is defanged: nobody is expected to open it by a click. */
  readonly disarmed: boolean;
};

/** What the links of one search stand in. */
export interface LinkSource {
  readonly source: string;
  /** It is the value of an attribute. */
  readonly attribute: boolean;
}

/** The same for two finds of one link. */
export function placeAndHost({ start, host }: FoundLink): string {
  return `${start} ${host ?? ""}`;
}

/** Each candidate of a folded text as links: one for each host to which clients may be led, mostly one. */
export function describeCandidates(
  candidates: readonly LinkCandidate[],
  folded: MappedText,
  place: LinkSource,
): readonly FoundLink[] {
  return candidates.flatMap((candidate) => describe(candidate, folded, place));
}

function describe(
  candidate: LinkCandidate,
  folded: MappedText,
  { source, attribute }: LinkSource,
): readonly FoundLink[] {
  const start = sourceStart(folded, candidate.start);
  const end = sourceEnd(folded, Math.max(candidate.end, candidate.start + 1) - 1);
  // What only folds to our marker, or stands in another text node, is none to the client that looks for links.
  const marked = candidate.plain && source[start - 1] === "_";
  const disarmed = marked || isDefanged(candidate.scheme);
  const text = folded.text.slice(candidate.body, candidate.end);
  const raw = source.slice(start, end);
  return readLink(candidate.form, candidate.scheme, text).map((target) => {
    const extensions = target.path.length > 1 ? extensionsIn(raw, target) : target.pathExtensions;
    return { start, end, raw, attribute, disarmed, ...target, pathExtensions: extensions };
  });
}

/** Folding joins what some clients part: "a.exe" and an ideographic full stop, an ellipsis, a character without width. */
function extensionsIn(raw: string, target: LinkTarget): readonly string[] {
  if (/^[\x20-\x7e]*$/.test(raw)) return target.pathExtensions;
  const path = /^[^?#]*/.exec(raw)?.[0] ?? raw;
  return [...new Set([...target.pathExtensions, ...pathExtensions(path)])];
}
