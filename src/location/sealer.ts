import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";

/**
 * Seals a few bytes into a text that nobody but us can make or read: base64url, all of it unreserved in a SIP URI.
 *
 * Deterministic (a synthetic IV, as in RFC 5297, with HMAC-SHA-256 and AES-256-CTR): the same bytes make the same text.
 */
export interface Sealer {
  seal(plain: Buffer): string;
  /** Undefined for what was not sealed with this key for this purpose, and for what is longer than any seal. */
  unseal(text: string): Buffer | undefined;
}

/** The synthetic IV, which is also what proves that a text is ours: 96 bits. */
const SEAL_BYTES = 12;
/** The block of the counter mode: the seal and a counter from 0. */
const COUNTER_START: Buffer = Buffer.alloc(4);

/** `purpose` keeps the texts of one use from being taken for those of another; `maxLength` bounds what is looked at. */
export function createSealer(key: Buffer, purpose: string, maxLength: number): Sealer {
  const sealKey = createHmac("sha256", key).update(`sluice ${purpose} seal`).digest();
  const cipherKey = createHmac("sha256", key).update(`sluice ${purpose} cipher`).digest();

  function sealOf(plain: Buffer): Buffer {
    return createHmac("sha256", sealKey).update(plain).digest().subarray(0, SEAL_BYTES);
  }

  return {
    seal(plain) {
      const mark = sealOf(plain);
      const cipher = createCipheriv("aes-256-ctr", cipherKey, Buffer.concat([mark, COUNTER_START]));
      return Buffer.concat([mark, cipher.update(plain), cipher.final()]).toString("base64url");
    },
    unseal(text) {
      if (text.length > maxLength || !/^[\w-]+$/.test(text)) return undefined;
      const bytes = Buffer.from(text, "base64url");
      // Two spellings of the last character would be two texts for one meaning.
      if (bytes.length <= SEAL_BYTES || bytes.toString("base64url") !== text) return undefined;
      const mark = bytes.subarray(0, SEAL_BYTES);
      const counter = Buffer.concat([mark, COUNTER_START]);
      const cipher = createDecipheriv("aes-256-ctr", cipherKey, counter);
      const plain = Buffer.concat([cipher.update(bytes.subarray(SEAL_BYTES)), cipher.final()]);
      return timingSafeEqual(mark, sealOf(plain)) ? plain : undefined;
    },
  };
}
