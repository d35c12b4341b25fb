import type { ByteView } from "./byte-view.ts";

const BLOCK = 512;
/** Whether a tar begins here: by the checksum of its first header, for old ones have no other mark. */
export function isTar(file: ByteView): boolean {
  const header = file.read(0, BLOCK);
  return header.length === BLOCK && checksumFits(header);
}

/** One header of 512 bytes. */
export interface TarHeader {
  readonly name: string;
  /** Bytes that follow, padded to whole blocks. */
  readonly size: number;
  /**
   * meta: what follows speaks of the next header; other: a folder, a device; unknown: sparse files, parts of volumes and what single programs
   * have, whose bytes or names stand elsewhere.
   */
  readonly kind: "file" | "link" | "meta" | "other" | "unknown";
  readonly type: string;
}

/** Undefined: this is none. */
export function readTarHeader(header: Buffer): TarHeader | undefined {
  const size = sizeOf(header);
  if (!checksumFits(header) || size === undefined) return undefined;
  const type = String.fromCharCode(header[156] ?? 0);
  return { name: nameOf(header), size, kind: kindOf(type), type };
}

function kindOf(type: string): TarHeader["kind"] {
  if ("\x000".includes(type) || type === "7") return "file";
  if ("12".includes(type)) return "link";
  // X: the same as x, of Solaris
  if ("LKxgX".includes(type)) return "meta";
  return "3456".includes(type) ? "other" : "unknown";
}

/** The sum of the header's bytes, its own field read as blanks; some old programs gave them a sign, and all readers take both. */
function checksumFits(header: Buffer): boolean {
  const declared = /^[ \0]*([0-7]{1,7})/.exec(header.toString("latin1", 148, 156))?.[1];
  if (declared === undefined) return false;
  let sum = 8 * 0x20;
  let negative = 0;
  for (let i = 0; i < BLOCK; i++) {
    if (i >= 148 && i < 156) continue;
    const byte = header[i] ?? 0;
    sum += byte;
    if (byte >= 0x80) negative += 0x100;
  }
  const wanted = parseInt(declared, 8);
  return sum === wanted || sum - negative === wanted;
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

/**
 * The names in what follows a header of kind meta: GNU's L holds a name; pax's x and g hold "25 path=…" records, by whose length some go, and
 * others by the end of the line.
 */
export function metaNames(type: string, content: Buffer): readonly string[] {
  if (type === "L") return [zeroEnded(content, 0, content.length)];
  if (type === "K") return [];
  const lines = content.toString("utf8").matchAll(/(?:^|\n)\d{1,7} path=([^\n]{1,4096})/g);
  const records = paxRecords(content).flatMap(({ key, value }) => (key === "path" ? [value] : []));
  const known = new Set(records);
  return [...records, ...[...lines].flatMap(([, path = ""]) => (known.has(path) ? [] : [path]))];
}

/** The size that pax gives the next member; undefined: none. Where it is another than the header's, readers differ. */
export function paxSize(type: string, content: Buffer): number | undefined {
  if (type === "L" || type === "K") return undefined;
  const digits = /(?:^|\n)\d{1,7} size=(\d{1,16})\n/.exec(content.toString("latin1"))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Whether pax says that the next member has its name and its gaps among its bytes (GNU's sparse files). */
export function isSparse(type: string, content: Buffer): boolean {
  return type !== "L" && type !== "K" && content.includes("GNU.sparse.");
}

interface PaxRecord {
  readonly key: string;
  readonly value: string;
}

/** "25 key=value" and the end of a line, by the length that stands first; up to the first that is broken. */
function paxRecords(content: Buffer): readonly PaxRecord[] {
  const records: PaxRecord[] = [];
  for (let at = 0; at < content.length;) {
    const [head, digits] = /^(\d{1,7}) /.exec(content.toString("latin1", at, at + 8)) ?? [];
    const end = at + Number(digits);
    if (head === undefined || end <= at + head.length || end > content.length) break;
    const [key = "", ...value] = content.toString("utf8", at + head.length, end - 1).split("=");
    records.push({ key, value: value.join("=") });
    at = end;
  }
  return records;
}
