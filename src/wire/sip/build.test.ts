import { describe, expect, it } from "vitest";
import { buildRequest, buildResponse } from "./build.ts";
import { HeaderId } from "./header-names.ts";
import type { SipRequest } from "./message.ts";
import { parseDatagram } from "./parse-message.ts";

const LIMITS = { maxHeadBytes: 9_999, maxHeaderCount: 99, maxBodyBytes: 999 };

function request(...lines: readonly string[]): SipRequest {
  const result = parseDatagram(Buffer.from([...lines, "l: 0", "", ""].join("\r\n")), LIMITS);
  const message = result.ok ? result.value : result.problem.partial;
  if (message?.kind !== "request") throw new Error("no request");
  return message;
}

const ASKED = request(
  "MESSAGE sip:b@c SIP/2.0",
  'v: SIP/2.0/UDP h1;x="a,b";branch=1, SIP/2.0/TCP h0',
  "Via: SIP/2.0/UDP h2",
  'f: "J\u00fcrgen"',
  " <sip:a@b>;tag=1",
  "t: <sip:b@c>",
  "i: 1@h",
  "CSeq: 1 MESSAGE",
  "Timestamp: 5",
);

describe("buildResponse", () => {
  it("copies what an answer must repeat and adds the rest", () => {
    const bytes = buildResponse(ASKED, {
      status: 403,
      reason: "Forbidden",
      toTag: "zz",
      topVia: "SIP/2.0/UDP h1;branch=1;received=192.0.2.1",
      headers: [{ name: "Warning", value: '399 gw "no"' }],
      body: { contentType: "text/plain", bytes: Buffer.from("no") },
    });
    expect(bytes.toString()).toBe(
      [
        "SIP/2.0 403 Forbidden",
        "Via: SIP/2.0/UDP h1;branch=1;received=192.0.2.1, SIP/2.0/TCP h0",
        "Via: SIP/2.0/UDP h2",
        'From: "J\u00fcrgen" <sip:a@b>;tag=1',
        "To: <sip:b@c>;tag=zz",
        "Call-ID: 1@h",
        "CSeq: 1 MESSAGE",
        'Warning: 399 gw "no"',
        "Content-Type: text/plain",
        "Content-Length: 2",
        "",
        "no",
      ].join("\r\n"),
    );
    expect(parseDatagram(bytes, LIMITS)).toMatchObject({
      ok: true,
      value: { status: 403, toTag: "zz" },
    });
  });

  it("repeats the Timestamp in a 100 only", () => {
    const trying = buildResponse(ASKED, { status: 100, reason: "Trying" }).toString();
    expect(trying).toContain("\r\nTimestamp: 5\r\n");
    expect(buildResponse(ASKED, { status: 200, reason: "OK" }).toString()).not.toContain(
      "Timestamp",
    );
  });

  it("keeps the To tag of a request inside a dialog", () => {
    const inside = request(
      "BYE sip:b SIP/2.0",
      "v: SIP/2.0/UDP h",
      "f: <sip:a@b>",
      "t: <sip:b@c>;tag=7",
      "i: 1",
      "CSeq: 2 BYE",
    );
    expect(buildResponse(inside, { status: 200, reason: "OK", toTag: "zz" }).toString()).toContain(
      "To: <sip:b@c>;tag=7\r\n",
    );
  });

  it("answers a partial request with what there is", () => {
    const text = buildResponse(request("MESSAGE sip:b SIP/2.0", "v: SIP/2.0/UDP h"), {
      status: 400,
      reason: "Bad Request",
      toTag: "zz",
    }).toString();
    expect(text).toBe("SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP h\r\nContent-Length: 0\r\n\r\n");
  });

  it("throws on a line break in a value, which is our bug", () => {
    const headers = [{ name: "Warning", value: "a\r\nl: 5" }];
    expect(() => buildResponse(ASKED, { status: 403, reason: "x", headers })).toThrow("line break");
    expect(() => buildResponse(ASKED, { status: 403, reason: "x\n" })).toThrow("line break");
  });
});

describe("buildRequest", () => {
  it("writes a request that reads as it was meant", () => {
    const bytes = buildRequest({
      method: "MESSAGE",
      requestUri: "sip:b@c",
      headers: [
        { name: "Via", value: "SIP/2.0/UDP h;branch=z9hG4bK1" },
        { name: "From", value: '"W\u00e4chter \u2713" <sip:gw@c>;tag=1' },
        { name: "To", value: "<sip:b@c>" },
        { name: "Call-ID", value: "1" },
        { name: "CSeq", value: "1 MESSAGE" },
        { name: "Subject", value: "J\u00c3\u00bcrgen" },
      ],
      body: { contentType: "text/plain;charset=UTF-8", bytes: Buffer.from("\u2713") },
    });
    const result = parseDatagram(bytes, LIMITS);
    if (!result.ok) throw new Error(result.problem.code);
    expect(result.value.utf8At(1)).toBe('"W\u00e4chter \u2713" <sip:gw@c>;tag=1');
    expect(result.value.utf8At(result.value.find(HeaderId.Subject))).toBe("J\u00fcrgen");
    expect(result.value.value(HeaderId.ContentLength)).toBe("3");
    expect(result.value.body.toString()).toBe("\u2713");
  });
});
