import { RE2Set } from "re2js";
import type { MessageWork } from "./message-work.ts";
import { RuleFailure } from "./rule-failure.ts";

/** Bytes for the states of one expression's automaton, as RE2 counts them. */
const AUTOMATON_BYTES = 524_288;

/** Instructions times characters that are simulated one by one, when there are too many states to keep. */
const SIMULATED_STEPS = 262_144;

/** What making a state costs, in characters read by states that are there, for each instruction. */
const STATE_WORK = 4;

/** The first states, which any text makes: no message is charged with them, or the first ones after a reload would be refused. */
const FREE_STATES = 16;

/**
 * A regular expression whose work is bounded, whatever the text. RE2 reads a text with an automaton whose states are made as
 * they are needed. There may be exponentially many for some expressions, which text can be made for: then re2js falls
 * back to simulating every instruction at every character, a second for 64 kB. Here that is done for short texts only, the
 * automaton's memory is bounded, and what is read, made and simulated counts towards what a message may cost.
 *
 * Uses the set of one expression that re2js offers, since its memory is an argument; its simulation is reached through
 * `dummyRe2` alone, and states are thrown away by `clearCache` alone (tests hold that against the version in use).
 */
export class BoundedExpression {
  readonly #set: RE2Set;
  readonly #size: number;
  readonly #work: MessageWork;
  #length = 0;
  /** States that were thrown away while the text at hand was read, to make room for others. */
  #dropped = 0;
  #free = FREE_STATES;

  /** @param size instructions of the compiled expression */
  constructor(pattern: string, size: number, work: MessageWork) {
    this.#set = new RE2Set(RE2Set.UNANCHORED, 0, AUTOMATON_BYTES);
    this.#set.add(pattern);
    this.#size = size;
    this.#work = work;
  }

  /** Whether the expression matches anywhere in the text. Throws a RuleFailure instead of working too long. */
  test(text: string): boolean {
    const set = this.#set;
    this.#work.spend(text.length);
    if (set.prog === null) this.#compile();
    this.#length = text.length;
    this.#dropped = 0;
    const before = set.dfa.stateCount;
    try {
      return set.match(text).length > 0;
    } finally {
      const made = this.#dropped + set.dfa.stateCount - before;
      if (made !== 0) this.#charge(made);
    }
  }

  #charge(made: number): void {
    const free = Math.min(made, this.#free);
    this.#free -= free;
    this.#work.charge((made - free) * this.#size * STATE_WORK);
  }

  #compile(): void {
    const set = this.#set;
    set.compile();
    const { dfa, dummyRe2: simulated } = set;
    const clear = dfa.clearCache.bind(dfa);
    dfa.clearCache = () => {
      this.#dropped += dfa.stateCount;
      clear();
    };
    Object.defineProperty(set, "dummyRe2", {
      get: () => {
        const steps = this.#length * this.#size;
        if (steps > SIMULATED_STEPS) {
          throw new RuleFailure("the text is too much work for the regular expression");
        }
        this.#work.spend(steps);
        return simulated;
      },
    });
  }
}
