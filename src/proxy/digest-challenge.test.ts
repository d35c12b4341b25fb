import { describe, expect, it } from "vitest";
import { parseDatagram } from "../wire/sip/parse-message.ts";
import { LIMITS } from "./proxy-bench.test-data.ts";
import { readChallenges, type DigestChallenge } from "./digest-challenge.ts";

function challengesIn(fields: readonly string[], status = 407): readonly DigestChallenge[] {
  const name = status === 407 ? "Proxy-Authenticate" : "WWW-Authenticate";
  const head = [
    `SIP/2.0 ${status} No`,
    "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa",
    "From: <sip:a@example.com>;tag=a",
    "To: <sip:b@example.com>;tag=b",
    "Call-ID: c",
    "CSeq: 1 MESSAGE",
    ...fields.map((field) => `${name}: ${field}`),
  ];
  const text = `${head.join("\r\n")}\r\n\r\n`;
  const message = parseDatagram(Buffer.from(text, "latin1"), LIMITS);
  if (!message.ok || message.value.kind !== "response") throw new Error("unreadable");
  return readChallenges(message.value);
}

describe("readChallenges", () => {
  it("reads what Kamailio sends", () => {
    const nonce = "ZrLk6Gayw7zI5kTgEBLTQ/mX";
    expect(challengesIn([`Digest realm="example.com", nonce="${nonce}"`])).toEqual([
      {
        realm: "example.com",
        nonce,
        opaque: undefined,
        algorithm: "MD5",
        algorithmNamed: false,
        qop: undefined,
        stale: false,
      },
    ]);
  });

  it("reads what Asterisk sends, in a 401", () => {
    const field =
      'Digest realm="asterisk",nonce="17/8ab",opaque="3c1d",algorithm=MD5,qop="auth",stale=TRUE';
    expect(challengesIn([field], 401)).toEqual([
      {
        realm: "asterisk",
        nonce: "17/8ab",
        opaque: "3c1d",
        algorithm: "MD5",
        algorithmNamed: true,
        qop: "auth",
        stale: true,
      },
    ]);
  });

  it("takes of each realm the first that it can answer, in one field or several", () => {
    const found = challengesIn([
      'NTLM realm="x", targetname="y"',
      'Digest realm="a", nonce="1", algorithm=SHA-512-256, Digest realm="a", nonce="2", algorithm=SHA-256',
      'Digest realm="a", nonce="3", algorithm=MD5',
      'Digest realm="b", nonce="4"',
    ]);
    expect(found.map(({ realm, nonce }) => realm + nonce)).toEqual(["a2", "b4"]);
  });

  it("keeps quoted pairs as they are, for they are hashed so", () => {
    const [found] = challengesIn([String.raw`Digest realm="a\"b, nonce=x", nonce="n"`]);
    expect(found?.realm).toBe(String.raw`a\"b, nonce=x`);
  });

  it.each([
    ["no realm", 'Digest nonce="n"'],
    ["no nonce", 'Digest realm="r"'],
    ["a session algorithm", 'Digest realm="r", nonce="n", algorithm=MD5-sess'],
    ["integrity alone", 'Digest realm="r", nonce="n", qop="auth-int"'],
    ["a parameter twice", 'Digest realm="r", nonce="n", realm="s"'],
    ["an open quote", 'Digest realm="r", nonce="n'],
    ["rubbish behind it", 'Digest realm="r", nonce="n" <x>'],
    ["a control character", 'Digest realm="r\u0001", nonce="n"'],
    ["no end", `Digest realm="r", nonce="${"n".repeat(5000)}"`],
    ["another scheme", 'Basic realm="r", nonce="n"'],
    ["nothing but blanks and commas", " , ,, "],
  ])("passes over a challenge with %s", (_what, field) => {
    expect(challengesIn([field])).toEqual([]);
  });

  it("makes no line of what stands behind a folded line", () => {
    const [found] = challengesIn(['Digest realm="r\r\n Via: x", nonce="n"']);
    expect(found?.realm).toBe("r Via: x");
  });

  it("reads a few of very many", () => {
    const many = Array.from({ length: 150 }, (_, i) => `Digest realm="r${i}", nonce="n"`);
    expect(challengesIn(many)).toHaveLength(4);
    expect(challengesIn([many.join(", ").slice(0, 2000)])).toHaveLength(0);
    expect(challengesIn([many.slice(0, 50).join(", ")])).toHaveLength(4);
  });

  it("is not held up by what is made to hold it up", () => {
    const value = `Digest ${'a="'.repeat(300)}${"\\".repeat(500)}${" ,".repeat(300)}`;
    expect(challengesIn([value, value, value])).toEqual([]);
  });
});
