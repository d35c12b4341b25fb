import { describe, expect, it } from "vitest";
import { findIdentityProblem, identityProof } from "./peer-identity.ts";

const NOT = /^its certificate names .*, not /;

function problemOf(name: string, subjectaltname: string | undefined, CN = "cn.example") {
  const subject = { C: "", ST: "", L: "", O: "", OU: "", CN };
  return findIdentityProblem(name, { subject, ...(subjectaltname && { subjectaltname }) });
}

describe("findIdentityProblem", () => {
  it.each([
    ["sip.example.com", "DNS:sip.example.com"],
    ["SIP.example.com.", "DNS:sip.EXAMPLE.com"],
    ["example.com", "URI:sip:example.com, DNS:host7.example.com"],
    ["example.com", "URI:sips:example.com"],
    ["cn.example", undefined],
    ["192.0.2.7", "DNS:a.example, IP Address:192.0.2.7"],
    ["2001:db8::1", "IP Address:2001:DB8:0:0:0:0:0:1"],
  ])("knows %s by %s", (name, names) => {
    expect(problemOf(name, names)).toBeUndefined();
  });

  it.each([
    ["sip.example.com", "DNS:example.com"],
    // RFC 5922 §7.1: where SIP URIs stand, the DNS names do not count.
    ["host7.example.com", "URI:sip:example.com, DNS:host7.example.com"],
    ["example.com", "URI:sip:alice@example.com, DNS:other.example"],
    ["example.com", "URI:https://example.com"],
    ["sip.example.com", "DNS:*.example.com"],
    ["cn.example", "DNS:other.example"],
    ["192.0.2.7", "DNS:192.0.2.7"],
    ["192.0.2.7", "URI:sip:192.0.2.7"],
    ["a.example", 'URI:"sip:x, DNS:a.example"'],
  ])("does not take for %s what is %s", (name, names) => {
    expect(problemOf(name, names)).toMatch(NOT);
  });

  it("says that a wildcard is none", () => {
    expect(problemOf("a.b.example", "DNS:*.b.example")).toBe(
      "its certificate names *.b.example (SIP takes no wildcards), not a.b.example",
    );
  });
});

describe("identityProof", () => {
  const certificate = { subject: { CN: "a" }, subjectaltname: "DNS:sip.example.com" };
  const socket = (
    authorized: boolean,
    ...shown: readonly unknown[]
  ): Parameters<typeof identityProof>[0] => {
    const left = [...shown];
    const next = (): unknown => (left.length > 1 ? left.shift() : left[0]);
    return { authorized, getPeerCertificate: next } as Parameters<typeof identityProof>[0];
  };

  it("is of the name in a certificate that was verified", () => {
    const proves = identityProof(socket(true, certificate));
    expect(proves?.("sip.example.com")).toBe(true);
    expect(proves?.("other.example.com")).toBe(false);
  });

  it("is of no name that is shown later, when nothing is verified any more", () => {
    const other = { subject: { CN: "b" }, subjectaltname: "DNS:other.example.com" };
    const proves = identityProof(socket(true, certificate, other));
    expect(proves?.("other.example.com")).toBe(false);
    expect(proves?.("sip.example.com")).toBe(true);
  });

  it.each([
    ["a certificate that was not verified", false, certificate],
    ["none, though Node says authorized", true, {}],
    ["a connection that is gone", true, null],
  ])("is nobody's with %s", (_what, authorized, shown) => {
    expect(identityProof(socket(authorized, shown))).toBeUndefined();
  });
});
