import { isAsciiText } from "../content/ascii-text.ts";
import { HostLook, looksLike, SHORTEST_WITH_TYPO } from "./lookalike-host.ts";
import type { MessageWork } from "./message-work.ts";
import { PatternAutomaton } from "./pattern-automaton.ts";
import { foldDomain, isUnderDomain } from "./text-test.ts";

/** The domains that one rule knows to be imitated. */
export interface LookalikeFinder {
  /** Whether a host is made to be taken for one of them, which never match themselves, nor do names under them. */
  test(host: string): boolean;
  readonly search: LookalikeSearch;
  /** Its number in the search. */
  readonly number: number;
}

/**
 * Knows of a host which of all imitated domains it looks like, once a message: a thousand domains cost what one does. Those
 * that may be meant are looked up, by what stands inside the host's name and by its label with a letter left out, and then compared.
 */
export class LookalikeSearch {
  readonly #targets: Target[] = [];
  #prepared: PreparedTargets | undefined;
  #finders = 0;
  /** The numbers of the finders that have a domain which the host looks like. */
  readonly findersIn: (host: string) => ReadonlySet<number>;

  constructor(work: MessageWork) {
    this.findersIn = work.once((host) => this.#search(host));
  }

  /** Adds a finder; not to be called any more when hosts are searched. */
  add(domains: readonly string[]): LookalikeFinder {
    const finder = this.#finders;
    this.#finders += 1;
    const names = domains.map(foldDomain);
    for (const name of names) this.#targets.push({ look: new HostLook(name), finder });
    this.#prepared = undefined;
    return {
      test: (host) =>
        this.findersIn(host).has(finder) && !names.some((name) => isUnderDomain(host, name)),
      search: this,
      number: finder,
    };
  }

  #search(host: string): ReadonlySet<number> {
    const found = new Set<number>();
    const prepared = (this.#prepared ??= prepare(this.#targets));
    if (this.#targets.length === 0) return found;
    const seen = new HostLook(host);
    const compare = (targets: readonly Target[] | undefined): void => {
      for (const { look, finder } of targets ?? []) if (looksLike(seen, look)) found.add(finder);
    };
    prepared.inside.search(seen.hyphened, (number) => compare(prepared.byInside[number]));
    if (!mayBeMisspelt(host, prepared.longestLabel)) return found;
    if (seen.label.length > prepared.longestLabel) return found;
    for (const spelling of spellings(seen.label)) compare(prepared.bySpelling.get(spelling));
    return found;
  }
}

interface Target {
  readonly look: HostLook;
  readonly finder: number;
}

interface PreparedTargets {
  /** Finds the hyphened names of targets; who looks the same holds one too. */
  readonly inside: PatternAutomaton;
  readonly byInside: readonly (readonly Target[])[];
  readonly bySpelling: ReadonlyMap<string, readonly Target[]>;
  /** A label longer than this is no misspelling of any. */
  readonly longestLabel: number;
}

function prepare(targets: readonly Target[]): PreparedTargets {
  // ".bank.example" stands for the names under it, and looks like theirs from behind its dot on
  const byInside = Map.groupBy(targets, ({ look }) => look.hyphened.replace(/^--+/, "-"));
  const bySpelling = new Map<string, Target[]>();
  let longestLabel = 0;
  for (const target of targets) {
    const { label } = target.look;
    if (label.length < SHORTEST_WITH_TYPO) continue;
    longestLabel = Math.max(longestLabel, label.length + 1);
    for (const spelling of spellings(label)) {
      const known = bySpelling.get(spelling);
      if (known === undefined) bySpelling.set(spelling, [target]);
      else known.push(target);
    }
  }
  return {
    inside: new PatternAutomaton([...byInside.keys()]),
    byInside: [...byInside.values()],
    bySpelling,
    longestLabel,
  };
}

/** Whether a label of the host is as long as a misspelt one can be, before the costly look for the one that was registered. */
function mayBeMisspelt(host: string, longest: number): boolean {
  if (host.includes("xn--") || !isAsciiText(host)) return true;
  let start = 0;
  for (let dot = host.indexOf("."); dot !== -1; dot = host.indexOf(".", start)) {
    // A skeleton may be half as long: rn is one m in it.
    if (dot - start >= SHORTEST_WITH_TYPO - 1 && dot - start <= longest * 2) return true;
    start = dot + 1;
  }
  return false;
}

/** The label, and the label with each of its letters left out: two that are one edit apart have one of these in common. */
function spellings(label: string): readonly string[] {
  const all = [label];
  for (let at = 0; at < label.length; at += 1) {
    // of two equal neighbours either may be left out
    if (at > 0 && label[at] === label[at - 1]) continue;
    all.push(label.slice(0, at) + label.slice(at + 1));
  }
  return all;
}
