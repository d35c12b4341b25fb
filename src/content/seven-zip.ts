import { crc32 } from "node:zlib";
import type { ByteView } from "./byte-view.ts";
import type { Container, ContainerMember, MemberContent } from "./container.ts";
import type { LookBudget } from "./look-budget.ts";
import type { LookProblem } from "./look-problem.ts";
import {
  readSevenZipHeader,
  type SevenZipFiles,
  type SevenZipFolder,
  type SevenZipStreams,
} from "./seven-zip-header.ts";
import { folderContent, isAes, isUnpacked } from "./seven-zip-folder.ts";

const SIGNATURE = "7z\xbc\xaf\x27\x1c";
const START_BYTES = 32;
/** Of a list of members; of one that is packed as well. Headers of headers: written by nobody, but allowed. */
const MAX_HEADER_BYTES = 4 * 1024 * 1024;
const MAX_HEADERS = 4;
const TYPE = { type: "application/x-7z-compressed", group: "archive" } as const;

/**
 * Reads a 7z archive: the list of its members, also where that is packed with LZMA. Its members can be read where they are packed with
 * LZMA, LZMA2 or not at all; of other methods clamd says OK without having looked (BZip2, Deflate), or nobody here looks.
 */
export function readSevenZip(file: ByteView, budget: LookBudget): Container | undefined {
  const start = file.read(0, START_BYTES);
  if (start.toString("latin1", 0, 6) !== SIGNATURE) return undefined;
  const found = findHeader(file, start, budget);
  if (typeof found === "string") {
    const encrypted = found === "encrypted";
    return { type: TYPE, members: [], listed: false, encrypted, problem: found };
  }
  return withMembers(file, found, budget);
}

interface Found {
  readonly streams: SevenZipStreams;
  readonly files: SevenZipFiles;
  readonly isExact: boolean;
}

/** The list, behind as many packed lists as there are; or why it cannot be had. */
function findHeader(file: ByteView, start: Buffer, budget: LookBudget): Found | LookProblem {
  if (start.length < START_BYTES) return "corrupt";
  const at = START_BYTES + Number(start.readBigUInt64LE(12));
  const size = Number(start.readBigUInt64LE(20));
  // an archive of nothing has no list, and nothing else
  if (size === 0 && file.size === START_BYTES) return NOTHING;
  if (size > MAX_HEADER_BYTES) return "partial";
  const header = file.read(at, size);
  if (header.length !== size || size === 0) return "corrupt";
  const isExact =
    crc32(start.subarray(12)) === start.readUInt32LE(8) && crc32(header) === start.readUInt32LE(28);
  return unpackHeader(file, header, isExact, budget);
}

/** The list behind as many packed lists as there are. */
function unpackHeader(
  file: ByteView,
  first: Buffer,
  fits: boolean,
  budget: LookBudget,
): Found | LookProblem {
  let header = first;
  let isExact = fits;
  for (let i = 0; i < MAX_HEADERS; i += 1) {
    const read = readSevenZipHeader(header);
    if (read === undefined) return "corrupt";
    const { streams, files } = read;
    if (files?.names.length === 0) return "corrupt";
    if (files !== undefined) return { streams, files, isExact };
    const [folder] = streams.folders;
    const unpacked = folder && unpackList(file, streams, folder, budget);
    if (folder === undefined || unpacked === undefined) return "corrupt";
    if (typeof unpacked === "string") return unpacked;
    isExact &&= folder.checksum === undefined || folder.checksum === crc32(unpacked);
    header = unpacked;
  }
  return "too-deep";
}

function unpackList(
  file: ByteView,
  streams: SevenZipStreams,
  folder: SevenZipFolder,
  budget: LookBudget,
): Buffer | LookProblem {
  if (isAes(folder)) return "encrypted";
  if (!isUnpacked(folder)) return "unknown-format";
  const length = folder.sizes.at(-1) ?? 0;
  if (length > MAX_HEADER_BYTES || length > budget.unpackedBytes) return "partial";
  const [place = NOWHERE] = packedPlaces(streams);
  const unpacked = folderContent(file, folder, place)(0, length).whole(budget);
  return unpacked === "partial" ? "corrupt" : unpacked;
}

const NOWHERE: PackedPlace = { start: 0, size: 0 };

const NOTHING: Found = {
  streams: { packedAt: 0, packedSizes: [], folders: [] },
  files: { names: [], hasStream: [], isFolder: [] },
  isExact: true,
};

interface PackedPlace {
  readonly start: number;
  readonly size: number;
}

/** Where the packed bytes of each folder begin, and how many they are; of one that takes several streams the first. */
function packedPlaces({ folders, packedAt, packedSizes }: SevenZipStreams): readonly PackedPlace[] {
  let start = START_BYTES + packedAt;
  let next = 0;
  return folders.map(({ packedStreams }) => {
    const place = { start, size: packedSizes[next] ?? 0 };
    for (let i = 0; i < packedStreams; i += 1) start += packedSizes[next++] ?? 0;
    return place;
  });
}

function withMembers(file: ByteView, found: Found, budget: LookBudget): Container {
  const { streams, files } = found;
  const places = packedPlaces(streams);
  const contents = memberContents(file, streams, places);
  const members: ContainerMember[] = [];
  let problem: LookProblem | undefined;
  let next = 0;
  for (const [index, name] of files.names.entries()) {
    const stream = files.hasStream[index] === true ? contents[next++] : undefined;
    if (!budget.takeMember(name.length)) {
      problem = "partial";
      break;
    }
    if (files.isFolder[index] === true) continue;
    members.push({ names: [name], size: stream?.size ?? 0, ...(stream ?? EMPTY) });
  }
  const encrypted = streams.folders.some(isAes);
  const isOdd = problem === undefined && next !== contents.length;
  const isCut = places.some(({ start, size }) => start + size > file.size);
  return {
    type: TYPE,
    members,
    listed: true,
    encrypted,
    problem:
      problem ??
      (!found.isExact || isOdd || isCut
        ? "corrupt"
        : encrypted
          ? "encrypted"
          : streams.folders.every(isUnpacked)
            ? undefined
            : "unknown-format"),
  };
}

const EMPTY = {
  content: { head: (): Buffer => Buffer.alloc(0), whole: (): Buffer => Buffer.alloc(0) },
};

/** Of each stream of the archive in its order. */
function memberContents(
  file: ByteView,
  streams: SevenZipStreams,
  places: readonly PackedPlace[],
): readonly { readonly size: number; readonly content?: MemberContent }[] {
  return streams.folders.flatMap((folder, index) => {
    if (!isUnpacked(folder)) return folder.memberSizes.map((size) => ({ size }));
    const content = folderContent(file, folder, places[index] ?? NOWHERE);
    let at = 0;
    return folder.memberSizes.map((size) => {
      const start = at;
      at += size;
      return { size, content: content(start, size) };
    });
  });
}
