import { createHash, createHmac, randomBytes } from "node:crypto";

/** The two secrets of a transfer, as they stand in the receiver's ACCEPT: base64 of 24 bytes each (lcs.md B2). */
export interface FileKeys {
  readonly encryptionKey: string;
  readonly hashKey: string;
}

export function freshKeys(): FileKeys {
  return {
    encryptionKey: randomBytes(24).toString("base64"),
    hashKey: randomBytes(24).toString("base64"),
  };
}

/** lcs.md B4, "Derivation": the first 16 bytes of the secret's SHA-1. */
function derived(secret: string): Buffer {
  return createHash("sha1").update(Buffer.from(secret, "base64")).digest().subarray(0, 16);
}

/** Encrypts, and decrypts: one stream over all payload bytes of a transfer. Undefined keys: the plain variant. */
export function payloadCipher(keys: FileKeys | undefined): (bytes: Buffer) => Buffer {
  return keys === undefined ? (bytes) => Buffer.from(bytes) : rc4(derived(keys.encryptionKey));
}

/** The text after "MAC ". */
export function macOf(keys: FileKeys, content: Buffer): string {
  return createHmac("sha1", derived(keys.hashKey)).update(content).digest("base64");
}

/** RC4 as everybody knows it; OpenSSL 3 does not offer it any more. */
export function rc4(key: Buffer): (bytes: Buffer) => Buffer {
  const state = Uint8Array.from({ length: 256 }, (_, i) => i);
  const at = (i: number): number => state[i & 0xff] ?? 0;
  const swap = (i: number, j: number): void => {
    [state[i], state[j]] = [at(j), at(i)];
  };
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + at(i) + (key[i % key.length] ?? 0)) & 0xff;
    swap(i, j);
  }
  let x = 0;
  let y = 0;
  return (bytes) =>
    Buffer.from(bytes).map((byte) => {
      x = (x + 1) & 0xff;
      y = (y + at(x)) & 0xff;
      swap(x, y);
      return byte ^ at(at(x) + at(y));
    }) as Buffer;
}
