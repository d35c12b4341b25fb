import { crc32 } from "node:zlib";
import type { ByteView } from "./byte-view.ts";
import { storedContent, type Container } from "./container.ts";
import type { LookBudget } from "./look-budget.ts";
import { walkRar, type RarBlock, type RarFile } from "./rar-walk.ts";

const SIGNATURE = "Rar!\x1a\x07\x01\0";
/** technote.txt of RAR 5, "RAR 5.0 archive format": types of headers, flags of each, of the archive and of a file. */
const KINDS: Readonly<Record<number, RarBlock["kind"]>> = {
  1: "main",
  2: "file",
  4: "encryption",
  5: "end",
};
const HAS_EXTRA = 1;
const HAS_DATA = 2;
const SPLIT = 0x18;
const VOLUME = 1;
const FOLDER = 1;
const HAS_TIME = 2;
const HAS_CHECKSUM = 4;
const SIZE_UNKNOWN = 8;
const ENCRYPTION_RECORD = 1;
const MAX_RECORDS = 64;
/** A header has two megabytes at most ("General archive block format"). */
const MAX_HEADER = 2 * 1024 * 1024;

/** Reads the headers of a RAR archive of format 5; the same holds as of format 4. */
export function readRar5(file: ByteView, budget: LookBudget): Container | undefined {
  if (file.read(0, 8).toString("latin1") !== SIGNATURE) return undefined;
  return walkRar(8, file.size, budget, (at) => readBlock(file, at));
}

/** Numbers of seven bits a byte, the lowest first; the highest bit says that one follows. */
class Fields {
  at = 0;
  /** A number was cut off, or is more than there are. */
  broken = false;
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  number(): number {
    let value = 0;
    for (let shift = 1; shift <= 2 ** 63; shift *= 128) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
    this.broken = true;
    return 0;
  }
}

function readBlock(file: ByteView, at: number): RarBlock | undefined {
  const start = file.read(at, 8);
  if (start.length < 7) return undefined;
  const length = new Fields(start.subarray(4));
  const size = length.number();
  if (length.broken || size < 1 || size > MAX_HEADER) return undefined;
  const counted = file.read(at + 4, length.at + size);
  const header = counted.subarray(length.at);
  if (header.length < size) return undefined;
  const fields = new Fields(header);
  const kind = KINDS[fields.number()] ?? "other";
  const flags = fields.number();
  const extraSize = (flags & HAS_EXTRA) === 0 ? 0 : fields.number();
  const dataSize = (flags & HAS_DATA) === 0 ? 0 : fields.number();
  if (fields.broken || fields.at + extraSize > size) return undefined;
  const dataStart = at + 4 + length.at + size;
  const body = header.subarray(fields.at, size - extraSize);
  const extra = header.subarray(size - extraSize);
  const isVolume = kind === "main" && (new Fields(body).number() & VOLUME) !== 0;
  return {
    kind,
    isExact: crc32(counted) === start.readUInt32LE(0),
    isPart: isVolume || (kind === "file" && (flags & SPLIT) !== 0),
    hidesRest: kind === "encryption",
    file: kind === "file" ? readFile(file, { body, extra, dataStart, dataSize }) : undefined,
    end: dataStart + dataSize,
  };
}

interface FileParts {
  /** The fields of its type. */
  readonly body: Buffer;
  readonly extra: Buffer;
  readonly dataStart: number;
  readonly dataSize: number;
}

function readFile(file: ByteView, parts: FileParts): RarFile | undefined {
  const { body, extra, dataStart, dataSize } = parts;
  const fields = new Fields(body);
  const flags = fields.number();
  const size = fields.number();
  fields.number();
  fields.at += ((flags & HAS_TIME) === 0 ? 0 : 4) + ((flags & HAS_CHECKSUM) === 0 ? 0 : 4);
  const method = (fields.number() >> 7) & 7;
  fields.number();
  const length = fields.number();
  const records = recordTypes(extra);
  if (fields.broken || fields.at + length > body.length || records === undefined) return undefined;
  const names = [body.toString("utf8", fields.at, fields.at + length)];
  const encrypted = records.includes(ENCRYPTION_RECORD);
  const isKnown = (flags & SIZE_UNKNOWN) === 0;
  const isStored = method === 0 && isKnown && size === dataSize && !encrypted;
  const content = isStored ? { content: storedContent(file, dataStart, size) } : {};
  return {
    member: { names, size: isKnown ? size : dataSize, ...content },
    encrypted,
    isFolder: (flags & FOLDER) !== 0,
  };
}

/** The types of the extra records of a header. Undefined: they are broken. */
function recordTypes(extra: Buffer): readonly number[] | undefined {
  const fields = new Fields(extra);
  const types: number[] = [];
  while (fields.at < extra.length) {
    const size = fields.number();
    const start = fields.at;
    types.push(fields.number());
    if (fields.broken || types.length > MAX_RECORDS) return undefined;
    fields.at = start + size;
  }
  return types;
}
