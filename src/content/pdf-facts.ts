import {
  endOfDictionary,
  hasMoreBlanks,
  isRegular,
  readPdfName,
  readPdfString,
  readReference,
  skipBlanks,
} from "./pdf-tokens.ts";

/** Of a dictionary, from one of its keys to its end. */
const DICTIONARY_BYTES = 8 * 1024;
/** What a reader of PDF needs behind the slash of a name to see its value whole. */
export const LOOK_AHEAD: number = 16 * 1024;
const MAX_FOUND = 4096;
/** Bytes that are read behind names, by those that there are: the same ones may stand behind many. */
const MOST_OF_ONE = 4;
const GRACE_BYTES = 64 * 1024;

/** Keys of a file specification that name the file (ISO 32000-1 7.11.3). */
const FILE_NAMES: ReadonlySet<string> = new Set(["F", "UF", "DOS", "Mac", "Unix"]);
/** Actions that run something or may (12.6.4), and forms of XFA, which have scripts of their own. */
const ACTIVE: ReadonlySet<string> = new Set(["JavaScript", "Launch", "Rendition", "XFA"]);

/** First letters of all names that are looked for, and of one that is escaped. */
const BEGINNINGS: ReadonlySet<number> = new Set(Buffer.from("FUDMJLRXEO#"));

/**
 * Collects what rules ask about from the names in a PDF, wherever they stand. No structure is followed: a reader follows the one that the file
 * declares, or builds its own of all objects that it finds; this sees what either could see.
 */
export class PdfFacts {
  encrypted = false;
  /** Runs a script or a program. */
  isActive = false;
  /** Files are packed into it. */
  hasFiles = false;
  #isCut = false;
  /** The name of a file is longer than what is read of it. */
  #isNameCut = false;
  #work = GRACE_BYTES;
  readonly fileNames: string[] = [];
  /** Objects that hold the name of a file. */
  readonly nameObjects: Set<number> = new Set();
  /** Where a dictionary says that its stream holds objects. */
  readonly objectStreams: number[] = [];

  /** There was more than is collected, or than was read. */
  get isCut(): boolean {
    return this.#isCut || (this.#isNameCut && this.hasFiles);
  }

  /**
   * Takes the names that begin before `end`.
   *
   * @param origin where the bytes stand in the file; undefined: in an object stream, which holds no further ones
   * @param places where objects begin, of an object stream
   */
  scan(
    bytes: Buffer,
    end: number,
    origin: number | undefined,
    places?: ReadonlyMap<number, number>,
  ): void {
    this.#work += MOST_OF_ONE * end;
    for (let at = bytes.indexOf(0x2f); at >= 0 && at < end; at = bytes.indexOf(0x2f, at + 1)) {
      if (!BEGINNINGS.has(bytes[at + 1] ?? 0)) continue;
      if (this.#work < 0) {
        this.#isCut = true;
        return;
      }
      const { name, end: behind } = readPdfName(bytes, at);
      if (ACTIVE.has(name)) {
        this.isActive ||= places?.has(at) === true || !isPath(bytes, at) || isKey(bytes, behind);
      } else if (FILE_NAMES.has(name)) this.#takeFileName(bytes, behind);
      else if (name === "EF") this.hasFiles ||= this.#isDictionary(bytes, behind);
      else if (name === "Encrypt") this.encrypted ||= this.#isDictionary(bytes, behind);
      else if (origin !== undefined && this.#isObjectStream(name, bytes, behind)) {
        this.#collect(this.objectStreams, origin + at);
      }
    }
  }

  #takeFileName(bytes: Buffer, behind: number): void {
    const at = this.#valueAt(bytes, behind);
    const { text, isCut, end } = readPdfString(bytes, at);
    this.#work -= end - at;
    this.#isNameCut ||= isCut;
    if (text !== undefined) this.#collect(this.fileNames, text);
    const reference = text === undefined ? readReference(bytes, at) : undefined;
    if (reference === undefined) return;
    if (this.nameObjects.size >= MAX_FOUND) this.#isCut = true;
    else this.nameObjects.add(reference);
  }

  #isDictionary(bytes: Buffer, behind: number): boolean {
    const at = this.#valueAt(bytes, behind);
    const isHere = bytes[at] === 0x3c && bytes[at + 1] === 0x3c;
    return isHere || readReference(bytes, at) !== undefined;
  }

  /**
   * Its type, which not every reader asks for, or the place of its first object, which every one needs. Where that is a reference it may be
   * the first entry of an outline, which has no stream.
   */
  #isObjectStream(name: string, bytes: Buffer, behind: number): boolean {
    if (name === "ObjStm") return true;
    if (name !== "First") return false;
    const at = this.#valueAt(bytes, behind);
    const isNumber = (bytes[at] ?? 0) >= 0x30 && (bytes[at] ?? 0) <= 0x39;
    if (!isNumber || readReference(bytes, at) === undefined) return isNumber;
    const keyword = endOfDictionary(bytes.subarray(at, at + DICTIONARY_BYTES), 0);
    this.#work -= DICTIONARY_BYTES / 16;
    return keyword !== undefined;
  }

  /** Where the value of a key begins. */
  #valueAt(bytes: Buffer, behind: number): number {
    const at = skipBlanks(bytes, behind);
    this.#work -= at - behind;
    this.#isCut ||= hasMoreBlanks(behind, at);
    return at;
  }

  #collect<T>(found: T[], one: T): void {
    if (found.length >= MAX_FOUND) this.#isCut = true;
    else found.push(one);
  }
}

/** Longer words before a slash are none that a value ends with. */
const MAX_WORD = 24;
/** What may stand directly before the slash of a name, beside names: numbers, references, truths, the beginning of an object. */
const VALUE_END = /^(?:[-+.0-9]+|R|true|false|null|obj)$/;

/** The slash stands in an address, "example.com/JavaScript": what is before it is no value, and no key whose value it is. */
function isPath(bytes: Buffer, at: number): boolean {
  let start = at;
  while (at - start <= MAX_WORD && isRegular(bytes[start - 1])) start -= 1;
  if (start === at) return false;
  if (bytes[start - 1] === 0x2f) return readPdfName(bytes, start - 1).name !== "S";
  return !VALUE_END.test(bytes.toString("latin1", start, at));
}

/** A value follows, as no address has one: it is a key, whatever stands before it. */
function isKey(bytes: Buffer, behind: number): boolean {
  const at = skipBlanks(bytes, behind);
  return bytes[at] === 0x5b || readReference(bytes, at) !== undefined;
}
