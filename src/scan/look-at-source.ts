import { fileTypeFromBuffer } from "file-type";
import { fileContent, type FileContent } from "../content/file-content.ts";
import type { InsideFile } from "../content/inside-file.ts";
import { lookIntoFile, type FileLook } from "../content/look-into-file.ts";
import type { LookLimits } from "../content/look-budget.ts";
import type { TrueType } from "../content/true-type.ts";
import { groupOfMediaType } from "../content/type-groups.ts";
import { nextTurn } from "./next-turn.ts";
import type { ScanSource } from "./scan-engine.ts";
import { viewOfSource } from "./source-view.ts";
import type { UnscannableReason } from "./scan-result.ts";

/** What a file is, and why not all of it could be seen. */
export interface SourceLook {
  readonly content: FileContent;
  readonly problem: UnscannableReason | undefined;
  /** What its members are; absent: it has none, or they are not known. */
  readonly inside?: InsideFile | undefined;
}

/** Of a file that our own tables do not know, the second reader gets so much. */
const SECOND_BYTES = 64 * 1024;

/**
 * Looks at a file before the engines do. What our tables do not recognise, the library `file-type` may: pictures, tunes and fonts of a
 * hundred kinds. Undefined: it cannot be read; then neither can an engine. Never rejects.
 */
export async function lookAtSource(
  source: ScanSource,
  limits?: LookLimits,
): Promise<SourceLook | undefined> {
  try {
    const view = viewOfSource(source);
    const look = lookIntoFile(view, limits);
    const types =
      look.types.length > 0 ? look.types : await secondReader(view.read(0, SECOND_BYTES));
    // Two thousand members take their time, and their names as much again.
    await nextTurn();
    const content = fileContent({ ...look, types }, source.sha256);
    return { content, problem: look.problem, inside: look.inside };
  } catch {
    return undefined;
  }
}

async function secondReader(head: Buffer): Promise<FileLook["types"]> {
  const found = await fileTypeFromBuffer(head);
  if (found === undefined) return [];
  const type = found.mime.split(";")[0] ?? "";
  const group: TrueType["group"] | undefined = groupOfMediaType(type);
  return group === undefined ? [] : [{ type, group }];
}
