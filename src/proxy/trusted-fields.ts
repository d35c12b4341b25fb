import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipMessage } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";

/**
 * The fields that are worth nothing unless somebody trusted has written them: by them one element of a trust domain tells
 * the next who the sender is. Taken off what an untrusted client sends, requests and responses alike (RFC 3325 §5); they
 * stand in docs/lifecycle.md as well, and a test compares.
 *
 * Not here: P-Preferred-Identity (RFC 3325 §9.2) is a client's wish to the server that has authenticated it, Identity (RFC
 * 8224) proves itself, and Diversion and History-Info tell where a request has been, not who sent it.
 */
export const ASSERTED_FIELDS: readonly AssertedField[] = [
  { name: "P-Asserted-Identity", source: "RFC 3325 §9.1" },
  { name: "P-Asserted-Service", source: "RFC 6050" },
  { name: "P-Served-User", source: "RFC 5502" },
  { name: "Remote-Party-ID", source: "draft-ietf-sip-privacy-04" },
  { name: "Ms-Sender", source: "the LCS family" },
  { name: "ms-asserted-verification-level", source: "the LCS family" },
  { name: "ms-edge-proxy-message-trust", source: "the LCS family" },
];

export interface AssertedField {
  readonly name: string;
  /** Where its meaning is laid down. */
  readonly source: string;
}

/** What the gateways say to each other: taken off everything, whoever sent it. */
const OWN_PREFIX = "sluice-";

const ASSERTED = new Set(ASSERTED_FIELDS.map(({ name }) => name.toLowerCase()));
/** First letters of all these names, in lower case: most fields need no closer look. */
const FIRST_LETTERS = new Set([OWN_PREFIX, ...ASSERTED].map((name) => name.charCodeAt(0)));

/** Adds the edits that remove our own fields, and where the sender is not trusted what it asserts. */
export function removeTrustedFields(
  message: SipMessage,
  keepAsserted: boolean,
  splices: Splice[],
): void {
  for (let i = 0; i < message.headerCount; i += 1) {
    if (!isRemoved(message, i, keepAsserted)) continue;
    splices.push({ start: message.lineStart(i), end: message.lineEnd(i), bytes: "" });
  }
}

function isRemoved(message: SipMessage, index: number, keepAsserted: boolean): boolean {
  const id = message.idAt(index);
  if (id === HeaderId.SluiceMark) return true;
  if (id === HeaderId.PAssertedIdentity) return !keepAsserted;
  // The rest has no number of its own; `| 32` folds the case of a letter.
  if (id !== HeaderId.Other) return false;
  if (!FIRST_LETTERS.has((message.bytes[message.lineStart(index)] ?? 0) | 32)) return false;
  const name = message.nameAt(index).toLowerCase();
  return name.startsWith(OWN_PREFIX) || (!keepAsserted && ASSERTED.has(name));
}
