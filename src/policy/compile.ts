import { createHash } from "node:crypto";
import { failed, ok, type Result } from "../base/result.ts";
import { checkDefinitions } from "./check-definitions.ts";
import { checkReach } from "./check-reach.ts";
import {
  checkLists,
  checkPack,
  checkReaders,
  checkRules,
  type CheckedRule,
} from "./check-rules.ts";
import { compileDefinitions, type ReadFile } from "./compile-definitions.ts";
import { compilePolicies } from "./compile-policies.ts";
import {
  compileRule,
  type CompiledRule,
  type PlacedOverride,
  type PlacedRule,
  type RuleOptions,
} from "./compile-rule.ts";
import type { PolicyLimits } from "./condition.ts";
import { decide, type RuleSet } from "./decide.ts";
import type { Policy, RuleSummary } from "./decision.ts";
import type { Facts } from "./facts.ts";
import type { MessageWork } from "./message-work.ts";
import { createProblemSink, type RuleProblem, type RuleSource } from "./rule-problem.ts";
import { readRuleFile } from "./schema-problems.ts";
import type { Mode } from "./schema.ts";
import { didYouMean } from "./suggest.ts";

/**
 * From rule files to a frozen Policy: validate, link names, compile conditions to closures, order by policy and phase,
 * warn of what surprises. The language is RULES.md; what of it is not built is refused by name.
 *
 * Pure: files have been read, list files resolved and the clock asked (`now`) by the caller. Nothing here is kept
 * between two compilations. A policy never awaits, never throws and never looks at bytes.
 */
export function compilePolicy(
  sources: readonly RuleSource[],
  options: PolicyOptions,
): Result<Policy, readonly RuleProblem[]> {
  const problems: RuleProblem[] = [];
  const files = readFiles(sources, problems);
  if (problems.length > 0) return failed(problems);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const names = compileDefinitions(files, limits);
  const mode = options.mode ?? "enforce";
  const ruleOptions: RuleOptions = { names, limits, mode, now: options.now };
  const rules: CheckedRule[] = placeRules(files).map((placed) => ({
    placed,
    compiled: compileRule(placed, ruleOptions),
  }));
  for (const file of files) checkPack(file);
  const compiled = rules.map((rule) => rule.compiled);
  const sets = compilePolicies(files, compiled, ruleOptions);
  const isChecked = options.checked === true;
  if (!isChecked) {
    checkRules(rules, names, options.domains);
    checkLists(names);
    checkReaders(files[0], names.definitions.work.readers);
  }
  const errors = problems.filter((problem) => problem.severity === "error");
  if (errors.length > 0) return failed(problems);
  if (!isChecked) {
    // What an error left out would be told as unused, or as in the way.
    checkReach(rules, sets, names);
    checkDefinitions(files);
  }
  names.definitions.phrases.prepare();
  const identity = { generation: options.generation, hash: hashOf(sources) };
  return ok(createPolicy(sets, problems, identity, names.definitions.work));
}

export interface PolicyOptions {
  /** Ours; only to warn when rules ask for a direction and there are none. */
  readonly domains: readonly string[];
  readonly generation: number;
  /** The program's own mode: no rule is stricter. Default enforce. */
  readonly mode?: Mode;
  /** Wall clock for warnings about expiry, milliseconds since 1970; without it there are none. */
  readonly now?: number;
  readonly limits?: Partial<PolicyLimits>;
  /** These very sources were compiled before, and their warnings told: no others are looked for. */
  readonly checked?: boolean;
}

/** Rules of all files and packs: what is judged by more is better judged by lists. */
const MAX_RULES = 10_000;

const DEFAULT_LIMITS: PolicyLimits = { regexProgram: 5000, regexInput: 262_144 };

function readFiles(sources: readonly RuleSource[], problems: RuleProblem[]): readonly ReadFile[] {
  const files: ReadFile[] = [];
  for (const source of sources) {
    const read = readRuleFile(source);
    if (!read.ok) problems.push(...read.problem);
    else {
      const { file, pack, lineOf, feeds } = source;
      const sink = createProblemSink(file, problems);
      files.push({
        file,
        pack,
        data: read.value,
        problems: sink,
        lineOf: lineOf ?? (() => 0),
        feeds,
      });
    }
  }
  return files;
}

/** Every rule with the overrides that name it; a second rule of the same id is a problem, and left out. */
function placeRules(files: readonly ReadFile[]): readonly PlacedRule[] {
  const overrides = files.flatMap((source) =>
    (source.data.overrides ?? []).map((data, index) => ({
      data,
      path: ["overrides", index],
      source,
    })),
  );
  const placed = new Map<string, PlacedRule>();
  for (const source of files) {
    for (const [index, data] of (source.data.rules ?? []).entries()) {
      const path = ["rules", index];
      if (placed.size === MAX_RULES) {
        const hint = "let rules ask for lists (in_list)";
        source.problems.error(path, `there are more than ${MAX_RULES} rules`, hint);
        return [...placed.values()];
      }
      const earlier = placed.get(data.id);
      if (earlier === undefined) {
        const own = overrides.filter((override) => override.data.rule === data.id);
        placed.set(data.id, { data, path, source, overrides: own });
      } else {
        const where = `${earlier.source.file}:${earlier.source.lineOf(earlier.path)}`;
        source.problems.error([...path, "id"], `there is a rule "${data.id}" already, in ${where}`);
      }
    }
  }
  for (const override of overrides) checkOverride(override, placed);
  return [...placed.values()];
}

function checkOverride(override: PlacedOverride, rules: ReadonlyMap<string, PlacedRule>): void {
  const { data, path, source } = override;
  if (rules.has(data.rule)) return;
  const hint = didYouMean(data.rule, rules.keys());
  source.problems.error([...path, "rule"], `there is no rule "${data.rule}"`, hint);
}

function createPolicy(
  sets: readonly RuleSet[],
  warnings: readonly RuleProblem[],
  identity: { readonly generation: number; readonly hash: string },
  work: MessageWork,
): Policy {
  const rules = new Map<string, RuleSummary>();
  for (const rule of sets.flatMap((set) => set.rules)) {
    if (!rules.has(rule.reference.id)) rules.set(rule.reference.id, summaryOf(rule));
  }
  return Object.freeze({
    ...identity,
    warnings,
    rules: [...rules.values()],
    decide(facts, asked) {
      work.begin(messageOf(facts));
      return decide(sets, facts, asked?.trace === true);
    },
  } satisfies Policy);
}

/** What all questions about one message have in common. */
function messageOf(facts: Facts): object {
  try {
    return facts.texts;
  } catch {
    return facts; // Deciding never throws: the rules that ask for texts fail.
  }
}

function summaryOf(rule: CompiledRule): RuleSummary {
  const { effects } = rule;
  const parts = [
    effects.terminal,
    effects.rewriteStyle === undefined ? undefined : "rewrite",
    effects.notices.length > 0 ? "notice" : undefined,
    effects.tags.length > 0 ? "tag" : undefined,
    effects.log.length > 0 ? "log" : undefined,
  ].filter((part) => part !== undefined);
  return {
    ...rule.reference,
    pack: rule.pack,
    enabled: rule.enabled,
    mode: rule.mode,
    phase: rule.phases.join(", "),
    action: parts.join(", "),
  };
}

function hashOf(sources: readonly RuleSource[]): string {
  const hash = createHash("sha256");
  for (const { file, pack, data } of sources) hash.update(JSON.stringify([file, pack, data]));
  return hash.digest("hex");
}
