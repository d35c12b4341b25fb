import { isIP } from "node:net";
import type { PeerCertificate, TLSSocket } from "node:tls";
import ipaddr from "ipaddr.js";
import { readAltNames } from "../base/alt-names.ts";

/**
 * Does the certificate of a server say that it is `name` (RFC 5922 §7)? Undefined: yes; else what it says instead.
 *
 * SIP URIs in subjectAltName name the domains, without a user (§7.1); without any, the DNS names do; without
 * subjectAltName the common name does. An address must stand there as an address. Wildcards name nobody (§7.2).
 */
export function findIdentityProblem(
  name: string,
  certificate: Pick<PeerCertificate, "subject" | "subjectaltname">,
): string | undefined {
  const wanted = bareName(name);
  const { subjectaltname: text } = certificate;
  const names = readAltNames(text);
  if (isIP(wanted) !== 0) {
    const has = names.ip.some((address) => isSameAddress(address, wanted));
    return has ? undefined : described(name, [...names.ip, ...names.dns]);
  }
  const domains = names.uri.flatMap((uri) => sipDomain(uri) ?? []);
  const common = text === undefined ? [certificate.subject.CN].flat() : [];
  const said = domains.length > 0 ? domains : [...names.dns, ...common.filter(isText)];
  return said.some((one) => bareName(one) === wanted) ? undefined : described(name, said);
}

/**
 * What a peer that connected to us has proven: is it that name, as a server must be to which we connect (RFC 5923 §9.2,
 * RFC 5922 §7)? Undefined: it has shown no certificate that was verified.
 *
 * To be asked for when the handshake is done, and once: with TLS 1.2 a client may renegotiate and show another certificate,
 * which Node verifies no more, and goes on calling the peer authorized.
 */
export function identityProof(
  socket: Pick<TLSSocket, "authorized" | "getPeerCertificate">,
): ((name: string) => boolean) | undefined {
  if (!socket.authorized) return undefined;
  // Empty where there is none: Node calls a peer authorized that resumes a TLS 1.3 session which it began without any.
  const certificate: Partial<PeerCertificate> | null = socket.getPeerCertificate();
  const subject = certificate?.subject;
  if (certificate === null || subject === undefined) return undefined;
  // No more of it than is asked about: it stays as long as the connection.
  const { subjectaltname } = certificate;
  const shown = subjectaltname === undefined ? { subject } : { subject, subjectaltname };
  return (name) => findIdentityProblem(name, shown) === undefined;
}

function described(name: string, said: readonly string[]): string {
  const names = said.length === 0 ? "nobody" : said.slice(0, 5).join(", ");
  const wildcard = said.some((one) => one.startsWith("*.")) ? " (SIP takes no wildcards)" : "";
  return `its certificate names ${names}${wildcard}, not ${name}`;
}

/** "sip:example.com" alone: with a user it names a user, not a server. */
function sipDomain(uri: string): string | undefined {
  return /^sips?:([^@:;?/[\]]+)(?::\d+)?$/.exec(uri)?.[1];
}

function bareName(host: string): string {
  return host.toLowerCase().replace(/\.$/, "");
}

function isText(value: string | undefined): value is string {
  return value !== undefined;
}

function isSameAddress(a: string, b: string): boolean {
  return (
    isIP(a) !== 0 &&
    ipaddr.process(a).toNormalizedString() === ipaddr.process(b).toNormalizedString()
  );
}
