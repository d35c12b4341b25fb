import { fileInvitation } from "./invitation-text.ts";
import { messageRequest, parsedRequest } from "./parsed-request.ts";
import type { SipRequest } from "../../src/wire/sip/message.ts";

/**
 * The places in which a SIP message names a file (HARDENING B5), each written as its clients write it. A carrier that cannot
 * hold a name (a control character in a header line, a line end in an invitation) says so with undefined.
 */
export interface NameCarrier {
  readonly title: string;
  /** No client writes a name so: only whoever wants to deceive. */
  readonly odd?: boolean;
  /** The name goes to a client as it is, or percent-encoded, which the client decodes. */
  readonly carry: (name: string) => SipRequest | undefined;
}

// oxlint-disable-next-line no-control-regex -- what a header line cannot hold
const CONTROLS = /[\0-\x08\x0a-\x1f\x7f]/;
/** Of Content-Length, header limits and all: far below what the gateway takes in a head. */
const LONGEST_LINE = 30_000;

export const NAME_CARRIERS: readonly NameCarrier[] = [
  { title: "Content-Disposition filename", carry: (name) => attachment(plain("filename", name)) },
  { title: "Content-Type name", carry: (name) => attachment(undefined, plain("name", name)) },
  {
    title: "Content-Disposition filename*",
    carry: (name) => attachment(`filename*=utf-8''${percentEncoded(name)}`),
  },
  { title: "filename*0, *1", carry: (name) => attachment(pieces(name, false)) },
  { title: "filename*1, *0", odd: true, carry: (name) => attachment(pieces(name, true)) },
  {
    title: "filename harmless, filename* not",
    carry: (name) => attachment(`filename="photo.jpg"; filename*=utf-8''${percentEncoded(name)}`),
  },
  {
    title: "filename* harmless, filename not",
    carry(name) {
      const bad = plain("filename", name);
      return attachment(bad && `filename*=utf-8''photo.jpg; ${bad}`);
    },
  },
  {
    title: "filename harmless, name not",
    carry(name) {
      const bad = plain("name", name);
      return bad === undefined ? undefined : attachment('filename="photo.jpg"', bad);
    },
  },
  {
    title: "encoded word in filename",
    carry: (name) =>
      attachment(`filename="=?utf-8?B?${Buffer.from(name, "utf8").toString("base64")}?="`),
  },
  { title: "the body itself", carry: bodyItself },
  { title: "CPIM", carry: inCpim },
  { title: "SDP file-selector", carry: inFileSelector },
  { title: "MSN Application-File", carry: inInvitation },
  { title: "RCS file-name", carry: inRcsXml },
  { title: "Lync file name", carry: inLyncXml },
];

function plain(parameter: string, name: string): string | undefined {
  if (CONTROLS.test(name)) return undefined;
  return `${parameter}="${utf8(name).replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** Bytes of UTF-8 as the characters that they are in a header line. */
function utf8(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function percentEncoded(text: string): string {
  return [...Buffer.from(text, "utf8")]
    .map((b) =>
      /[A-Za-z0-9.-]/.test(String.fromCharCode(b))
        ? String.fromCharCode(b)
        : `%${b.toString(16).padStart(2, "0").toUpperCase()}`,
    )
    .join("");
}

/** RFC 2231 §3, in three pieces. */
function pieces(name: string, reversed: boolean): string {
  const encoded = percentEncoded(name);
  const third = Math.ceil(encoded.length / 3);
  const cuts = [0, safeCut(encoded, third), safeCut(encoded, 2 * third), encoded.length];
  const all = [0, 1, 2].map((i) => {
    const piece = encoded.slice(cuts[i], cuts[i + 1]);
    return `filename*${i}*=${i === 0 ? "utf-8''" : ""}${piece}`;
  });
  return (reversed ? all.reverse() : all).join("; ");
}

/** Not within an escape. */
function safeCut(encoded: string, at: number): number {
  for (let i = Math.max(0, at - 2); i < at; i++) if (encoded[i] === "%") return i;
  return at;
}

function attachment(disposition: string | undefined, typeName?: string): SipRequest | undefined {
  if (disposition === undefined && typeName === undefined) return undefined;
  if ((disposition ?? "").length + (typeName ?? "").length > LONGEST_LINE) return undefined;
  const body = [
    "--b",
    "Content-Type: text/plain",
    "",
    "see the file",
    "--b",
    `Content-Type: application/octet-stream${typeName === undefined ? "" : `; ${typeName}`}`,
    ...(disposition === undefined ? [] : [`Content-Disposition: attachment; ${disposition}`]),
    "",
    "harmless",
    "--b--",
    "",
  ];
  return messageRequest(Buffer.from(body.join("\r\n"), "latin1"), {
    type: "multipart/mixed; boundary=b",
  });
}

function bodyItself(name: string): SipRequest | undefined {
  const parameter = plain("filename", name);
  if (parameter === undefined || parameter.length > LONGEST_LINE) return undefined;
  return messageRequest("harmless", {
    type: "application/octet-stream",
    extra: [`Content-Disposition: attachment; ${parameter}`],
  });
}

function inCpim(name: string): SipRequest | undefined {
  const parameter = plain("filename", name);
  if (parameter === undefined) return undefined;
  const lines = [
    "From: <sip:alice@example.com>",
    "To: <sip:bob@example.com>",
    "",
    "Content-Type: application/octet-stream",
    `Content-Disposition: attachment; ${parameter}`,
    "",
    "harmless",
  ];
  return messageRequest(Buffer.from(lines.join("\r\n"), "latin1"), { type: "message/cpim" });
}

/** RFC 5547 §6: quotes and controls in the name are percent-encoded. */
function inFileSelector(name: string): SipRequest {
  const quoted = Array.from(name)
    // oxlint-disable-next-line no-control-regex -- they cannot stand in a line
    .map((c) => (/["%\0-\x1f\x7f]/.test(c) ? percentEncoded(c) : c))
    .join("");
  const sdp = [
    "v=0",
    "o=- 0 0 IN IP4 192.0.2.1",
    "s=-",
    "c=IN IP4 192.0.2.1",
    "t=0 0",
    "m=message 7394 TCP/MSRP *",
    "a=path:msrp://192.0.2.1:7394/a;tcp",
    `a=file-selector:name:"${quoted}" type:text/plain size:10`,
    "",
  ];
  return parsedRequest(
    [
      "INVITE sip:bob@example.com SIP/2.0",
      "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKtest2",
      "Max-Forwards: 70",
      'From: "Alice" <sip:alice@example.com>;tag=a1',
      "To: <sip:bob@example.com>",
      "Call-ID: call-2@example.com",
      "CSeq: 7 INVITE",
      "Content-Type: application/sdp",
    ],
    sdp.join("\r\n"),
  );
}

function inInvitation(name: string): SipRequest | undefined {
  if (/[\r\n]/.test(name) || Buffer.byteLength(name) > 7000) return undefined;
  return messageRequest(fileInvitation("513756658", { name, size: 10 }), {
    type: "text/x-msmsgsinvite; charset=UTF-8",
  });
}

function inRcsXml(name: string): SipRequest | undefined {
  const text = xmlText(name);
  if (text === undefined) return undefined;
  return messageRequest(
    `<?xml version="1.0" encoding="UTF-8"?><file><file-info type="file"><file-size>10</file-size>` +
      `<file-name>${text}</file-name><content-type>text/plain</content-type>` +
      `<data url="https://files.example/a" until="2026-11-30T00:00:00Z"/></file-info></file>`,
    { type: "application/vnd.gsma.rcs-ft-http+xml" },
  );
}

function inLyncXml(name: string): SipRequest | undefined {
  const text = xmlText(name);
  if (text === undefined) return undefined;
  return messageRequest(
    `<request xmlns="http://schemas.microsoft.com/rtc/2009/05/filetransfer" requestId="1"><publishFile>` +
      `<fileInfo><id>{1}</id><name>${text}</name><size>10</size></fileInfo></publishFile></request>`,
    { type: "application/ms-filetransfer+xml" },
  );
}

/** XML has no control characters, not even as references. */
function xmlText(name: string): string | undefined {
  // oxlint-disable-next-line no-control-regex -- what XML 1.0 cannot hold
  if (/[\0-\x08\x0b\x0c\x0e-\x1f]/.test(name)) return undefined;
  return name.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
