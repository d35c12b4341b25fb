import { failed, ok, type Result } from "../base/result.ts";

/** The first line and the header fields of an ICAP response (RFC 3507 §4.3). */
export interface IcapHead {
  /** 100 to 599. */
  readonly status: number;
  /** Values by name in lower case, folded lines joined by LF, trimmed; of a field that stands twice, both. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/** No head of a response is longer; what is longer is not one. */
export const MAX_HEAD_BYTES: number = 16 * 1024;

const MAX_FIELDS = 100;
const STATUS_LINE = /^ICAP\/1\.0 ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]{0,200})?$/;
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;
const FOLDED = /^[ \t]+([\t\x20-\x7e\x80-\xff]*)$/;

/**
 * Reads a head without the empty line at its end; latin1. Strict: lines end with CRLF, nothing stands between a name and its
 * colon, no control characters. The problem is in words. Folding is read, because X-Violations-Found is written that way.
 *
 * @example parseIcapHead("ICAP/1.0 204 Unmodified\r\nISTag: \"a\"")
 */
export function parseIcapHead(text: string): Result<IcapHead, string> {
  const [first = "", ...lines] = text.split("\r\n");
  const status = STATUS_LINE.exec(first)?.[1];
  if (status === undefined) return failed("no ICAP status line");
  const fields = parseFields(lines);
  return fields.ok ? ok({ status: Number(status), fields: fields.value }) : fields;
}

/** The one value of a field; undefined where there is none, or more than one. */
export function onlyValue(head: IcapHead, name: string): string | undefined {
  const values = head.fields.get(name);
  return values?.length === 1 ? values[0] : undefined;
}

/** Header fields, one a line. Also for the encapsulated HTTP heads, which have the same grammar. */
export function parseFields(lines: readonly string[]): Result<IcapHead["fields"], string> {
  const fields = new Map<string, string[]>();
  if (lines.length > MAX_FIELDS) return failed("too many header fields");
  let last: string[] | undefined;
  for (const line of lines) {
    const folded = FOLDED.exec(line)?.[1];
    if (folded !== undefined) {
      if (last === undefined) return failed("a folded line before any header field");
      last.push(`${last.pop() ?? ""}\n${folded.trim()}`);
      continue;
    }
    const [, name, value] = FIELD.exec(line) ?? [];
    if (name === undefined || value === undefined) return failed("no header field");
    const key = name.toLowerCase();
    last = fields.get(key) ?? [];
    last.push(value.trim());
    fields.set(key, last);
  }
  return ok(fields);
}
