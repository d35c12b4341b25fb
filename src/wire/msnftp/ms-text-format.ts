import { withoutTrailing } from "../../base/without-trailing.ts";
import { failed, ok, type Result } from "../../base/result.ts";
import { decodeStrictBase64 } from "../mime/transfer-encoding.ts";

/** The header `ms-text-format`: the first message of a session, carried in its INVITE. */
export interface MsTextFormat {
  /** In lower case: text/plain, text/html, text/rtf, text/x-msmsgsinvite. */
  readonly type: string;
  /** Byte range of the base64 after `ms-body=`, in the bytes handed in. */
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** The content, decoded from base64; always UTF-8 text. */
  readonly body: Buffer;
}

export interface MsTextFormatProblem {
  readonly code: "broken-ms-text-format";
  readonly detail: string;
}

// nothing but what describes a font: no place for text that a reader could be shown
const FONT =
  /^X-MMS-IM-Format: ?(?:(?:FN=[A-Za-z0-9%_+,-]{0,100}|EF=[A-Z]{0,8}|CO=[0-9A-Fa-f]{0,8}|CS=[0-9A-Fa-f]{0,4}|PF=[0-9A-Fa-f]{0,4}|RL=[0-9]{0,2})(?:; ?|(?=\r\n)|$)){0,8}(?:\r\n){0,2}$/;
const TYPE = /^([A-Za-z]+\/[A-Za-z0-9.+-]+)(?=;)/;
// before ms-body only parameters of this form
const PARAMETER = /; ?([A-Za-z-]+)=([A-Za-z0-9+/=._-]*)/y;

/**
 * Reads the value that stands in bytes[start, end). `ms-body` is the last parameter and takes everything to the end; the
 * known client looks for the text "ms-body=" wherever it stands, so it must stand only once. Folding, blanks inside, a second
 * parameter of one name, another charset than UTF-8, base64 that decoders differ about: all problems.
 */
export function readMsTextFormat(
  bytes: Buffer,
  start: number,
  end: number,
): Result<MsTextFormat, MsTextFormatProblem> {
  const text = bytes.toString("latin1", start, end);
  if (/[\r\n\0\t]/.test(text)) return problem("a folded value or a control character");
  const type = TYPE.exec(text)?.[1];
  if (type === undefined) return problem("no media type");
  const seen = new Map<string, string>();
  PARAMETER.lastIndex = type.length;
  for (;;) {
    const at = PARAMETER.lastIndex;
    const match = PARAMETER.exec(text);
    if (match === null) return problem(at === text.length ? "no ms-body" : "a parameter's form");
    const name = (match[1] ?? "").toLowerCase();
    if (seen.has(name)) return problem(`${name} twice`);
    seen.set(name, match[2] ?? "");
    if (name === "ms-body") break;
  }
  if (PARAMETER.lastIndex !== text.length)
    return problem("text in or after ms-body that is no base64");
  if (text.toLowerCase().split("ms-body=").length !== 2) return problem("ms-body twice");
  const charset = seen.get("charset");
  if (charset !== undefined && !/^utf-?8$/i.test(charset))
    return problem("another charset than UTF-8");
  const font = seen.get("msgr");
  if (font !== undefined && !isFont(font)) return problem("msgr is no font description");
  const encoded = seen.get("ms-body") ?? "";
  const body = decodeStrictBase64(encoded);
  if (body === undefined) return problem("ms-body is no canonical base64");
  return ok({ type: type.toLowerCase(), bodyStart: end - encoded.length, bodyEnd: end, body });
}

/** `msgr` is base64 without padding of UTF-16LE text; the client reads a font from it and shows nothing. */
function isFont(encoded: string): boolean {
  if (encoded === "") return true;
  const padded = withoutTrailing(encoded, "=");
  const bytes = decodeStrictBase64(padded.padEnd(Math.ceil(padded.length / 4) * 4, "="));
  if (bytes === undefined || bytes.length % 2 !== 0) return false;
  return FONT.test(bytes.toString("utf16le"));
}

function problem(detail: string): Result<never, MsTextFormatProblem> {
  return failed({ code: "broken-ms-text-format", detail });
}
