import { failed, type Result } from "../../base/result.ts";

/** Why a MIME structure was not accepted: two readers might read it differently, or it is broken. Listed in docs/errors.md. */
export type MimeProblemCode =
  | "bad-media-type"
  | "duplicate-parameter"
  | "bad-parameter"
  | "bad-disposition"
  | "bad-boundary"
  | "ambiguous-boundary"
  | "missing-boundary-line"
  | "missing-closing-boundary"
  | "multipart-preamble"
  | "multipart-epilogue"
  | "broken-part-header"
  | "duplicate-part-header"
  | "bad-transfer-encoding"
  | "unknown-transfer-encoding"
  | "content-encoding"
  | "broken-content-encoding"
  | "encoded-body-too-large"
  | "broken-cpim"
  | "part-content-length";

export interface MimeProblem {
  readonly code: MimeProblemCode;
  readonly detail: string;
}

/** A named refusal; `detail` is for the record. */
export function mimeProblem(code: MimeProblemCode, detail: string): Result<never, MimeProblem> {
  return failed({ code, detail });
}
