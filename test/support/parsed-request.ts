import { SipRequest } from "../../src/wire/sip/message.ts";
import { parseDatagram } from "../../src/wire/sip/parse-message.ts";

const LIMITS = { maxHeadBytes: 65_536, maxHeaderCount: 200, maxBodyBytes: 2 * 1024 * 1024 };

/** A request as the codec reads it. Lines are joined with CRLF; Content-Length is added. */
export function parsedRequest(lines: readonly string[], body: string | Buffer = ""): SipRequest {
  const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : body;
  const head = [...lines, `Content-Length: ${bytes.length}`, "", ""].join("\r\n");
  return parsedBytes(Buffer.concat([Buffer.from(head, "latin1"), bytes]));
}

/** The same for bytes as they would go out. */
export function parsedBytes(bytes: Buffer): SipRequest {
  const parsed = parseDatagram(bytes, LIMITS);
  if (!parsed.ok) throw new Error(`${parsed.problem.code}: ${parsed.problem.detail}`);
  if (!(parsed.value instanceof SipRequest)) throw new Error("not a request");
  return parsed.value;
}

/** A MESSAGE from alice to bob; `extra` lines replace those of the same name or are added. */
export function messageRequest(
  body: string | Buffer,
  options: {
    readonly type?: string | undefined;
    readonly extra?: readonly string[];
    readonly from?: string;
  } = {},
): SipRequest {
  const type = options.type ?? "text/plain;charset=utf-8";
  return parsedRequest(
    [
      "MESSAGE sip:bob@example.com SIP/2.0",
      "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKtest1",
      "Max-Forwards: 70",
      `From: ${options.from ?? '"Alice" <sip:alice@example.com>;tag=a1'}`,
      "To: <sip:bob@example.com>",
      "Call-ID: call-1@example.com",
      "CSeq: 7 MESSAGE",
      ...(options.extra ?? []),
      `Content-Type: ${type}`,
    ],
    body,
  );
}
