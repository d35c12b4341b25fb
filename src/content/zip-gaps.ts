import type { ByteView } from "./byte-view.ts";

/** What the header of an entry begins with (APPNOTE 4.3.7). */
export const LOCAL_HEADER: Buffer = Buffer.from("PK\x03\x04", "latin1");
/** An entry of a directory (4.3.12). */
const CENTRAL_HEADER = Buffer.from("PK\x01\x02", "latin1");

/** Where an entry of a zip stands. */
export interface ZipRange {
  readonly start: number;
  readonly end: number;
  /** Bytes that may stand behind it. */
  readonly spare: number;
}

/** What begins a zip that was to have several parts and has one (APPNOTE 8.5.4). */
const SPANNED = Buffer.from("PK00", "latin1");

/** Between members there is padding, or a signing block; of a longer gap only so much is searched. */
const SEARCHED_GAP = 1024 * 1024;
/** So many signatures without a header behind them are no accident. */
const MAX_TRIES = 256;

/** What stands between the entries of a zip. */
export interface ZipGaps {
  readonly problem: "corrupt" | "bomb" | undefined;
  /** Bytes before the first entry. */
  readonly before: number;
  readonly isTight: boolean;
}

/**
 * Entries that share bytes unpack to far more than they are; a local header outside of all entries is a hidden member, and a directory one
 * that leads to others.
 */
export function gapsBetween(
  file: ByteView,
  ranges: readonly ZipRange[],
  directoryStart: number,
): ZipGaps {
  const sorted = [...ranges].sort((a, b) => a.start - b.start);
  let at = sorted[0]?.start ?? directoryStart;
  const before = at === 4 && file.read(0, 4).equals(SPANNED) ? 0 : at;
  const loose = (problem: ZipGaps["problem"]): ZipGaps => ({ problem, before, isTight: false });
  // What stands before the first entry is another file, or hides one.
  if (at > 0 && holdsLocal(file, 0, at)) return loose("corrupt");
  let isTight = true;
  let spare = 0;
  for (const range of sorted) {
    if (range.start < at) return loose("bomb");
    if (range.start > at && holdsLocal(file, at, range.start)) return loose("corrupt");
    isTight &&= range.start - at <= spare;
    at = Math.max(at, range.end);
    ({ spare } = range);
  }
  if (at > directoryStart) return loose("corrupt");
  const hasTwo = holdsCentral(file, at, directoryStart);
  if (hasTwo || holdsLocal(file, at, directoryStart)) return loose("corrupt");
  return { problem: undefined, before, isTight: isTight && directoryStart - at <= spare };
}

function holdsLocal(file: ByteView, start: number, end: number): boolean {
  const gap = file.read(start, Math.min(end - start, SEARCHED_GAP));
  let tries = 0;
  for (let at = gap.indexOf(LOCAL_HEADER); at >= 0; at = gap.indexOf(LOCAL_HEADER, at + 1)) {
    if (isPlausibleLocal(file, start + at, gap.subarray(at))) return true;
    if (++tries > MAX_TRIES) return true;
  }
  return false;
}

/** Between members and directory: another one stands directly behind its members, too. */
function holdsCentral(file: ByteView, start: number, end: number): boolean {
  return file.read(start, Math.min(end - start, SEARCHED_GAP)).includes(CENTRAL_HEADER);
}

/** Four bytes come about by chance; what follows them then makes no sense as a header. */
function isPlausibleLocal(file: ByteView, position: number, known: Buffer): boolean {
  const head = known.length < 30 ? file.read(position, 30) : known;
  if (head.length < 30 || head.readUInt16LE(8) >= 100) return false;
  const end = 30 + head.readUInt16LE(26);
  if (end === 30 || position + end + head.readUInt16LE(28) > file.size) return false;
  const beginning = head.subarray(30, end);
  if (beginning.some((byte) => byte < 0x20)) return false;
  return known.length >= end || file.read(position + 30, end - 30).every((byte) => byte >= 0x20);
}
