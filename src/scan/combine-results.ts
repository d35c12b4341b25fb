import { BUILTIN_ENGINE } from "./builtin-engine.ts";
import type { ScanResult } from "./scan-result.ts";

/** Worst first (DESIGN invariant 4). */
const WORST_FIRST: readonly ScanResult["kind"][] = [
  "infected",
  "suspicious",
  "unscannable",
  "error",
  "clean",
];

/** What one engine said, and whether a scan counts without it. */
export interface EngineAnswer {
  readonly required: boolean;
  readonly result: ScanResult;
}

/**
 * The result that counts: the worst (DESIGN §6 `combine: worst`); of equals, the first in the order of the configuration.
 * Passed over where another engine did answer: the error of an engine that is not required, and that the builtin engine
 * cannot look into a container.
 */
export function combineResults(answers: readonly EngineAnswer[]): ScanResult {
  const counted = answers.filter((answer) => {
    const others = answers.filter((other) => other !== answer && isAnswer(other.result));
    if (!isAnswer(answer.result)) return answer.required || others.length === 0;
    return (
      !isBlind(answer.result) || !others.some(({ result }) => result.engine !== BUILTIN_ENGINE)
    );
  });
  let worst: ScanResult = { kind: "error", engine: "none", reason: "down", ms: 0 };
  let rank = WORST_FIRST.length;
  for (const { result } of counted) {
    const resultRank = WORST_FIRST.indexOf(result.kind);
    if (resultRank >= rank) continue;
    rank = resultRank;
    worst = result;
  }
  return worst;
}

function isAnswer(result: ScanResult): boolean {
  return result.kind !== "error";
}

/** The builtin engine met something that it does not look into; whoever does knows better. */
function isBlind(result: ScanResult): boolean {
  return (
    result.engine === BUILTIN_ENGINE &&
    result.kind === "unscannable" &&
    result.reason === "unknown-format"
  );
}
