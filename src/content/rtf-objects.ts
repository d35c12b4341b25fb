/**
 * Objects packed into rich text (RTF 1.9.1, "Objects"; [MS-OLEDS] 2.2): names of files, macros in documents. A program in a letter comes like
 * this. Bounded: the text is read once, of each object a megabyte.
 */
import { viewOf, type ByteView } from "./byte-view.ts";
import type { LookBudget } from "./look-budget.ts";
import type { LookProblem } from "./look-problem.ts";
import { readOleContent } from "./ole-content.ts";
import { readOleFile } from "./ole-directory.ts";
import type { PaperContent } from "./paper-content.ts";

const BEGINS_WITHIN = 128;
const WINDOW_BYTES = 1024 * 1024;
/** An object whose digits begin in one window may go on for so much. */
const OBJECT_DIGITS = 2 * 1024 * 1024;
const MAX_OBJECTS = 64;
const KEYWORD = Buffer.from("\\objdata");
const EMBEDDED = 2;

/** Whether it is rich text; readers skip blanks before it. */
export function beginsRtf(head: Buffer): boolean {
  return /^(?:\xef\xbb\xbf)?\s*\{\\rt/.test(head.toString("latin1", 0, BEGINS_WITHIN));
}

/** Undefined: it is no rich text. */
export function readRtf(file: ByteView, budget: LookBudget): PaperContent | undefined {
  if (!beginsRtf(file.read(0, BEGINS_WITHIN))) return undefined;
  const names: string[] = [];
  const problems: LookProblem[] = [];
  let hasMacros = false;
  let left = MAX_OBJECTS;
  for (const place of objectPlaces(file)) {
    left -= 1;
    if (left < 0) {
      problems.push("partial");
      break;
    }
    const object = readObject(file.read(place, OBJECT_DIGITS));
    if (typeof object === "string") problems.push(object);
    else {
      names.push(...object.names);
      hasMacros ||= object.hasMacros;
    }
  }
  const isAll = names.every((name) => budget.takeMember(name.length));
  const problem = isAll ? problems[0] : "partial";
  return { hasMacros, encrypted: false, embedded: isAll ? names : [], problem };
}

/** Behind each word that begins the data of an object. */
function* objectPlaces(file: ByteView): Generator<number> {
  for (let start = 0; start < file.size; start += WINDOW_BYTES) {
    const bytes = file.read(start, WINDOW_BYTES + KEYWORD.length - 1);
    for (let at = bytes.indexOf(KEYWORD); at >= 0; at = bytes.indexOf(KEYWORD, at + 1))
      yield start + at + KEYWORD.length;
  }
}

interface RtfObject {
  readonly names: readonly string[];
  readonly hasMacros: boolean;
}

/** Digits to the end of the group; writers put nothing else between them, others do so that it is not read. */
function readObject(text: Buffer): RtfObject | LookProblem {
  const end = text.indexOf(0x7d);
  const isCut = end < 0 && text.length < OBJECT_DIGITS;
  const digits = text.toString("latin1", 0, end < 0 ? text.length : end).replaceAll(/\s+/g, "");
  if (isCut || /[^0-9a-fA-F]/.test(digits)) return "corrupt";
  const bytes = Buffer.from(digits.slice(0, digits.length & ~1), "hex");
  const header = readHeader(bytes);
  if (header === undefined) return "corrupt";
  const { kind, className, data } = header;
  if (kind !== EMBEDDED) return { names: [], hasMacros: false };
  const ole = readOleFile(viewOf(data));
  if (ole !== undefined) {
    const { embedded, hasMacros } = readOleContent(ole);
    return { names: embedded, hasMacros: hasMacros === true };
  }
  if (className.toLowerCase() !== "package")
    return end < 0 ? "partial" : { names: [], hasMacros: false };
  // two bytes, then label and name, each ended by a zero
  const names = data.toString("latin1", 2, 2048).split("\0", 2);
  return { names: names.filter((name) => name !== ""), hasMacros: false };
}

interface Header {
  readonly kind: number;
  readonly className: string;
  readonly data: Buffer;
}

/** [MS-OLEDS] 2.2.4 and 2.2.5: version, kind, three texts with their lengths, the size of the data. */
function readHeader(bytes: Buffer): Header | undefined {
  if (bytes.length < 20) return undefined;
  const kind = bytes.readUInt32LE(4);
  const texts: string[] = [];
  let at = 8;
  for (let i = 0; i < 3; i += 1) {
    if (at + 4 > bytes.length) return undefined;
    const length = bytes.readUInt32LE(at);
    if (at + 4 + length > bytes.length) return undefined;
    texts.push(bytes.toString("latin1", at + 4, at + 4 + Math.max(0, length - 1)));
    at += 4 + length;
  }
  return { kind, className: texts[0] ?? "", data: bytes.subarray(at + 4) };
}
