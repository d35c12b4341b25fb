import { quantityOf, type NumberLeaf, type NumberOperators, type Quantity } from "./leaf-schema.ts";
import { asList } from "./vocabulary.ts";

/** Compiles what stands after a field that is a number; an unknown number satisfies only `exists: false`. */
export function compileNumber(leaf: NumberLeaf): (value: number | undefined) => boolean {
  if (typeof leaf === "object" && !Array.isArray(leaf)) return operators(leaf as NumberOperators);
  const values = asList<Quantity>(leaf as Quantity | readonly Quantity[]).map(quantityOf);
  return (value) => value !== undefined && values.includes(value);
}

function operators(leaf: NumberOperators): (value: number | undefined) => boolean {
  const tests: ((value: number) => boolean)[] = [];
  function add(limit: Quantity | undefined, test: (value: number, limit: number) => boolean): void {
    if (limit === undefined) return;
    const number = quantityOf(limit);
    tests.push((value) => test(value, number));
  }
  add(leaf.gt, (value, limit) => value > limit);
  add(leaf.gte, (value, limit) => value >= limit);
  add(leaf.lt, (value, limit) => value < limit);
  add(leaf.lte, (value, limit) => value <= limit);
  add(leaf.between?.[0], (value, limit) => value >= limit);
  add(leaf.between?.[1], (value, limit) => value <= limit);
  return (value) => {
    if (leaf.exists !== undefined && leaf.exists !== (value !== undefined)) return false;
    if (value === undefined) return tests.length === 0;
    return tests.every((test) => test(value));
  };
}

/** A number below which the leaf never holds, whatever else it says; undefined when it names none. */
export function leastOf(leaf: NumberLeaf): number | undefined {
  if (typeof leaf === "object" && !Array.isArray(leaf)) {
    const { gt, gte, between } = leaf as NumberOperators;
    const lower = [gt, gte, between?.[0]].filter((limit) => limit !== undefined).map(quantityOf);
    return lower.length === 0 ? undefined : Math.max(...lower);
  }
  return Math.min(...asList<Quantity>(leaf as Quantity | readonly Quantity[]).map(quantityOf));
}
