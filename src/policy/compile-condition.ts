import { below, leafTrace } from "./condition.ts";
import type { ConditionContext, ConditionFamily, LeafTrace, Matcher } from "./condition.ts";
import type { ConditionData } from "./condition-schema.ts";
import { CONDITIONS } from "./conditions.ts";
import type { Facts } from "./facts.ts";
import type { ProblemSink } from "./rule-problem.ts";
import { bestOf, eitherOf } from "./requirement.ts";
import { didYouMean } from "./suggest.ts";

/** Named conditions (`objects:`), compiled anew for each place that refers to them. */
export type NamedConditions = ReadonlyMap<string, ConditionData>;

/**
 * From a validated condition to a closure. Keys side by side must all hold; cheap ones are asked first. `objects` are
 * followed by name; one that leads back to itself is a problem.
 */
export function compileCondition(
  data: ConditionData,
  objects: NamedConditions,
  context: ConditionContext,
  inside: readonly string[] = [],
): Matcher {
  const parts: Matcher[] = [];
  for (const condition of CONDITIONS) {
    const leaf = data[condition.family];
    if (leaf !== undefined) parts.push(condition.compile(leaf, below(context, condition.family)));
  }
  if (data["any"] !== undefined) parts.push(anyOf(compileAll("any")));
  if (data["all"] !== undefined) parts.push(allOf(compileAll("all")));
  if (data["not"] !== undefined) {
    const inner = data["not"] as ConditionData;
    parts.push(negation(compileCondition(inner, objects, below(context, "not"), inside)));
  }
  const name = data["object"];
  if (typeof name === "string") {
    parts.push(compileObject(name, objects, below(context, "object"), inside));
  }
  return allOf(parts);

  function compileAll(key: "any" | "all"): readonly Matcher[] {
    return (data[key] as readonly ConditionData[]).map((inner, index) =>
      compileCondition(inner, objects, below(context, key, index), inside),
    );
  }
}

const ALWAYS: Matcher = { cost: 0, test: () => true, collect: undefined };

function compileObject(
  name: string,
  objects: NamedConditions,
  context: ConditionContext,
  inside: readonly string[],
): Matcher {
  const data = objects.get(name);
  if (data === undefined) {
    const hint = didYouMean(name, objects.keys());
    context.problems.error(context.path, `there is no object "${name}"`, hint);
    return ALWAYS;
  }
  // A round of objects is reported where it stands (compile-definitions.ts).
  if (inside.includes(name)) return ALWAYS;
  // So is everything else that is wrong inside an object: once there, not again for each rule that uses it.
  return compileCondition(data, objects, { ...context, problems: QUIET }, [...inside, name]);
}

const QUIET: ProblemSink = { error: () => undefined, warn: () => undefined };

function allOf(parts: readonly Matcher[]): Matcher {
  const [only] = parts;
  if (only === undefined) return ALWAYS;
  if (parts.length === 1) return only;
  const ordered = parts.toSorted((a, b) => a.cost - b.cost);
  return {
    cost: sumOfCosts(parts),
    test(facts, trace) {
      for (const part of ordered) if (!part.test(facts, trace)) return false;
      return true;
    },
    collect: asksLinks(parts)
      ? (facts, links) => {
          const found = new Set<number>();
          if (!ordered.every((part) => collectFrom(part, facts, found))) return false;
          for (const link of found) links.add(link);
          return true;
        }
      : undefined,
    requires: bestOf(parts.map((part) => part.requires)),
  };
}

function anyOf(parts: readonly Matcher[]): Matcher {
  const ordered = parts.toSorted((a, b) => a.cost - b.cost);
  return {
    cost: sumOfCosts(parts),
    test(facts, trace) {
      for (const part of ordered) if (part.test(facts, trace)) return true;
      return false;
    },
    // All branches are asked: each may add links.
    collect: asksLinks(parts)
      ? (facts, links) => {
          let matched = false;
          for (const part of ordered) if (collectFrom(part, facts, links)) matched = true;
          return matched;
        }
      : undefined,
    requires: eitherOf(parts.map((part) => part.requires)),
  };
}

/** Links inside a negation are those that did not match; they are nobody's to edit. */
function negation(inner: Matcher): Matcher {
  return {
    cost: inner.cost,
    collect: undefined,
    test(facts, trace) {
      if (trace === undefined) return !inner.test(facts, undefined);
      const leaves: LeafTrace[] = [];
      const matched = !inner.test(facts, leaves);
      for (const leaf of leaves) {
        trace.push(leafTrace(`not ${leaf.field}`, leaf.value, !leaf.matched));
      }
      return matched;
    },
  };
}

function collectFrom(part: Matcher, facts: Facts, links: Set<number>): boolean {
  return part.collect === undefined ? part.test(facts, undefined) : part.collect(facts, links);
}

function asksLinks(parts: readonly Matcher[]): boolean {
  return parts.some((part) => part.collect !== undefined);
}

function sumOfCosts(parts: readonly Matcher[]): number {
  return parts.reduce((sum, part) => sum + part.cost, 0);
}

/** One use of a family in a condition, objects followed. */
export interface FamilyUse {
  readonly condition: ConditionFamily;
  readonly data: unknown;
  readonly path: readonly (string | number)[];
  /** Under an odd number of `not:`. */
  readonly negated: boolean;
}

/** Every family that a condition asks, wherever it stands. */
export function familyUses(
  data: ConditionData,
  objects: NamedConditions,
  path: readonly (string | number)[],
): readonly FamilyUse[] {
  const uses: FamilyUse[] = [];
  const followed = new Set<string>();
  function walk(node: ConditionData, at: readonly (string | number)[], negated: boolean): void {
    for (const condition of CONDITIONS) {
      const leaf = node[condition.family];
      if (leaf === undefined) continue;
      uses.push({ condition, data: leaf, path: [...at, condition.family], negated });
    }
    for (const key of ["any", "all"]) {
      const inner = (node[key] ?? []) as readonly ConditionData[];
      for (const [index, item] of inner.entries()) walk(item, [...at, key, index], negated);
    }
    if (node["not"] !== undefined) walk(node["not"] as ConditionData, [...at, "not"], !negated);
    const name = node["object"];
    if (typeof name !== "string" || followed.has(name)) return;
    followed.add(name);
    const target = objects.get(name);
    if (target !== undefined) walk(target, [...at, "object"], negated);
  }
  walk(data, path, false);
  return uses;
}
