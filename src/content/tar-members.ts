import type { ByteView } from "./byte-view.ts";
import type { LookBudget } from "./look-budget.ts";

export interface TarMember {
  readonly names: readonly string[];
  /** Where its bytes stand in the archive. */
  readonly start: number;
  readonly size: number;
}

export interface TarMembers {
  readonly members: readonly TarMember[];
  /** It ends before its members do, or a header is broken; "partial": more than the budget has. */
  readonly problem: "corrupt" | "partial" | undefined;
}

const BLOCK = 512;
/** Of a long name or of the fields before a member. */
const MAX_META = 64 * 1024;

/** Whether a tar begins here: by the checksum of its first header, for old ones have no other mark. */
export function isTar(file: ByteView): boolean {
  const header = file.read(0, BLOCK);
  return header.length === BLOCK && header[0] !== 0 && checksumFits(header);
}

/**
 * Reads the headers of a tar (POSIX ustar, pax, GNU long names), from one to the next, without the members' bytes. Hard and symbolic
 * links and folders are no members.
 */
export function readTarMembers(file: ByteView, budget: LookBudget): TarMembers {
  const members: TarMember[] = [];
  /** Names that the records before a header give it; a reader takes them, or does not know such records. */
  let names: string[] = [];
  for (let at = 0; at + BLOCK <= file.size;) {
    const header = file.read(at, BLOCK);
    if (header.every((byte) => byte === 0)) return { members, problem: undefined };
    const read = readTarHeader(header);
    if (read === undefined) return { members, problem: "corrupt" };
    const { name, size, kind, type } = read;
    const start = at + BLOCK;
    if (!budget.takeMember(name.length)) return { members, problem: "partial" };
    if (kind === "meta") {
      const found = metaNames(type, file.read(start, Math.min(size, MAX_META)));
      if (!found.every((name) => budget.takeName(name.length)))
        return { members, problem: "partial" };
      names.push(...found);
    } else {
      if (kind === "file") members.push({ names: [name, ...names], start, size });
      names = [];
    }
    at = start + Math.ceil(size / BLOCK) * BLOCK;
    if (start + size > file.size) return { members, problem: "corrupt" };
  }
  return { members, problem: undefined };
}

/** One header of 512 bytes. */
export interface TarHeader {
  readonly name: string;
  /** Bytes that follow, padded to whole blocks. */
  readonly size: number;
  /** meta: what follows speaks of the next header; other: a link, a folder, a device. */
  readonly kind: "file" | "meta" | "other";
  readonly type: string;
}

/** Undefined: this is none. */
export function readTarHeader(header: Buffer): TarHeader | undefined {
  const size = sizeOf(header);
  if (!checksumFits(header) || size === undefined) return undefined;
  const type = String.fromCharCode(header[156] ?? 0);
  const kind = "LKxg".includes(type) ? "meta" : "12345".includes(type) ? "other" : "file";
  return { name: nameOf(header), size, kind, type };
}

/** The sum of the header's bytes, its own field read as blanks. */
function checksumFits(header: Buffer): boolean {
  const declared = /^[ \0]*([0-7]{1,7})/.exec(header.toString("latin1", 148, 156))?.[1];
  if (declared === undefined) return false;
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += header[i] ?? 0;
  return sum === parseInt(declared, 8);
}

/** Octal digits, or the base-256 form of large ones. */
function sizeOf(header: Buffer): number | undefined {
  if (((header[124] ?? 0) & 0x80) !== 0) {
    const size = header.readUIntBE(130, 6);
    return Number.isSafeInteger(size) ? size : undefined;
  }
  const digits = /^[ \0]*([0-7]*)[ \0]*$/.exec(header.toString("latin1", 124, 136))?.[1];
  return digits === undefined ? undefined : parseInt(`0${digits}`, 8);
}

function nameOf(header: Buffer): string {
  const name = zeroEnded(header, 0, 100);
  const isUstar = header.toString("latin1", 257, 262) === "ustar";
  const prefix = isUstar ? zeroEnded(header, 345, 500) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

function zeroEnded(bytes: Buffer, start: number, end: number): string {
  const zero = bytes.indexOf(0, start);
  return bytes.toString("utf8", start, zero < 0 || zero > end ? end : zero);
}

/** The names in what follows a header of kind meta: GNU's L holds a name; pax's x and g hold "25 path=…" records. */
export function metaNames(type: string, content: Buffer): readonly string[] {
  if (type === "L") return [zeroEnded(content, 0, content.length)];
  if (type === "K") return [];
  const text = content.toString("utf8");
  return [...text.matchAll(/(?:^|\n)\d{1,7} path=([^\n]{1,4096})/g)].map(([, path = ""]) => path);
}
