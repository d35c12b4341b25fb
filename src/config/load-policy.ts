import { failed, ok, type Result } from "../base/result.ts";
import { compilePolicy } from "../policy/compile.ts";
import type { Policy } from "../policy/decision.ts";
import type { RuleProblem } from "../policy/rule-problem.ts";
import { readRuleFile } from "../policy/schema-problems.ts";
import type { Mode } from "../policy/schema.ts";
import { sortProblems, type ConfigProblem } from "./config-problem.ts";
import type { JudgeGiven } from "./given.ts";
import { runInlineTests } from "./inline-tests.ts";
import { loadRules, type LoadedRules, type RuleFileSource } from "./load-rules.ts";
import { CoverageCounter, type TestCoverage } from "./test-coverage.ts";

/** Rules that may be put in force. */
export interface LoadedPolicy {
  readonly policy: Policy;
  /** What it was made of. */
  readonly rules: LoadedRules;
  readonly warnings: readonly ConfigProblem[];
  /** Inline tests that were run, all of them with success. */
  readonly testCount: number;
  /** Packs that were read and that no policy uses. */
  readonly unusedPacks: readonly string[];
  /** What the tests reach, if that was asked. */
  readonly coverage: TestCoverage | undefined;
}

export interface LoadPolicyOptions {
  readonly generation: number;
  /** Undefined: the inline tests are not run (`sluice check --no-tests`). */
  readonly judgeGiven: JudgeGiven | undefined;
  /** The program's own mode: no rule is stricter. Default enforce. */
  readonly mode?: Mode;
  /** Say which rules the inline tests reach. */
  readonly coverage?: boolean;
  /** Wall clock for warnings about expiry, milliseconds since 1970; without it there are none. */
  readonly now?: number;
  /** Where copies for `on_missing: last-good` are kept; without it there are none. */
  readonly copies?: string;
}

/**
 * From rule files to rules that may be put in force: read, validate, compile, run the inline tests. Whatever is wrong,
 * nothing is put in force and nothing changed; the problems are all that were found, each with its place, warnings among
 * them.
 *
 * @param what A `Config`, or the parts of one that matter here; `rules` are absolute paths.
 */
export function loadPolicy(
  what: { readonly rules: readonly string[]; readonly domains: readonly string[] },
  options: LoadPolicyOptions,
): Result<LoadedPolicy, readonly ConfigProblem[]> {
  return policyOf(loadRules(what.rules, { copies: options.copies }), what.domains, options);
}

/** The second half of `loadPolicy`, for whoever has read the files. */
export function policyOf(
  rules: LoadedRules,
  domains: readonly string[],
  options: LoadPolicyOptions,
): Result<LoadedPolicy, readonly ConfigProblem[]> {
  const { sources, problems } = rules;
  if (problems.some((problem) => problem.severity === "error")) {
    // What refers to the unreadable file would only repeat that it is missing: shapes are checked, names are not.
    const shapes = sources.flatMap((source) => {
      const read = readRuleFile(source);
      return read.ok ? [] : read.problem;
    });
    return failed(sortProblems([...problems, ...placed(shapes, sources)]));
  }
  const { generation, mode, now } = options;
  const compiled = compilePolicy(sources, {
    domains,
    generation,
    ...(mode === undefined ? undefined : { mode }),
    ...(now === undefined ? undefined : { now }),
  });
  if (!compiled.ok)
    return failed(sortProblems([...problems, ...placed(compiled.problem, sources)]));
  const found = [...problems, ...placed(compiled.value.warnings, sources)];
  const policy = compiled.value;
  const { judgeGiven } = options;
  const unusedPacks = packsWithout(policy, sources);
  if (judgeGiven === undefined) {
    const warnings = sortProblems(found);
    return ok({ policy, rules, warnings, testCount: 0, unusedPacks, coverage: undefined });
  }
  const counter = options.coverage === true ? new CoverageCounter() : undefined;
  const settings = { domains, trace: counter !== undefined };
  const tests = runInlineTests(
    sources,
    policy,
    (asked, given) => judgeGiven(asked, given, settings),
    counter,
  );
  if (tests.problems.length > 0) return failed(sortProblems([...found, ...tests.problems]));
  const coverage = counter?.coverage(sources);
  const warnings = sortProblems([...found, ...(coverage?.problems ?? [])]);
  return ok({ policy, rules, warnings, testCount: tests.count, unusedPacks, coverage });
}

function packsWithout(policy: Policy, sources: readonly RuleFileSource[]): readonly string[] {
  const used = new Set(policy.rules.map((rule) => rule.pack));
  const packs = new Set(sources.map((source) => source.pack));
  return [...packs].filter((pack) => pack !== undefined && !used.has(pack)) as string[];
}

function placed(
  problems: readonly RuleProblem[],
  sources: readonly RuleFileSource[],
): readonly ConfigProblem[] {
  const byFile = new Map(sources.map((source) => [source.file, source]));
  return problems.flatMap((problem) => {
    const source = byFile.get(problem.file);
    return source === undefined ? [] : [source.problemAt(problem.path, problem)];
  });
}
