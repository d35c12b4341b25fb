/**
 * Bytes and text. Only charsets that every reader decodes alike are understood: UTF-8, US-ASCII, UTF-16 and the single-byte
 * sets. A text is accepted only if encoding it again gives the same bytes, so that a rewritten message changes nothing but
 * what was rewritten. Stateful charsets (UTF-7, ISO-2022) and everything else are a problem by name, never a guess.
 * A byte order mark stays in the text as U+FEFF and so survives a rewrite.
 */
import { isAscii, isUtf8 } from "node:buffer";
import { TextDecoder } from "node:util";
import { failed, ok, type Result } from "../base/result.ts";

/** A decoded text and the canonical label under which `encodeText` gives its bytes back. */
export interface DecodedText {
  readonly charset: string;
  readonly text: string;
}

export interface CharsetProblem {
  readonly code: "unknown-charset" | "bad-encoding" | "ambiguous-charset";
  readonly detail: string;
}

const ALIASES: ReadonlyMap<string, string> = new Map([
  ["utf8", "utf-8"],
  ["ascii", "us-ascii"],
  ["ansi_x3.4-1968", "us-ascii"],
  ["iso646-us", "us-ascii"],
  ["latin1", "iso-8859-1"],
  ["iso_8859-1", "iso-8859-1"],
  ["iso8859-1", "iso-8859-1"],
  ["iso8859-15", "iso-8859-15"],
  ["l1", "iso-8859-1"],
  ["latin-9", "iso-8859-15"],
  ["utf16", "utf-16"],
  ["cp1250", "windows-1250"],
  ["cp1251", "windows-1251"],
  ["cp1252", "windows-1252"],
]);

const SINGLE_BYTE = /^(?:iso-8859-(?:[2-9]|1[0-6])|windows-125[0-8]|koi8-[ru])$/;

interface ByteTable {
  /** The character of each byte; "" where the byte stands for none. */
  readonly characters: readonly string[];
  readonly bytes: ReadonlyMap<string, number>;
}

const tables = new Map<string, ByteTable | undefined>();

/**
 * Decodes a text; an absent label means UTF-8 (RFC 3261 §7.4.1).
 *
 * @example decodeText(Buffer.from("hé"), "UTF-8") // { ok: true, value: { charset: "utf-8", text: "hé" } }
 */
export function decodeText(
  bytes: Buffer,
  label: string | undefined,
): Result<DecodedText, CharsetProblem> {
  const lower = label === undefined ? "utf-8" : label.toLowerCase();
  const charset = ALIASES.get(lower) ?? lower;
  if (charset === "utf-8") return decodeUtf8(bytes);
  if (charset.startsWith("utf-16")) return decodeUtf16(bytes, charset);
  const mark = foreignMark(bytes);
  if (mark !== undefined)
    return problem("ambiguous-charset", `${charset} declared, but the mark of ${mark}`);
  if (charset === "us-ascii") {
    if (!isAscii(bytes)) return problem("bad-encoding", "a byte above 127 in us-ascii");
    return ok({ charset, text: bytes.toString("latin1") });
  }
  if (charset === "iso-8859-1") return ok({ charset, text: bytes.toString("latin1") });
  const table = tableOf(charset);
  if (table === undefined) return problem("unknown-charset", charset.slice(0, 60));
  let text = "";
  for (const byte of bytes) {
    const character = table.characters[byte];
    if (character === undefined || character === "")
      return problem("bad-encoding", `byte ${byte} has no meaning in ${charset}`);
    text += character;
  }
  return ok({ charset, text });
}

/**
 * Encodes a text in a charset that `decodeText` named; undefined when a character cannot be written in it.
 *
 * @example encodeText("é", "us-ascii") // undefined
 */
export function encodeText(text: string, charset: string): Buffer | undefined {
  if (charset === "utf-8") return text.isWellFormed() ? Buffer.from(text, "utf8") : undefined;
  if (charset === "utf-16le") return text.isWellFormed() ? Buffer.from(text, "utf16le") : undefined;
  if (charset === "utf-16be")
    return text.isWellFormed() ? Buffer.from(text, "utf16le").swap16() : undefined;
  if (charset === "us-ascii" || charset === "iso-8859-1") {
    const limit = charset === "us-ascii" ? 0x7f : 0xff;
    for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > limit) return undefined;
    return Buffer.from(text, "latin1");
  }
  const table = tableOf(charset);
  if (table === undefined) return undefined;
  const out = Buffer.alloc(text.length);
  for (let i = 0; i < text.length; i++) {
    const byte = table.bytes.get(text[i] ?? "");
    if (byte === undefined) return undefined;
    out[i] = byte;
  }
  return out;
}

function decodeUtf8(bytes: Buffer): Result<DecodedText, CharsetProblem> {
  if (!isUtf8(bytes)) return problem("bad-encoding", "not valid UTF-8");
  return ok({ charset: "utf-8", text: bytes.toString("utf8") });
}

function decodeUtf16(bytes: Buffer, label: string): Result<DecodedText, CharsetProblem> {
  if (label !== "utf-16" && label !== "utf-16le" && label !== "utf-16be")
    return problem("unknown-charset", label.slice(0, 60));
  const mark = utf16Mark(bytes);
  // RFC 2781 §4.3 says big-endian without a mark, browsers say little-endian
  if (label === "utf-16" && mark === undefined)
    return problem("ambiguous-charset", "utf-16 without a byte order mark");
  if (label !== "utf-16" && mark !== undefined && mark !== label)
    return problem("ambiguous-charset", `${label} declared, but the mark of ${mark}`);
  if (bytes.length % 2 !== 0) return problem("bad-encoding", "half a UTF-16 unit at the end");
  // A reader that goes by the bytes would be shown another text; real UTF-16 with Latin letters holds NULs.
  if (isUtf8(bytes) && !bytes.includes(0) && bytes.length > 0)
    return problem("ambiguous-charset", "UTF-16 that can be read as UTF-8 too");
  const charset = label === "utf-16" ? (mark ?? label) : label;
  const littleEndian = charset === "utf-16be" ? Buffer.from(bytes).swap16() : bytes;
  const text = littleEndian.toString("utf16le");
  if (!text.isWellFormed()) return problem("bad-encoding", "a lone UTF-16 surrogate");
  return ok({ charset, text });
}

function utf16Mark(bytes: Buffer): "utf-16le" | "utf-16be" | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  return undefined;
}

/** Browsers believe a byte order mark more than the declared charset. */
function foreignMark(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
  return utf16Mark(bytes);
}

function tableOf(charset: string): ByteTable | undefined {
  if (!SINGLE_BYTE.test(charset)) return undefined;
  if (!tables.has(charset)) tables.set(charset, buildTable(charset));
  return tables.get(charset);
}

function buildTable(charset: string): ByteTable | undefined {
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(charset, { fatal: true });
  } catch {
    return undefined; // this Node was built without the charset: unknown, not guessed
  }
  const characters: string[] = [];
  const bytes = new Map<string, number>();
  for (let byte = 0; byte < 256; byte++) {
    const character = decodeByte(decoder, byte);
    characters.push(character);
    if (character !== "") bytes.set(character, byte);
  }
  return { characters, bytes };
}

function decodeByte(decoder: TextDecoder, byte: number): string {
  try {
    return decoder.decode(Uint8Array.of(byte));
  } catch {
    return "";
  }
}

function problem(code: CharsetProblem["code"], detail: string): Result<never, CharsetProblem> {
  return failed({ code, detail });
}
