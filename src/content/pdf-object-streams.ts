import { constants, inflateSync } from "node:zlib";
import type { ByteView } from "./byte-view.ts";
import type { LookBudget } from "./look-budget.ts";
import type { LookProblem } from "./look-problem.ts";
import { endOfDictionary, readPdfName } from "./pdf-tokens.ts";

/** An unpacked stream of objects (ISO 32000-1 7.5.7). */
export interface ObjectStream {
  readonly bytes: Buffer;
  /** Numbers of its objects by where they begin in it. */
  readonly places: ReadonlyMap<number, number>;
}

/** Of a dictionary, before and behind the name by which it was found. */
const DICTIONARY_BYTES = 8 * 1024;
const MAX_PACKED = 16 * 1024 * 1024;
const STEP_BYTES = 64 * 1024;
const FILTER_KEYS: ReadonlySet<string> = new Set(["Filter", "F"]);
const FLATE: ReadonlySet<string> = new Set(["FlateDecode", "Fl"]);

/** Where the stream of the dictionary around `at` begins; two names of one dictionary lead to the same. Undefined: there is none. */
export function streamAround(
  file: ByteView,
  at: number,
): { readonly dictionary: string; readonly start: number } | undefined {
  const from = Math.max(0, at - DICTIONARY_BYTES);
  const bytes = file.read(from, at - from + DICTIONARY_BYTES);
  const begin = bytes.lastIndexOf("obj", at - from);
  const keyword = endOfDictionary(bytes, at - from);
  if (begin < 0 || keyword === undefined) return undefined;
  const eol = /^[ \t]*(?:\r\n|\n|\r)/.exec(bytes.toString("latin1", keyword + 6, keyword + 16));
  if (eol === null) return undefined;
  return {
    dictionary: bytes.toString("latin1", begin + 3, keyword),
    start: from + keyword + 6 + eol[0].length,
  };
}

/** Unpacks it; or why not. */
export function readObjectStream(
  file: ByteView,
  { dictionary, start }: { readonly dictionary: string; readonly start: number },
  budget: LookBudget,
  packedBudget: PackedBudget,
): ObjectStream | LookProblem {
  const names = namesIn(dictionary);
  const filters = filtersOf(names);
  if (filters === undefined || names.some(isPrediction)) return "unknown-format";
  const first = numberOf(names, "First");
  if (first === undefined) return "unknown-format";
  const packed = packedBytes(file, start, numberOf(names, "Length"), packedBudget);
  if (packed === undefined) return "corrupt";
  if (packed === "partial") return packed;
  const bytes = filters.length === 0 ? stored(packed.bytes, budget) : unpack(packed, budget);
  if (typeof bytes === "string") return bytes;
  const places = placesOf(bytes, first);
  return places === undefined ? "corrupt" : { bytes, places };
}

const MAX_OBJECTS = 65_536;

/**
 * The table before the first object. Undefined: it is none, as where what was taken for the dictionary is not all of it and the filter stands
 * in the rest.
 */
function placesOf(bytes: Buffer, first: number): ReadonlyMap<number, number> | undefined {
  const table = bytes.toString("latin1", 0, first);
  if (table.length < first || !/^[0-9\s\0]*$/.test(table)) return undefined;
  const numbers = (table.match(/[0-9]{1,10}/g) ?? []).slice(0, 2 * MAX_OBJECTS).map(Number);
  const places = new Map<number, number>();
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    const [number = 0, place = 0] = numbers.slice(i, i + 2);
    places.set(first + place, number);
  }
  return places;
}

interface NameInDictionary {
  readonly name: string;
  /** What follows it. */
  readonly behind: string;
}

function namesIn(dictionary: string): readonly NameInDictionary[] {
  const bytes = Buffer.from(dictionary, "latin1");
  const names: NameInDictionary[] = [];
  for (let at = bytes.indexOf(0x2f); at >= 0; at = bytes.indexOf(0x2f, at + 1)) {
    const { name, end } = readPdfName(bytes, at);
    names.push({ name, behind: dictionary.slice(end, end + 48) });
  }
  return names;
}

/** Bytes told by their difference to others, or told elsewhere that they are: not undone here. */
function isPrediction({ name, behind }: NameInDictionary): boolean {
  if (name === "Predictor") return !/^\s*1(?![0-9])/.test(behind);
  return (name === "DecodeParms" || name === "DP") && /^\s*[0-9]/.test(behind);
}

/** Those that are applied: none, or one that is unpacked here. Undefined: others, or it is told elsewhere which, or twice. */
function filtersOf(names: readonly NameInDictionary[]): readonly string[] | undefined {
  const keys = names.flatMap(({ name }, index) => (FILTER_KEYS.has(name) ? [index] : []));
  const [index] = keys;
  if (index === undefined) return [];
  const value = names[index]?.behind ?? "";
  const filter = names[index + 1]?.name ?? "";
  const isOne = /^\s*(?:\/|\[\s*\/[^\s/\]]+\s*\])/.test(value) && FLATE.has(filter);
  return isOne && keys.length === 1 ? [filter] : undefined;
}

function numberOf(names: readonly NameInDictionary[], wanted: string): number | undefined {
  const behind = names.find(({ name }) => name === wanted)?.behind ?? "";
  const [, digits] = /^\s*([0-9]{1,10})(?!\s+[0-9]{1,5}\s+R|[0-9])/.exec(behind) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Bytes that may still be read in search of the ends of streams; those of an honest file do not overlap. */
export interface PackedBudget {
  left: number;
}

interface PackedBytes {
  readonly bytes: Buffer;
  /** They end where the dictionary says; else at the first word that ends a stream, which may stand among them. */
  readonly isDeclared: boolean;
}

/** By its declared length where its end stands there, else to the next word that ends a stream. Undefined: there is none. */
function packedBytes(
  file: ByteView,
  start: number,
  length: number | undefined,
  budget: PackedBudget,
): PackedBytes | "partial" | undefined {
  if (length !== undefined && length <= MAX_PACKED) {
    const end = file
      .read(start + length, 16)
      .toString("latin1")
      .trimStart();
    if (end.startsWith("endstream")) {
      budget.left -= length;
      if (budget.left < 0) return "partial";
      return { bytes: file.read(start, length), isDeclared: true };
    }
  }
  for (let size = STEP_BYTES; size <= MAX_PACKED; size *= 4) {
    if (budget.left < 0) return "partial";
    const bytes = file.read(start, size);
    const end = bytes.indexOf("endstream");
    budget.left -= end < 0 ? bytes.length : end;
    if (end >= 0) return { bytes: bytes.subarray(0, end), isDeclared: false };
    if (bytes.length < size) return undefined;
  }
  return "partial";
}

function stored(bytes: Buffer, budget: LookBudget): Buffer | "partial" {
  return budget.takeUnpacked(bytes.length) ? bytes : "partial";
}

function unpack(
  { bytes: packed, isDeclared }: PackedBytes,
  budget: LookBudget,
): Buffer | LookProblem {
  const limit = budget.unpackedBytes;
  if (limit <= 0) return "partial";
  try {
    // What is cut off where it says gives what there is, as readers take it.
    const finishFlush = isDeclared ? constants.Z_SYNC_FLUSH : constants.Z_FINISH;
    const options = { maxOutputLength: limit, finishFlush };
    const bytes = inflateSync(packed, options);
    return budget.takeUnpacked(bytes.length) ? bytes : "partial";
  } catch (error) {
    budget.takeUnpacked(Math.min(limit, packed.length * MOST_OF_ONE));
    const isMore = error instanceof Error && "code" in error && error.code === TOO_LARGE;
    return isMore ? "partial" : "corrupt";
  }
}

/** Deflate makes at most so many bytes of one. */
const MOST_OF_ONE = 1032;
const TOO_LARGE = "ERR_BUFFER_TOO_LARGE";
