import type { Verdict } from "../policy/hearing.ts";
import type { RulePath } from "../policy/rule-problem.ts";
import type { RuleFile } from "../policy/schema.ts";
import type { ConfigProblem } from "./config-problem.ts";
import type { RuleFileSource } from "./load-rules.ts";

/** How the inline tests reach one rule. */
export interface RuleCoverage {
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  /** Tests in which the rule matched. */
  readonly tests: number;
  /** Names of its exceptions that held in no test. */
  readonly unusedExceptions: readonly string[];
}

export interface TestCoverage {
  /** Every rule of every file that was read, in their order. */
  readonly rules: readonly RuleCoverage[];
  /** A warning for each rule that no test hits, and each exception that no test uses, at its place. */
  readonly problems: readonly ConfigProblem[];
}

/** Counts, over all inline tests, which rules matched and which exceptions held, by the traces of their verdicts. */
export class CoverageCounter {
  readonly #hits = new Map<string, number>();
  readonly #exceptions = new Set<string>();

  /** Takes the verdict of one test, which was asked with its trace. */
  take(verdict: Verdict): void {
    const matched = new Set<string>();
    for (const entry of verdict.decisions.flatMap((decision) => decision.trace)) {
      if (entry.matched) matched.add(entry.rule);
      if (entry.note?.startsWith(EXCEPTED) === true) {
        this.#exceptions.add(`${entry.rule}\n${entry.note.slice(EXCEPTED.length)}`);
      }
    }
    for (const rule of matched) this.#hits.set(rule, (this.#hits.get(rule) ?? 0) + 1);
  }

  coverage(sources: readonly RuleFileSource[]): TestCoverage {
    const problems: ConfigProblem[] = [];
    const exceptions = placedExceptions(sources).filter(
      ({ rule, name }) => !this.#exceptions.has(`${rule}\n${name}`),
    );
    const rules = sources.flatMap((source) =>
      (fileOf(source).rules ?? []).map((rule, index) => {
        const path = ["rules", index];
        const tests = this.#hits.get(rule.id) ?? 0;
        const hint = "add one under tests:";
        if (tests === 0) {
          problems.push(warning(source, [...path, "id"], `no test hits "${rule.id}"`, hint));
        }
        const unused = exceptions.filter((exception) => exception.rule === rule.id);
        const names = unused.map((exception) => exception.name);
        const line = source.lineOf?.(path) ?? 0;
        return { rule: rule.id, file: source.file, line, tests, unusedExceptions: names };
      }),
    );
    for (const { source, path, rule, name } of exceptions) {
      const message = `no test uses the exception "${name}" of "${rule}"`;
      problems.push(warning(source, path, message, "add one in which it holds"));
    }
    return { rules, problems };
  }
}

/** What the trace says of a rule whose exception held (policy/decide.ts). */
const EXCEPTED = "excepted: ";

interface PlacedException {
  readonly source: RuleFileSource;
  readonly path: RulePath;
  readonly rule: string;
  readonly name: string;
}

function placedExceptions(sources: readonly RuleFileSource[]): readonly PlacedException[] {
  return sources.flatMap((source) => {
    const { rules = [], overrides = [] } = fileOf(source);
    return [
      ...rules.flatMap(({ id, unless = [] }, at) =>
        unless.map(({ name }, index) => {
          const path = ["rules", at, "unless", index];
          return { source, path, rule: id, name };
        }),
      ),
      ...overrides.flatMap(({ rule, add_unless: added = [] }, at) =>
        added.map(({ name }, index) => {
          const path = ["overrides", at, "add_unless", index];
          return { source, path, rule, name };
        }),
      ),
    ];
  });
}

function warning(
  source: RuleFileSource,
  path: RulePath,
  message: string,
  hint: string,
): ConfigProblem {
  return source.problemAt(path, { message, hint, severity: "warning" });
}

/** Valid by now: the policy has been compiled. */
function fileOf(source: RuleFileSource): Partial<RuleFile> {
  return source.data ?? {};
}
