import { Compiler, type Scanner } from "@virustotal/yara-x";
import type { YaraProblem, YaraSource } from "./yara-messages.ts";
import { isYaraStyle, readYaraProblem } from "./yara-problem.ts";

/**
 * More matches of one pattern are not counted: a file made of them would cost memory for each. A rule that asks for more than so many
 * (`#a > 10000`) is never true.
 */
const MAX_MATCHES_PER_PATTERN = 10_000;

/** No more problems than somebody reads. */
const MAX_PROBLEMS = 100;

export interface CompiledYara {
  /** Undefined: one of the problems is an error. */
  readonly scanner: Scanner | undefined;
  readonly problems: readonly YaraProblem[];
}

/**
 * Compiles rule files, each in a name space of its own. The library must have been given its wasm. Includes are errors: the
 * library has no way to read other files.
 */
export function compileYara(sources: readonly YaraSource[]): CompiledYara {
  const compiler = new Compiler();
  const problems: YaraProblem[] = [];
  let errors = 0;
  let warnings = 0;
  for (const { file, text } of sources) {
    compiler.newNamespace(file);
    let thrown: string | undefined;
    try {
      compiler.addSource(text);
    } catch (error) {
      thrown = error instanceof Error ? error.message : String(error);
    }
    const found = [...compiler.errors.slice(errors), ...compiler.warnings.slice(warnings)];
    if (thrown !== undefined && compiler.errors.length === errors) found.push(thrown);
    errors = compiler.errors.length;
    warnings = compiler.warnings.length;
    const told = found.filter((one) => !isYaraStyle(one));
    problems.push(...told.map((one) => readYaraProblem(one, file)));
  }
  problems.sort((a, b) => Number(a.severity === "warning") - Number(b.severity === "warning"));
  const shown = problems.slice(0, MAX_PROBLEMS);
  if (problems[0]?.severity === "error") return { scanner: undefined, problems: shown };
  const scanner = compiler.build().scanner();
  scanner.setMaxMatchesPerPattern(MAX_MATCHES_PER_PATTERN);
  return { scanner, problems: shown };
}
