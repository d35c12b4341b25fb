/**
 * One evil thing in every structure that MIME readers are known to read differently (HARDENING B1): EICAR in an attachment, a
 * file called evil.exe, a link to a program, or a file uuencoded in text; as the body of a MESSAGE, in message/cpim, and beside the
 * session description of an INVITE.
 */
import type { SipRequest } from "../../src/wire/sip/message.ts";
import { EICAR } from "./eicar.ts";
import { cpim, multipart, multipartTricks } from "./mime-multipart-tricks.ts";
import { honestPart, partTricks, type HonestPart, type TrickedPart } from "./mime-part-tricks.ts";
import { parsedRequest } from "./parsed-request.ts";

type Evil = "virus" | "name" | "link";

export interface MimeStructure {
  readonly name: string;
  readonly evil: Evil;
  /** As a reader of mail gets it: header lines, blank line, body. */
  readonly mail: Buffer;
  /** Undefined: the SIP codec refuses the head. */
  readonly request: SipRequest | undefined;
}

/** What is looked for in what was delivered. */
export const BLOCKED_LINK = "http://evil.example/setup.exe";
export const BLOCKED_NAME = "evil.exe";

const EVIL: Readonly<Record<Evil, HonestPart>> = {
  virus: file("a.txt", EICAR.toString("latin1")),
  name: file(BLOCKED_NAME, "harmless bytes in a program"),
  link: {
    type: "text/plain",
    disposition: "inline",
    fileName: "a.txt",
    encoding: "7bit",
    content: `see ${BLOCKED_LINK} now`,
    plain: `see ${BLOCKED_LINK} now`,
  },
};

function file(fileName: string, plain: string): HonestPart {
  const content = Buffer.from(plain, "latin1").toString("base64");
  const disposition = `attachment; filename="${fileName}"`;
  return {
    type: "application/octet-stream",
    disposition,
    fileName,
    encoding: "base64",
    content,
    plain,
  };
}

/** All structures; the same at every call. */
export function mimeStructures(): readonly MimeStructure[] {
  const found: MimeStructure[] = [];
  for (const [evil, honest] of Object.entries(EVIL) as [Evil, HonestPart][]) {
    for (const { name, play } of partTricks()) {
      const part = written(play(honest));
      add(found, `${name}, in a multipart`, evil, "multipart/mixed; boundary=b1", multipart(part));
      add(found, `${name}, in CPIM`, evil, "message/cpim", cpim(part));
      add(found, `${name}, in an INVITE`, evil, "multipart/mixed; boundary=b1", inInvite(part));
    }
    for (const { name, build } of multipartTricks()) {
      const { type, body } = build(written(honestPart(honest)));
      add(found, name, evil, type, body);
      if (type !== "message/cpim")
        add(
          found,
          `${name}, in CPIM`,
          evil,
          "message/cpim",
          cpim(`Content-Type: ${type}\r\n\r\n${body}`),
        );
    }
  }
  for (const [name, text] of Object.entries(encodedInText()))
    add(found, name, "virus", "text/plain", text);
  return found;
}

/** Beside the session description of a call, as the first message of an RCS session stands. */
function inInvite(part: string): string {
  const sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";
  const call = `${sdp}m=audio 4000 RTP/AVP 0\r\n`;
  return `--b1\r\nContent-Type: application/sdp\r\n\r\n${call}--b1\r\n${part}\r\n--b1--\r\n`;
}

function written({ lines, content }: TrickedPart): string {
  return `${lines.join("\r\n")}\r\n\r\n${content}`;
}

/** Files written out in a text, as mail and news readers recognise them. */
function encodedInText(): Readonly<Record<string, string>> {
  const lines = uuencoded(EICAR);
  return {
    "uuencoded in text": `hello\r\nbegin 644 evil.exe\r\n${lines}\r\n\`\r\nend\r\n`,
    "uuencoded from the first line": `begin 644 evil.exe\r\n${lines}\r\n\`\r\nend\r\n`,
    "uuencoded without an end": `begin 666 evil.exe\r\n${lines}\r\n`,
    "uuencoded with line feeds": `a\nbegin 755 evil.exe\n${lines.replaceAll("\r\n", "\n")}\n\nend\n`,
    "uuencoded in base64": `begin-base64 644 evil.exe\r\n${EICAR.toString("base64")}\r\n====\r\n`,
    "yEnc in text": `=ybegin line=128 size=68 name=evil.exe\r\nabc\r\n=yend size=68\r\n`,
    "BinHex in text": `(This file must be converted with BinHex 4.0)\r\n:abcdef:\r\n`,
  };
}

function uuencoded(bytes: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 45) {
    const piece = bytes.subarray(at, at + 45);
    let line = String.fromCharCode(32 + piece.length);
    for (let i = 0; i < piece.length; i += 3) {
      const group = ((piece[i] ?? 0) << 16) | ((piece[i + 1] ?? 0) << 8) | (piece[i + 2] ?? 0);
      for (const shift of [18, 12, 6, 0])
        line += String.fromCharCode(
          ((group >> shift) & 63) === 0 ? 96 : 32 + ((group >> shift) & 63),
        );
    }
    lines.push(line);
  }
  return lines.join("\r\n");
}

function add(found: MimeStructure[], name: string, evil: Evil, type: string, body: string): void {
  const mail = Buffer.from(`Content-Type: ${type}\r\n\r\n${body}`, "latin1");
  found.push({
    name: `${evil}: ${name}`,
    evil,
    mail,
    request: requestOf(
      name.endsWith("in an INVITE") ? "INVITE" : "MESSAGE",
      type,
      Buffer.from(body, "latin1"),
    ),
  });
}

function requestOf(method: string, type: string, body: Buffer): SipRequest | undefined {
  const lines = [
    `${method} sip:bob@example.com SIP/2.0`,
    "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKtest1",
    "Max-Forwards: 70",
    'From: "Alice" <sip:alice@example.com>;tag=a1',
    "To: <sip:bob@example.com>",
    "Call-ID: call-1@example.com",
    `CSeq: 7 ${method}`,
    `Content-Type: ${type}`,
  ];
  try {
    return parsedRequest(lines, body);
  } catch {
    return undefined;
  }
}
