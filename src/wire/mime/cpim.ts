import { isUtf8 } from "node:buffer";
import { ok, type Result } from "../../base/result.ts";
import { mimeProblem, type MimeProblem } from "./mime-problem.ts";
import type { MimePart } from "./multipart.ts";
import { readPartHeaders } from "./part-headers.ts";

// RFC 3862 §4: "Name: value" with exactly one blank; a name may bear a namespace prefix
const CPIM_HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:(?:;[^ ]*)? [^]*$/;
const MAX_HEADERS = 100;

/**
 * Reads a message/cpim (RFC 3862): CPIM headers, blank line, MIME headers, blank line, content. The CPIM headers are only
 * checked for their form (they are addresses and times, not content); a Content-Length among the MIME headers must be right.
 */
export function readCpim(bytes: Buffer, start: number, end: number): Result<MimePart, MimeProblem> {
  let at = start;
  for (let count = 0; ; count++) {
    const crlf = bytes.indexOf("\r\n", at, "latin1");
    if (crlf < 0 || crlf + 2 > end) return mimeProblem("broken-cpim", "no blank line");
    if (crlf === at) break;
    const line = bytes.subarray(at, crlf);
    if (!isUtf8(line) || hasControl(line)) return mimeProblem("broken-cpim", "a header's bytes");
    if (!CPIM_HEADER.test(line.toString("latin1")) || count >= MAX_HEADERS)
      return mimeProblem("broken-cpim", line.toString("latin1", 0, 80));
    at = crlf + 2;
  }
  if (at === start) return mimeProblem("broken-cpim", "no CPIM headers");
  const headers = readPartHeaders(bytes, at + 2, end);
  if (!headers.ok) return headers;
  const length = headers.value.fields.get("content-length");
  if (length !== undefined && Number(length) !== end - headers.value.contentStart)
    return mimeProblem("part-content-length", `${length} declared`);
  return ok({ ...headers.value, headerStart: at + 2, contentEnd: end });
}

function hasControl(line: Buffer): boolean {
  return line.some((byte) => byte < 0x20 && byte !== 0x09);
}
