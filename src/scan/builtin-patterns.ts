import { EICAR } from "./eicar.ts";

/** Local file header and end of the directory (APPNOTE 4.3.7, 4.3.16): a zip may begin anywhere, its readers look from the end. */
const LOCAL_HEADER = Buffer.from("PK\x03\x04", "latin1");
const DIRECTORY_END = Buffer.from("PK\x05\x06", "latin1");
/** What has to be seen of a header to tell it from four bytes that came about by chance. */
const HEADER_BYTES = 30;

/** The longest pattern less one: what two windows must share so that none is missed between them. */
export const PATTERN_OVERLAP: number = EICAR.length - 1;

/** What was found in the bytes seen so far. */
export interface FoundPatterns {
  eicar: boolean;
  zip: boolean;
}

/** Looks through one window of a file and adds to what was found in the ones before. */
export function findPatterns(window: Buffer, found: FoundPatterns): void {
  found.eicar ||= window.includes(EICAR);
  found.zip ||=
    finds(window, LOCAL_HEADER, isLocalHeader) || finds(window, DIRECTORY_END, isDirectoryEnd);
}

/** Random data holds either signature once in some gigabytes; a header that no program could read makes no zip. */
function finds(window: Buffer, signature: Buffer, fits: (header: Buffer) => boolean): boolean {
  for (let at = window.indexOf(signature); at >= 0; at = window.indexOf(signature, at + 1)) {
    if (fits(window.subarray(at, at + HEADER_BYTES))) return true;
  }
  return false;
}

/**
 * Version 0 to 6.3 of the format, and a method that has a number below 100. A header that the window cuts off is whole in
 * the next one; one that the file cuts off is none.
 */
function isLocalHeader(header: Buffer): boolean {
  if (header.length < HEADER_BYTES) return false;
  const version = header.readUInt8(4);
  const system = header.readUInt8(5);
  return version <= 63 && system <= 20 && header.readUInt16LE(8) < 100;
}

/** One disk of one, which is all that exists, or the marks of zip64. */
function isDirectoryEnd(header: Buffer): boolean {
  if (header.length < 8) return false;
  const disks = header.readUInt32LE(4);
  return disks === 0 || disks === 0xffff_ffff;
}
