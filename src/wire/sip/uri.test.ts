import { describe, expect, it } from "vitest";
import { canonicalAor, parseSipUri } from "./uri.ts";

describe("parseSipUri", () => {
  it("reads all parts", () => {
    const result = parseSipUri(
      "SIPS:al%69ce;x=1:secret@[2001:db8::1]:5071;maddr=192.0.2.1;Transport=tcp;lr?Subject=hi",
    );
    expect(result).toEqual({
      ok: true,
      value: {
        scheme: "sips",
        user: "al%69ce;x=1",
        password: "secret",
        host: "[2001:db8::1]",
        port: 5071,
        params: new Map([
          ["maddr", "192.0.2.1"],
          ["transport", "tcp"],
          ["lr", ""],
        ]),
        headers: "Subject=hi",
      },
    });
  });

  it("reads a host alone", () => {
    expect(parseSipUri("sip:example.com")).toMatchObject({
      value: { user: undefined, password: undefined, host: "example.com", port: undefined },
    });
  });

  it("keeps text beyond ASCII", () => {
    expect(parseSipUri("sip:j\u00fcrgen@example.com;x=\u00e9")).toMatchObject({
      value: { user: "j\u00fcrgen", params: new Map([["x", "\u00e9"]]) },
    });
  });

  it.each([
    ["tel:+15550100", "unsupported-scheme"],
    ["http://example.com/", "unsupported-scheme"],
    ["sip:a@b@c", "bad-uri"],
    ["sip:a@b;x?y=c@d", "bad-uri"],
    ["sip:a b@c", "bad-uri"],
    ["sip:a@exa<mple", "bad-uri"],
    ["sip:a@b/c", "bad-uri"],
    ["sip:", "bad-uri"],
    ["sipx", "bad-uri"],
    ["", "bad-uri"],
    ["1sip:a@b", "bad-uri"],
    ["sip:a@b;transport=udp;TRANSPORT=tcp", "duplicate-uri-parameter"],
  ])("refuses %j as %s", (text, code) => {
    expect(parseSipUri(text)).toEqual({ ok: false, problem: { code } });
  });
});

describe("canonicalAor", () => {
  it.each([
    ["SIP:Alice@Example.COM:5060;transport=tcp?x=y", "sip:Alice@example.com"],
    ["sip:%41lice:pw@EXAMPLE.com", "sip:%41lice@example.com"],
    ["sips:Example.com", "sips:example.com"],
    ["sip:a@[2001:DB8::1]:5060", "sip:a@[2001:db8::1]"],
  ])("makes %s into %s", (text, aor) => {
    expect(canonicalAor(text)).toBe(aor);
  });

  it("has none for other schemes and broken URIs", () => {
    expect(canonicalAor("tel:+15550100")).toBeUndefined();
    expect(canonicalAor("sip:@example.com")).toBeUndefined();
  });
});
