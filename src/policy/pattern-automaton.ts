/**
 * Finds all of many patterns in one pass over a text (Aho and Corasick, 1975): the time does not depend on how many there
 * are, nor on how nearly the text matches them. Patterns and text are compared by UTF-16 units.
 */
export class PatternAutomaton {
  /** Hash table of the edges of the trie: from which state, by which unit, to which state (0: an empty slot). */
  readonly #from: Int32Array;
  readonly #unit: Uint16Array;
  readonly #to: Int32Array;
  /** The edges out of the root for the units that are met most. */
  readonly #first: Int32Array = new Int32Array(256);
  /** The state of the longest proper suffix. */
  readonly #fail: Int32Array;
  /** The pattern that ends in a state, or -1. */
  readonly #pattern: Int32Array;
  /** The state itself or the next on its way of suffixes in which a pattern ends; 0: none. */
  readonly #ending: Int32Array;
  readonly #table: Table | undefined;

  /** @param patterns not empty, each different */
  constructor(patterns: readonly string[]) {
    const states = 1 + patterns.reduce((sum, pattern) => sum + pattern.length, 0);
    const slots = 2 ** Math.ceil(Math.log2(states * 2));
    this.#from = new Int32Array(slots);
    this.#unit = new Uint16Array(slots);
    this.#to = new Int32Array(slots);
    this.#fail = new Int32Array(states);
    this.#pattern = new Int32Array(states).fill(-1);
    this.#ending = new Int32Array(states);
    const edges = this.#plant(patterns);
    this.#link(edges);
    this.#table = tableOf(edges, this.#fail);
  }

  /** Calls `visit` for every place where a pattern ends: its number, and the offset behind it. */
  search(text: string, visit: (pattern: number, end: number) => void): void {
    if (this.#table !== undefined) this.#searchByTable(this.#table, text, visit);
    else this.#searchByEdges(text, visit);
  }

  #searchByTable({ rows, classOf, classes }: Table, text: string, visit: Visit): void {
    let state = 0;
    for (let at = 0; at < text.length; at += 1) {
      state = rows[state * classes + (classOf[text.charCodeAt(at)] ?? 0)] ?? 0;
      if (this.#ending[state] !== 0) this.#report(state, at + 1, visit);
    }
  }

  #searchByEdges(text: string, visit: Visit): void {
    let state = 0;
    for (let at = 0; at < text.length; at += 1) {
      const unit = text.charCodeAt(at);
      let next = this.#step(state, unit);
      while (next === 0 && state !== 0) {
        state = this.#fail[state] ?? 0;
        next = this.#step(state, unit);
      }
      state = next;
      if (this.#ending[state] !== 0) this.#report(state, at + 1, visit);
    }
  }

  #report(state: number, end: number, visit: Visit): void {
    for (let ending = this.#ending[state] ?? 0; ending !== 0;) {
      visit(this.#pattern[ending] ?? 0, end);
      ending = this.#ending[this.#fail[ending] ?? 0] ?? 0;
    }
  }

  #step(state: number, unit: number): number {
    if (state === 0 && unit < 256) return this.#first[unit] ?? 0;
    return this.#to[this.#slot(state, unit)] ?? 0;
  }

  #slot(state: number, unit: number): number {
    const mask = this.#to.length - 1;
    let slot = (Math.imul(state, 0x9e37_79b1) ^ Math.imul(unit, 0x85eb_ca6b)) & mask;
    while (this.#to[slot] !== 0 && (this.#from[slot] !== state || this.#unit[slot] !== unit)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  /** The trie. Returns its edges in the order of their depth. */
  #plant(patterns: readonly string[]): readonly Edge[] {
    const edges: Edge[] = [];
    let count = 1;
    for (const [number, pattern] of patterns.entries()) {
      let state = 0;
      for (let depth = 0; depth < pattern.length; depth += 1) {
        const unit = pattern.charCodeAt(depth);
        const slot = this.#slot(state, unit);
        if (this.#to[slot] === 0) {
          this.#from[slot] = state;
          this.#unit[slot] = unit;
          this.#to[slot] = count;
          if (state === 0 && unit < 256) this.#first[unit] = count;
          edges.push({ from: state, unit, to: count, depth });
          count += 1;
        }
        state = this.#to[slot] ?? 0;
      }
      this.#pattern[state] = number;
    }
    return edges.sort((a, b) => a.depth - b.depth);
  }

  #link(edges: readonly Edge[]): void {
    for (const { from, unit, to } of edges) {
      let suffix = from === 0 ? -1 : (this.#fail[from] ?? 0);
      while (suffix > 0 && this.#step(suffix, unit) === 0) suffix = this.#fail[suffix] ?? 0;
      const fail = suffix < 0 ? 0 : this.#step(suffix, unit);
      this.#fail[to] = fail;
      this.#ending[to] = (this.#pattern[to] ?? -1) >= 0 ? to : (this.#ending[fail] ?? 0);
    }
  }
}

type Visit = (pattern: number, end: number) => void;

/** Every step of a small automaton worked out beforehand, so that a unit costs one look. */
interface Table {
  /** Units that no pattern holds are of class 0. */
  readonly classOf: Uint8Array;
  readonly classes: number;
  /** By state and class: the next state. */
  readonly rows: Int32Array;
}

/** Steps that are worked out at most: 4 MiB. */
const MAX_STEPS = 1_048_576;

function tableOf(edges: readonly Edge[], fail: Int32Array): Table | undefined {
  const units = [...new Set(edges.map(({ unit }) => unit))];
  const classes = units.length + 1;
  const states = edges.length + 1;
  if (classes > 256 || states * classes > MAX_STEPS) return undefined;
  const classOf = new Uint8Array(65_536);
  for (const [index, unit] of units.entries()) classOf[unit] = index + 1;
  const rows = new Int32Array(states * classes);
  for (const { from, unit, to } of edges) if (from === 0) rows[classOf[unit] ?? 0] = to;
  // A state does what its suffix does, but where it has an edge of its own; suffixes are shorter, and come first.
  const byFrom = Map.groupBy(edges, ({ from }) => from);
  for (const { to } of edges) {
    const suffix = (fail[to] ?? 0) * classes;
    rows.copyWithin(to * classes, suffix, suffix + classes);
    for (const edge of byFrom.get(to) ?? [])
      rows[to * classes + (classOf[edge.unit] ?? 0)] = edge.to;
  }
  return { classOf, classes, rows };
}

interface Edge {
  readonly from: number;
  readonly unit: number;
  readonly to: number;
  readonly depth: number;
}
