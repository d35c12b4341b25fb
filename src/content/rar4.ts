import { crc32 } from "node:zlib";
import type { ByteView } from "./byte-view.ts";
import { storedContent, type Container } from "./container.ts";
import type { LookBudget } from "./look-budget.ts";
import { rar4Name } from "./rar4-name.ts";
import { walkRar, type RarBlock, type RarFile } from "./rar-walk.ts";

const SIGNATURE = "Rar!\x1a\x07\0";
const KINDS: Readonly<Record<number, RarBlock["kind"]>> = {
  0x73: "main",
  0x74: "file",
  0x7b: "end",
};
const STORED = 0x30;
/** Flags of the archive, of a file, of any block (technote.txt of RAR 4). */
const VOLUME = 0x01;
const HEADERS_ENCRYPTED = 0x80;
const SPLIT = 0x03;
const ENCRYPTED = 0x04;
const LARGE = 0x100;
const UNICODE = 0x200;
const FOLDER = 0xe0;
const HAS_DATA = 0x8000;

/**
 * Reads the headers of a RAR archive of the formats 1.5 to 4. Only what is stored without packing can be read; what is packed nobody here
 * unpacks, and clamd says OK of it where it has no unrar.
 */
export function readRar4(file: ByteView, budget: LookBudget): Container | undefined {
  if (file.read(0, 7).toString("latin1") !== SIGNATURE) return undefined;
  return walkRar(7, file.size, budget, (at) => readBlock(file, at));
}

function readBlock(file: ByteView, at: number): RarBlock | undefined {
  const start = file.read(at, 7);
  if (start.length < 7) return undefined;
  const kind = KINDS[start[2] ?? 0] ?? "other";
  const flags = start.readUInt16LE(3);
  const size = start.readUInt16LE(5);
  const hasData = (flags & HAS_DATA) !== 0 || kind === "file";
  if (size < (hasData ? 11 : 7)) return undefined;
  const header = file.read(at, size);
  if (header.length < size) return undefined;
  const isLarge = kind === "file" && (flags & LARGE) !== 0 && size >= 40;
  const data = hasData ? readSize(header, 7, isLarge ? 32 : undefined) : 0;
  return {
    kind,
    isExact: (crc32(header.subarray(2)) & 0xffff) === header.readUInt16LE(0),
    isPart:
      (kind === "main" && (flags & VOLUME) !== 0) || (kind === "file" && (flags & SPLIT) !== 0),
    hidesRest: kind === "main" && (flags & HEADERS_ENCRYPTED) !== 0,
    file: kind === "file" ? readFile(file, header, flags, at) : undefined,
    end: at + size + data,
  };
}

/** Four bytes, and the four above them where there are such. */
function readSize(header: Buffer, low: number, high: number | undefined): number {
  return header.readUInt32LE(low) + (high === undefined ? 0 : header.readUInt32LE(high) * 2 ** 32);
}

function readFile(file: ByteView, header: Buffer, flags: number, at: number): RarFile | undefined {
  const isLarge = (flags & LARGE) !== 0;
  const start = isLarge ? 40 : 32;
  if (header.length < start) return undefined;
  const nameLength = header.readUInt16LE(26);
  if (header.length < start + nameLength) return undefined;
  const name = header.subarray(start, start + nameLength);
  const names = rar4Name(name, (flags & UNICODE) !== 0);
  const packed = readSize(header, 7, isLarge ? 32 : undefined);
  const size = readSize(header, 11, isLarge ? 36 : undefined);
  const isStored = header[25] === STORED && packed === size && (flags & (SPLIT | ENCRYPTED)) === 0;
  const content = isStored ? { content: storedContent(file, at + header.length, size) } : {};
  return {
    member: { names, size, ...content },
    encrypted: (flags & ENCRYPTED) !== 0,
    isFolder: (flags & FOLDER) === FOLDER,
  };
}
