import { describe, expect, it } from "vitest";
import { parseDatagram } from "./parse-message.ts";
import { topmostVia, type TopmostVia } from "./via.ts";

function via(...lines: readonly string[]): { readonly via: TopmostVia; readonly text: string } {
  const head = ["OPTIONS sip:b SIP/2.0", "f: <sip:a@b>", "t: <sip:a@b>", "i: 1", "CSeq: 1 OPTIONS"];
  const bytes = Buffer.from([...head, ...lines, "l: 0", "", ""].join("\r\n"));
  const result = parseDatagram(bytes, { maxHeadBytes: 9_999, maxHeaderCount: 99, maxBodyBytes: 9 });
  if (!result.ok) throw new Error(result.problem.code);
  const read = topmostVia(result.value);
  return { via: read, text: bytes.toString("latin1", read.valueStart, read.valueEnd) };
}

describe("topmostVia", () => {
  it("reads the first value of a list only", () => {
    const { via: read, text } = via(
      'Via: SIP/2.0/TLS [2001:db8::1]:5061;x="a,b";branch=z9hG4bK1;rport;received=192.0.2.9 , SIP/2.0/UDP h2',
      "Via: SIP/2.0/UDP h3",
    );
    expect(read).toMatchObject({
      index: 4,
      transport: "TLS",
      host: "[2001:db8::1]",
      port: 5061,
      branch: "z9hG4bK1",
      received: "192.0.2.9",
      rport: "",
    });
    expect(read.params).toEqual(
      new Map([
        ["x", "a,b"],
        ["branch", "z9hG4bK1"],
        ["rport", ""],
        ["received", "192.0.2.9"],
      ]),
    );
    expect(text).toMatch(/^SIP\/2.0\/TLS .*received=192.0.2.9$/);
  });

  it("reads a value without branch and with a transport in lower case", () => {
    expect(via("v: SIP/2.0/tls 192.0.2.1:5061 ").via).toMatchObject({
      transport: "tls",
      branch: undefined,
      rport: undefined,
      port: 5061,
    });
  });

  it("reads blanks, folds and an unbracketed IPv6 address in received", () => {
    const { via: read } = via(
      "Via: SIP / 2.0",
      "  / UDP",
      " host : 5060 ; received = 2001:db8::9",
      " ;branch=b",
    );
    expect(read).toMatchObject({ host: "host", port: 5060, received: "2001:db8::9", branch: "b" });
  });

  it.each([
    ["SIP/2.0/TLS h;alias;branch=b", true],
    ["SIP/2.0/TLS h;branch=b;ALIAS", true],
    ["SIP/2.0/TLS h;branch=b", false],
    ["SIP/2.0/TLS h;branch=alias;alias2", false],
    ['SIP/2.0/TLS h;x=";alias;";branch=b', false],
    ["SIP/2.0/TLS h;alias=h2;branch=b", false],
    ["SIP/2.0/TLS h;branch=b, SIP/2.0/TLS h2;alias", false],
  ])(
    "knows the alias of the top value alone, which has none itself (RFC 5923): %s",
    (text, alias) => {
      expect(via(`Via: ${text}`).via.alias).toBe(alias);
    },
  );
});
