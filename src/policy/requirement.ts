import type { Facts } from "./facts.ts";

/**
 * What facts must hold for a condition to be true: one of these keys at least. It is a hint: a condition that gives none is
 * asked always, and one whose requirement is met is asked all the same. With it, most rules need not be asked about most
 * messages (rule-selector.ts). A family of conditions may leave it out.
 */
export interface Requirement {
  readonly keys: readonly RequiredKey[];
  /** How many messages hold such a key, roughly: the lower, the better the hint. */
  readonly rank: number;
}

/** One key of one way to look. */
export interface RequiredKey {
  readonly lookup: Lookup;
  readonly key: string;
}

/** A way to find out at once which of many keys the facts hold: a hash table, a search for all phrases, one list. */
export interface Lookup {
  /** Makes ready to look for these keys; what it returns calls `found` with the index of each key that the facts hold. */
  prepare(keys: readonly string[]): (facts: Facts, found: (key: number) => void) => void;
}

/**
 * Ranks of requirements: a word or a host stands in few messages, an address in those of one person, a domain in those of
 * an organisation; links and files are common, digits and directions more so.
 */
export const RANK = { content: 1, person: 2, domain: 3, kind: 5, digits: 6, common: 8 } as const;

/** All of these are required, and any one of them says so: the one that fewest messages meet. */
export function bestOf(required: readonly (Requirement | undefined)[]): Requirement | undefined {
  let best: Requirement | undefined;
  for (const each of required) {
    if (each === undefined) continue;
    const isBetter =
      best === undefined ||
      each.rank < best.rank ||
      (each.rank === best.rank && each.keys.length < best.keys.length);
    if (isBetter) best = each;
  }
  return best;
}

/** One of these is required; nothing can be said when one of them says nothing. */
export function eitherOf(required: readonly (Requirement | undefined)[]): Requirement | undefined {
  const known = required.filter((each) => each !== undefined);
  if (known.length < required.length) return undefined;
  return {
    keys: known.flatMap((each) => each.keys),
    rank: Math.max(0, ...known.map((each) => each.rank)),
  };
}

/** A lookup that knows one thing only: whether the facts hold it. */
export function presenceOf(isPresent: (facts: Facts) => boolean): Lookup {
  return {
    prepare: (keys) => (facts, found) => {
      if (isPresent(facts)) for (const index of keys.keys()) found(index);
    },
  };
}

/** A link, of whatever kind. */
const LINK: Lookup = presenceOf((facts) => facts.links.length > 0);

/** The facts hold a link. */
export const SOME_LINK: Requirement = { keys: [{ lookup: LINK, key: "" }], rank: RANK.kind };
