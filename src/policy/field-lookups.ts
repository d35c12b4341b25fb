import type { NamedList } from "./condition.ts";
import type { Facts } from "./facts.ts";
import { longestOf } from "./longest-of.ts";
import { PatternAutomaton } from "./pattern-automaton.ts";
import { eitherOf, presenceOf, type Lookup, type Requirement } from "./requirement.ts";
import { foldForLiterals } from "./required-literals.ts";

/** A field of the facts with values that are texts. */
export interface Field {
  /** As rules name it; one name, one field. */
  readonly name: string;
  /** How many messages hold a given value, roughly (`RANK`). */
  readonly rank: number;
  /** Calls `visit` with each value that the facts hold. */
  each(facts: Facts, visit: (value: string) => void): void;
}

/** A search for what many finders look for, and one of them by its number. */
export interface Finder {
  readonly search: SharedSearch;
  readonly number: number;
}

interface SharedSearch {
  /** The numbers of all finders that find what they look for in the value. */
  findersIn(value: string): ReadonlySet<number>;
}

/** The form in which values of a field are compared. */
type Fold = (value: string) => string;

/** Requirements on the values of fields. Rules that ask the same of a field share one lookup, so that there is one for a policy. */
export class FieldLookups {
  readonly #lookups = new Map<string, Lookup>();
  readonly #searches = new Map<SharedSearch, Lookup>();

  /** A value equals one of these, all folded. */
  equals(field: Field, fold: Fold, values: readonly string[]): Requirement {
    const lookup = this.#shared(`${field.name} equals`, () => equality(field, fold));
    return { keys: values.map((key) => ({ lookup, key })), rank: field.rank };
  }

  /** A value is one of these domains or stands under it; undefined when one of them is no plain domain. */
  under(field: Field, fold: Fold, domains: readonly string[]): Requirement | undefined {
    if (!domains.every((domain) => PLAIN_SUFFIX.test(domain))) return undefined;
    const lookup = this.#shared(`${field.name} under`, () => suffixes(field, fold));
    return { keys: domains.map((key) => ({ lookup, key })), rank: field.rank };
  }

  /** A value, folded, begins with one of these. */
  begins(field: Field, fold: Fold, prefixes: readonly string[]): Requirement {
    const lookup = this.#shared(`${field.name} begins`, () => beginnings(field, fold));
    return { keys: prefixes.map((key) => ({ lookup, key })), rank: field.rank };
  }

  /** A value is as long as this, in UTF-16 units. */
  asLongAs(field: Field, least: number): Requirement {
    const lookup = this.#shared(`${field.name} as long as`, () => lengths(field));
    return { keys: [{ lookup, key: String(least) }], rank: field.rank };
  }

  /** A value is in one of these lists. */
  inLists(field: Field, fold: Fold, lists: readonly NamedList[]): Requirement | undefined {
    const required = lists.map((list) =>
      this.presence(`${field.name} in list ${list.name}`, field.rank, (facts) => {
        let isIn = false;
        field.each(facts, (value) => (isIn ||= list.has(fold(value))));
        return isIn;
      }),
    );
    return eitherOf(required);
  }

  /** Something holds of the facts; `isPresent` must be the same for all who name it so. */
  presence(name: string, rank: number, isPresent: (facts: Facts) => boolean): Requirement {
    const lookup = this.#shared(name, () => presenceOf(isPresent));
    return { keys: [{ lookup, key: "" }], rank };
  }

  /** A value is found by this finder. */
  found(field: Field, { search, number }: Finder): Requirement {
    let lookup = this.#searches.get(search);
    lookup ??= findersIn(field, search);
    this.#searches.set(search, lookup);
    return { keys: [{ lookup, key: String(number) }], rank: field.rank };
  }

  /** A value, folded, contains one of these. */
  contains(field: Field, fold: Fold, pieces: readonly string[]): Requirement | undefined {
    if (pieces.includes("")) return undefined;
    const lookup = this.#shared(`${field.name} contains`, () => search(field, fold, Infinity));
    return { keys: pieces.map((key) => ({ lookup, key })), rank: field.rank };
  }

  /**
   * A value holds one of the literals of an expression (`requiredLiterals`), or is longer than expressions take; undefined
   * when there are none.
   */
  literals(
    field: Field,
    literals: readonly string[] | undefined,
    longest: number,
  ): Requirement | undefined {
    if (literals === undefined) return undefined;
    const name = `${field.name} literals`;
    const lookup = this.#shared(name, () => search(field, foldForLiterals, longest));
    return { keys: literals.map((key) => ({ lookup, key })), rank: field.rank };
  }

  #shared(name: string, make: () => Lookup): Lookup {
    const lookup = this.#lookups.get(name) ?? make();
    this.#lookups.set(name, lookup);
    return lookup;
  }
}

const PLAIN_SUFFIX = /^\.?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;

function equality(field: Field, fold: Fold): Lookup {
  return {
    prepare(keys) {
      const numbers = new Map(keys.map((key, number) => [key, number]));
      return (facts, found) =>
        field.each(facts, (value) => {
          const number = numbers.get(fold(value));
          if (number !== undefined) found(number);
        });
    },
  };
}

/** The value itself and what stands behind each of its dots, with the dot and without. */
function suffixes(field: Field, fold: Fold): Lookup {
  return {
    prepare(keys) {
      const numbers = new Map(keys.map((key, number) => [key, number]));
      const longest = longestOf(keys);
      function look(suffix: string, found: (key: number) => void): void {
        const number = suffix.length <= longest ? numbers.get(suffix) : undefined;
        if (number !== undefined) found(number);
      }
      return (facts, found) =>
        field.each(facts, (value) => {
          const folded = fold(value);
          look(folded, found);
          let dot = folded.indexOf(".", Math.max(0, folded.length - longest - 1));
          for (; dot !== -1; dot = folded.indexOf(".", dot + 1)) {
            look(folded.slice(dot), found);
            look(folded.slice(dot + 1), found);
          }
        });
    },
  };
}

function beginnings(field: Field, fold: Fold): Lookup {
  return {
    prepare(keys) {
      const numbers = new Map(keys.map((key, number) => [key, number]));
      const lengths = [...new Set(keys.map((key) => key.length))];
      return (facts, found) =>
        field.each(facts, (value) => {
          const folded = fold(value);
          for (const length of lengths) {
            const number = numbers.get(folded.slice(0, length));
            if (number !== undefined) found(number);
          }
        });
    },
  };
}

/** Few rules ask for less than the longest value has: the shortest are asked first. */
function lengths(field: Field): Lookup {
  return {
    prepare(keys) {
      const byLength = [...keys.entries()]
        .map(([number, key]) => ({ number, least: Number(key) }))
        .sort((a, b) => a.least - b.least);
      return (facts, found) => {
        let longest = -1;
        field.each(facts, (value) => (longest = Math.max(longest, value.length)));
        for (const { number, least } of byLength) {
          if (least > longest) break;
          found(number);
        }
      };
    },
  };
}

function findersIn(field: Field, search: SharedSearch): Lookup {
  return {
    prepare(keys) {
      const numbers = new Map(keys.map((key, number) => [Number(key), number]));
      return (facts, found) =>
        field.each(facts, (value) => {
          for (const finder of search.findersIn(value)) {
            const number = numbers.get(finder);
            if (number !== undefined) found(number);
          }
        });
    },
  };
}

/** A value longer than `longest` counts as holding every key. */
function search(field: Field, fold: Fold, longest: number): Lookup {
  return {
    prepare(keys) {
      const automaton = new PatternAutomaton(keys);
      return (facts, found) =>
        field.each(facts, (value) => {
          if (value.length <= longest) automaton.search(fold(value), found);
          else for (const key of keys.keys()) found(key);
        });
    },
  };
}
