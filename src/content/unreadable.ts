import type { LookProblem } from "./look-problem.ts";

/**
 * Thrown by what unpacks bytes piece by piece, where there is no way on; caught where the archive or its member is looked into, so that
 * the look goes on with the next.
 */
export class Unreadable extends Error {
  readonly problem: LookProblem;

  constructor(problem: LookProblem) {
    super(problem);
    this.problem = problem;
  }
}
