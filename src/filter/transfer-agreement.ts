import { failed, ok, type Result } from "../base/result.ts";
import type { Invitation } from "../wire/msnftp/invitation.ts";
import type { TransferRefusal } from "./transfer-refusal.ts";
import { weaknessOf, type Weakness } from "./transfer-security.ts";
import {
  otherRole,
  type Agreement,
  type OfferedEncryption,
  type Role,
  type Transfer,
  type TransferKeys,
} from "./transfer.ts";

/** Why an ACCEPT does not fit what was offered or agreed on, or what is asked of one of the two legs. */
export type Disagreement =
  | Weakness
  | {
      readonly code: Extract<TransferRefusal, "broken-accept" | "second-accept">;
      /** For the record. */
      readonly detail: string;
    };

/** What an offer says of encryption; undefined: a word that nobody knows. */
export function offeredEncryption({ fields }: Invitation): OfferedEncryption | undefined {
  switch (fields.get("encryption")) {
    case undefined:
      return "none";
    case "R":
      return "required";
    case "S":
      return "supported";
    default:
      return undefined;
  }
}

/**
 * How the bytes will run after this ACCEPT: the receiver's first one says it, by its keys or their absence, and no later
 * one says anything else. Both legs must permit it. Undefined: the receiver has not spoken yet.
 *
 * @param transfer with the leg of this ACCEPT noted
 * @param keys as they stand in the ACCEPT
 */
export function agreeOn(
  transfer: Transfer,
  role: Role,
  keys: TransferKeys | undefined,
): Result<Agreement | undefined, Disagreement> {
  const meant = meantBy(transfer, role, keys);
  if (!meant.ok) return meant;
  for (const { leg } of [transfer[role], transfer[otherRole(role)]]) {
    const weakness = leg && weaknessOf(leg, meant.value);
    if (weakness !== undefined) return failed(weakness);
  }
  return meant;
}

function meantBy(
  { agreed, encryption }: Transfer,
  role: Role,
  keys: TransferKeys | undefined,
): Result<Agreement | undefined, Disagreement> {
  if (agreed !== undefined) {
    const isOther = keys !== undefined && !isSame(keys, agreed.keys);
    return isOther ? disagree("second-accept", "other keys than before") : ok(agreed);
  }
  if (role === "sender") {
    return keys === undefined ? ok(undefined) : disagree("broken-accept", "keys from the sender");
  }
  if (keys === undefined && encryption === "required")
    return disagree("unencrypted", "encryption is required, and the receiver gives no keys");
  // Such a receiver would speak the encrypted variant alone, and such a sender the plain one.
  if (keys !== undefined && encryption === "none")
    return disagree("broken-accept", "keys for an offer without encryption");
  return ok({ keys });
}

function disagree(code: Disagreement["code"], detail: string): Result<never, Disagreement> {
  return failed({ code, detail });
}

function isSame(a: TransferKeys, b: TransferKeys | undefined): boolean {
  return a.encryptionKey === b?.encryptionKey && a.hashKey === b.hashKey;
}
