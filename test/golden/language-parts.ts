import { parse } from "yaml";
import type { ConditionData } from "../../src/policy/condition-schema.ts";
import { CONDITIONS } from "../../src/policy/conditions.ts";
import { ruleFileJsonSchema, type RuleFile } from "../../src/policy/schema.ts";
import type { GoldenFile } from "./golden-file.ts";

/** Every field that a condition may ask, as "url.host" or "direction"; combinators beside them. */
export const FIELDS: readonly string[] = [
  ...CONDITIONS.flatMap(({ family, phases }) =>
    Object.keys(phases).map((field) => (field === "" ? family : `${family}.${field}`)),
  ),
  "any",
  "all",
  "not",
  "object",
];

/** Fields that others are building, and that have no golden file yet. Empty is the aim. */
export const MISSING: readonly string[] = [];

/** Words that stand for a choice among many, not for a way of working of their own. */
const MERE_VALUES = new Set(["set_severity", "strip.media"]);

/** Every effect of a rule as the schema has it: "block.respond", "rewrite.links.style hxxp", "tag". */
export const EFFECTS: readonly string[] = effectsBelow("", ruleFileJsonSchema());

type Schema = Readonly<Record<string, unknown>>;

function effectsBelow(path: string, root: unknown): readonly string[] {
  const { definitions = {} } = root as { readonly definitions?: Readonly<Record<string, Schema>> };
  function walk(at: string, schema: Schema): readonly string[] {
    const reference = schema["$ref"];
    if (typeof reference === "string") {
      return walk(at, definitions[reference.split("/").at(-1) ?? ""] ?? {});
    }
    const choices = [schema["anyOf"], schema["allOf"]].flat().filter((one) => one !== undefined);
    const words = MERE_VALUES.has(at) ? [] : ((schema["enum"] ?? []) as readonly string[]);
    return [
      ...choices.flatMap((one) => walk(at, one as Schema)),
      ...words.map((word) => (at === "" ? word : `${at} ${word}`)),
      ...Object.entries((schema["properties"] ?? {}) as Readonly<Record<string, Schema>>).flatMap(
        ([key, inner]) => {
          const below = at === "" ? key : `${at}.${key}`;
          return [below, ...walk(below, inner)];
        },
      ),
    ];
  }
  return [...new Set(walk(path, definitions["effects"] ?? {}))];
}

/** The fields that the rules of a golden file itself ask, wherever they stand; not those of packs and shared files. */
export function askedFields(golden: GoldenFile): readonly string[] {
  const { rules = [], objects = {}, policies = [] } = fileOf(golden);
  const conditions = [
    ...rules.flatMap((rule) => [rule.when, ...(rule.unless ?? [])]),
    ...Object.values(objects),
    ...policies.map((policy) => policy.when),
  ];
  return conditions.flatMap((condition) => (condition === undefined ? [] : fieldsOf(condition)));
}

function fieldsOf(condition: ConditionData): readonly string[] {
  return Object.entries(condition).flatMap(([key, value]) => {
    if (key === "any" || key === "all") {
      return [key, ...(value as readonly ConditionData[]).flatMap(fieldsOf)];
    }
    if (key === "not") return [key, ...fieldsOf(value as ConditionData)];
    const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isMap) return [key];
    return [
      key,
      ...keysBelow(value as Readonly<Record<string, unknown>>).map((one) => `${key}.${one}`),
    ];
  });
}

/** "host", "every", "archive.members": fields may stand one level deeper. */
function keysBelow(value: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? [key, ...Object.keys(inner).flatMap((one) => [`${key}.${one}`, one])]
      : [key],
  );
}

/** The effects that the rules of a golden file itself have. */
export function usedEffects(golden: GoldenFile): readonly string[] {
  return (fileOf(golden).rules ?? []).flatMap((rule) => {
    // oxlint-disable-next-line unicorn/no-thenable -- the key of the rule language
    const { then } = rule;
    if (typeof then === "string") return [then];
    return Object.entries(then).flatMap(([key, value]) => [key, ...partsOf(key, value)]);
  });
}

function partsOf(path: string, value: unknown): readonly string[] {
  if (typeof value === "string") return [`${path} ${value}`];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    `${path}.${key}`,
    ...partsOf(`${path}.${key}`, inner),
  ]);
}

function fileOf({ rules }: GoldenFile): Partial<RuleFile> {
  return (parse(rules) ?? {}) as Partial<RuleFile>;
}
