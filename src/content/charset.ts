/**
 * Bytes and text. Everything that the Encoding standard (WHATWG) can decode, and US-ASCII, ISO 8859-1, UTF-32, UTF-7 (RFC 2152) and
 * EBCDIC (cp037); what is unknown is a problem by name, never a guess. Where readers that do not know a charset would be shown
 * something else, that reading comes with the text as a further view, and whoever judges the one judges the other.
 * What `encodeText` can write gives the same bytes again, so that a rewritten message changes nothing but what was
 * rewritten; what it cannot write (the charsets of East Asia, UTF-7, UTF-32) can be judged, but not rewritten.
 * A byte order mark stays in the text as U+FEFF and so survives a rewrite.
 */
import { isAscii, isUtf8 } from "node:buffer";
import { TextDecoder } from "node:util";
import { failed, ok, type Result } from "../base/result.ts";
import { byteTable } from "./byte-table.ts";
import { decodeUtf7 } from "./utf-7.ts";
import { decodeWide, wideCharset } from "./wide-charset.ts";

/** A decoded text and the canonical label under which `encodeText` gives its bytes back. */
export interface DecodedText {
  readonly charset: string;
  readonly text: string;
  /** What else the same bytes say to some readers; mostly nothing. */
  readonly views: readonly string[];
}

export interface CharsetProblem {
  readonly code: "unknown-charset" | "bad-encoding" | "ambiguous-charset";
  readonly detail: string;
}

const ALIASES: ReadonlyMap<string, string> = new Map([
  ["utf8", "utf-8"],
  ["unicode-1-1-utf-8", "utf-8"],
  ["iso-10646", "utf-8"],
  ["ascii", "us-ascii"],
  ["ansi_x3.4-1968", "us-ascii"],
  ["iso646-us", "us-ascii"],
  ["latin1", "iso-8859-1"],
  ["iso_8859-1", "iso-8859-1"],
  ["iso8859-1", "iso-8859-1"],
  ["iso8859-15", "iso-8859-15"],
  ["l1", "iso-8859-1"],
  ["latin-9", "iso-8859-15"],
  ["cp1250", "windows-1250"],
  ["cp1251", "windows-1251"],
  ["cp1252", "windows-1252"],
  ["cp936", "gbk"],
  ["cp932", "shift_jis"],
  ["cp949", "euc-kr"],
  ["cp950", "big5"],
  ["unicode-1-1-utf-7", "utf-7"],
  ["utf7", "utf-7"],
  ["ibm037", "cp037"],
  ["ibm-037", "cp037"],
  ["ebcdic-cp-us", "cp037"],
]);

/** Of the Encoding standard, with characters of several bytes. */
const EAST_ASIAN: ReadonlySet<string> = new Set(
  "gbk gb18030 big5 euc-jp shift_jis euc-kr iso-2022-jp".split(" "),
);

/** The name under which a charset is known here; the label itself, in lower case, when it is not. */
export function canonicalCharset(label: string): string {
  const lower = label.toLowerCase();
  const known = ALIASES.get(lower);
  if (known !== undefined) return known;
  if (/^(?:utf-8|us-ascii|iso-8859-1)$/.test(lower) || byteTable(lower) !== undefined) return lower;
  if (wideCharset(lower) !== undefined) return lower;
  try {
    const { encoding } = new TextDecoder(lower);
    return byteTable(encoding) !== undefined || EAST_ASIAN.has(encoding) ? encoding : lower;
  } catch {
    return lower;
  }
}

/**
 * Decodes a text; an absent label means UTF-8 (RFC 3261 §7.4.1).
 *
 * @example decodeText(Buffer.from("hé"), "UTF-8") // { ok: true, value: { charset: "utf-8", text: "hé", views: [] } }
 */
export function decodeText(
  bytes: Buffer,
  label: string | undefined,
): Result<DecodedText, CharsetProblem> {
  const charset = label === undefined ? "utf-8" : canonicalCharset(label);
  if (charset === "utf-8") {
    if (!isUtf8(bytes)) return problem("bad-encoding", "not valid UTF-8");
    const text = bytes.toString("utf8");
    return ok({ charset, text, views: guessedViews(bytes, text) });
  }
  const wide = wideCharset(charset);
  if (wide !== undefined) return decodeWide(bytes, wide);
  const mark = foreignMark(bytes);
  if (mark !== undefined)
    return problem("ambiguous-charset", `${charset} declared, but the mark of ${mark}`);
  if (charset === "us-ascii") {
    if (!isAscii(bytes)) return problem("bad-encoding", "a byte above 127 in us-ascii");
    const text = bytes.toString("latin1");
    return ok({ charset, text, views: guessedViews(bytes, text) });
  }
  if (charset === "iso-8859-1")
    return ok({ charset, text: bytes.toString("latin1"), views: unlabelledViews(bytes) });
  if (charset === "utf-7") return withBytesAsView(charset, decodeUtf7(bytes), bytes);
  if (EAST_ASIAN.has(charset)) return withBytesAsView(charset, decodeFatal(bytes, charset), bytes);
  const decoded = decodeByTable(bytes, charset);
  // Whoever does not know EBCDIC is shown its bytes.
  if (!decoded.ok || charset !== "cp037") return decoded;
  return withBytesAsView(charset, decoded.value.text, bytes);
}

const NO_VIEWS: readonly string[] = [];

/** Old browsers guess at UTF-7 and ISO-2022-JP where they see its signs, whatever is declared. */
function guessedViews(bytes: Buffer, text: string): readonly string[] {
  if (!text.includes("\x1b") && !text.includes("+")) return NO_VIEWS;
  const guesses: (string | undefined)[] = [];
  if (text.includes("\x1b")) guesses.push(decodeFatal(bytes, "iso-2022-jp"));
  if (/^\+\/v[89+/]|\+AD[wx]/.test(text)) guesses.push(decodeUtf7(bytes));
  return guesses.filter((guess): guess is string => guess !== undefined && guess !== text);
}

/** Readers that do not know the charset show its bytes, in which there may be a text of its own. */
function withBytesAsView(
  charset: string,
  text: string | undefined,
  bytes: Buffer,
): Result<DecodedText, CharsetProblem> {
  if (text === undefined) return problem("bad-encoding", `not valid ${charset}`);
  const shown = bytes.toString("latin1");
  const views = shown === text ? NO_VIEWS : [shown];
  return ok({ charset, text, views: [...views, ...unlabelledViews(bytes)] });
}

/** COMPAT(Linphone, Zoiper, Jitsi): to most SIP clients a text is UTF-8 whatever its label says. */
function unlabelledViews(bytes: Buffer): readonly string[] {
  return isAscii(bytes) || !isUtf8(bytes) ? NO_VIEWS : [bytes.toString("utf8")];
}

function decodeFatal(bytes: Buffer, charset: string): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function decodeByTable(bytes: Buffer, charset: string): Result<DecodedText, CharsetProblem> {
  const table = byteTable(charset);
  if (table === undefined) return problem("unknown-charset", charset.slice(0, 60));
  let text = "";
  for (const byte of bytes) {
    const character = table.characters[byte];
    if (character === undefined || character === "")
      return problem("bad-encoding", `byte ${byte} has no meaning in ${charset}`);
    text += character;
  }
  return ok({ charset, text, views: unlabelledViews(bytes) });
}

/**
 * Encodes a text in a charset that `decodeText` named; undefined when a character cannot be written in it, or nothing can.
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
  const table = byteTable(charset);
  if (table === undefined) return undefined;
  const out = Buffer.alloc(text.length);
  for (let i = 0; i < text.length; i++) {
    const byte = table.bytes.get(text[i] ?? "");
    if (byte === undefined) return undefined;
    out[i] = byte;
  }
  return out;
}

/** Browsers believe a byte order mark more than the declared charset. */
function foreignMark(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  return bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : undefined;
}

function problem(code: CharsetProblem["code"], detail: string): Result<never, CharsetProblem> {
  return failed({ code, detail });
}
