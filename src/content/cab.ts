import type { ByteView } from "./byte-view.ts";
import { cabFolder, type CabFolder } from "./cab-folder.ts";
import type { Container, ContainerMember } from "./container.ts";
import type { LookBudget } from "./look-budget.ts";
import type { LookProblem } from "./look-problem.ts";

const TYPE = { type: "application/vnd.ms-cab-compressed", group: "archive" } as const;
/** Flags of the cabinet ([MS-CAB] 2.1), and the attribute of a name in UTF-8. */
const HAS_PREVIOUS = 1;
const HAS_NEXT = 2;
const HAS_RESERVE = 4;
const UTF8_NAME = 0x80;
/** Folders with such numbers go on in another cabinet. */
const FIRST_SPANNING = 0xfffd;
const MAX_TEXT = 256;
const FILE_BYTES = 16;

/**
 * Reads a cabinet of Windows ([MS-CAB]): its folders and files. Members can be read where they are stored or packed with MSZIP; not of Quantum
 * and LZX. What goes on in another cabinet is "partial".
 */
export function readCab(file: ByteView, budget: LookBudget): Container | undefined {
  const header = file.read(0, 36);
  if (header.toString("latin1", 0, 8) !== "MSCF\0\0\0\0") return undefined;
  const shape = readShape(file, header);
  if (shape === undefined) {
    return { type: TYPE, members: [], listed: false, encrypted: false, problem: "corrupt" };
  }
  const { members, problem } = readFiles(file, shape, budget);
  return { type: TYPE, members, listed: true, encrypted: false, problem };
}

interface Shape {
  readonly folders: readonly CabFolder[];
  readonly filesAt: number;
  readonly files: number;
  /** Another cabinet holds the beginning or the rest. */
  readonly isPart: boolean;
  /** It declares more bytes than there are. */
  readonly isCut: boolean;
}

/** Undefined: its header is broken. */
function readShape(file: ByteView, header: Buffer): Shape | undefined {
  if (header.length < 36) return undefined;
  const flags = header.readUInt16LE(30);
  const reserve = (flags & HAS_RESERVE) === 0 ? Buffer.alloc(4) : file.read(36, 4);
  if (reserve.length < 4) return undefined;
  let at = 36 + ((flags & HAS_RESERVE) === 0 ? 0 : 4 + reserve.readUInt16LE(0));
  // the names of the cabinets before and behind, and of their disks
  for (const flag of [HAS_PREVIOUS, HAS_NEXT]) {
    if ((flags & flag) === 0) continue;
    for (let i = 0; i < 2; i += 1) at += textAt(file, at).length + 1;
  }
  const folderBytes = 8 + (reserve[2] ?? 0);
  const count = header.readUInt16LE(26);
  const table = file.read(at, count * folderBytes);
  if (table.length < count * folderBytes) return undefined;
  const folders = Array.from({ length: count }, (_, i) =>
    cabFolder(file, table.subarray(i * folderBytes, i * folderBytes + 8), reserve[3] ?? 0),
  );
  return {
    folders,
    filesAt: header.readUInt32LE(16),
    files: header.readUInt16LE(28),
    isPart: (flags & (HAS_PREVIOUS | HAS_NEXT)) !== 0,
    isCut: header.readUInt32LE(8) > file.size,
  };
}

/** Up to the zero that ends it. */
function textAt(file: ByteView, at: number): Buffer {
  const bytes = file.read(at, MAX_TEXT);
  const zero = bytes.indexOf(0);
  return zero < 0 ? bytes : bytes.subarray(0, zero);
}

function readFiles(
  file: ByteView,
  shape: Shape,
  budget: LookBudget,
): { readonly members: readonly ContainerMember[]; readonly problem: LookProblem | undefined } {
  const members: ContainerMember[] = [];
  let at = shape.filesAt;
  let isPart = shape.isPart;
  for (let i = 0; i < shape.files; i += 1) {
    const entry = file.read(at, FILE_BYTES);
    const text = textAt(file, at + FILE_BYTES);
    const index = entry.length < FILE_BYTES ? 0 : entry.readUInt16LE(8);
    const folder = shape.folders[index];
    isPart ||= index >= FIRST_SPANNING;
    if (text.length === 0 || (folder === undefined && index < FIRST_SPANNING)) {
      return { members, problem: "corrupt" };
    }
    if (!budget.takeMember(text.length)) return { members, problem: "partial" };
    const size = entry.readUInt32LE(0);
    const name = text.toString((entry.readUInt16LE(14) & UTF8_NAME) === 0 ? "latin1" : "utf8");
    const content = folder?.content?.(entry.readUInt32LE(4), size);
    members.push({ names: [name], size, ...(content && { content }) });
    at += FILE_BYTES + text.length + 1;
  }
  const isPacked = members.some(({ content, size }) => content === undefined && size > 0);
  const isBroken = shape.isCut || members.length === 0 || shape.folders.some(({ isCut }) => isCut);
  const problem = isPart ? "partial" : isPacked ? "unknown-format" : undefined;
  return { members, problem: isBroken ? "corrupt" : problem };
}
