import { createHash, randomBytes } from "node:crypto";

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

/** Credentials for a Digest challenge (RFC 2617 §3.2.2, MD5, qop auth or none). */
export function digestCredentials(
  challenge: string,
  who: { readonly user: string; readonly password: string },
  request: { readonly method: string; readonly uri: string },
): string {
  const param = (name: string): string =>
    new RegExp(`\\b${name}="?([^",]+)"?`, "i").exec(challenge)?.[1] ?? "";
  const realm = param("realm");
  const nonce = param("nonce");
  const ha1 = md5(`${who.user}:${realm}:${who.password}`);
  const ha2 = md5(`${request.method}:${request.uri}`);
  const parts = [
    `username="${who.user}"`,
    `realm="${realm}"`,
    `nonce="${nonce}"`,
    `uri="${request.uri}"`,
    "algorithm=MD5",
  ];
  if (!/\bqop="?[^"]*auth/i.test(challenge)) {
    parts.push(`response="${md5(`${ha1}:${nonce}:${ha2}`)}"`);
  } else {
    const cnonce = randomBytes(8).toString("hex");
    const response = md5(`${ha1}:${nonce}:00000001:${cnonce}:auth:${ha2}`);
    parts.push(`response="${response}"`, "qop=auth", "nc=00000001", `cnonce="${cnonce}"`);
  }
  return `Digest ${parts.join(", ")}`;
}
