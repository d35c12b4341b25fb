import { describe, expect, it } from "vitest";
import { messageRequest } from "../../test/support/parsed-request.ts";
import { coversBody, decodeRefusal, encodeRefusal } from "./signed-refusal.ts";

describe("encodeRefusal", () => {
  const refusal = {
    status: 606,
    reason: "Not Acceptable",
    headers: [{ name: "Warning", value: '309 gw "Nicht erlaubt: Größe. Ref INC-00000001"' }],
    body: { contentType: "text/x-msmsgsinvite", bytes: Buffer.from([0, 255, 13, 10]) },
  };

  it("gives back every word of a refusal, in letters that a header field may hold", () => {
    const words = encodeRefusal(refusal);
    expect(words).toMatch(/^[\w-]+$/);
    expect(decodeRefusal(words)).toEqual(refusal);
    const { body: _, ...bare } = refusal;
    expect(decodeRefusal(encodeRefusal(bare))).toEqual(bare);
  });

  it("drops the text that would not fit into a mark, and keeps the status", () => {
    const headers = [{ name: "Warning", value: "x".repeat(10_000) }];
    const words = encodeRefusal({ ...refusal, headers });
    expect(words.length).toBeLessThan(1000);
    expect(decodeRefusal(words)).toEqual({ status: 606, reason: "Not Acceptable", headers: [] });
  });
});

describe("coversBody", () => {
  const with_ = (...extra: string[]): boolean => coversBody(messageRequest("x", { extra }));

  it.each([
    'Authorization: Digest username="a", qop=auth-int, nc=1',
    'Proxy-Authorization: Digest qop="auth-int"',
    "Proxy-Authorization: Digest username=a,qop = auth-int",
    'Proxy-Authorization: NTLM realm="x",\r\n QOP="AUTH-INT"',
  ])("is true for %j", (field) => {
    expect(with_(field)).toBe(true);
    expect(with_('Proxy-Authorization: Digest qop=auth, realm="other"', field)).toBe(true);
  });

  it.each([
    'Authorization: Digest username="a", qop=auth',
    'Proxy-Authorization: NTLM qop="auth", realm="auth-int"',
    "Proxy-Authorization: Digest xqop=auth-int",
    "X-Authorization: Digest qop=auth-int",
  ])("is false for %j", (field) => {
    expect(with_(field)).toBe(false);
  });
});
