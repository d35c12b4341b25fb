import type { ByteView } from "./byte-view.ts";
import { packedTogether, type MemberContent } from "./container.ts";
import type { LookBudget } from "./look-budget.ts";
import { unpackLzma, unpackLzma2 } from "./lzma.ts";
import type { SevenZipFolder } from "./seven-zip-header.ts";

const COPY = "00";
const LZMA2 = "21";
const LZMA = "030101";
/** 7zAES; with an AES of another mode, which nobody writes. */
const AES = /^06f1/;

/** Is it encrypted? */
export function isAes(folder: SevenZipFolder): boolean {
  return folder.coders.some(({ method }) => AES.test(method));
}

/** Can it be unpacked here? One method, without a filter for programs before it. */
export function isUnpacked({ coders, packedStreams }: SevenZipFolder): boolean {
  const [coder] = coders;
  if (coder === undefined || coders.length !== 1 || packedStreams !== 1) return false;
  return coder.streams === 2 && [COPY, LZMA, LZMA2].includes(coder.method);
}

/** The bytes of the members of a folder that can be unpacked here. */
export function folderContent(
  file: ByteView,
  folder: SevenZipFolder,
  place: { readonly start: number; readonly size: number },
): (start: number, size: number) => MemberContent {
  const size = folder.sizes.at(-1) ?? 0;
  return packedTogether((budget) => unpackFolder(file, folder, place, size, budget));
}

function unpackFolder(
  file: ByteView,
  folder: SevenZipFolder,
  { start, size: packedSize }: { readonly start: number; readonly size: number },
  size: number,
  budget: LookBudget,
): Buffer | "partial" {
  const [coder] = folder.coders;
  // Packed bytes cost as well: two thousand folders may share them.
  const cost = Math.max(size, packedSize);
  if (coder === undefined || cost > budget.unpackedBytes) return "partial";
  budget.takeUnpacked(cost);
  const packed = file.read(start, packedSize);
  if (coder.method === COPY) return packed.length === size ? packed : "partial";
  const { bytes, whole } =
    coder.method === LZMA ? unpackLzma(packed, coder.properties, size) : unpackLzma2(packed, size);
  return whole ? bytes : "partial";
}
