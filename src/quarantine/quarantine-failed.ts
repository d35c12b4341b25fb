import { CodedError } from "../base/coded-error.ts";

/**
 * The store of kept files cannot be used, or one of its items is not what was stored: changed, cut, of another item, or
 * sealed with another key. What the system said is in `cause`.
 */
export class QuarantineFailed extends CodedError {
  // The narrower parameter type is the point: these are the only codes of this folder, as docs/errors.md lists them.
  // oxlint-disable-next-line no-useless-constructor
  constructor(code: QuarantineErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }

  /** What the system said, as ours; an error that is already ours stays as it is. */
  static from(error: unknown, doing: string): QuarantineFailed {
    if (error instanceof QuarantineFailed) return error;
    const detail = error instanceof Error ? error.message : String(error);
    return new QuarantineFailed("QUARANTINE_FAILED", `${doing}: ${detail}`, { cause: error });
  }
}

export type QuarantineErrorCode = "QUARANTINE_DAMAGED" | "QUARANTINE_FAILED";
