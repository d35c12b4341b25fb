import { RuleFailure } from "./rule-failure.ts";

/**
 * What the regular expressions of all rules may do about one message. A unit is a character read by states that are there already;
 * what takes longer counts as many (`BoundedExpression`). One takes 7 to 20 ns, all of them less than 20 ms.
 */
export const REGEX_WORK = 800_000;

/** Values of one function that are remembered; a message holds fewer, but not everybody who asks says where one begins. */
const MOST_REMEMBERED = 10_000;

/**
 * What is remembered and spent while one message is judged: rules ask the same questions about the same texts. A policy has
 * one; deciding is synchronous, so that no two messages meet here.
 */
export class MessageWork {
  #message: object | undefined;
  /** Counts messages. */
  #number = 0;
  #regexWork = REGEX_WORK;
  /** Expressions that read every text, since they name no word that they cannot do without. */
  readers = 0;
  /** How many characters of a text lie beyond Latin-1. */
  readonly wideIn: (text: string) => number = this.once(countWide);
  readonly #shared = new Map<string, (value: string) => unknown>();

  /** A decision about `message` begins: what was remembered of another is forgotten. */
  begin(message: object): void {
    if (message === this.#message) return;
    this.#message = message;
    this.#number += 1;
    this.#regexWork = REGEX_WORK;
  }

  /** Asks for work that regular expressions are about to do; throws when the message has cost enough (RULES §4.7). */
  spend(units: number): void {
    this.charge(units);
    if (this.#regexWork >= 0) return;
    throw new RuleFailure("the message is too much work for the regular expressions of all rules");
  }

  /** Counts work that turned out to be needed. */
  charge(units: number): void {
    this.#regexWork -= units;
  }

  /** As `once`, one function for all who ask under this name; `compute` must be the same for all of them. */
  shared<T>(name: string, compute: (value: string) => T): (value: string) => T {
    const known = this.#shared.get(name) as ((value: string) => T) | undefined;
    const made = known ?? this.once(compute);
    this.#shared.set(name, made);
    return made;
  }

  /** The same pure function, which works out each value once a message. */
  once<T>(compute: (value: string) => T): (value: string) => T {
    // Most messages hold one text: a map is made for the others only.
    let known: { readonly value: string; readonly result: T } | undefined;
    let others: Map<string, T> | undefined;
    let message = -1;
    return (value) => {
      if (known === undefined || message !== this.#number) {
        message = this.#number;
        others = undefined;
        known = { value, result: compute(value) };
        return known.result;
      }
      if (value === known.value) return known.result;
      others ??= new Map();
      const before = others.get(value);
      if (before !== undefined) return before;
      const result = compute(value);
      if (others.size >= MOST_REMEMBERED) others.clear();
      others.set(value, result);
      return result;
    };
  }
}

function countWide(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0xff) count += 1;
  return count;
}
