import type { LookProblem } from "./look-problem.ts";

/** What a document in a form of its own has in it that rules ask for: PDF, rich text. */
export interface PaperContent {
  /** It runs a script or a program, or a document in it has macros. Undefined: encrypted, and not seen. */
  readonly hasMacros: boolean | undefined;
  readonly encrypted: boolean;
  /** Names of the files in it. */
  readonly embedded: readonly string[];
  readonly problem: LookProblem | undefined;
}
