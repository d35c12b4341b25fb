import type { z } from "zod";
import type { ProblemSink, RulePath } from "../policy/rule-problem.ts";
import { didYouMean } from "../policy/suggest.ts";
import { vocabularyOf } from "../policy/vocabulary.ts";

type Issue = z.core.$ZodIssue;

/** Says in words what the schema found wrong in `data`. */
export function reportConfigIssue(issue: Issue, data: unknown, sink: ProblemSink): void {
  report(issue, [], { data, sink });
}

interface Report {
  readonly data: unknown;
  readonly sink: ProblemSink;
}

function report(issue: Issue, above: RulePath, to: Report): void {
  const path = [...above, ...issue.path.map((key) => (typeof key === "symbol" ? "" : key))];
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) reportKey([...path, key], key, issue.message, to.sink);
  } else if (issue.code === "invalid_union") {
    reportUnion(issue, path, to);
  } else if (issue.code === "invalid_type") {
    reportType(path, issue, to);
  } else if (issue.code === "invalid_value") {
    reportValue(path, issue.message, to);
  } else {
    to.sink.error(path, about(valueAt(to.data, path), issue.message));
  }
}

/** Messages of the schema that go on with "is …" or "must …" speak of the value. */
function about(value: unknown, message: string): string {
  const isScalar = typeof value === "string" || typeof value === "number";
  return isScalar && /^(?:is|must) /.test(message)
    ? `${JSON.stringify(value)} ${message}`
    : message;
}

function reportKey(path: RulePath, key: string, message: string, sink: ProblemSink): void {
  const { known, later } = vocabularyOf(message) ?? { known: [], later: [] };
  if (later.includes(key)) {
    sink.error(path, `"${key}" is not available in this version`);
    return;
  }
  const hint = didYouMean(key, known) ?? `known here: ${known.join(", ")}`;
  sink.error(path, `unknown key "${key}"`, hint);
}

/** The branch that fits the value's shape and fails further down is the one that was meant. */
function reportUnion(issue: Issue & { code: "invalid_union" }, path: RulePath, to: Report): void {
  const value = valueAt(to.data, path);
  const meant = issue.errors.find((errors) =>
    errors.some((error) => error.path.length > 0 || !WRONG_SHAPE.has(error.code)),
  );
  if (meant !== undefined) {
    for (const inner of meant) report(inner, path, to);
  } else if (value === undefined) {
    to.sink.error(path, `"${String(path.at(-1))}" is missing`, issue.message);
  } else {
    to.sink.error(path, about(value, issue.message));
  }
}

const WRONG_SHAPE: ReadonlySet<string> = new Set([
  "invalid_type",
  "invalid_value",
  "invalid_union",
]);

function reportType(path: RulePath, issue: Issue & { code: "invalid_type" }, to: Report): void {
  const value = valueAt(to.data, path);
  if (value === undefined) {
    to.sink.error(path, `"${String(path.at(-1))}" is missing`);
    return;
  }
  // A message of our own says what to write; the package's own only names types.
  if (!issue.message.startsWith("Invalid input")) {
    // A message of our own says what to write; the package's own only names types.
    to.sink.error(path, about(value, issue.message));
    return;
  }
  const expected = SHAPES[issue.expected] ?? issue.expected;
  const hint = issue.expected === "string" ? quoteHint(value) : undefined;
  to.sink.error(path, `expected ${expected}, found ${shapeOf(value)}`, hint);
}

function reportValue(path: RulePath, message: string, to: Report): void {
  const vocabulary = vocabularyOf(message);
  const value = valueAt(to.data, path);
  if (vocabulary === undefined) {
    to.sink.error(path, message);
    return;
  }
  const { known, later } = vocabulary;
  const oneOf = `one of: ${known.join(", ")}`;
  if (value === undefined) {
    to.sink.error(path, `"${String(path.at(-1))}" is missing`, oneOf);
  } else if (typeof value === "string" && later.includes(value)) {
    to.sink.error(path, `"${value}" is not available in this version`, oneOf);
  } else {
    const hint = typeof value === "string" ? didYouMean(value, known) : undefined;
    to.sink.error(path, `unknown value ${JSON.stringify(value)}`, hint ?? oneOf);
  }
}

function quoteHint(value: unknown): string | undefined {
  return typeof value === "number" || typeof value === "boolean"
    ? `put it in quotes: "${String(value)}"`
    : undefined;
}

const SHAPES: Readonly<Partial<Record<string, string>>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map of keys",
};

function shapeOf(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map of keys";
  return typeof value === "string" ? "a text" : JSON.stringify(value);
}

function valueAt(data: unknown, path: RulePath): unknown {
  let value = data;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}
