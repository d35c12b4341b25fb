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

/** How a host looks. */
export interface HostLook {
  readonly name: string;
  readonly skeleton: string;
  /** The skeleton with hyphens for dots and at both ends: one name is inside another when this is. */
  readonly hyphened: string;
  /** The label that one registers, and the public suffix behind it; "" where there is none. */
  readonly label: string;
  readonly suffix: string;
}

const OPTIONS = { allowPrivateDomains: false, extractHostname: false, validateHostname: false };

/** What a host is compared by; it costs some microseconds. */
export function describeHost(name: string): HostLook {
  const { domainWithoutSuffix, publicSuffix } = parse(name, OPTIONS);
  const skeleton = skeletonOf(name);
  return {
    name,
    skeleton,
    hyphened: `-${skeleton.replaceAll(".", "-")}-`,
    label: skeletonOf(domainWithoutSuffix ?? ""),
    suffix: publicSuffix ?? "",
  };
}

function skeletonOf(host: string): string {
  const latin = asciiLookalike(shownHost(host)).toLowerCase();
  return latin
    .replaceAll("rn", "m")
    .replaceAll("vv", "w")
    .replaceAll(/[013i5]/g, (character) => DRAWN_LIKE[character] ?? character);
}

const DRAWN_LIKE: Readonly<Record<string, string>> = {
  0: "o",
  1: "l",
  3: "e",
  5: "s",
  i: "l",
};

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
