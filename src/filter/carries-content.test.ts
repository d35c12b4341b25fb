import { describe, expect, it } from "vitest";
import { parsedRequest } from "../../test/support/parsed-request.ts";
import { carriesContent } from "./carries-content.ts";

function refers(target: string): boolean {
  const head = [
    "REFER sip:bob@example.com SIP/2.0",
    "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKx",
    "From: <sip:alice@example.com>;tag=a1",
    "To: <sip:bob@example.com>;tag=b1",
    "Call-ID: c1",
    "CSeq: 2 REFER",
  ];
  return carriesContent(parsedRequest([...head, `Refer-To: ${target}`]));
}

function looksAt(method: string, type: string): boolean {
  const head = [
    `${method} sip:bob@example.com SIP/2.0`,
    "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKx",
    "From: <sip:alice@example.com>;tag=a1",
    "To: <sip:bob@example.com>;tag=b1",
    "Call-ID: c1",
    `CSeq: 2 ${method}`,
    ...(type === "" ? [] : [`Content-Type: ${type}`]),
  ];
  return carriesContent(parsedRequest(head, "v=0\r\n"));
}

describe("carriesContent", () => {
  it.each([
    ["application/dtmf-relay", "INFO"],
    ["application/pidf+xml ; charset=utf-8", "NOTIFY"],
    ["application/x; a=b", "UPDATE"],
    ["", "BYE"],
  ])("leaves %s in a %s alone", (type, method) => {
    expect(looksAt(method, type)).toBe(false);
  });

  it.each([
    ["application / sdp", "UPDATE"],
    ["application/ sdp", "PRACK"],
    ["text /x-msmsgsinvite", "INFO"],
    ['"application/ms-filetransfer+xml"', "INFO"],
    [";application/ms-filetransfer+xml", "NOTIFY"],
    ["text\r\n /plain", "BYE"],
  ])("looks at a type that is written in another way than most: %j in a %s", (type, method) => {
    expect(looksAt(method, type)).toBe(true);
  });

  it.each([
    "<sip:carol@example.com>",
    '"Carol" <sips:carol@example.com;transport=tcp>',
    "sip:carol@example.com",
    "<tel:+4930123>",
    "<sip:carol@example.com?Replaces=12345%40192.168.118.3%3Bto-tag%3D12345%3Bfrom-tag%3D5FFE>",
    "<sip:conf@example.com;gruu?Require=replaces>;method=INVITE",
  ])("leaves the transfer of a call alone: %s", (target) => {
    expect(refers(target)).toBe(false);
  });

  it.each([
    "<http://evil.example/>",
    "HTTPS://evil.example/",
    "<file:///c:/a.exe>",
    '"x" <javascript:alert(1)>',
    "<sip:carol@example.com?Subject=http://evil.example/>",
    "<sip:carol@example.com?Subject=http%3A%2F%2Fevil.example>",
    "<\\\\evil.example\\a>",
  ])("looks at a transfer to something else than a phone: %s", (target) => {
    expect(refers(target)).toBe(true);
  });
});
