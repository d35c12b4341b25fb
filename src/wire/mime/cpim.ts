import { isUtf8 } from "node:buffer";
import { ok, type Result } from "../../base/result.ts";
import { mimeProblem, type MimeProblem } from "./mime-problem.ts";
import type { MimePart } from "./multipart.ts";
import { readPartHeaders } from "./part-headers.ts";

// RFC 3862 §4: "Name: value" with exactly one blank; a name may bear a namespace prefix
const CPIM_HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:(?:;[^ ]*)? [^]*$/;
const MAX_HEADERS = 100;

/** One header of a message/cpim. */
export interface CpimHeader {
  /** In lower case, without parameters; a namespace prefix stays ("imdn.message-id"). */
  readonly name: string;
  /** As it stands there: escapes and all (RFC 3862 §2.2). */
  readonly value: Buffer;
  /** Where the value stands in the bytes handed in. */
  readonly start: number;
  readonly end: number;
}

export interface CpimMessage extends MimePart {
  readonly headers: readonly CpimHeader[];
}

/**
 * Reads a message/cpim (RFC 3862): CPIM headers, blank line, MIME headers, blank line, content. A Content-Length among the MIME
 * headers is often wrong; the caller deals with it. None of these may stand among the CPIM headers: a reader may look there too.
 */
export function readCpim(
  bytes: Buffer,
  start: number,
  end: number,
): Result<CpimMessage, MimeProblem> {
  const cpimHeaders: CpimHeader[] = [];
  let at = start;
  for (let count = 0; ; count++) {
    const crlf = bytes.indexOf("\r\n", at, "latin1");
    if (crlf < 0 || crlf + 2 > end) return mimeProblem("broken-cpim", "no blank line");
    if (crlf === at) break;
    const line = bytes.subarray(at, crlf);
    if (!isUtf8(line) || hasControl(line)) return mimeProblem("broken-cpim", "a header's bytes");
    if (!CPIM_HEADER.test(line.toString("latin1")) || count >= MAX_HEADERS)
      return mimeProblem("broken-cpim", line.toString("latin1", 0, 80));
    const name = /^[^:]*/.exec(line.toString("latin1"))?.[0].toLowerCase() ?? "";
    if (name.startsWith("content-")) return mimeProblem("broken-cpim", `${name} in a CPIM header`);
    const valueStart = line.indexOf(" ") + 1;
    const value = line.subarray(valueStart);
    cpimHeaders.push({ name, value, start: at + valueStart, end: crlf });
    at = crlf + 2;
  }
  if (at === start) return mimeProblem("broken-cpim", "no CPIM headers");
  const headers = readPartHeaders(bytes, at + 2, end);
  if (!headers.ok) return headers;
  return ok({
    ...headers.value,
    headers: cpimHeaders,
    headerStart: at + 2,
    contentEnd: end,
  });
}

function hasControl(line: Buffer): boolean {
  return line.some((byte) => byte < 0x20 && byte !== 0x09);
}
