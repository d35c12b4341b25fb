import type { ByteView } from "./byte-view.ts";
import type { IsoRoot } from "./iso-tree.ts";

/** An entry of a folder (ISO 9660 9.1). */
export interface IsoRecord {
  readonly names: readonly string[];
  readonly block: number;
  /** Bytes. */
  readonly size: number;
  readonly isFolder: boolean;
  /** The folder itself, or its parent. */
  readonly isDot: boolean;
  /** Packed by zisofs, to be unpacked by the system that reads it. */
  readonly isPacked: boolean;
}

const FOLDER = 0x02;
/** Continuations of one entry that are followed, and bytes of each. */
const MAX_CONTINUATIONS = 8;
const AREA_BYTES = 2048;
const MAX_ENTRIES = 256;

/** Undefined: it is broken. */
export function readIsoRecord(view: ByteView, bytes: Buffer, root: IsoRoot): IsoRecord | undefined {
  const nameLength = bytes[32] ?? 0;
  if (bytes.length !== bytes[0] || nameLength === 0 || bytes.length < 33 + nameLength)
    return undefined;
  const stored = bytes.subarray(33, 33 + nameLength);
  const isDot = nameLength === 1 && (stored[0] ?? 0) < 2;
  const { name, isPacked } = systemUse(
    view,
    bytes.subarray(34 + nameLength - (nameLength & 1)),
    root,
  );
  const plain = plainName(stored, root.isWide);
  return {
    names: name === "" ? [plain] : [name, plain],
    block: bytes.readUInt32LE(2),
    size: bytes.readUInt32LE(10),
    isFolder: ((bytes[25] ?? 0) & FOLDER) !== 0,
    isDot,
    isPacked,
  };
}

/** Without the number of its version. */
function plainName(stored: Buffer, isWide: boolean): string {
  const text = isWide
    ? Buffer.from(stored.subarray(0, stored.length & ~1))
        .swap16()
        .toString("utf16le")
    : stored.toString("latin1");
  return text.replace(/;[0-9]{1,5}$/, "").replace(/\.$/, "");
}

/** What Rock Ridge says of a file, in fields behind its name and where they lead (IEEE P1281 and P1282). */
function systemUse(
  view: ByteView,
  area: Buffer,
  root: IsoRoot,
): { readonly name: string; readonly isPacked: boolean } {
  let name = "";
  let isPacked = false;
  let next: Buffer | undefined = area;
  let entries = 0;
  for (let i = 0; i < MAX_CONTINUATIONS && next !== undefined; i += 1) {
    const fields: Buffer = next;
    next = undefined;
    for (let at = fieldsFrom(fields); at + 4 <= fields.length; entries += 1) {
      const length = fields[at + 2] ?? 0;
      if (length < 4 || entries > MAX_ENTRIES) break;
      const field = fields.subarray(at, at + length);
      const kind = field.toString("latin1", 0, 2);
      if (kind === "NM") name += field.toString("utf8", 5);
      if (kind === "ZF") isPacked = true;
      if (kind === "CE" && field.length >= 28) next = continuation(view, field, root);
      at += length;
    }
  }
  return { name, isPacked };
}

const KINDS: ReadonlySet<string> = new Set(["SP", "RR", "NM", "PX", "TF", "CE", "ZF", "SL", "CL"]);
const MAX_SKIPPED = 64;

/** Other systems may have bytes of their own before the first field. */
function fieldsFrom(area: Buffer): number {
  for (let at = 0; at + 4 <= area.length && at <= MAX_SKIPPED; at += 1) {
    if (area[at + 3] === 1 && KINDS.has(area.toString("latin1", at, at + 2))) return at;
  }
  return area.length;
}

function continuation(view: ByteView, field: Buffer, root: IsoRoot): Buffer {
  const start = field.readUInt32LE(4) * root.blockBytes + field.readUInt32LE(12);
  return view.read(start, Math.min(field.readUInt32LE(20), AREA_BYTES));
}
