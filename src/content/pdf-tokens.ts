/** Names and strings of PDF (ISO 32000-1 7.3), read where they stand, without the objects around them. */

/** Longer names than any that is looked for; escaped, each letter takes three bytes. */
const MAX_NAME = 96;
const MAX_STRING = 4096;
/** As written, with its escapes. */
const MAX_WRITTEN = 3 * MAX_STRING;
/** Between a key and its value: nobody needs more, and each key may be followed by the same ones again. */
const MAX_BLANKS = 1024;

/** A name, and where it ends. */
export interface PdfName {
  readonly name: string;
  readonly end: number;
}

/** White space and delimiters (7.2.2) end a name. */
export function isRegular(byte: number | undefined): boolean {
  return byte !== undefined && byte > 0x20 && !DELIMITERS.has(byte) && byte !== 0x7f;
}

const DELIMITERS: ReadonlySet<number> = new Set(Buffer.from("()<>[]{}/%"));

/** The name behind the slash at `at`, its escapes read (7.3.5): `/J#61vaScript` is "JavaScript". */
export function readPdfName(bytes: Buffer, at: number): PdfName {
  let end = at + 1;
  while (end - at <= MAX_NAME && isRegular(bytes[end])) end += 1;
  const written = bytes.toString("latin1", at + 1, end);
  const name = written.includes("#")
    ? written.replaceAll(/#([0-9a-fA-F]{2})/g, (_, hex: string) =>
        String.fromCharCode(parseInt(hex, 16)),
      )
    : written;
  return { name, end };
}

/** Where the next token begins: behind white space and comments, or in the midst of them where there are too many (`isBlank`). */
export function skipBlanks(bytes: Buffer, from: number): number {
  const end = Math.min(bytes.length, from + MAX_BLANKS);
  let isComment = false;
  for (let at = from; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (isComment) isComment = byte !== 0x0a && byte !== 0x0d;
    else if (byte === PERCENT) isComment = true;
    else if (byte > 0x20) return at;
  }
  return end;
}

const PERCENT = 0x25;

/** What has been passed over was not all that there is of it. */
export function hasMoreBlanks(from: number, at: number): boolean {
  return at - from >= MAX_BLANKS;
}

/** A reference, "12 0 R" (7.3.10); undefined: there is none at this place. */
export function readReference(bytes: Buffer, at: number): number | undefined {
  const text = bytes.toString("latin1", at, at + 48);
  const [, number] = /^([0-9]{1,10})\s+[0-9]{1,5}\s+R(?![A-Za-z])/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number);
}

/** A string, and how far was read for it. */
export interface PdfString {
  /** Undefined: there is none at this place. */
  readonly text: string | undefined;
  /** It has no end, or is longer than a name is: it is not known. */
  readonly isCut: boolean;
  readonly end: number;
}

/** A literal or a hexadecimal string (7.3.4) as text. */
export function readPdfString(bytes: Buffer, at: number): PdfString {
  if (bytes[at] === 0x28) return literal(bytes, at + 1);
  if (bytes[at] !== 0x3c || bytes[at + 1] === 0x3c)
    return { text: undefined, isCut: false, end: at };
  const piece = bytes.subarray(at, at + MAX_WRITTEN);
  const end = piece.indexOf(0x3e);
  if (end < 0) return { text: undefined, isCut: true, end: at + piece.length };
  const digits = piece.toString("latin1", 1, end).replaceAll(/[^0-9a-fA-F]/g, "");
  const text = textOf(Buffer.from(digits.length % 2 === 0 ? digits : `${digits}0`, "hex"));
  return { text, isCut: false, end: at + end };
}

/** Behind the parenthesis that ends the literal string at `at`, or behind all there is. */
export function endOfLiteral(bytes: Buffer, start: number): number {
  let depth = 0;
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === 0x5c) at += 1;
    else if (byte === 0x28) depth += 1;
    else if (byte === 0x29 && --depth === 0) return at + 1;
  }
  return bytes.length;
}

/** Where the word "stream" stands, outside of strings and comments; undefined: the object ends before it, or there is too much between. */
export function endOfDictionary(bytes: Buffer, from: number): number | undefined {
  for (let at = from; at < bytes.length;) {
    const start = skipBlanks(bytes, at);
    if (hasMoreBlanks(at, start)) return undefined;
    at = start;
    if (bytes[at] === 0x28) at = endOfLiteral(bytes, at);
    else if (!isRegular(bytes[at])) at += 1;
    else {
      while (isRegular(bytes[at])) at += 1;
      const word = bytes.toString("latin1", start, Math.min(at, start + 8));
      if (word === "stream") return start;
      if (word === "endobj") return undefined;
    }
  }
  return undefined;
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, b: 8, f: 12 };

function literal(bytes: Buffer, start: number): PdfString {
  const out: number[] = [];
  const most = Math.min(bytes.length, start + MAX_WRITTEN);
  let depth = 1;
  let at = start;
  for (; at < most && out.length < MAX_STRING; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === 0x28) depth += 1;
    if (byte === 0x29 && --depth === 0) {
      return { text: textOf(Buffer.from(out)), isCut: false, end: at };
    }
    if (byte !== 0x5c) {
      out.push(byte);
      continue;
    }
    const [, octal] = /^([0-7]{1,3})/.exec(bytes.toString("latin1", at + 1, at + 4)) ?? [];
    const letter = String.fromCharCode(bytes[at + 1] ?? 0);
    at += octal?.length ?? 1;
    if (octal !== undefined) out.push(parseInt(octal, 8) & 0xff);
    // a line that goes on in the next
    else if (letter === "\r" && bytes[at + 1] === 0x0a) at += 1;
    else if (letter !== "\n" && letter !== "\r") out.push(ESCAPES[letter] ?? letter.charCodeAt(0));
  }
  return { text: undefined, isCut: true, end: at };
}

/** 7.9.2.2: UTF-16 or UTF-8 by its mark, else PDFDocEncoding, which is latin1 but for some signs. */
function textOf(bytes: Buffer): string {
  const even = bytes.subarray(2, 2 + ((bytes.length - 2) & ~1));
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return Buffer.from(even).swap16().toString("utf16le");
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return even.toString("utf16le");
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return bytes.toString("utf8", 3);
  return bytes.toString("latin1");
}
