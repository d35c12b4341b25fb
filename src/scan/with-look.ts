import type { Result } from "../base/result.ts";
import type { InsideFile } from "../content/inside-file.ts";
import { BUILTIN_ENGINE, EICAR_THREAT, programThreat } from "./builtin-engine.ts";
import type { EngineAnswer } from "./combine-results.ts";
import type { SourceLook } from "./look-at-source.ts";
import type { LookFailure } from "./look-process.ts";
import { isFinding, LOOK_ENGINE, type ScanResult } from "./scan-result.ts";

/**
 * What the engines said, with what our own look saw: what the builtin engine says of an archive follows from its members, and what
 * nobody could see is "unscannable", whoever calls it clean.
 */
export function withLook(
  given: readonly EngineAnswer[],
  looked: Result<Pick<SourceLook, "problem" | "inside">, LookFailure>,
): readonly EngineAnswer[] {
  const engine = LOOK_ENGINE;
  if (looked.ok) {
    const { problem, inside } = looked.value;
    const answers = inside === undefined ? given : given.map((one) => withInside(one, inside));
    if (problem === undefined) return answers;
    const result = { kind: "unscannable", engine, reason: problem, ms: 0 } as const;
    return [...answers, { required: true, result }];
  }
  // who asks the engines sees that the file cannot be read
  if (looked.problem === "unreadable") return given;
  const result = { kind: "error", engine, reason: looked.problem, ms: 0 } as const;
  return [...given, { required: true, result }];
}

function withInside(answer: EngineAnswer, inside: InsideFile): EngineAnswer {
  if (answer.result.engine !== BUILTIN_ENGINE) return answer;
  return { ...answer, result: ofMembers(answer.result, inside) };
}

/** Where it leaves archives to another engine, it says no more of their members than that one of them is the EICAR test file. */
function ofMembers(result: ScanResult, { eicar, program, isPlain }: InsideFile): ScanResult {
  const { engine, ms } = result;
  if (isFinding(result) || result.kind === "error") return result;
  if (eicar) return { kind: "infected", threat: EICAR_THREAT, engine, ms };
  if (result.kind !== "unscannable" || result.reason !== "unknown-format") return result;
  if (program !== undefined)
    return { kind: "suspicious", threat: programThreat(program), engine, ms };
  return isPlain ? { kind: "clean", engine, ms } : result;
}
