import { parse } from "tldts";
import { asciiLookalike } from "../content/lookalike.ts";
import { shownHost } from "../content/shown-host.ts";
import { isUnderDomain } from "./text-test.ts";

/**
 * Whether a host is made to be taken for another. Three ways are known: the same look in other characters (rn for m, 0 for o,
 * letters of other scripts: in the manner of the skeletons of UTS #39), the whole name inside another one
 * (bank.example.evil.test, bank-example.test), and one wrong letter in a name that is long enough for that to be no accident.
 */
export function looksLike(seen: HostLook, target: HostLook): boolean {
  return looksSame(seen, target) || isInside(seen, target) || hasTypo(seen, target);
}

const OPTIONS = { allowPrivateDomains: false, extractHostname: false, validateHostname: false };

/** How a host looks. Most hosts look like nobody's, and nobody asks for more than `hyphened` then. */
export class HostLook {
  readonly name: string;
  readonly skeleton: string;
  /** The skeleton with hyphens for dots and at both ends: one name is inside another when this is. */
  readonly hyphened: string;
  #registered: { readonly label: string; readonly suffix: string } | undefined;

  constructor(name: string) {
    this.name = name;
    this.skeleton = skeletonOf(name);
    this.hyphened = `-${this.skeleton.replaceAll(".", "-")}-`;
  }

  /** The skeleton of the label that one registers; "" where there is none. */
  get label(): string {
    return this.#cut().label;
  }

  /** The public suffix behind that label; "" where there is none. */
  get suffix(): string {
    return this.#cut().suffix;
  }

  #cut(): { readonly label: string; readonly suffix: string } {
    if (this.#registered !== undefined) return this.#registered;
    const { domainWithoutSuffix, publicSuffix } = parse(this.name, OPTIONS);
    this.#registered = { label: skeletonOf(domainWithoutSuffix ?? ""), suffix: publicSuffix ?? "" };
    return this.#registered;
  }
}

function skeletonOf(host: string): string {
  let drawn = asciiLookalike(shownHost(host)).toLowerCase();
  for (const [seen, meant] of DRAWN_LIKE) drawn = drawn.replaceAll(seen, meant);
  return drawn;
}

const DRAWN_LIKE: readonly (readonly [string, string])[] = [
  ["rn", "m"],
  ["vv", "w"],
  ["0", "o"],
  ["1", "l"],
  ["3", "e"],
  ["5", "s"],
  ["i", "l"],
];

function looksSame(seen: HostLook, target: HostLook): boolean {
  return isUnderDomain(seen.skeleton, target.skeleton);
}

/** Under another suffix the same label may be its owner's, as with example.com.au. */
function isInside(seen: HostLook, target: HostLook): boolean {
  return seen.label !== target.label && seen.hyphened.includes(target.hyphened);
}

/** Labels shorter than this have too many honest neighbours (apple, apply, ample). */
export const SHORTEST_WITH_TYPO = 6;

function hasTypo(seen: HostLook, target: HostLook): boolean {
  if (seen.suffix !== target.suffix || target.label.length < SHORTEST_WITH_TYPO) return false;
  return isOneEdit(seen.label, target.label);
}

/** One character put in, left out or replaced, or two neighbours exchanged. */
function isOneEdit(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  let end = 0;
  const shorter = Math.min(a.length, b.length);
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const [middleA, middleB] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (middleA.length <= 1 && middleB.length <= 1) return middleA !== middleB;
  return middleA.length === 2 && middleB.length === 2 && middleA === `${middleB[1]}${middleB[0]}`;
}
