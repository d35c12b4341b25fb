/** Names and strings of PDF (ISO 32000-1 7.3), read where they stand, without the objects around them. */

/** Longer names than any that is looked for; escaped, each letter takes three bytes. */
const MAX_NAME = 96;
const MAX_STRING = 4096;

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

/** Where the next token begins: behind white space and comments. */
export function skipBlanks(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at];
    if (byte === undefined || (byte > 0x20 && byte !== 0x25)) return at;
    at += 1;
    if (byte !== 0x25) continue;
    while (at < bytes.length && bytes[at] !== 0x0a && bytes[at] !== 0x0d) at += 1;
  }
}

/** A reference, "12 0 R" (7.3.10); undefined: there is none at this place. */
export function readReference(bytes: Buffer, at: number): number | undefined {
  const text = bytes.toString("latin1", at, at + 48);
  const [, number] = /^([0-9]{1,10})\s+[0-9]{1,5}\s+R(?![A-Za-z])/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number);
}

/** A literal or a hexadecimal string (7.3.4) as text; undefined: there is none at this place, or it has no end. */
export function readPdfString(bytes: Buffer, at: number): string | undefined {
  if (bytes[at] === 0x28) return literal(bytes, at + 1);
  if (bytes[at] !== 0x3c || bytes[at + 1] === 0x3c) return undefined;
  const end = bytes.indexOf(0x3e, at);
  if (end < 0 || end - at > 2 * MAX_STRING) return undefined;
  const digits = bytes.toString("latin1", at + 1, end).replaceAll(/[^0-9a-fA-F]/g, "");
  return textOf(Buffer.from(digits.length % 2 === 0 ? digits : `${digits}0`, "hex"));
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

const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, b: 8, f: 12 };

function literal(bytes: Buffer, start: number): string | undefined {
  const out: number[] = [];
  let depth = 1;
  for (let at = start; at < bytes.length && out.length < MAX_STRING; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === 0x28) depth += 1;
    if (byte === 0x29 && --depth === 0) return textOf(Buffer.from(out));
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
  return undefined;
}

/** 7.9.2.2: UTF-16 or UTF-8 by its mark, else PDFDocEncoding, which is latin1 but for some signs. */
function textOf(bytes: Buffer): string {
  const even = bytes.subarray(2, 2 + ((bytes.length - 2) & ~1));
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return Buffer.from(even).swap16().toString("utf16le");
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return even.toString("utf16le");
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return bytes.toString("utf8", 3);
  return bytes.toString("latin1");
}
