import type { ByteView } from "./byte-view.ts";

const BLOCK = 512;
/** Whether a tar begins here: by the checksum of its first header, for old ones have no other mark. */
export function isTar(file: ByteView): boolean {
  const header = file.read(0, BLOCK);
  return header.length === BLOCK && header[0] !== 0 && checksumFits(header);
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

/** The size that pax gives the next member; undefined: none. Where it is another than the header's, readers differ. */
export function paxSize(type: string, content: Buffer): number | undefined {
  if (type !== "x" && type !== "g") return undefined;
  const digits = /(?:^|\n)\d{1,7} size=(\d{1,16})\n/.exec(content.toString("latin1"))?.[1];
  return digits === undefined ? undefined : Number(digits);
}
