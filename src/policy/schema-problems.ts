import type { z } from "zod";
import { failed, ok, type Result } from "../base/result.ts";
import {
  createProblemSink,
  type RulePath,
  type RuleProblem,
  type RuleSource,
} from "./rule-problem.ts";
import { CONDITIONS } from "./conditions.ts";
import { ruleFileSchema, type RuleFile } from "./schema.ts";
import { didYouMean } from "./suggest.ts";
import { vocabularyOf } from "./vocabulary.ts";

/** Validates one rule file against the schema. A file without content is an empty rule file. */
export function readRuleFile(source: RuleSource): Result<RuleFile, readonly RuleProblem[]> {
  if (source.data === null || source.data === undefined) return ok({ version: 1 });
  const parsed = ruleFileSchema.safeParse(source.data);
  if (parsed.success) return ok(parsed.data);
  const problems: RuleProblem[] = [];
  const sink = createProblemSink(source.file, problems);
  for (const issue of parsed.error.issues) {
    for (const found of explainIssue(issue, source.data, [])) {
      sink.error(found.path, found.message, found.hint);
    }
  }
  return failed(problems);
}

interface Explained {
  readonly path: RulePath;
  readonly message: string;
  readonly hint: string | undefined;
}

type Issue = z.core.$ZodIssue;

function explainIssue(issue: Issue, document: unknown, above: RulePath): readonly Explained[] {
  const path: RulePath = [...above, ...issue.path.map(asKey)];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => explainKey([...path, key], key, issue.message));
  }
  if (issue.code === "invalid_union") return explainUnion(issue, document, path);
  if (issue.code === "invalid_type") {
    return [wrongType(path, [issue.expected], valueAt(document, path))];
  }
  if (issue.code === "invalid_value") {
    return [explainValue(path, issue.message, valueAt(document, path))];
  }
  const inner = issue.code === "invalid_key" ? issue.issues[0]?.message : undefined;
  return [{ path, message: inner ?? issue.message, hint: undefined }];
}

function explainKey(path: RulePath, key: string, message: string): Explained {
  const { known, later } = vocabularyOf(message) ?? { known: [], later: [] };
  if (later.includes(key)) {
    return { path, message: `"${key}" is not available in this version`, hint: undefined };
  }
  const hint =
    didYouMean(key, known) ?? wherePlaced(key, known) ?? `known here: ${known.join(", ")}`;
  return { path, message: `unknown key "${key}"`, hint };
}

const FAMILIES: ReadonlySet<string> = new Set([
  ...CONDITIONS.map(({ family }) => family),
  "any",
  "all",
  "not",
  "object",
]);

const EFFECTS: ReadonlySet<string> = new Set(
  "allow block quarantine rewrite notice notify tag log set_severity".split(" "),
);

const OF_RULES: ReadonlySet<string> = new Set(["id", "title", "when", "unless", "then"]);

/** Of a key that is right elsewhere, where: it mostly stands too far to the left. */
function wherePlaced(key: string, known: readonly string[]): string | undefined {
  if (known.includes("when") && known.includes("then")) {
    if (FAMILIES.has(key)) return "conditions stand under when:, further to the right than it";
    if (EFFECTS.has(key)) return "what happens stands under then:, further to the right than it";
  }
  if (known.includes("rules") && OF_RULES.has(key)) {
    return 'it belongs to a rule, and rules are items ("- id: …") under rules:';
  }
  return undefined;
}

function explainValue(path: RulePath, message: string, value: unknown): Explained {
  const vocabulary = vocabularyOf(message);
  if (vocabulary === undefined) return { path, message, hint: undefined };
  const { known, later } = vocabulary;
  if (value === undefined) {
    return missing(path, `one of: ${known.join(", ")}`);
  }
  const word = typeof value === "string" ? value : JSON.stringify(value);
  if (later.some((name) => word === name || word.startsWith(`${name}:`))) {
    return { path, message: `"${word}" is not available in this version`, hint: undefined };
  }
  const hint = didYouMean(word, known) ?? `one of: ${known.join(", ")}`;
  return { path, message: `unknown value ${JSON.stringify(value)}`, hint };
}

/** The place shown is where the key would stand, so the message names it. */
function missing(path: RulePath, hint: string | undefined): Explained {
  return { path, message: `"${path.at(-1) ?? "content"}" is missing`, hint };
}

/**
 * Of the branches of a union the one is reported that the author meant: the one that fits the value's shape and fails
 * further down. When none fits, what would fit is listed.
 */
function explainUnion(
  issue: Issue & { code: "invalid_union" },
  document: unknown,
  path: RulePath,
): readonly Explained[] {
  const branches = issue.errors.filter((errors) => !errors.every(isWrongShape));
  const meant = branches[0];
  if (meant !== undefined) {
    return meant.flatMap((inner) => explainIssue(inner, document, path));
  }
  const words = issue.errors.flatMap((errors) =>
    errors.filter((error) => error.code === "invalid_value"),
  );
  const value = valueAt(document, path);
  const [word] = words;
  if (word !== undefined && typeof value !== "object") {
    return [explainValue(path, word.message, value)];
  }
  const shapes = issue.errors.flatMap((errors) =>
    errors.map((error) => (error.code === "invalid_type" ? error.expected : "")),
  );
  return [wrongType(path, words.length > 0 ? ["string", ...shapes] : shapes, value)];
}

function isWrongShape(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  return (
    issue.code === "invalid_type" ||
    issue.code === "invalid_value" ||
    (issue.code === "invalid_union" && issue.errors.every((errors) => errors.every(isWrongShape)))
  );
}

const SHAPES: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  tuple: "a list of two values",
  object: "a map of keys",
  record: "a map of keys",
  null: "nothing",
};

function wrongType(path: RulePath, expected: readonly string[], value: unknown): Explained {
  if (value === undefined) {
    return missing(path, undefined);
  }
  const shapes = [...new Set(expected.filter((shape) => shape !== "").map((s) => SHAPES[s] ?? s))];
  const message = `expected ${shapes.join(" or ")}, found ${shapeOf(value)}`;
  if (value === null) {
    const hint = "write it below, further to the right, or take the key out";
    return { path, message, hint };
  }
  const isScalar = typeof value === "number" || typeof value === "boolean";
  const hint =
    isScalar && expected.includes("string")
      ? `quote it, as in "${String(value)}"; unquoted, YAML reads 001 as 1`
      : undefined;
  return { path, message, hint };
}

function shapeOf(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map of keys";
  if (typeof value === "number") return `the number ${value}`;
  return typeof value === "string" ? "a text" : JSON.stringify(value);
}

function valueAt(document: unknown, path: RulePath): unknown {
  let value: unknown = document;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

function asKey(key: PropertyKey): string | number {
  return typeof key === "symbol" ? String(key) : key;
}
