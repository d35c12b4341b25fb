/**
 * What the first bytes of a file say it is. A window of a few kilobytes is enough; a file that we do not recognise is
 * undefined, which means "not known", never "harmless". It looks at the beginning only: it does not open archives and does not
 * find a second file hidden behind the first (polyglots); that is the archive look's work.
 */
import { unpackLzma } from "./lzma.ts";
import type { TypeGroup } from "./type-groups.ts";

/** A media type (registered where there is one) and its group. */
export interface TrueType {
  readonly type: string;
  readonly group: TypeGroup;
}

interface Magic extends TrueType {
  readonly offset: number;
  /** Latin1 bytes. */
  readonly bytes: string;
}

const MAGICS: readonly Magic[] = [
  magic("MZ", "application/x-msdownload", "executable"),
  magic("\x7fELF", "application/x-elf", "executable"),
  magic("\xfe\xed\xfa\xce", "application/x-mach-binary", "executable"),
  magic("\xfe\xed\xfa\xcf", "application/x-mach-binary", "executable"),
  magic("\xce\xfa\xed\xfe", "application/x-mach-binary", "executable"),
  magic("\xcf\xfa\xed\xfe", "application/x-mach-binary", "executable"),
  magic("dex\n", "application/x-dex", "executable"),
  magic("\0asm", "application/wasm", "executable"),
  magic("#!", "text/x-script", "script"),
  magic("L\0\0\0\x01\x14\x02\0", "application/x-ms-shortcut", "shortcut"),
  magic("[InternetShortcut]", "application/x-url-shortcut", "shortcut"),
  magic("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage", "office"),
  magic("{\\rt", "application/rtf", "office"),
  magic("ITSF", "application/vnd.ms-htmlhelp", "script"),
  magic("!<arch>\ndebian", "application/vnd.debian.binary-package", "installer"),
  magic("\xed\xab\xee\xdb", "application/x-rpm", "installer"),
  magic("MSCF", "application/vnd.ms-cab-compressed", "archive"),
  magic("PK\x03\x04", "application/zip", "archive"),
  magic("PK\x05\x06", "application/zip", "archive"),
  magic("PK\x07\x08", "application/zip", "archive"),
  magic("7z\xbc\xaf\x27\x1c", "application/x-7z-compressed", "archive"),
  magic("Rar!\x1a\x07", "application/vnd.rar", "archive"),
  magic("\x1f\x8b", "application/gzip", "archive"),
  magic("BZh", "application/x-bzip2", "archive"),
  magic("\x60\xea", "application/x-arj", "archive"),
  magic("-lh", "application/x-lzh-compressed", "archive", 2),
  magic("-lz", "application/x-lzh-compressed", "archive", 2),
  magic("-pm", "application/x-lzh-compressed", "archive", 2),
  magic("\xfd7zXZ\0", "application/x-xz", "archive"),
  magic("\x28\xb5\x2f\xfd", "application/zstd", "archive"),
  magic("\x1f\x9d", "application/x-compress", "archive"),
  magic("\x1f\xa0", "application/x-compress", "archive"),
  magic("LZIP\x01", "application/x-lzip", "archive"),
  magic("\x04\x22\x4d\x18", "application/x-lz4", "archive"),
  magic("\x02\x21\x4c\x18", "application/x-lz4", "archive"),
  magic("\x89LZO\0\r\n\x1a\n", "application/x-lzop", "archive"),
  magic("RE~^", "application/vnd.rar", "archive"),
  magic("SZDD\x88\xf0\x27\x33", "application/x-ms-compress", "archive"),
  magic("KWAJ\x88\xf0\x27\xd1", "application/x-ms-compress", "archive"),
  magic("\x19\x04\x00\x10", "application/vnd.symbian.install", "installer", 8),
  magic("bplist00", "application/x-bplist", "document"),
  magic("\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf", "video"),
  magic("\xc7\x71", "application/x-cpio", "archive"),
  magic("\x71\xc7", "application/x-cpio", "archive"),
  magic("!<arch>\n", "application/x-archive", "archive"),
  magic("xar!\0\x1c", "application/x-xar", "archive"),
  magic("**ACE**", "application/x-ace-compressed", "archive", 7),
  magic("\xdc\xa7\xc4\xfd", "application/x-zoo", "archive", 20),
  magic("ZOO 2.", "application/x-zoo", "archive"),
  magic("MSWIM\0\0\0", "application/x-ms-wim", "archive"),
  magic("ustar", "application/x-tar", "archive", 257),
  magic("\x78\x9f\x3e\x22", "application/vnd.ms-tnef", "office"),
  magic("\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "application/onenote", "office"),
  magic("CD001", "application/x-iso9660-image", "disk-image", 0x8001),
  magic("BEA01", "application/x-udf-image", "disk-image", 0x8001),
  magic("NSR02", "application/x-udf-image", "disk-image", 0x8001),
  magic("NSR03", "application/x-udf-image", "disk-image", 0x8001),
  magic("QFI\xfb", "application/x-qemu-disk", "disk-image"),
  magic("KDMV", "application/x-vmdk", "disk-image"),
  magic("COWD\x01", "application/x-vmdk", "disk-image"),
  magic("# Disk DescriptorFile", "application/x-vmdk", "disk-image"),
  magic("conectix", "application/x-vhd", "disk-image"),
  magic("vhdxfile", "application/x-vhdx", "disk-image"),
  magic("%PDF-", "application/pdf", "document"),
  magic("%!PS", "application/postscript", "document"),
  magic("\xff\xd8\xff", "image/jpeg", "image"),
  magic("\x89PNG\r\n\x1a\n", "image/png", "image"),
  magic("GIF87a", "image/gif", "image"),
  magic("GIF89a", "image/gif", "image"),
  magic("II*\0", "image/tiff", "image"),
  magic("MM\0*", "image/tiff", "image"),
  magic("\0\0\x01\0", "image/x-icon", "image"),
  magic("BM", "image/bmp", "image"),
  magic("OggS", "application/ogg", "audio"),
  magic("fLaC", "audio/flac", "audio"),
  magic("ID3", "audio/mpeg", "audio"),
  magic("\x1a\x45\xdf\xa3", "video/x-matroska", "video"),
];

/** Formats that leave their beginning to others come last. */
const IN_ORDER = MAGICS.toSorted(
  (one, other) => Number(one.offset > 200) - Number(other.offset > 200),
);

/**
 * Names the type of a file by its first bytes; undefined when they are not known to us.
 *
 * @example trueType(Buffer.from("#!/bin/sh\n")) // { type: "text/x-script", group: "script" }
 */
export function trueType(bytes: Buffer): TrueType | undefined {
  const start = skipBlank(bytes);
  for (const candidate of IN_ORDER) {
    const offset = candidate.offset === 0 ? start : candidate.offset;
    if (!startsWith(bytes, offset, candidate.bytes)) continue;
    return refine(bytes, start, { type: candidate.type, group: candidate.group });
  }
  return containerType(bytes, start) ?? markupType(bytes, start);
}

/** The group of a type that a magic number stands for. */
export function groupOfMagic(type: string): TypeGroup | undefined {
  return MAGICS.find((magic) => magic.type === type)?.group;
}

/** Readers skip a byte order mark and blanks before a script or a program of text. */
function skipBlank(bytes: Buffer): number {
  let i = startsWith(bytes, 0, "\xef\xbb\xbf") ? 3 : 0;
  const limit = Math.min(bytes.length, 64);
  while (
    i < limit &&
    (bytes[i] === 0x20 || bytes[i] === 0x09 || bytes[i] === 0x0d || bytes[i] === 0x0a)
  )
    i++;
  return i;
}

/** What one magic number stands for may still be several things. */
function refine(bytes: Buffer, start: number, found: TrueType): TrueType {
  if (found.type === "application/zip") return zipType(bytes) ?? found;
  if (found.type === "application/x-ole-storage" && hasUtf16(bytes, "MSI"))
    return { type: "application/x-msi", group: "installer" };
  if (found.type === "audio/mpeg") {
    // an ID3 tag may stand before anything
    const program = bytes.indexOf("MZ", start + 10, "latin1");
    if (program > 0 && bytes.indexOf("PE\0\0", program, "latin1") > 0)
      return { type: "application/x-msdownload", group: "executable" };
  }
  return found;
}

/** The first member's name tells a document, a Java archive or an Android package from other zips. */
function zipType(bytes: Buffer): TrueType | undefined {
  const head = bytes.toString("latin1", 0, Math.min(bytes.length, 4096));
  if (head.includes("AndroidManifest.xml"))
    return { type: "application/vnd.android.package-archive", group: "installer" };
  if (head.includes("META-INF/")) return { type: "application/java-archive", group: "executable" };
  if (head.includes("[Content_Types].xml") || /word\/|xl\/|ppt\//.test(head))
    return { type: "application/vnd.openxmlformats-officedocument", group: "office" };
  if (head.includes("mimetypeapplication/vnd.oasis.opendocument"))
    return { type: "application/vnd.oasis.opendocument", group: "office" };
  return undefined;
}

function containerType(bytes: Buffer, start: number): TrueType | undefined {
  if (startsWith(bytes, start, "\xca\xfe\xba\xbe")) {
    // a Java class has its version here, a fat Mach-O the small number of its architectures
    const fat = bytes.length >= start + 8 && bytes.readUInt32BE(start + 4) < 40;
    return { type: fat ? "application/x-mach-binary" : "application/java-vm", group: "executable" };
  }
  if (startsWith(bytes, start, "RIFF")) {
    const kind = bytes.toString("latin1", start + 8, start + 12);
    if (kind === "WEBP") return { type: "image/webp", group: "image" };
    if (kind === "WAVE") return { type: "audio/wav", group: "audio" };
    if (kind === "AVI ") return { type: "video/x-msvideo", group: "video" };
  }
  if (startsWith(bytes, start + 4, "ftyp")) {
    const brand = bytes.toString("latin1", start + 8, start + 12);
    if (/^(?:heic|heix|hevc|mif1|msf1|avif|avis)$/.test(brand))
      return { type: "image/heif", group: "image" };
    if (/^(?:jp2 |jpx |jpm )$/.test(brand)) return { type: "image/jp2", group: "image" };
    return /^(?:M4A |M4B |M4P |F4A )$/.test(brand)
      ? { type: "audio/mp4", group: "audio" }
      : { type: "video/mp4", group: "video" };
  }
  return archiveType(bytes, start);
}

/** Archives that begin with no fixed bytes, or with too few to be sure. */
function archiveType(bytes: Buffer, start: number): TrueType | undefined {
  const head = bytes.toString("latin1", start, start + 30);
  if (/^0707(?:0[12][0-9a-f]{24}|07[0-7]{24})/i.test(head))
    return { type: "application/x-cpio", group: "archive" };
  // a skippable frame (RFC 8878 §3.1.2), behind which a compressed one comes
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  if (/^[\x50-\x5f]\x2a\x4d\x18/.test(head)) return { type: "application/zstd", group: "archive" };
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  if (/^\x1a[\x01-\x0b][\x21-\x7e]{1,12}\0/.test(head))
    return { type: "application/x-arc", group: "archive" };
  return isLzma(bytes, start) ? { type: "application/x-lzma", group: "archive" } : undefined;
}

/** Properties, size of the dictionary (2^n or 2^n + 2^(n-1)), length (or unknown), and the coder's first byte, 0. */
function isLzma(bytes: Buffer, start: number): boolean {
  if (bytes.length < start + 14 || (bytes[start] ?? 0) >= 225 || bytes[start + 13] !== 0)
    return false;
  const dictionary = bytes.readUInt32LE(start + 1);
  const top = 2 ** (31 - Math.clz32(dictionary));
  if (dictionary < 4096 || (dictionary !== top && dictionary !== 1.5 * top)) return false;
  const high = bytes.readUInt32LE(start + 9);
  if (high !== 0xffff_ffff && high >= 256) return false;
  // So many small files begin like that by chance; what follows has to unpack, to its beginning.
  const length = high === 0 ? Math.min(bytes.readUInt32LE(start + 5), LZMA_PROOF) : LZMA_PROOF;
  const packed = bytes.subarray(start + 13, start + 13 + LZMA_SEEN);
  const { bytes: found } = unpackLzma(packed, bytes.subarray(start, start + 5), length);
  const isShort = high !== 0 && packed.length < LZMA_PROOF;
  return found.length === length || isShort;
}

/** Bytes that LZMA has to give, and what is read for them. */
const LZMA_PROOF = 64;
const LZMA_SEEN = 1024;

function markupType(bytes: Buffer, start: number): TrueType | undefined {
  const head = bytes.toString("latin1", start, start + 1024).toLowerCase();
  if (head.startsWith("@echo ") || head.startsWith("rem ") || head.startsWith("<?php"))
    return { type: "text/x-script", group: "script" };
  if (/<hta:application|<script[\s>]/.test(head)) return { type: "text/html", group: "script" };
  if (/^(?:<!--[^>]{0,200}-->\s*)?(?:<!doctype html|<html[\s>])/.test(head))
    return { type: "text/html", group: "document" };
  if (/^(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!doctype svg|<svg[\s>])/.test(head))
    return { type: "image/svg+xml", group: "script" };
  return undefined;
}

function hasUtf16(bytes: Buffer, word: string): boolean {
  return bytes.includes(Buffer.from(word, "utf16le"));
}

function startsWith(bytes: Buffer, offset: number, latin1: string): boolean {
  if (bytes.length < offset + latin1.length) return false;
  return bytes.toString("latin1", offset, offset + latin1.length) === latin1;
}

function magic(bytes: string, type: string, group: TypeGroup, offset = 0): Magic {
  return { bytes, type, group, offset };
}
