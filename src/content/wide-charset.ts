import { isUtf8 } from "node:buffer";
import { failed, ok, type Result } from "../base/result.ts";
import type { CharsetProblem, DecodedText } from "./charset.ts";

/** UTF-16 and UTF-32: `endian` is undefined where the label leaves it to a byte order mark. */
export interface WideCharset {
  readonly bits: 16 | 32;
  readonly endian: "le" | "be" | undefined;
}

/** The labels of UTF-16 and UTF-32; the Encoding standard takes "utf-16" for little-endian, RFC 2781 for big-endian. */
export function wideCharset(label: string): WideCharset | undefined {
  const utf = /^(?:cs)?utf-?(16|32)(le|be)?$/.exec(label);
  if (utf !== null)
    return { bits: utf[1] === "16" ? 16 : 32, endian: utf[2] as WideCharset["endian"] };
  if (/^(?:unicode|ucs-?2|iso-10646-ucs-2|csunicode)$/.test(label))
    return { bits: 16, endian: undefined };
  if (/^(?:ucs-?4|iso-10646-ucs-4|csucs4)$/.test(label)) return { bits: 32, endian: undefined };
  return undefined;
}

const ORDERS = { le: ["le", "be"], be: ["be", "le"] } as const;

/**
 * Decodes a text of 16 or 32 bits a unit. Without a byte order mark both orders are read, the declared one first: readers
 * guess. Of "utf-16" RFC 2781 §4.3 says big-endian, browsers say little-endian.
 */
export function decodeWide(
  bytes: Buffer,
  { bits, endian }: WideCharset,
): Result<DecodedText, CharsetProblem> {
  const mark = markOf(bytes, bits);
  if (endian !== undefined && mark !== undefined && mark !== endian)
    return problem("ambiguous-charset", `utf-${bits}${endian} declared, but another mark`);
  if (bytes.length % (bits / 8) !== 0) return problem("bad-encoding", `half a unit of UTF-${bits}`);
  // A reader that goes by the bytes would be shown another text; real UTF-16 with Latin letters holds NULs.
  if (isUtf8(bytes) && !bytes.includes(0) && bytes.length > 0)
    return problem("ambiguous-charset", `UTF-${bits} that can be read as UTF-8 too`);
  const orders = mark === undefined ? ORDERS[endian ?? "be"] : [mark];
  const readings = orders.map((one) => ({
    charset: `utf-${bits}${one}`,
    text: bits === 16 ? decode16(bytes, one) : decode32(bytes, one),
  }));
  if (endian !== undefined && readings[0]?.text === undefined) readings.length = 0;
  const [first, ...others] = readings.filter(({ text }) => text !== undefined);
  if (first?.text === undefined) return problem("bad-encoding", `not valid UTF-${bits}`);
  // Few readers know UTF-32; the others show the bytes, and no NUL.
  const narrow = bits === 32 ? [bytes.toString("latin1").replaceAll("\0", "")] : [];
  const views = [...others.map(({ text }) => text ?? ""), ...narrow];
  return ok({ charset: first.charset, text: first.text, views });
}

function markOf(bytes: Buffer, bits: 16 | 32): "le" | "be" | undefined {
  const first = bits === 16 ? bytes.subarray(0, 2) : bytes.subarray(0, 4);
  const hex = first.toString("hex");
  if (hex === "fffe" || hex === "fffe0000") return "le";
  return hex === "feff" || hex === "0000feff" ? "be" : undefined;
}

function decode16(bytes: Buffer, endian: "le" | "be"): string | undefined {
  const littleEndian = endian === "be" ? Buffer.from(bytes).swap16() : bytes;
  const text = littleEndian.toString("utf16le");
  return text.isWellFormed() ? text : undefined;
}

function decode32(bytes: Buffer, endian: "le" | "be"): string | undefined {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += 4) {
    const point = endian === "le" ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return undefined;
    pieces.push(String.fromCodePoint(point));
  }
  return pieces.join("");
}

function problem(code: CharsetProblem["code"], detail: string): Result<never, CharsetProblem> {
  return failed({ code, detail });
}
