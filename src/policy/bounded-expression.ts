import { RE2Set } from "re2js";
import { MessageWork } from "./message-work.ts";
import { RuleFailure } from "./rule-failure.ts";

/** Bytes for the states of one expression's automaton, as RE2 counts them. */
const AUTOMATON_BYTES = 524_288;

/** Instructions times characters that are simulated one by one, when there are too many states to keep. */
const SIMULATED_STEPS = 262_144;

/**
 * What re2js takes time for, in units of `MessageWork` (some 20 ns; `bench/regex-work.ts` measures them): to begin with a text, to find the way
 * from one state on a character for the first time, for each instruction in either state, for each 16 classes of characters of a
 * new table, and to build an automaton, for each instruction and class.
 */
const PRICE = { call: 30, step: 30, instruction: 4, classes: 1 / 16, build: 2000, built: 15 };

/** Characters beyond Latin-1 are looked up among the classes by halving: one unit buys so many halvings. */
const HALVINGS = 4;

/** What most texts are made of, so that the first message after a reload does not pay for states that any text makes. */
const SAMPLE =
  "Hello Bob, see you at 10:30 (room A-12)? Call +49 30 1234567 or mail a.b@example.com, see https://www.example.org/x?y=1&z=2.\n" +
  "\u201EJa, gern\u201C \u2014 \u041F\u0440\u0438\u0432\u0435\u0442, \u4F60\u597D\u3002 I'm 100% sure: it's #1; \"OK\"! AB12 x_y 3/4\r\n\tBye";

/**
 * A regular expression whose work is bounded, whatever the text. RE2 reads a text with an automaton whose states are made as
 * they are needed. There may be exponentially many for some expressions, which text can be made for: then re2js falls
 * back to simulating every instruction at every character, a second for 64 kB. Here that is done for short texts only, the
 * automaton's memory is bounded, and whatever takes time counts, as it is done, towards what a message may cost.
 *
 * Uses the set of one expression that re2js offers, since its memory is an argument; its simulation is reached through
 * `dummyRe2` alone, and a step that no table knows is made by `step` alone (tests hold that against the version in use).
 */
export class BoundedExpression {
  readonly #set: RE2Set;
  readonly #size: number;
  #work: MessageWork;
  #length = 0;

  /** @param size instructions of the compiled expression */
  constructor(pattern: string, size: number, work: MessageWork) {
    this.#set = new RE2Set(RE2Set.UNANCHORED, 0, AUTOMATON_BYTES);
    this.#set.add(pattern);
    this.#size = size;
    this.#work = work;
  }

  /** Builds the automaton, and the states that any text makes, before there is a message to pay for it. */
  prepare(): void {
    const work = this.#work;
    this.#work = new MessageWork();
    try {
      this.test(SAMPLE);
    } catch (error) {
      if (!(error instanceof RuleFailure)) throw error;
    } finally {
      this.#work = work;
    }
  }

  /** Whether the expression matches anywhere in the text. Throws a RuleFailure instead of working too long. */
  test(text: string): boolean {
    const set = this.#set;
    this.#work.spend(PRICE.call + text.length);
    if (set.prog === null) this.#build();
    const wide = this.#work.wideIn(text);
    if (wide > 0) this.#work.spend(wide * Math.floor(Math.log2(set.dfa.numClasses) / HALVINGS));
    this.#length = text.length;
    return set.match(text).length > 0;
  }

  #build(): void {
    const set = this.#set;
    set.compile();
    const { dfa, dummyRe2: simulated } = set;
    this.#work.charge(PRICE.build + PRICE.built * (this.#size + dfa.numClasses));
    const step = dfa.step.bind(dfa);
    dfa.step = (state, cls, rune, anchor) => {
      const known = state.next?.[cls];
      if (known != null) return known;
      const table = state.next === null ? dfa.numClasses * PRICE.classes : 0;
      this.#work.spend(PRICE.step + table + state.nfaStates.length * PRICE.instruction);
      const next = step(state, cls, rune, anchor);
      if (next !== null) this.#work.charge(next.nfaStates.length * PRICE.instruction);
      return next;
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
