/** Something wrong in a configuration or rule file, at the place where its writer finds it. */
export interface ConfigProblem {
  /** As the operator knows it: relative to the working directory where it lies below it. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** What is wrong, in one sentence without a full stop. */
  readonly message: string;
  /** What was probably meant, or what to do. */
  readonly hint: string | undefined;
  /** A warning does not keep the file from being used. */
  readonly severity: "error" | "warning";
  /** An inline test that failed, as opposed to a file that cannot be used (exit code 3 of `sluice check`). */
  readonly kind: "invalid" | "test-failed";
  /** The line itself, for the caret; undefined when the file could not be read. */
  readonly sourceLine: string | undefined;
}

/** More than these are not shown: the first ones explain the rest. */
const MAX_PROBLEMS = 100;

/**
 * By file, line and column; errors before warnings at the same place; without repeats, at most `MAX_PROBLEMS`, of which
 * warnings are the first to be left out.
 */
export function sortProblems(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const seen = new Set<string>();
  const distinct = problems.filter((problem) => {
    const key = `${problem.file}\n${problem.line}\n${problem.column}\n${problem.message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  distinct.sort(compareProblems);
  const errors = distinct.filter((problem) => problem.severity === "error").slice(0, MAX_PROBLEMS);
  const warnings = distinct.filter((problem) => problem.severity === "warning");
  return [...errors, ...warnings.slice(0, MAX_PROBLEMS - errors.length)].sort(compareProblems);
}

function compareProblems(a: ConfigProblem, b: ConfigProblem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  if (a.line !== b.line) return a.line - b.line;
  if (a.column !== b.column) return a.column - b.column;
  return a.severity < b.severity ? -1 : 1;
}
