import { isUtf8 } from "node:buffer";
import { ok, type Result } from "../../base/result.ts";
import { mimeProblem, type MimeProblem } from "./mime-problem.ts";

/** The header fields of one MIME part. */
export interface PartHeaders {
  /** Names in lower case; values unfolded, trimmed, latin1. */
  readonly fields: ReadonlyMap<string, string>;
  /** First byte after the blank line that ends the header block. */
  readonly contentStart: number;
  /** Byte range of the digits of Content-Length, when there is one; checked by the caller. */
  readonly contentLength: { readonly start: number; readonly end: number } | undefined;
}

const CR = 0x0d;
const LF = 0x0a;
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^]*)$/;
const MAX_BLOCK = 8192;

/**
 * Reads `Name: value` lines up to a blank line, strictly: CRLF only, no blank before the colon, no field twice. Folding
 * (RFC 5322 §2.2.3) is accepted, but for a continuation line of blanks alone, which some readers take for the end.
 * The block may have 8 KiB.
 */
export function readPartHeaders(
  bytes: Buffer,
  start: number,
  end: number,
): Result<PartHeaders, MimeProblem> {
  const fields = new Map<string, string>();
  let contentLength: PartHeaders["contentLength"];
  const limit = Math.min(end, start + MAX_BLOCK);
  let at = start;
  for (;;) {
    const line = logicalLine(bytes, at, limit);
    if (!line.ok) return line;
    if (line.value.text === "") {
      // A reader that skips blank lines finds the header where we find the content.
      if (fields.size === 0 && beginsLikeHeader(bytes, line.value.next, end))
        return mimeProblem("broken-part-header", "no header, and content that begins like one");
      return ok({ fields, contentStart: line.value.next, contentLength });
    }
    const match = FIELD.exec(line.value.text);
    if (match === null) return mimeProblem("broken-part-header", line.value.text.slice(0, 80));
    const name = (match[1] ?? "").toLowerCase();
    const value = (match[2] ?? "").trim();
    if (fields.has(name)) return mimeProblem("duplicate-part-header", name);
    if (isAlmostContentField(name)) return mimeProblem("broken-part-header", name);
    fields.set(name, value);
    if (name === "content-length") {
      if (!/^[0-9]{1,10}$/.test(value) || line.value.folded)
        return mimeProblem("part-content-length", value.slice(0, 40));
      const digits = bytes.indexOf(value, at + name.length + 1, "latin1");
      contentLength = { start: digits, end: digits + value.length };
    }
    at = line.value.next;
  }
}

const CONTENT_FIELDS: ReadonlySet<string> = new Set([
  "contenttype",
  "contenttransferencoding",
  "contentdisposition",
  "contentencoding",
  "contentlength",
]);

/** Some readers do not mind `Content_Type` or `ContentType`. */
function isAlmostContentField(name: string): boolean {
  const letters = name.replaceAll(/[^a-z]/g, "");
  return CONTENT_FIELDS.has(letters) && !/^content-(?:transfer-)?[a-z]+$/.test(name);
}

const LOOKS_LIKE_HEADER = /^\s*content[-_][a-z_-]+[ \t]*:/i;

function beginsLikeHeader(bytes: Buffer, start: number, end: number): boolean {
  return LOOKS_LIKE_HEADER.test(bytes.toString("latin1", start, Math.min(end, start + 200)));
}

/** A control character, or what some readers take for the end of a line beside CR LF (NEL, LS, PS). */
function hasLineBreak(bytes: Buffer, start: number, end: number, latin1: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\0-\x08\x0a-\x1f\x7f]/.test(latin1)) return true;
  // eslint-disable-next-line no-control-regex -- as above
  if (/^[\x00-\x7f]*$/.test(latin1)) return false;
  const line = bytes.subarray(start, end);
  return /[\u0085\u2028\u2029]/.test(isUtf8(line) ? line.toString("utf8") : latin1);
}

interface LogicalLine {
  readonly text: string;
  readonly next: number;
  readonly folded: boolean;
}

function logicalLine(bytes: Buffer, start: number, end: number): Result<LogicalLine, MimeProblem> {
  let text = "";
  let at = start;
  let folded = false;
  for (;;) {
    const lf = bytes.indexOf(LF, at);
    if (lf < 0 || lf >= end || lf === at || bytes[lf - 1] !== CR)
      return mimeProblem(
        "broken-part-header",
        "a header block without CRLF or blank line, or over 8 KiB",
      );
    const piece = bytes.toString("latin1", at, lf - 1);
    if (hasLineBreak(bytes, at, lf - 1, piece))
      return mimeProblem("broken-part-header", "a control character in a part's header");
    if (folded && piece.trim() === "")
      return mimeProblem("broken-part-header", "a continuation line of blanks");
    text += folded ? ` ${piece.trim()}` : piece;
    at = lf + 1;
    const next = bytes[at];
    if (text === "" || at >= end || (next !== 0x20 && next !== 0x09)) break;
    folded = true;
  }
  if (text.startsWith(" ") || text.startsWith("\t"))
    return mimeProblem("broken-part-header", "a continuation line without a beginning");
  return ok({ text, next: at, folded });
}
