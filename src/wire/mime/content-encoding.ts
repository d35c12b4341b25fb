/**
 * Content-Encoding of a body as a whole (RFC 3261 §20.12, RFC 9110 §8.4.1): gzip (RFC 1952), and deflate, which is zlib
 * (RFC 1950) by the standard and bare deflate (RFC 1951) with some senders. Strict: what two decoders might unpack to
 * different things, or one of them not at all, is a problem.
 * Limits: one coding, 64 KiB of encoded and 1 MiB of decoded body, which is at most 100 times the encoded one.
 */
import { crc32, inflateRawSync, inflateSync } from "node:zlib";
import { mostDecoded } from "../../base/most-decoded.ts";
import { ok, type Result } from "../../base/result.ts";
import { mimeProblem, type MimeProblem } from "./mime-problem.ts";

/**
 * A stream may be all tables of codes and no output: 256 KiB of those take zlib 30 ms, 50 where zlib and bare deflate share
 * them, and what a rule stops is decoded once more for the record.
 */
const MAX_ENCODED = 64 * 1024;

/** Is the body under this value of Content-Encoding the content itself? */
export function isPlainContent(coding: string | undefined): boolean {
  return coding === undefined || coding.toLowerCase() === "identity";
}

/**
 * Decodes a body. The identity gives back the same bytes, uncopied.
 *
 * @example decodeContent(gzipSync("hi"), "gzip") // { ok: true, value: Buffer "hi" }
 */
export function decodeContent(
  bytes: Buffer,
  coding: string | undefined,
): Result<Buffer, MimeProblem> {
  if (isPlainContent(coding)) return ok(bytes);
  const decode = DECODERS.get(coding?.toLowerCase() ?? "");
  if (decode === undefined) return mimeProblem("content-encoding", (coding ?? "").slice(0, 60));
  if (bytes.length > MAX_ENCODED)
    return mimeProblem("encoded-body-too-large", `${bytes.length} bytes of ${coding}`);
  return decode(bytes);
}

const DECODERS: ReadonlyMap<string, (bytes: Buffer) => Result<Buffer, MimeProblem>> = new Map([
  ["gzip", decodeGzip],
  ["x-gzip", decodeGzip],
  ["deflate", decodeDeflate],
]);

const GZIP_HEADER = 10;
const GZIP_TRAILER = 8;

/**
 * One member, without the optional fields of its header: zlib would go on with a second member and overlook what
 * follows, and other readers do neither.
 */
function decodeGzip(bytes: Buffer): Result<Buffer, MimeProblem> {
  if (bytes.length < GZIP_HEADER + GZIP_TRAILER) return broken("shorter than an empty gzip");
  // ID1, ID2, CM = deflate, FLG = nothing but "probably text"
  if (bytes.readUIntBE(0, 3) !== 0x1f_8b_08 || ((bytes[3] as number) & ~1) !== 0)
    return broken("no gzip header, or one with optional fields");
  const end = bytes.length - GZIP_TRAILER;
  const read = inflate(inflateRawSync, bytes.subarray(GZIP_HEADER, end));
  const content = complete(read);
  if (!content.ok) return content;
  const right =
    bytes.readUInt32LE(end) === crc32(content.value) &&
    bytes.readUInt32LE(end + 4) === content.value.length;
  return right ? content : broken("the checksum or length of the gzip is wrong");
}

/** Whoever wrote it, a reader may try either form first: there must be one only in which it can be read. */
function decodeDeflate(bytes: Buffer): Result<Buffer, MimeProblem> {
  const wrapped = inflate(inflateSync, bytes);
  const bare = inflate(inflateRawSync, bytes);
  if (wrapped.kind === "broken") return complete(bare);
  if (bare.kind === "broken") return complete(wrapped);
  return broken("readable both as zlib and as bare deflate");
}

/** What stands at the beginning of some bytes, and whether they end where it does. */
type Inflated =
  | { readonly kind: "read"; readonly content: Buffer; readonly toTheEnd: boolean }
  | { readonly kind: "too-large" }
  | { readonly kind: "broken" };

function inflate(decode: typeof inflateSync, bytes: Buffer): Inflated {
  const maxOutputLength = mostDecoded(bytes.length);
  try {
    const read: unknown = decode(bytes, { maxOutputLength, info: true });
    const { buffer, engine } = read as InflatedInfo;
    return { kind: "read", content: buffer, toTheEnd: engine.bytesWritten === bytes.length };
  } catch (error) {
    return { kind: (error as NodeJS.ErrnoException).code === TOO_LARGE ? "too-large" : "broken" };
  }
}

const TOO_LARGE = "ERR_BUFFER_TOO_LARGE";

/** What zlib's functions give with `info`; @types/node does not say so. */
interface InflatedInfo {
  readonly buffer: Buffer;
  /** `bytesWritten`: how much of the input was used. */
  readonly engine: { readonly bytesWritten: number };
}

function complete(read: Inflated): Result<Buffer, MimeProblem> {
  if (read.kind === "too-large")
    return mimeProblem("encoded-body-too-large", "decoded, more than 1 MiB or 100 times as much");
  if (read.kind === "broken") return broken("cannot be decoded to its end");
  return read.toTheEnd ? ok(read.content) : broken("bytes after the end of the encoded body");
}

function broken(detail: string): Result<never, MimeProblem> {
  return mimeProblem("broken-content-encoding", detail);
}
