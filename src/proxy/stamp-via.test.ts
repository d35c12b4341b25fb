import { describe, expect, it } from "vitest";
import { parseDatagram } from "../wire/sip/parse-message.ts";
import { applySplices } from "../wire/sip/splice.ts";
import { topmostVia } from "../wire/sip/via.ts";
import { stampVia } from "./stamp-via.ts";

const LIMITS = { maxHeadBytes: 65_536, maxHeaderCount: 200, maxBodyBytes: 65_536 };

function stamped(via: string, address = "192.0.2.1", port = 40_000): string {
  const text = `MESSAGE sip:b@x SIP/2.0\r\nv: ${via}\r\nf: <sip:a@x>;tag=1\r\nt: <sip:b@x>\r\ni: c\r\nCSeq: 1 MESSAGE\r\n\r\n`;
  const message = parseDatagram(Buffer.from(text, "latin1"), LIMITS);
  if (!message.ok) throw new Error(message.problem.code);
  const splices = stampVia(topmostVia(message.value), { address, port });
  const out = applySplices(message.value.bytes, splices).toString("latin1");
  return /\r\nv: ([^\r]*)/.exec(out)?.[1] ?? "";
}

describe("stampVia", () => {
  it.each([
    [
      "a true sent-by alone",
      "SIP/2.0/UDP 192.0.2.1:5060;branch=x",
      "SIP/2.0/UDP 192.0.2.1:5060;branch=x",
    ],
    ["another host", "SIP/2.0/UDP host;branch=x", "SIP/2.0/UDP host;branch=x;received=192.0.2.1"],
    [
      "rport without value",
      "SIP/2.0/UDP 192.0.2.1;rport;b=1",
      "SIP/2.0/UDP 192.0.2.1;rport=40000;b=1;received=192.0.2.1",
    ],
    [
      "rport in any case",
      "SIP/2.0/UDP 192.0.2.1;RPort ;b=1",
      "SIP/2.0/UDP 192.0.2.1;rport=40000 ;b=1;received=192.0.2.1",
    ],
    [
      "claims",
      "SIP/2.0/UDP h;received=9.9.9.9;rport=1",
      "SIP/2.0/UDP h;received=192.0.2.1;rport=40000",
    ],
    [
      "the first value only",
      "SIP/2.0/UDP h;rport, SIP/2.0/TCP i;rport",
      "SIP/2.0/UDP h;rport=40000;received=192.0.2.1, SIP/2.0/TCP i;rport",
    ],
    [
      "quoted text",
      'SIP/2.0/UDP h;q=";rport,";rport',
      'SIP/2.0/UDP h;q=";rport,";rport=40000;received=192.0.2.1',
    ],
    [
      "a longer name",
      "SIP/2.0/UDP 192.0.2.1;rportx;rport",
      "SIP/2.0/UDP 192.0.2.1;rportx;rport=40000;received=192.0.2.1",
    ],
  ])("leaves or fills in %s", (_what, via, expected) => {
    expect(stamped(via)).toBe(expected);
  });

  it("compares IPv6 without brackets, and writes it without", () => {
    expect(stamped("SIP/2.0/UDP [2001:db8::1]", "2001:db8::1")).toBe("SIP/2.0/UDP [2001:db8::1]");
    expect(stamped("SIP/2.0/UDP h", "2001:db8::1")).toBe("SIP/2.0/UDP h;received=2001:db8::1");
  });
});
