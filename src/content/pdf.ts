/**
 * What a PDF has in it that rules ask for: files, scripts, encryption (ISO 32000-1). Not here: what stands in other streams than those of
 * objects, the code of a script among them, and the files themselves, which the engines open. Bounded: the file is read once from its beginning
 * to its end, object streams within the budget.
 */
import type { ByteView } from "./byte-view.ts";
import type { LookBudget } from "./look-budget.ts";
import type { LookProblem } from "./look-problem.ts";
import { LOOK_AHEAD, PdfFacts } from "./pdf-facts.ts";
import type { PaperContent } from "./paper-content.ts";
import { nameObjectsIn, PdfObjectFinder } from "./pdf-name-objects.ts";
import { readObjectStream, streamAround, type ObjectStream } from "./pdf-object-streams.ts";

/** Readers take a PDF whose first line stands within so many bytes (Annex H.3.4.1). */
const BEGINS_WITHIN = 1024;
const WINDOW_BYTES = 1024 * 1024;
const SEARCH_BYTES = 1024 * 1024;
/** Of object streams, unpacked. */
const MAX_KEPT_BYTES = 32 * 1024 * 1024;

/** Undefined: it is no PDF. Macros are JavaScript, actions that launch a program, and forms of XFA. */
export function readPdf(file: ByteView, budget: LookBudget): PaperContent | undefined {
  const begin = file.read(0, BEGINS_WITHIN).indexOf("%PDF-");
  if (begin < 0) return undefined;
  const facts = new PdfFacts();
  const isWhole = scanFile(file, facts);
  const problems: LookProblem[] = [];
  const streams = facts.encrypted ? [] : readStreams(file, facts, budget, problems);
  for (const { bytes, places } of streams) facts.scan(bytes, bytes.length, undefined, places);
  const embedded = facts.hasFiles && !facts.encrypted ? fileNames(file, facts, streams) : [];
  if (embedded === undefined || !isWhole) problems.push("corrupt");
  const names = embedded ?? facts.fileNames;
  const isCut = facts.isCut || !names.every((name) => budget.takeMember(name.length));
  // words about PDF are none
  const isNone = begin > 0 && !isWhole && streams.length === 0 && !facts.isActive;
  return {
    hasMacros: facts.encrypted && !facts.isActive ? undefined : facts.isActive,
    encrypted: facts.encrypted,
    embedded: isCut ? [] : names,
    problem: facts.encrypted ? "encrypted" : isCut ? "partial" : isNone ? undefined : problems[0],
  };
}

/** From the beginning to the end, a window at a time. False: it has no objects, or its end is cut off. */
function scanFile(file: ByteView, facts: PdfFacts): boolean {
  let lastObject = -1;
  let lastEnd = -1;
  for (let at = 0; at < file.size; at += WINDOW_BYTES) {
    const bytes = file.read(at, WINDOW_BYTES + LOOK_AHEAD);
    facts.scan(bytes, WINDOW_BYTES, at);
    const object = bytes.lastIndexOf("endobj");
    const end = bytes.lastIndexOf("%%EOF");
    if (object >= 0) lastObject = at + object;
    if (end >= 0) lastEnd = at + end;
  }
  return lastObject >= 0 && lastEnd > lastObject;
}

/** Each once; what is wrong with them is added to `problems`. */
function readStreams(
  file: ByteView,
  facts: PdfFacts,
  budget: LookBudget,
  problems: LookProblem[],
): readonly ObjectStream[] {
  const streams = new Map<number, ObjectStream | LookProblem>();
  const packed = { left: 2 * file.size + SEARCH_BYTES };
  let kept = 0;
  for (const at of facts.objectStreams) {
    if (kept > MAX_KEPT_BYTES) {
      problems.push("partial");
      break;
    }
    const place = streamAround(file, at);
    if (place === undefined) problems.push("corrupt");
    else if (!streams.has(place.start)) {
      const stream = readObjectStream(file, place, budget, packed);
      if (typeof stream !== "string") kept += stream.bytes.length;
      streams.set(place.start, stream);
    }
  }
  const read: ObjectStream[] = [];
  for (const stream of streams.values()) {
    if (typeof stream === "string") problems.push(stream);
    else read.push(stream);
  }
  return read;
}

/** Undefined: one stands in an object that cannot be found, or a file has no name. */
function fileNames(
  file: ByteView,
  facts: PdfFacts,
  streams: readonly ObjectStream[],
): readonly string[] | undefined {
  const wanted = new Set(facts.nameObjects);
  const names = [...facts.fileNames];
  for (const stream of streams) names.push(...nameObjectsIn(stream, wanted));
  if (wanted.size > 0) names.push(...new PdfObjectFinder(file).find(wanted));
  const isAll = wanted.size === 0 && names.length > 0;
  return isAll ? [...new Set(names)] : undefined;
}
