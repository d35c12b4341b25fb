import { CodedError } from "../base/coded-error.ts";

/**
 * The record cannot be kept: the disk is full or read-only, the store's worker died, or it is too far behind.
 * What could not be recorded must not be answered as if it had been (DESIGN invariant 6), so the filter fails closed.
 */
export class JournalUnavailable extends CodedError {
  // The narrower parameter type is the point: these are the only codes of this folder, as docs/errors.md lists them.
  // oxlint-disable-next-line no-useless-constructor
  constructor(code: JournalErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

export type JournalErrorCode = "JOURNAL_UNAVAILABLE" | "JOURNAL_OVERLOADED" | "JOURNAL_OPEN_FAILED";
