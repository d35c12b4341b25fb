import type { CompiledRule } from "./compile-rule.ts";
import type { Facts } from "./facts.ts";
import type { Lookup } from "./requirement.ts";

/**
 * Picks the rules that are worth asking: all but those that require something which the facts do not hold (requirement.ts).
 * What it leaves out could neither match nor fail; the order stays. Made once for the rules of a stage.
 */
export class RuleSelector {
  readonly #rules: readonly CompiledRule[];
  /** A bit for each rule that is always asked. */
  readonly #always: Uint32Array;
  /** A bit for each rule to be asked about the facts at hand. */
  readonly #picked: Uint32Array;
  readonly #lookups: readonly Picker[];

  constructor(rules: readonly CompiledRule[]) {
    this.#rules = rules;
    this.#always = new Uint32Array((rules.length + 31) >>> 5);
    this.#picked = new Uint32Array(this.#always.length);
    const wanted = new Map<Lookup, Map<string, number[]>>();
    for (const [index, { when }] of rules.entries()) {
      if (when.requires === undefined) setBit(this.#always, index);
      for (const { lookup, key } of when.requires?.keys ?? []) {
        const keys = entryOf(wanted, lookup, () => new Map<string, number[]>());
        entryOf(keys, key, () => []).push(index);
      }
    }
    this.#lookups = [...wanted].map(([lookup, keys]) => prepared(lookup, keys, this.#picked));
  }

  /**
   * The first rule from `from` on that is worth asking; undefined: there is none. Valid until `pick` is called again.
   *
   * @returns its index
   */
  next(from: number): number {
    const picked = this.#picked;
    let word = from >>> 5;
    let bits = (picked[word] ?? 0) & (-1 << (from & 31));
    while (bits === 0) {
      word += 1;
      if (word >= picked.length) return -1;
      bits = picked[word] ?? 0;
    }
    return (word << 5) + 31 - Math.clz32(bits & -bits);
  }

  /** Picks for these facts. */
  pick(facts: Facts): void {
    this.#picked.set(this.#always);
    for (const lookup of this.#lookups) lookup.pick(facts);
  }

  /** The rule of that index. */
  rule(index: number): CompiledRule | undefined {
    return this.#rules[index];
  }
}

/** Picks the rules that require what one lookup finds. */
interface Picker {
  pick(facts: Facts): void;
}

function prepared(
  lookup: Lookup,
  keys: ReadonlyMap<string, readonly number[]>,
  picked: Uint32Array,
): Picker {
  const rules = [...keys.values()];
  const look = lookup.prepare([...keys.keys()]);
  /** A long text may hold a key ten thousand times. What one picking found is undone before the next: nothing counts pickings. */
  const isFound = new Uint8Array(rules.length);
  const foundKeys: number[] = [];
  function found(key: number): void {
    if (isFound[key] !== 0) return;
    isFound[key] = 1;
    foundKeys.push(key);
    for (const rule of rules[key] ?? []) setBit(picked, rule);
  }
  return {
    pick(facts) {
      // Mostly there is none, and to set the length of an array is dear.
      for (let last = foundKeys.pop(); last !== undefined; last = foundKeys.pop())
        isFound[last] = 0;
      try {
        look(facts, found);
      } catch {
        // Each rule fails by itself then, and is counted as it says.
        for (const key of rules.keys()) found(key);
      }
    },
  };
}

function setBit(bits: Uint32Array, index: number): void {
  bits[index >>> 5] = (bits[index >>> 5] ?? 0) | (1 << (index & 31));
}

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
