/**
 * SDP (RFC 8866) read line by line, with byte ranges, for a gateway that edits single tokens and leaves the rest as it came.
 * Lines may end with CRLF or LF; attributes are not interpreted here. It refuses what could hide a media line from us and show it to
 * another reader: NUL, a bare CR, a line that is no `x=` line, an empty line that is not the last.
 */
import { failed, ok, type Result } from "../../base/result.ts";
import { readAcceptTypes, type AcceptTypes } from "./accept-types.ts";

/** One attribute line, `a=name[:value]`; the name as sent. */
export interface SdpAttribute {
  readonly name: string;
  readonly value: string;
}

/** One media description. Offsets count in the bytes handed in. */
export interface SdpMedia {
  /** The m= line as sent (latin1), without its end of line. */
  readonly line: string;
  readonly media: string;
  readonly port: number;
  readonly portStart: number;
  readonly portEnd: number;
  readonly protocol: string;
  readonly formats: readonly string[];
  readonly attributes: readonly SdpAttribute[];
  /** Of the first one also those that stand before any m= line and are meant for all. */
  readonly acceptTypes: readonly AcceptTypes[];
}

export interface SdpProblem {
  readonly code: "broken-sdp";
  readonly detail: string;
}

const MEDIA_LINE = /^m=([^ \t]+) +([0-9]{1,5})(?:\/[0-9]{1,5})? +([^ \t]+)((?: +[^ \t]+)*) *$/;
const MAX_MEDIA = 1000;

/** The media descriptions of an SDP body in bytes[start, end), in order. */
export function readSdpMedia(
  bytes: Buffer,
  start: number,
  end: number,
): Result<readonly SdpMedia[], SdpProblem> {
  if (bytes.subarray(start, end).includes(0)) return problem("a NUL");
  const media: DraftMedia[] = [];
  let accepted: AcceptTypes[] = [];
  let blank = false;
  for (let at = start; at < end;) {
    const lf = bytes.indexOf(0x0a, at);
    const next = lf < 0 || lf >= end ? end : lf + 1;
    const line = bytes.toString("latin1", at, next).replace(/\r?\n$/, "");
    if (line.includes("\r")) return problem("a bare CR");
    if (line.trim() === "") blank = true;
    else if (blank) return problem("a line after an empty line");
    else if (!/^[a-z]=/.test(line)) return problem(line.slice(0, 80));
    else if (line.startsWith("m=")) {
      const read = readMediaLine(line, at);
      if (read === undefined) return problem(line.slice(0, 80));
      if (media.length >= MAX_MEDIA) return problem("more than 1,000 media lines");
      media.push({ ...read, acceptTypes: accepted });
      accepted = [];
    } else if (line.startsWith("a=")) {
      const current = media.at(-1);
      current?.attributes.push(readAttribute(line));
      const types = readAcceptTypes(line, at, next);
      if (types !== undefined) (current?.acceptTypes ?? accepted).push(types);
    }
    at = next;
  }
  return ok(media);
}

type DraftMedia = SdpMedia & {
  readonly attributes: SdpAttribute[];
  readonly acceptTypes: AcceptTypes[];
};

function readMediaLine(line: string, offset: number): Omit<DraftMedia, "acceptTypes"> | undefined {
  const match = MEDIA_LINE.exec(line);
  if (match === null) return undefined;
  const [, media = "", digits = "", protocol = "", formats = ""] = match;
  const port = Number(digits);
  if (port > 65_535) return undefined;
  // the port is the first run of digits after the first blank
  const blanks = /^ +/.exec(line.slice(2 + media.length))?.[0].length ?? 1;
  const portStart = offset + 2 + media.length + blanks;
  return {
    line,
    media,
    port,
    portStart,
    portEnd: portStart + digits.length,
    protocol,
    formats: formats.trim() === "" ? [] : formats.trim().split(/ +/),
    attributes: [],
  };
}

function readAttribute(line: string): SdpAttribute {
  const colon = line.indexOf(":");
  return colon < 0
    ? { name: line.slice(2), value: "" }
    : { name: line.slice(2, colon), value: line.slice(colon + 1) };
}

function problem(detail: string): Result<never, SdpProblem> {
  return failed({ code: "broken-sdp", detail });
}
