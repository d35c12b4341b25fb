import { fileTypeFromBuffer } from "file-type";
import { fileContent, type FileContent } from "../content/file-content.ts";
import { lookIntoFile, type FileLook } from "../content/look-into-file.ts";
import type { TrueType } from "../content/true-type.ts";
import { groupOfMediaType } from "../content/type-groups.ts";
import type { Result } from "../base/result.ts";
import { listGzippedTar } from "./list-gzipped-tar.ts";
import { nextTurn } from "./next-turn.ts";
import type { EngineAnswer } from "./combine-results.ts";
import type { LookFailure } from "./look-process.ts";
import type { ScanSource } from "./scan-engine.ts";
import { viewOfSource } from "./source-view.ts";
import { LOOK_ENGINE, type UnscannableReason } from "./scan-result.ts";

/** What a file is, and why not all of it could be seen. */
export interface SourceLook {
  readonly content: FileContent;
  readonly problem: UnscannableReason | undefined;
}

/** Of a file that our own tables do not know, the second reader gets so much. */
const SECOND_BYTES = 64 * 1024;

/**
 * Looks at a file before the engines do. What our tables do not recognise, the library `file-type` may: pictures, tunes and fonts of a
 * hundred kinds. Undefined: it cannot be read; then neither can an engine. Never rejects.
 */
export async function lookAtSource(source: ScanSource): Promise<SourceLook | undefined> {
  try {
    const view = viewOfSource(source);
    const look = await withWholeList(lookIntoFile(view), source);
    const types =
      look.types.length > 0 ? look.types : await secondReader(view.read(0, SECOND_BYTES));
    // Two thousand members take their time, and their names as much again.
    await nextTurn();
    return { content: fileContent({ ...look, types }, source.sha256), problem: look.problem };
  } catch {
    return undefined;
  }
}

/** A tar in a large gzip file is listed to its end, since its members are no secret and no bomb. */
async function withWholeList(look: FileLook, source: ScanSource): Promise<FileLook> {
  const { archive, types, problem } = look;
  const isLargeGzip = types[0]?.type === "application/gzip" && problem === "partial";
  if (archive === undefined || !isLargeGzip) return look;
  const listed = await listGzippedTar(source);
  if (listed === undefined) return look;
  const { names, members, unpackedBytes } = listed;
  const ratio = unpackedBytes / Math.max(1, source.size);
  const whole = { ...archive, names, members, ratio, problem: undefined };
  return { ...look, archive: whole, problem: undefined };
}

/** What the engines said, with what could not be seen. */
export function withLook(
  answers: readonly EngineAnswer[],
  looked: Result<Pick<SourceLook, "problem">, LookFailure>,
): readonly EngineAnswer[] {
  const engine = LOOK_ENGINE;
  if (looked.ok) {
    const { problem } = looked.value;
    if (problem === undefined) return answers;
    const result = { kind: "unscannable", engine, reason: problem, ms: 0 } as const;
    return [...answers, { required: true, result }];
  }
  // who asks the engines sees that the file cannot be read
  if (looked.problem === "unreadable") return answers;
  const result = { kind: "error", engine, reason: looked.problem, ms: 0 } as const;
  return [...answers, { required: true, result }];
}

async function secondReader(head: Buffer): Promise<FileLook["types"]> {
  const found = await fileTypeFromBuffer(head);
  if (found === undefined) return [];
  const type = found.mime.split(";")[0] ?? "";
  const group: TrueType["group"] | undefined = groupOfMediaType(type);
  return group === undefined ? [] : [{ type, group }];
}
