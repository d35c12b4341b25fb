import type { ArchiveLook } from "./archive-look.ts";
import { viewOf } from "./byte-view.ts";
import { secondTypes } from "./second-types.ts";
import { isTar } from "./tar-header.ts";
import { textTypes } from "./text-types.ts";
import { trueType, type TrueType } from "./true-type.ts";

/** What of a file its types are told by. */
export interface FileEnds {
  readonly head: Buffer;
  /** Of what is not in the head; empty where all is. */
  readonly tail: Buffer;
  /** Of the head, so much is read for what a text is; the same of its end, where the tail does not have that. */
  readonly textBytes: number;
}

/**
 * All types that a reader may take a file for. The first is what most take it for.
 *
 * @param document what it is by what stands in it, where that was read: a compound file, an XML of Office
 */
export function fileTypes(
  ends: FileEnds,
  archive: ArchiveLook | undefined,
  document: { readonly type: TrueType | undefined; readonly isCompound: boolean },
): readonly TrueType[] {
  const { head, tail } = ends;
  const texts = document.isCompound || beginsZip(head) ? [] : textsOf(ends);
  const byMagic = document.isCompound ? undefined : strongMagic(head, texts);
  const first = document.type ?? firstType(head, texts, { archive, byMagic });
  const unread = archive?.listed === false ? archive.type : undefined;
  return distinct([first, byMagic, ...secondTypes(head, tail, first, archive), unread]);
}

function textsOf({ head, tail, textBytes }: FileEnds): readonly TrueType[] {
  if (head.length <= textBytes) return textTypes(head, tail);
  const end = tail.length > 0 ? tail : head.subarray(Math.max(textBytes, head.length - textBytes));
  return textTypes(head.subarray(0, textBytes), end.subarray(-textBytes));
}

/** Magic numbers of two or three letters are words too: "MZ is a railway company". */
const WORDS: ReadonlySet<string> = new Set([
  "application/x-msdownload",
  "image/bmp",
  "application/x-arj",
  "application/x-bzip2",
]);

/** What the first bytes say, where no text begins like that; not of what is looked into more closely. */
function strongMagic(head: Buffer, texts: readonly TrueType[]): TrueType | undefined {
  if (beginsZip(head)) return undefined;
  const found = trueType(head);
  if (found === undefined || found.type.startsWith("text/")) return undefined;
  return WORDS.has(found.type) && texts.length > 0 ? undefined : found;
}

function firstType(
  head: Buffer,
  texts: readonly TrueType[],
  known: { readonly archive: ArchiveLook | undefined; readonly byMagic: TrueType | undefined },
): TrueType | undefined {
  const { archive, byMagic } = known;
  if (beginsZip(head)) return archive?.content?.type ?? trueType(head);
  const [text] = texts;
  if (byMagic === undefined) return text ?? (isTar(viewOf(head)) ? TAR : undefined);
  // A picture that is a script as well runs as one.
  return text?.group === "script" ? text : byMagic;
}

const TAR: TrueType = { type: "application/x-tar", group: "archive" };

/** Whether a zip begins here. */
export function beginsZip(head: Buffer): boolean {
  return ["PK\x03\x04", "PK\x05\x06", "PK\x07\x08"].includes(head.toString("latin1", 0, 4));
}

function distinct(types: readonly (TrueType | undefined)[]): readonly TrueType[] {
  const seen = new Map<string, TrueType>();
  for (const type of types)
    if (type !== undefined && !seen.has(type.type)) seen.set(type.type, type);
  return [...seen.values()];
}
