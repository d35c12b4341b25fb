import { ok, type Result } from "../../base/result.ts";
import { mimeProblem, type MimeProblem } from "./mime-problem.ts";

/** How content stands in the message; 7bit, 8bit and binary are all "identity". */
export type TransferEncoding = "identity" | "base64" | "quoted-printable";

/** The value of Content-Transfer-Encoding (RFC 2045 §6); absent means 7bit. Unknown ones are a problem. */
export function parseTransferEncoding(
  value: string | undefined,
): Result<TransferEncoding, MimeProblem> {
  if (value === undefined) return ok("identity");
  const lower = value.toLowerCase();
  if (lower === "7bit" || lower === "8bit" || lower === "binary") return ok("identity");
  if (lower === "base64" || lower === "quoted-printable") return ok(lower);
  return mimeProblem("unknown-transfer-encoding", value.slice(0, 60));
}

/**
 * Decodes content strictly: decoders differ in what they do with junk, so junk is a problem. The identity gives back the same
 * bytes, uncopied.
 *
 * @example decodeTransfer(Buffer.from("aGk="), "base64") // { ok: true, value: Buffer "hi" }
 */
export function decodeTransfer(
  bytes: Buffer,
  encoding: TransferEncoding,
): Result<Buffer, MimeProblem> {
  if (encoding === "identity") return ok(bytes);
  return encoding === "base64" ? decodeBase64(bytes) : decodeQuotedPrintable(bytes);
}

/** Encodes content so that `decodeTransfer` accepts it and gives it back: lines of 76 characters, CRLF between them. */
export function encodeTransfer(bytes: Buffer, encoding: TransferEncoding): Buffer {
  if (encoding === "identity") return bytes;
  if (encoding === "quoted-printable") return encodeQuotedPrintable(bytes);
  const lines = bytes.toString("base64").match(/.{1,76}/g) ?? [];
  return Buffer.from(lines.join("\r\n"), "latin1");
}

/** Base64 as everyone reads it: whole groups, padding at the end only, no bit set that stands for nothing. */
export function decodeStrictBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

function decodeBase64(bytes: Buffer): Result<Buffer, MimeProblem> {
  const text = bytes.toString("latin1");
  const joined = text.replaceAll("\r\n", "");
  const decoded = decodeStrictBase64(joined);
  return decoded === undefined
    ? mimeProblem("bad-transfer-encoding", "base64 with junk")
    : ok(decoded);
}

function decodeQuotedPrintable(bytes: Buffer): Result<Buffer, MimeProblem> {
  const out = Buffer.alloc(bytes.length);
  let to = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === 0x3d) {
      if (bytes[i + 1] === 0x0d && bytes[i + 2] === 0x0a) {
        i += 2;
        continue;
      }
      const hex = bytes.toString("latin1", i + 1, i + 3);
      if (!/^[0-9A-F]{2}$/.test(hex))
        return mimeProblem("bad-transfer-encoding", 'quoted-printable: "=" without two digits');
      out[to++] = parseInt(hex, 16);
      i += 2;
      continue;
    }
    if (!isPrintableHere(bytes, i))
      return mimeProblem("bad-transfer-encoding", `quoted-printable: byte ${byte}`);
    out[to++] = byte;
  }
  return ok(out.subarray(0, to));
}

/** RFC 2045 §6.7: printable ASCII; blanks, but not at the end of a line; CR and LF as a pair only. */
function isPrintableHere(bytes: Buffer, i: number): boolean {
  const byte = bytes[i] ?? 0;
  if (byte === 0x0d) return bytes[i + 1] === 0x0a;
  if (byte === 0x0a) return i > 0 && bytes[i - 1] === 0x0d;
  if (byte === 0x20 || byte === 0x09) {
    const next = bytes[i + 1];
    return next !== undefined && next !== 0x0d;
  }
  return byte > 0x20 && byte < 0x7f;
}

function encodeQuotedPrintable(bytes: Buffer): Buffer {
  let out = "";
  let column = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === 0x0d && bytes[i + 1] === 0x0a) {
      out += "\r\n";
      column = 0;
      i++;
      continue;
    }
    const plain = byte !== 0x3d && byte !== 0x0d && byte !== 0x0a && isPrintableHere(bytes, i);
    const form = plain
      ? String.fromCharCode(byte)
      : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    if (column + form.length > 75) {
      out = softBreak(out);
      column = 0;
    }
    out += form;
    column += form.length;
  }
  return Buffer.from(out, "latin1");
}

/** A blank must not stand at the end of a line, also not of a soft one for old decoders: it is escaped. */
function softBreak(out: string): string {
  const last = out.at(-1);
  if (last === " ") return `${out.slice(0, -1)}=20=\r\n`;
  if (last === "\t") return `${out.slice(0, -1)}=09=\r\n`;
  return `${out}=\r\n`;
}
