import { describe, expect, it } from "vitest";
import type { DigestChallenge } from "./digest-challenge.ts";
import { digestCredentials } from "./digest-credentials.ts";

const RFC_2617: DigestChallenge = {
  realm: "testrealm@host.com",
  nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
  opaque: "5ccc069c403ebaf9f0171e9517f40e41",
  algorithm: "MD5",
  algorithmNamed: false,
  qop: "auth",
  stale: false,
};

const RFC_7616: DigestChallenge = {
  realm: "http-auth@example.org",
  nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
  opaque: "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
  algorithm: "MD5",
  algorithmNamed: true,
  qop: "auth",
  stale: false,
};

const GET = { method: "GET", uri: "/dir/index.html" };

describe("digestCredentials", () => {
  it("gives the answer of RFC 2617 §3.5", () => {
    const who = { user: "Mufasa", password: "Circle Of Life" };
    expect(digestCredentials(RFC_2617, who, GET, "0a4f113b")).toBe(
      'Digest username="Mufasa", realm="testrealm@host.com", ' +
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", ' +
        'response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41", ' +
        'qop=auth, nc=00000001, cnonce="0a4f113b"',
    );
  });

  it.each([
    ["MD5", "8ca523f5e9506fed4657c9700eebdbec"],
    ["SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"],
  ] as const)("gives the answer of RFC 7616 §3.9.1 with %s", (algorithm, response) => {
    const who = { user: "Mufasa", password: "Circle of Life" };
    const cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    const value = digestCredentials({ ...RFC_7616, algorithm }, who, GET, cnonce);
    expect(value).toContain(`response="${response}"`);
    expect(value).toContain(`algorithm=${algorithm},`);
  });

  it("answers a server of RFC 2069, which has no qop, without nc and cnonce", () => {
    // RFC 2069 §2.4 with the response of its erratum 749.
    const value = digestCredentials(
      { ...RFC_2617, realm: "testrealm@host.com", opaque: undefined, qop: undefined },
      { user: "Mufasa", password: "CircleOfLife" },
      GET,
      "unused",
    );
    expect(value).toContain('response="1949323746fe6a43ef61f9606e7febea"');
    expect(value).not.toMatch(/qop|nc=|cnonce|opaque/);
  });

  it("lets no user name end its quotes", () => {
    const who = { user: 'a"b\\c', password: "p" };
    expect(digestCredentials(RFC_2617, who, GET, "c")).toContain(
      String.raw`username="a\"b\\c", realm=`,
    );
  });

  it("writes users beyond ASCII in UTF-8", () => {
    const value = digestCredentials(RFC_2617, { user: "Jürgen", password: "ß" }, GET, "c");
    expect(Buffer.from(value, "latin1").toString("utf8")).toContain('username="Jürgen"');
  });
});
