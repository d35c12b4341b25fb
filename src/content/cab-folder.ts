import { inflateRawSync } from "node:zlib";
import type { ByteView } from "./byte-view.ts";
import { packedTogether, type MemberContent } from "./container.ts";
import type { LookBudget } from "./look-budget.ts";

/** Members of a cabinet that are packed together. */
export interface CabFolder {
  /** Undefined: packed in a way that is not unpacked here. */
  readonly content: ((start: number, size: number) => MemberContent) | undefined;
  /** Its data begin behind the end of the file. */
  readonly isCut: boolean;
}

const STORED = 0;
const MSZIP = 1;
/** What a block unpacks to at most, and how far matches reach back over the blocks before. */
const BLOCK_BYTES = 32 * 1024;

/**
 * A folder by its entry ([MS-CAB] 2.2): where its blocks begin, how many they are, how they are packed.
 *
 * @param reserve bytes that each block has for others
 */
export function cabFolder(file: ByteView, entry: Buffer, reserve: number): CabFolder {
  const start = entry.readUInt32LE(0);
  const blocks = entry.readUInt16LE(4);
  const method = entry.readUInt16LE(6) & 0x0f;
  const isRead = method === STORED || method === MSZIP;
  const unpack = (budget: LookBudget): Buffer | "partial" =>
    unpackBlocks(file, { start, blocks, method, reserve }, budget);
  return { content: isRead ? packedTogether(unpack) : undefined, isCut: start >= file.size };
}

interface Blocks {
  readonly start: number;
  readonly blocks: number;
  readonly method: number;
  readonly reserve: number;
}

/** [MS-CAB] 2.4: checksum, bytes packed, bytes unpacked, then the data. */
function unpackBlocks(file: ByteView, folder: Blocks, budget: LookBudget): Buffer | "partial" {
  const pieces: Buffer[] = [];
  let at = folder.start;
  let before: Buffer = Buffer.alloc(0);
  for (let i = 0; i < folder.blocks; i += 1) {
    const header = file.read(at, 8);
    if (header.length < 8 || !budget.takeUnpacked(BLOCK_BYTES)) return "partial";
    const packedSize = header.readUInt16LE(4);
    const packed = file.read(at + 8 + folder.reserve, packedSize);
    if (packed.length < packedSize) return "partial";
    const block = folder.method === STORED ? packed : unpackBlock(packed, before);
    if (block === undefined || block.length !== header.readUInt16LE(6)) return "partial";
    pieces.push(block);
    before = block;
    at += 8 + folder.reserve + packedSize;
  }
  return Buffer.concat(pieces);
}

/** [MS-MCI]: "CK", then deflated bytes that may refer to the block before. Undefined: it is broken. */
function unpackBlock(packed: Buffer, before: Buffer): Buffer | undefined {
  if (packed.toString("latin1", 0, 2) !== "CK") return undefined;
  const dictionary = before.length > 0 ? { dictionary: before } : {};
  try {
    return inflateRawSync(packed.subarray(2), { maxOutputLength: BLOCK_BYTES, ...dictionary });
  } catch {
    return undefined;
  }
}
