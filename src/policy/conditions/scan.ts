import type { z } from "zod";
import { below, defineCondition, holdsAll } from "../condition.ts";
import type { ConditionContext, ConditionFamily, FieldTest } from "../condition.ts";
import type { ScanFacts } from "../facts.ts";
import { choiceLeaf, chosen, textLeaf } from "../leaf-schema.ts";
import { compileText, FREE_TEXT } from "../text-test.ts";
import { section } from "../vocabulary.ts";

const VERDICTS = ["clean", "infected", "suspicious", "unscannable", "error"] as const;

const REASONS = [
  "encrypted",
  "too-large",
  "too-deep",
  "bomb",
  "corrupt",
  "unknown-format",
  "partial",
  "down",
  "timeout",
  "bad-reply",
  "overloaded",
] as const;

const schema = section({
  verdict: choiceLeaf(
    VERDICTS,
    "suspicious was found by a heuristic only; rules about infected take it where no rule decided it.",
  ).optional(),
  name: textLeaf("Name of the threat.").optional(),
  engine: textLeaf("Engine that gave the result.").optional(),
  reason: choiceLeaf(
    REASONS,
    "Why a file was unscannable (encrypted … partial) or the scan failed (down … overloaded).",
  ).optional(),
}).meta({ description: "Result of the scan; rules with it are asked after all others." });

/** `scan`: what the engines said; rules that use it form the guard stage (RULES §4.3). */
export const scanCondition: ConditionFamily = defineCondition({
  family: "scan",
  schema,
  phases: { verdict: "file", name: "file", engine: "file", reason: "file" },
  compile(data, context) {
    const fields = fieldTests(data, context);
    return {
      cost: 1,
      collect: undefined,
      test: (facts, trace) => facts.scan !== undefined && holdsAll(fields, facts.scan, trace),
    };
  },
});

function fieldTests(
  data: z.infer<typeof schema>,
  context: ConditionContext,
): readonly FieldTest<ScanFacts>[] {
  const fields: FieldTest<ScanFacts>[] = [];
  if (data.verdict !== undefined) {
    const values = chosen(data.verdict, VERDICTS);
    fields.push({
      field: "scan.verdict",
      test: (scan) => values.has(scan.verdict),
      show: (scan) => scan.verdict,
    });
  }
  if (data.reason !== undefined) {
    const values: ReadonlySet<string> = chosen(data.reason, REASONS);
    fields.push({
      field: "scan.reason",
      test: (scan) => values.has(scan.reason),
      show: (scan) => scan.reason,
    });
  }
  for (const key of ["name", "engine"] as const) {
    const leaf = data[key];
    if (leaf === undefined) continue;
    const test = compileText(leaf, FREE_TEXT, below(context, key));
    fields.push({
      field: `scan.${key}`,
      test: (scan) => test.one(scan[key] === "" ? undefined : scan[key]),
      show: (scan) => scan[key],
    });
  }
  return fields;
}
