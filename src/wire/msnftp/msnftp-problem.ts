/** What a peer did wrong on a connection that carries a file, or that it gave up. */
export interface MsnftpProblem {
  readonly code: MsnftpProblemCode;
  readonly detail: string;
}

export type MsnftpProblemCode =
  | "bad-line"
  | "unexpected-line"
  | "no-common-version"
  | "wrong-user"
  | "wrong-size"
  | "bad-chunk"
  | "too-much-data"
  | "bad-mac"
  | "peer-cancelled";

export function msnftpProblem(code: MsnftpProblemCode, detail: string): MsnftpProblem {
  return { code, detail };
}
