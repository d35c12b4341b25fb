import type { IcapHead } from "./icap-head.ts";
import type { UnscannableReason } from "./scan-result.ts";

/** Values of X-Error-Code that say of a file, not of the server, why it was not scanned. */
const REASONS: ReadonlyMap<string, UnscannableReason> = new Map([
  ["decode_error", "corrupt"],
  ["max_archive_layers_exceeded", "too-deep"],
  ["password_protected", "encrypted"],
]);

/**
 * Why a server could not look into a file, from the header field X-Error-Code that some send with a 500. Undefined where it does not stand there, or
 * says something else: then the response is read without it. A file that it names is never clean, whatever the status.
 *
 * @example unscannableReason(head.fields) // "X-Error-Code: password_protected": "encrypted"
 */
export function unscannableReason(fields: IcapHead["fields"]): UnscannableReason | undefined {
  for (const value of fields.get("x-error-code") ?? []) {
    const reason = REASONS.get(value.trim().toLowerCase());
    if (reason !== undefined) return reason;
  }
  return undefined;
}
