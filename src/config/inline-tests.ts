import { dirname, resolve } from "node:path";
import type { Policy } from "../policy/decision.ts";
import type { RulePath } from "../policy/rule-problem.ts";
import type { RuleFile } from "../policy/schema.ts";
import type { ExpectData, ExpectedNotices, InlineTest } from "../policy/test-schema.ts";
import { asList } from "../policy/vocabulary.ts";
import type { ConfigProblem } from "./config-problem.ts";
import { readGiven, type Given, type GivenOutcome } from "./given.ts";
import type { RuleFileSource } from "./load-rules.ts";
import { createTestBench, type TestBench } from "./test-bench.ts";
import type { CoverageCounter } from "./test-coverage.ts";

export interface TestRun {
  readonly count: number;
  /** One for each test that failed, at the place of the test. */
  readonly problems: readonly ConfigProblem[];
}

/**
 * Runs the tests that stand in rule files (`tests:` of a rule, `tests:` of a file).
 *
 * The tests of a file ask the rules of that file and of the files before it, with the packs: a rule that an earlier one
 * hides fails its test, and what a later file overrides does not make the tests of an earlier one fail. The tests of a
 * pack ask that pack alone, as it was written. Tests of a rule that is switched off or only monitors ask that rule alone,
 * in force.
 *
 * @param counter Takes every verdict; `judgeGiven` then has to ask for traces.
 */
export function runInlineTests(
  sources: readonly RuleFileSource[],
  policy: Policy,
  judgeGiven: (policy: Policy, given: Given) => GivenOutcome,
  counter?: CoverageCounter,
): TestRun {
  const judged = (asked: Policy, given: Given): GivenOutcome => {
    const outcome = judgeGiven(asked, given);
    counter?.take(outcome.verdict);
    return outcome;
  };
  const bench = createTestBench(sources, policy);
  const problems: ConfigProblem[] = [];
  let count = 0;
  for (const source of sources) {
    const folder = dirname(resolve(source.file));
    for (const { test, path, asked } of testsOf(source, bench)) {
      count += 1;
      const failure =
        asked === undefined
          ? CANNOT_COMPILE
          : failureOf(test, folder, (given) => judged(asked, given));
      if (failure === undefined) continue;
      const name = test.name === undefined ? "test" : `test "${test.name}"`;
      const message = `${name} failed: ${failure}`;
      problems.push(source.problemAt(path, { message, kind: "test-failed" }));
    }
  }
  return { count, problems };
}

const CANNOT_COMPILE = "the rules it asks cannot be used by themselves";

interface PlacedTest {
  readonly test: InlineTest;
  readonly path: RulePath;
  /** The rules that the test asks. */
  readonly asked: Policy | undefined;
}

function testsOf(source: RuleFileSource, bench: TestBench): readonly PlacedTest[] {
  const data = (source.data ?? {}) as Partial<RuleFile>;
  const tests: PlacedTest[] = [];
  for (const [index, rule] of (data.rules ?? []).entries()) {
    for (const [number, test] of (rule.tests ?? []).entries()) {
      const path = ["rules", index, "tests", number];
      tests.push({ test, path, asked: bench.forRule(source, rule) });
    }
  }
  for (const [number, test] of (data.tests ?? []).entries()) {
    tests.push({ test, path: ["tests", number], asked: bench.forFile(source) });
  }
  return tests;
}

/** What is not as expected, or undefined. */
function failureOf(
  test: InlineTest,
  folder: string,
  judge: (given: Given) => GivenOutcome,
): string | undefined {
  const given = readGiven(test.given, folder);
  if (!given.ok) return given.problem;
  let outcome: GivenOutcome;
  try {
    outcome = judge(given.value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return error.message;
  }
  const differences = comparisons(test.expect, outcome).filter(
    ({ expected, got }) => expected !== undefined && expected !== got,
  );
  if (differences.length === 0) return undefined;
  return differences
    .map(({ what, expected, got }) => `expected ${what} ${shown(expected)}, got ${shown(got)}`)
    .join("; ");
}

interface Comparison {
  readonly what: string;
  /** Undefined: not compared. */
  readonly expected: string | number | null | undefined;
  readonly got: string | number | null;
}

function comparisons(expect: ExpectData, outcome: GivenOutcome): readonly Comparison[] {
  const { decision, decisions } = outcome.verdict;
  const found = decisions.flatMap((one) => one.tags);
  const monitored = decisions.flatMap((one) => one.monitored.map((hit) => hit.rule));
  return [
    { what: "action", expected: expect.action, got: outcome.action },
    { what: "rule", expected: expect.rule, got: outcome.rule ?? null },
    { what: "respond", expected: expect.respond, got: outcome.respond ?? null },
    { what: "reason", expected: expect.reason, got: outcome.reason ?? null },
    { what: "text", expected: expect.text, got: outcome.text ?? null },
    { what: "policy", expected: expect.policy, got: (decision ?? decisions[0])?.policy ?? null },
    {
      what: "incident severity",
      expected: expect.incident?.severity,
      got: outcome.severity ?? null,
    },
    ...noticeComparisons(expect.notify ?? {}, outcome),
    ...memberComparisons("tag", asList<string>(expect.tags), found),
    ...memberComparisons("monitored rule", asList<string>(expect.monitored), monitored),
  ];
}

function noticeComparisons(
  expect: ExpectedNotices,
  { verdict }: GivenOutcome,
): readonly Comparison[] {
  const wished = verdict.decisions.flatMap((one) => one.notify);
  return (["sender", "recipient", "admins"] as const).map((audience) => ({
    what: `notice to ${audience}`,
    expected: expect[audience],
    got: wished.find((notice) => notice.audience === audience)?.template ?? null,
  }));
}

/** Each of `wanted` has to be there; others may be there too. */
function memberComparisons(
  what: string,
  wanted: readonly string[],
  found: readonly string[],
): readonly Comparison[] {
  const all = [...new Set(found)].join(", ");
  return wanted.map((expected) => ({
    what,
    expected,
    got: found.includes(expected) ? expected : all || null,
  }));
}

function shown(value: string | number | null | undefined): string {
  return value === null || value === undefined ? "none" : JSON.stringify(value);
}
