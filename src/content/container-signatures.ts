/**
 * Containers by what stands anywhere in a file, because their readers look for it there: behind a program that unpacks itself,
 * behind a picture, behind junk. A signature of four bytes comes about by chance in a hundred megabytes of random data once in
 * forty times, so its header has to make sense as well; the longer ones never do.
 */

/** What has to be seen of a header to tell it from bytes that came about by chance. */
export const HEADER_BYTES = 46;

interface Signature {
  readonly bytes: Buffer;
  /** @param header up to HEADER_BYTES from the signature on @param at where it stands in the file */
  readonly fits: (header: Buffer, at: number) => boolean;
}

const SIGNATURES: readonly Signature[] = [
  { bytes: latin1("PK\x03\x04"), fits: isLocalHeader },
  { bytes: latin1("PK\x01\x02"), fits: isDirectoryEntry },
  { bytes: latin1("PK\x05\x06"), fits: isDirectoryEnd },
  { bytes: latin1("PK\x06\x06"), fits: isDirectoryEnd64 },
  { bytes: latin1("Rar!\x1a\x07"), fits: () => true },
  { bytes: latin1("7z\xbc\xaf\x27\x1c"), fits: () => true },
  // the trailer of Apple's disk images: version 4, 512 bytes
  { bytes: latin1("koly\0\0\0\x04\0\0\x02\0"), fits: () => true },
];

/** Whether one window of a file holds the beginning of a container. @param offset where the window begins in the file */
export function holdsContainer(window: Buffer, offset: number): boolean {
  return SIGNATURES.some(({ bytes, fits }) => {
    for (let at = window.indexOf(bytes); at >= 0; at = window.indexOf(bytes, at + 1)) {
      if (fits(window.subarray(at, at + HEADER_BYTES), offset + at)) return true;
    }
    return false;
  });
}

/** Whether a file ends with a zip, by the last bytes of it. @param offset where these begin in the file */
export function endsInZip(tail: Buffer, offset: number): boolean {
  const at = tail.lastIndexOf("PK\x05\x06", undefined, "latin1");
  return at >= 0 && isDirectoryEnd(tail.subarray(at), offset + at);
}

/** Methods that have a number (APPNOTE 4.4.5): readers that go by the local headers need a true one. */
function isMethod(method: number): boolean {
  return method <= 20 || (method >= 93 && method <= 99);
}

function isNameLength(length: number): boolean {
  return length > 0 && length <= 4096;
}

/** APPNOTE 4.3.7. Versions and flags may be anything: no reader minds them. */
function isLocalHeader(header: Buffer): boolean {
  if (header.length < 30) return false;
  return isMethod(header.readUInt16LE(8)) && isNameLength(header.readUInt16LE(26));
}

/** APPNOTE 4.3.12: what readers that begin at the end of the file go by. */
function isDirectoryEntry(header: Buffer): boolean {
  if (header.length < 46) return false;
  return isMethod(header.readUInt16LE(10)) && isNameLength(header.readUInt16LE(28));
}

/** APPNOTE 4.3.16. The directory has its place before its end, whatever is said of disks; or zip64 says where it is. */
function isDirectoryEnd(header: Buffer, at: number): boolean {
  if (header.length < 22) return false;
  const size = header.readUInt32LE(12);
  const offset = header.readUInt32LE(16);
  return size + offset <= at || size === 0xffff_ffff || offset === 0xffff_ffff;
}

/** APPNOTE 4.3.14: its own size, which has eight bytes and is small. */
function isDirectoryEnd64(header: Buffer): boolean {
  return header.length >= 12 && header.readUInt32LE(8) === 0;
}

function latin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
