import type { ByteView } from "./byte-view.ts";
import { storedContent, type Container, type ContainerMember } from "./container.ts";
import { IsoTree, type IsoRoot } from "./iso-tree.ts";
import type { LookBudget } from "./look-budget.ts";
import type { LookProblem } from "./look-problem.ts";

const ISO = { type: "application/x-iso9660-image", group: "disk-image" } as const;
const UDF = { type: "application/x-udf-image", group: "disk-image" } as const;
const SECTOR = 2048;
const FIRST_DESCRIPTOR = 16;
const MAX_DESCRIPTORS = 64;
/** Identifiers in the volume recognition sequence of UDF (ECMA-167 2/9). */
const UDF_MARKS = new Set(["BEA01", "NSR02", "NSR03", "TEA01", "BOOT2"]);
/** ISO 9660 8.5.6: escape sequences of UCS-2, which make a supplementary volume one of Joliet. */
const JOLIET = new Set(["%/@", "%/C", "%/E"]);

/**
 * Reads a disk image of ISO 9660: the directories of all its volumes, with the names of Joliet and of Rock Ridge. Where it holds a second file
 * system as well (UDF, HFS), in which there may be other files, it says so: "unknown-format".
 */
export function readIso(file: ByteView, budget: LookBudget): Container | undefined {
  const { roots, hasUdf, isCdrom } = readDescriptors(file);
  if (!isCdrom && !hasUdf) return undefined;
  const unread = { type: UDF, members: [], listed: false, encrypted: false } as const;
  if (!isCdrom) return { ...unread, problem: "unknown-format" };
  if (roots.length === 0) return { ...unread, type: ISO, problem: "corrupt" };
  const tree = new IsoTree(file, budget);
  for (const root of roots) tree.walk(root);
  const members = tree.files.map(({ names, start, size }): ContainerMember => {
    return { names, size, content: storedContent(file, start, size) };
  });
  const isOther = hasUdf || hasHfs(file) || tree.holdsPacked;
  const problem: LookProblem | undefined =
    tree.problem ?? (members.length === 0 ? "corrupt" : isOther ? "unknown-format" : undefined);
  return { type: ISO, members, listed: true, encrypted: false, problem };
}

interface Descriptors {
  readonly roots: readonly IsoRoot[];
  readonly hasUdf: boolean;
  readonly isCdrom: boolean;
}

function readDescriptors(file: ByteView): Descriptors {
  const roots: IsoRoot[] = [];
  let hasUdf = false;
  let isCdrom = false;
  for (let i = 0; i < MAX_DESCRIPTORS; i += 1) {
    const descriptor = file.read((FIRST_DESCRIPTOR + i) * SECTOR, SECTOR);
    const id = descriptor.toString("latin1", 1, 6);
    hasUdf ||= UDF_MARKS.has(id);
    isCdrom ||= id === "CD001";
    if (id !== "CD001" && !UDF_MARKS.has(id)) break;
    const root = id === "CD001" ? rootOf(descriptor) : undefined;
    if (root !== undefined) roots.push(root);
  }
  return { roots, hasUdf, isCdrom };
}

/** Undefined: the descriptor is none of a volume with files. */
function rootOf(descriptor: Buffer): IsoRoot | undefined {
  const kind = descriptor[0];
  if ((kind !== 1 && kind !== 2) || descriptor.length < SECTOR) return undefined;
  return {
    blockBytes: descriptor.readUInt16LE(128),
    block: descriptor.readUInt32LE(158),
    size: descriptor.readUInt32LE(166),
    isWide: kind === 2 && JOLIET.has(descriptor.toString("latin1", 88, 91)),
  };
}

/** The file system of Apple beside it, or a partition map of Apple's that leads to one. */
function hasHfs(file: ByteView): boolean {
  const volume = file.read(1024, 2).toString("latin1");
  return ["BD", "H+", "HX"].includes(volume) || file.read(512, 2).toString("latin1") === "PM";
}
