import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HeaderId } from "./header-names.ts";
import { addressAt, parseNameAddr, splitValues } from "./name-addr.ts";
import { parseDatagram } from "./parse-message.ts";

describe("parseNameAddr", () => {
  it.each([
    ['"A \\"B\\" C" <sip:a@b>;tag=1', 'A "B" C', "sip:a@b", [["tag", "1"]]],
    [
      "Alice B. <sip:a@b;lr>;tag=1;x",
      "Alice B.",
      "sip:a@b;lr",
      [
        ["tag", "1"],
        ["x", ""],
      ],
    ],
    ["caller<sip:a@b>", "caller", "sip:a@b", []],
    ["<sip:a@b?Route=%3Csip:c%3E> ; q = 0.5", "", "sip:a@b?Route=%3Csip:c%3E", [["q", "0.5"]]],
    ["sip:+15550100@b;user=phone", "", "sip:+15550100@b", [["user", "phone"]]],
    ['<urn:x:y>;+sip.instance="<urn:uuid:1>"', "", "urn:x:y", [["+sip.instance", "<urn:uuid:1>"]]],
    ["J\u00fcrgen <sip:j@b>", "J\u00fcrgen", "sip:j@b", []],
  ])("reads %s", (value, displayName, uri, params) => {
    expect(parseNameAddr(value)).toEqual({
      ok: true,
      value: { displayName, uri, params: new Map(params as Array<[string, string]>) },
    });
  });

  it.each([
    "",
    "*",
    "Alice",
    '"Alice <sip:a@b>',
    '"Alice" sip:a@b',
    'a "b" <sip:a@b>',
    "<sip:a@b",
    "sip:a@b>",
    "< sip:a@b>",
    "<sip:a@b> x",
    "<sip:a@b>;tag=1;TAG=2",
    "<sip:a@b>;",
    "sip:x@y <sip:a@b>",
    "sip:a@b, sip:c@d",
    "sip:a@b?x=y",
    `<sip:a@b>${";p".repeat(3)}`,
    `<sip:a@b>${Array.from({ length: 65 }, (_, i) => `;p${i}`).join("")}`,
  ])("refuses %j", (value) => {
    expect(parseNameAddr(value)).toEqual({ ok: false, problem: { code: "bad-name-addr" } });
  });
});

describe("splitValues", () => {
  function split(contact: string): readonly string[] {
    const text = `REGISTER sip:b SIP/2.0\r\nv: SIP/2.0/UDP a\r\nf: <sip:a@b>\r\nt: <sip:a@b>\r\ni: 1\r\nCSeq: 1 REGISTER\r\nm: ${contact}\r\nl: 0\r\n\r\n`;
    const result = parseDatagram(Buffer.from(text), {
      maxHeadBytes: 9_999,
      maxHeaderCount: 99,
      maxBodyBytes: 9,
    });
    if (!result.ok) throw new Error(result.problem.code);
    const { value } = result;
    return splitValues(value, value.find(HeaderId.Contact)).map(({ start, end }) =>
      value.bytes.toString("latin1", start, end),
    );
  }

  it.each([
    ["<sip:a@b>, <sip:c@d>;q=1", ["<sip:a@b>", "<sip:c@d>;q=1"]],
    ['"a, \\"b" <sip:a,b@c> ,\r\n <sip:d@e>', ['"a, \\"b" <sip:a,b@c>', "<sip:d@e>"]],
    ["<sip:a@b>,, ,<sip:c@d>,", ["<sip:a@b>", "<sip:c@d>"]],
    ["", []],
    ['"open, <sip:a@b>', ['"open, <sip:a@b>']],
    ["*", ["*"]],
  ])("splits %j", (value, values) => {
    expect(split(value)).toEqual(values);
  });
});

describe("addressAt", () => {
  const LIMITS = { maxHeadBytes: 65_536, maxHeaderCount: 200, maxBodyBytes: 65_536 };
  const marks = ['"', "\\", '\\"', "<", ">", ";", ",", ":", "?", "@", "=", " ", "\t", "\r\n "];
  const texts = [
    "\xa0",
    "\x85",
    "Alice",
    "\xc3\xa9",
    "\xff",
    "sip:a@x",
    "tel:1",
    ";tag=1",
    "[::1]",
  ];
  const piece = fc.oneof(fc.constantFrom(...marks), fc.constantFrom(...texts));
  const pieces = fc.array(piece, { maxLength: 8 }).map((list) => list.join(""));
  const uri = fc.constantFrom("sip:a@x", "sip:\xe9@x", "im:a@b", "sip:a;p=1@x;x=\xe9");
  const value = fc.oneof(
    pieces,
    fc.tuple(pieces, uri).map(([display, address]) => `${display}<${address}>;tag=1`),
    fc.tuple(pieces, uri).map(([inner, address]) => `"${inner}" <${address}>`),
  );

  it("reads by offset what parseNameAddr reads of the value", () => {
    fc.assert(
      fc.property(value, fc.constantFrom("", "y".repeat(5000)), (from, filling) => {
        const head = `MESSAGE sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nX: ${filling}\r\nf: ${from}\r\n`;
        const text = `${head}To: <sip:b@x>\r\ni: c\r\nCSeq: 1 MESSAGE\r\n\r\n`;
        const message = parseDatagram(Buffer.from(text, "latin1"), LIMITS);
        if (!message.ok) return;
        const field = message.value.find(HeaderId.From);
        const parsed = parseNameAddr(message.value.valueAt(field));
        const read = addressAt(message.value, field);
        expect([read?.displayName, read?.uri]).toEqual(
          parsed.ok ? [parsed.value.displayName, parsed.value.uri] : [undefined, undefined],
        );
      }),
      { numRuns: 3000 },
    );
  });
});
