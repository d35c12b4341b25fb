import { createHash } from "node:crypto";
import { deriveKeys, type SecureKeys } from "./secure-keys.ts";

/** The worked vectors of lcs.md B5: identical bytes from the known client's own code. */
export const ENCRYPTION_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
export const HASH_KEY = "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZX";
export const USER = "bob@example.com";
export const AUTH_COOKIE = "123456789";

export interface Vector {
  readonly name: string;
  readonly plain: Buffer;
  /** SHA-256 of the payload bytes as encrypted, without chunk headers. */
  readonly cipherSha256: string;
  readonly mac: string;
}

/** Put together here, so that this file is no test virus. */
const EICAR = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"];

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

const V1_CIPHER = "f20e2ff48a24959fd290d2c7a778f3885f0ba2f53514be17e1d804";
const V2_CIPHER =
  "e25e0cb9b52df592c198c6fd9e4ece9d1f5193c56f459826e9e273843e450322" +
  "0bef3056048a750cd6bd3bfdd4566e318cbd13f23bd0e0ddfc9004ad249c57a5" +
  "2cac81d5";

export const VECTORS: readonly Vector[] = [
  {
    name: "V0, an empty file",
    plain: Buffer.alloc(0),
    cipherSha256: sha256(Buffer.alloc(0)),
    mac: "HikVA7wQwmrureD0yQhEfuzatRA=",
  },
  {
    name: "V1, 27 bytes",
    plain: Buffer.from("Hello, LCS file transfer!\r\n"),
    cipherSha256: sha256(Buffer.from(V1_CIPHER, "hex")),
    mac: "TYqRbcXXD9bXp621fFMFjIbesl4=",
  },
  {
    name: "V2, the test virus",
    plain: Buffer.from(EICAR.join("")),
    cipherSha256: sha256(Buffer.from(V2_CIPHER, "hex")),
    mac: "MbeyTRipKgb2LMIuJgVwxUEL/Lc=",
  },
  {
    name: "V3, three chunks",
    plain: Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251)),
    cipherSha256: "45a63a38138d35691fa688f8864665247e06b3d0396d4015555a0bb56d60383a",
    mac: "lUNdRWewOyNJaGTzcNmuzjBfr7g=",
  },
];

/** All bytes of V1's sender, as printed in lcs.md. */
export const V1_SENDER: Buffer = Buffer.from(
  "564552204d534e5f5345435552455f4654500d0a" +
    "46494c2032370d0a" +
    `001b00${V1_CIPHER}` +
    "4d4143205459715262635858443962587036323166464d466a496265736c343d000d0a",
  "hex",
);
/** All bytes of V3's sender: length and SHA-256. */
export const V3_SENDER = {
  length: 5074,
  sha256: "093968f33acc61e8b7db090b3b08aa207bc97a1de1a5577aec24ac5508cebc71",
} as const;

export function vectorKeys(): SecureKeys {
  const keys = deriveKeys(ENCRYPTION_KEY, HASH_KEY);
  if (!keys.ok) throw new Error("the vectors' keys are good");
  return keys.value;
}
