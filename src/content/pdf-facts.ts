import { isRegular, readPdfName, readPdfString, readReference, skipBlanks } from "./pdf-tokens.ts";

/** What a reader of PDF needs behind the slash of a name to see its value whole. */
export const LOOK_AHEAD: number = 16 * 1024;
const MAX_FOUND = 4096;

/** Keys of a file specification that name the file (ISO 32000-1 7.11.3). */
const FILE_NAMES: ReadonlySet<string> = new Set(["F", "UF", "DOS", "Mac", "Unix"]);
/** Actions that run something (12.6.4), and forms of XFA, which have scripts of their own. */
const ACTIVE: ReadonlySet<string> = new Set(["JavaScript", "Launch", "XFA"]);

/** First letters of all names that are looked for, and of one that is escaped. */
const BEGINNINGS: ReadonlySet<number> = new Set(Buffer.from("FUDMJLXEO#"));

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
  /** There was more than is collected. */
  isCut = false;
  readonly fileNames: string[] = [];
  /** Objects that hold the name of a file. */
  readonly nameObjects: Set<number> = new Set();
  /** Where a dictionary says that its stream holds objects. */
  readonly objectStreams: number[] = [];

  /**
   * Takes the names that begin before `end`.
   *
   * @param origin where the bytes stand in the file; undefined: in an object stream, which holds no further ones
   */
  scan(bytes: Buffer, end: number, origin: number | undefined): void {
    for (let at = bytes.indexOf(0x2f); at >= 0 && at < end; at = bytes.indexOf(0x2f, at + 1)) {
      if (!BEGINNINGS.has(bytes[at + 1] ?? 0)) continue;
      const { name, end: behind } = readPdfName(bytes, at);
      if (ACTIVE.has(name)) this.isActive ||= !isPath(bytes, at);
      else if (FILE_NAMES.has(name)) this.#takeFileName(bytes, behind);
      else if (name === "EF") this.hasFiles ||= isDictionary(bytes, behind);
      else if (name === "Encrypt") this.encrypted ||= isDictionary(bytes, behind);
      else if (origin !== undefined && isObjectStream(name, bytes, behind)) {
        this.#collect(this.objectStreams, origin + at);
      }
    }
  }

  #takeFileName(bytes: Buffer, behind: number): void {
    const at = skipBlanks(bytes, behind);
    const text = readPdfString(bytes, at);
    if (text !== undefined) this.#collect(this.fileNames, text);
    const reference = text === undefined ? readReference(bytes, at) : undefined;
    if (reference === undefined) return;
    if (this.nameObjects.size >= MAX_FOUND) this.isCut = true;
    else this.nameObjects.add(reference);
  }

  #collect<T>(found: T[], one: T): void {
    if (found.length >= MAX_FOUND) this.isCut = true;
    else found.push(one);
  }
}

/** The slash stands in an address, "example.com/JavaScript": what is before it is no key. */
function isPath(bytes: Buffer, at: number): boolean {
  if (!isRegular(bytes[at - 1])) return false;
  const key = bytes.lastIndexOf(0x2f, at - 1);
  if (key < 0) return true;
  const { name, end } = readPdfName(bytes, key);
  return name !== "S" || end !== at;
}

function isDictionary(bytes: Buffer, behind: number): boolean {
  const at = skipBlanks(bytes, behind);
  const isHere = bytes[at] === 0x3c && bytes[at + 1] === 0x3c;
  return isHere || readReference(bytes, at) !== undefined;
}

/** Its type, which not every reader asks for, or the place of its first object, which every one needs; of an outline that is a reference. */
function isObjectStream(name: string, bytes: Buffer, behind: number): boolean {
  if (name === "ObjStm") return true;
  if (name !== "First") return false;
  const at = skipBlanks(bytes, behind);
  const isNumber = (bytes[at] ?? 0) >= 0x30 && (bytes[at] ?? 0) <= 0x39;
  return isNumber && readReference(bytes, at) === undefined;
}
