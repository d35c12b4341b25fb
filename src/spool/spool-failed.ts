import { CodedError } from "../base/coded-error.ts";

/**
 * The spool's disk, or a file on it, does not do what it must: full (also a quota of the file system), more or fewer bytes
 * than announced, changed by somebody else, or whatever else the system said (in `cause`). Whoever gets it discards the file and fails the transfer.
 */
export class SpoolFailed extends CodedError {
  // The narrower parameter type is the point: these are the only codes of this folder, as docs/errors.md lists them.
  // oxlint-disable-next-line no-useless-constructor
  constructor(code: SpoolErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }

  /** What the system said, as ours; an error that is already ours stays as it is. */
  static from(error: unknown, doing: string): SpoolFailed {
    if (error instanceof SpoolFailed) return error;
    const code = isDiskFull(error) ? "SPOOL_FULL" : "SPOOL_FAILED";
    const detail = error instanceof Error ? error.message : String(error);
    return new SpoolFailed(code, `${doing}: ${detail}`, { cause: error });
  }
}

export type SpoolErrorCode =
  | "SPOOL_FULL"
  | "SPOOL_OVERRUN"
  | "SPOOL_SHORT"
  /** Somebody else has written to it. */
  | "SPOOL_CHANGED"
  | "SPOOL_FAILED";

/** No space, no inode, or the quota that the file system holds for our account. */
export function isDiskFull(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT";
}
