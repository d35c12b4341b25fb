/** Why not everything in a file could be looked at; the words of `scan.reason`. */
export type LookProblem =
  | "encrypted"
  | "corrupt"
  | "too-deep"
  | "bomb"
  | "partial"
  | "unknown-format";
