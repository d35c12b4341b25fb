/**
 * Content that cannot be looked into because it is encrypted, or must not be edited because it is signed. Types of S/MIME
 * (RFC 8551), OpenPGP (RFC 3156), CMS, JOSE and Linphone's LIME; armour and OTR in texts; and an Identity that covers the body
 * (RFC 4474, and the claim "msgi" of RFC 9475; that of RFC 8224 does not).
 */
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipMessage } from "../wire/sip/message.ts";

const TYPES: ReadonlySet<string> = new Set([
  "application/pkcs7-mime",
  "application/x-pkcs7-mime",
  "application/pkcs12",
  "application/x-pkcs12",
  "application/cms",
  "application/pgp-encrypted",
  "application/pgp",
  "application/jose",
  "application/jose+json",
  "application/lime",
  "xml/cipher",
]);

/** Is content of this type encrypted? */
export function isOpaqueType(type: string): boolean {
  return TYPES.has(type) || type.startsWith("application/cipher.");
}

/** Is a part of this name encrypted or signed as a whole (S/MIME under application/octet-stream, RFC 8551 §3.2.1)? */
export function isOpaqueName(name: string): boolean {
  return /\.(?:p7m|p7z)$/i.test(name.trim());
}

/** What a text is that no reader without the key can read; undefined for any other. Messages of OTR and armour travel as text. */
export function opaqueText(shown: string): "OTR" | "PGP" | "CMS" | undefined {
  if (shown.includes("?OTR")) {
    if (shown.trimStart().startsWith("?OTR") || /\?OTR[:,|]/.test(shown)) return "OTR";
  }
  if (!shown.includes("-----BEGIN ")) return undefined;
  if (shown.includes("-----BEGIN PGP MESSAGE")) return "PGP";
  return /-----BEGIN (?:PKCS7|CMS|ENCRYPTED MESSAGE)-----/.test(shown) ? "CMS" : undefined;
}

/** Is a text signed in the clear (RFC 9580 §7)? */
export function isSignedText(shown: string): boolean {
  return shown.includes("-----BEGIN PGP SIGNED MESSAGE-----");
}

/** Does a signature in an Identity field cover the body? */
export function identityCoversBody(message: SipMessage): boolean {
  const first = message.find(HeaderId.Identity);
  if (first < 0) return false;
  // RFC 4474 §9: the digest string ends with the body; its certificate stands in a field of its own.
  if (message.findName("identity-info") >= 0) return true;
  for (let i = first; i >= 0; i = message.find(HeaderId.Identity, i + 1))
    if (signsMessage(message.valueAt(i))) return true;
  return false;
}

/** RFC 9475 §3.2: a PASSporT of type "msg" may have a digest of the body; without its payload (compact form) we cannot tell. */
function signsMessage(identity: string): boolean {
  if (/;\s*ppt\s*=\s*"?msg/i.test(identity)) return true;
  const payload = /^[\w-]*\.([\w-]+)\./.exec(identity)?.[1] ?? "";
  return Buffer.from(payload, "base64url").includes('"msgi"');
}
