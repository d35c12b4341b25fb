import type { ByteView } from "./byte-view.ts";
import { trueType, type TrueType } from "./true-type.ts";

/**
 * Containers that carry files and that are not read here. They are told by name, so that nobody takes for harmless what nobody looked into:
 * clamd knows some of them, and says OK of the others.
 */
const UNREAD: ReadonlySet<string> = new Set([
  "application/x-arj",
  "application/x-lzh-compressed",
  "application/x-arc",
  "application/x-ace-compressed",
  "application/x-zoo",
  "application/x-cpio",
  "application/x-archive",
  "application/vnd.debian.binary-package",
  "application/x-rpm",
  "application/x-xar",
  "application/x-ms-wim",
  "application/x-compress",
  "application/x-lzip",
  "application/x-lz4",
  "application/x-lzop",
  "application/x-lzma",
  "application/x-ms-compress",
  "application/vnd.rar",
  "application/vnd.symbian.install",
  "application/vnd.ms-htmlhelp",
  "application/vnd.ms-tnef",
  "application/onenote",
  "application/x-qemu-disk",
  "application/x-vmdk",
  "application/x-vhd",
  "application/x-vhdx",
]);

interface Mark extends TrueType {
  readonly bytes: string;
  readonly at: number;
}

/** What the table of magic numbers does not have. */
const MARKS: readonly Mark[] = [
  mark("hsqs", 0, "application/x-squashfs", "disk-image"),
  mark("\x45\x3d\xcd\x28", 0, "application/x-cramfs", "disk-image"),
  mark("-rom1fs-", 0, "application/x-romfs", "disk-image"),
  mark("ISc(", 0, "application/x-installshield-cab", "archive"),
  mark("rLau", 10, "application/x-stuffit", "archive"),
  mark("StuffIt (c)", 0, "application/x-stuffit", "archive"),
  mark("7kSt", 0, "application/x-zpaq", "archive"),
  // the boot sectors of FAT, exFAT and NTFS
  mark("FAT12   ", 54, "application/x-raw-disk-image", "disk-image"),
  mark("FAT16   ", 54, "application/x-raw-disk-image", "disk-image"),
  mark("FAT32   ", 82, "application/x-raw-disk-image", "disk-image"),
  mark("EXFAT   ", 3, "application/x-raw-disk-image", "disk-image"),
  mark("NTFS    ", 3, "application/x-raw-disk-image", "disk-image"),
];

const FOOTER_BYTES = 512;
/** Disk images that say what they are in their last sector. */
const FOOTERS: readonly Mark[] = [
  mark("koly", 0, "application/x-apple-diskimage", "disk-image"),
  mark("conectix", 0, "application/x-vhd", "disk-image"),
];

/** The type of a container that is not read here, by its first bytes. Undefined: it is none. */
export function unreadContainer(head: Buffer): TrueType | undefined {
  const own = MARKS.find((one) => hasMark(head, one));
  if (own !== undefined) return { type: own.type, group: own.group };
  const known = trueType(head);
  return known !== undefined && UNREAD.has(known.type) && isLikely(head, known.type)
    ? known
    : undefined;
}

/** The same of a whole file; some disk images say it at their end only. */
export function unreadFile(file: ByteView): TrueType | undefined {
  const footer = file.read(file.size - FOOTER_BYTES, FOOTER_BYTES);
  const own = FOOTERS.find((one) => hasMark(footer, one));
  if (own !== undefined) return { type: own.type, group: own.group };
  return unreadContainer(file.read(0, FOOTER_BYTES));
}

/** Two bytes come about by chance in two thousand members: what follows them must fit. */
function isLikely(head: Buffer, type: string): boolean {
  switch (type) {
    case "application/x-arj": {
      // the size of the main header, then that of its fixed part
      const size = head.length < 5 ? 0 : head.readUInt16LE(2);
      return size >= 30 && size <= 2600 && (head[4] ?? 0) >= 30;
    }
    case "application/x-compress":
      return ((head[2] ?? 0xff) & 0x60) === 0;
    case "application/x-lzh-compressed":
      return head[6] === 0x2d;
    default:
      return true;
  }
}

function hasMark(bytes: Buffer, { bytes: sign, at }: Mark): boolean {
  return bytes.toString("latin1", at, at + sign.length) === sign;
}

function mark(bytes: string, at: number, type: string, group: TrueType["group"]): Mark {
  return { bytes, at, type, group };
}
