import { createHash } from "node:crypto";
import type { DigestChallenge } from "./digest-challenge.ts";

/** Who answers a challenge. */
export interface Account {
  readonly user: string;
  readonly password: string;
}

/** The request that the credentials are for. */
export interface DigestedRequest {
  readonly method: string;
  readonly uri: string;
}

const HASH_NAME = { MD5: "md5", "SHA-256": "sha256" } as const;
/** A nonce is used once, so it is always the first time. */
const NONCE_COUNT = "00000001";

/**
 * The value of Authorization or Proxy-Authorization that answers a challenge (RFC 2617 §3.2.2, RFC 7616 §3.4, RFC 8760).
 * Pure; `cnonce` must be unpredictable, and is used only with qop=auth.
 *
 * @returns one character a byte; user and password are written and hashed in UTF-8
 */
export function digestCredentials(
  challenge: DigestChallenge,
  who: Account,
  request: DigestedRequest,
  cnonce: string,
): string {
  const { realm, nonce, opaque, algorithm, algorithmNamed, qop } = challenge;
  const hash = (text: string): string =>
    createHash(HASH_NAME[algorithm]).update(text, "latin1").digest("hex");
  const user = utf8Bytes(who.user);
  const secret = hash(`${user}:${realm}:${utf8Bytes(who.password)}`);
  const target = hash(`${request.method}:${request.uri}`);
  const middle = qop === undefined ? nonce : `${nonce}:${NONCE_COUNT}:${cnonce}:${qop}`;
  const parts = [
    `username="${user.replaceAll(/["\\]/g, String.raw`\$&`)}"`,
    `realm="${realm}"`,
    `nonce="${nonce}"`,
    `uri="${request.uri}"`,
    `response="${hash(`${secret}:${middle}:${target}`)}"`,
  ];
  if (algorithmNamed) parts.push(`algorithm=${algorithm}`);
  if (opaque !== undefined) parts.push(`opaque="${opaque}"`);
  if (qop !== undefined) parts.push(`qop=${qop}`, `nc=${NONCE_COUNT}`, `cnonce="${cnonce}"`);
  return `Digest ${parts.join(", ")}`;
}

function utf8Bytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
