import { isDeepStrictEqual } from "node:util";
import type { NamedConditions } from "./compile-condition.ts";
import type { ConditionData } from "./condition-schema.ts";

/**
 * Does `second` hold wherever `first` holds? Seen by their shape alone: true is certain, false means that it cannot be seen. Cheap
 * enough to be asked of every pair of rules: no condition is searched deeper than it is written.
 *
 * @example
 * implies({ url: { host: "a.example", punycode: true } }, { url: { host: ["a.example", "b.example"] } }, objects) // true
 */
export function implies(
  first: ConditionData,
  second: ConditionData,
  objects: NamedConditions,
): boolean {
  return new Implication(objects).holds(first, second, 0);
}

/** Objects lead to objects, and a rule file may nest them: beyond this nothing is claimed. */
const MAX_DEPTH = 16;

/** Keys whose list is one value (a window, a range), or whose more is less. */
const WHOLE: ReadonlySet<string> = new Set(["between", "detector", "rate", "time", "archive"]);

/** Keys of a leaf that get weaker with fewer entries: none of these. */
const NEGATIVE: ReadonlySet<string> = new Set(["not", "not_in_list"]);

class Implication {
  readonly #objects: NamedConditions;

  constructor(objects: NamedConditions) {
    this.#objects = objects;
  }

  holds(first: ConditionData, second: ConditionData, depth: number): boolean {
    if (depth > MAX_DEPTH) return false;
    if (this.#entailsAll(first, second, depth + 1)) return true;
    // One of several, each of which is enough.
    const branches = listOf(first["any"]);
    if (branches.length === 0) return false;
    const { any: _, ...rest } = first;
    return branches.every((branch) => this.#both(rest, branch, second, depth + 1));
  }

  #entailsAll(first: ConditionData, second: ConditionData, depth: number): boolean {
    for (const key of Object.keys(second)) {
      const value = second[key];
      if (value !== undefined && !this.#entails(first, key, value, depth)) return false;
    }
    return true;
  }

  /** Does one key of the second condition follow from the first? */
  #entails(first: ConditionData, key: string, value: unknown, depth: number): boolean {
    if (depth > MAX_DEPTH) return false;
    if (key === "name" || key === "expires") return true;
    if (!COMBINATORS.has(key)) {
      if (leafImplies(key, first[key], value)) return true;
      return this.#parts(first).some((part) => this.holds(part, { [key]: value }, depth));
    }
    if (isDeepStrictEqual(first[key], value)) return true;
    if (key === "all") {
      return listOf(value).every((inner) => this.holds(first, inner, depth));
    }
    if (key === "any" && listOf(value).some((inner) => this.holds(first, inner, depth))) {
      return true;
    }
    if (key === "not" && this.#notEntailed(first, value as ConditionData, depth)) return true;
    if (key === "object") {
      const object = this.#objects.get(String(value));
      if (object !== undefined && this.holds(first, object, depth)) return true;
    }
    return this.#parts(first).some((part) => this.holds(part, { [key]: value }, depth));
  }

  /** not X follows from not Y, when Y follows from X. */
  #notEntailed(first: ConditionData, denied: ConditionData, depth: number): boolean {
    const own = first["not"];
    return isMap(own) && this.holds(denied, own, depth);
  }

  #both(rest: ConditionData, branch: ConditionData, second: ConditionData, depth: number): boolean {
    return Object.entries(second).every(
      ([key, value]) =>
        this.#entails(branch, key, value, depth) || this.#entails(rest, key, value, depth),
    );
  }

  /** Conditions that hold wherever the first holds: the members of `all`, and what an object stands for. */
  #parts(first: ConditionData): readonly ConditionData[] {
    const { all, object: name } = first;
    const object = typeof name === "string" ? this.#objects.get(name) : undefined;
    return object === undefined ? listOf(all) : [...listOf(all), object];
  }
}

const COMBINATORS: ReadonlySet<string> = new Set(["any", "all", "not", "object"]);

const NONE: readonly ConditionData[] = [];

function listOf(value: unknown): readonly ConditionData[] {
  return Array.isArray(value) ? (value as readonly ConditionData[]) : NONE;
}

/** One family or field: a value, a list that means any of these, or a map whose keys must all hold. */
function leafImplies(key: string, first: unknown, second: unknown): boolean {
  if (first === undefined) return second === undefined;
  if (first === second) return true;
  if (WHOLE.has(key)) return isDeepStrictEqual(first, second);
  if (isMap(second)) {
    if (!isMap(first)) return false;
    for (const inner of Object.keys(second)) {
      const value = second[inner];
      if (value === undefined || leafImplies(inner, first[inner], value)) continue;
      if (!isImplied(key, inner, value, first)) return false;
    }
    return true;
  }
  if (isMap(first)) return false;
  const wanted = valuesOf(second);
  const given = valuesOf(first);
  return NEGATIVE.has(key)
    ? wanted.every((value) => given.includes(value))
    : given.every((value) => wanted.includes(value));
}

/** A file that is asked about exists, and so does a link. */
function isImplied(
  family: string,
  key: string,
  value: unknown,
  first: Readonly<Record<string, unknown>>,
): boolean {
  if (value !== true) return false;
  if (family === "file" && key === "exists") return hasOther(first, "exists");
  return family === "url" && key === "any" && hasOther(first, "any");
}

function hasOther(first: Readonly<Record<string, unknown>>, key: string): boolean {
  return first[key] !== false && Object.keys(first).some((name) => name !== key);
}

function valuesOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
