import { createHmac, hash, type Hmac } from "node:crypto";
import { failed, ok, type Result } from "../../base/result.ts";
import { createRc4, type Rc4 } from "./rc4.ts";

/** What the two secrets of a receiver's ACCEPT become (lcs.md B4, "Derivation"). */
export interface SecureKeys {
  /** A new stream, for all payload bytes of one direction. */
  cipher(): Rc4;
  /** A new HMAC-SHA1, for all plain bytes of a file. */
  mac(): Hmac;
}

/** Which of the two fields is not base64 of 24 bytes. */
export interface KeyProblem {
  readonly field: "Encryption-Key" | "Hash-Key";
}

/** 24 bytes are 32 characters without padding; every such text is canonical. */
const SECRET = /^[A-Za-z0-9+/]{32}$/;
const DERIVED_BYTES = 16;

/**
 * Reads `Encryption-Key` and `Hash-Key` as strictly as the known client does: exactly 24 bytes each.
 *
 * @example deriveKeys("AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZX").ok // true
 */
export function deriveKeys(encryptionKey: string, hashKey: string): Result<SecureKeys, KeyProblem> {
  if (!SECRET.test(encryptionKey)) return failed({ field: "Encryption-Key" });
  if (!SECRET.test(hashKey)) return failed({ field: "Hash-Key" });
  const rc4Key = derived(encryptionKey);
  const macKey = derived(hashKey);
  return ok({ cipher: () => createRc4(rc4Key), mac: () => createHmac("sha1", macKey) });
}

function derived(secret: string): Buffer {
  const digest = hash("sha1", Buffer.from(secret, "base64"), "buffer");
  return digest.subarray(0, DERIVED_BYTES);
}
