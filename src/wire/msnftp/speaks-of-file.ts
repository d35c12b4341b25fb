import type { Invitation } from "./invitation.ts";

/** Fields that nothing but a file transfer has (lcs.md B2). */
const FILE_FIELDS: readonly string[] = [
  "application-file",
  "application-filesize",
  "encryption",
  "encryption-key",
  "hash-key",
  "authcookie",
  "sender-connect",
];

/**
 * Is this a step of a file transfer, whatever its GUID says? COMPAT(pidgin-sipe): it takes every INVITE for one, so that its user would
 * get, under the name of an application that a rule allows, a file that goes round the gateway.
 */
export function speaksOfFile({ fields }: Invitation): boolean {
  return FILE_FIELDS.some((name) => fields.has(name));
}
