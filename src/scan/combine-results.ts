import { BUILTIN_ENGINE } from "./builtin-engine.ts";
import { isFinding, LOOK_ENGINE, type ScanResult } from "./scan-result.ts";
import { YARA_ENGINE } from "./yara-engine.ts";

/** They know what an operator told them and nothing else, and see a file's own bytes, without unpacking any. */
const OWN_RULES_ALONE: ReadonlySet<string> = new Set([BUILTIN_ENGINE, YARA_ENGINE]);

/** `scan.combine`: how the results of several engines become one. */
export type Combination = "worst" | "majority" | "first_available";

/** Worst first (DESIGN invariant 4); what a missing answer means stands in `combineResults`. */
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
 * The result that counts; of equals, the first in the order of the configuration. In this order:
 *
 * 1. What an engine found stands, whatever the others say or fail to say; `majority` alone lets it be outvoted, by more than half of all
 *    engines, the failed ones counted, that call the file clean. The builtin engine and YARA have no vote there: they know no malware by themselves, and
 *    what they do know (hash lists, EICAR, the operator's rules) is no matter of opinion.
 * 2. A required engine without an answer is `error`, and so is our own look, and a scan that no engine has answered.
 * 3. The worst of the rest. Passed over are errors of engines that are not required, that the builtin engine or YARA cannot look into a
 *    container where one that does has answered, and, with `first_available`, whatever was found clean or unscannable by one that is
 *    not required and stands behind another that answered.
 */
export function combineResults(
  answers: readonly EngineAnswer[],
  combination: Combination = "worst",
): ScanResult {
  const found = worstOf(answers.filter(({ result }) => isFinding(result)));
  const standing = combination === "majority" ? findingsThatStand(answers) : found;
  if (standing !== undefined) return standing;
  const engines = answers.filter(({ result }) => result.engine !== LOOK_ENGINE);
  const missing = answers.filter(({ required, result }) => required && !isAnswer(result));
  if (missing.length > 0) return worstOf(missing) ?? NO_ENGINE;
  if (!engines.some(({ result }) => isAnswer(result))) return worstOf(engines) ?? NO_ENGINE;
  const counted = answers.filter(
    (answer) => isAnswer(answer.result) && !isFinding(answer.result) && !isBlind(answer, answers),
  );
  const asked = combination === "first_available" ? firstAvailable(counted) : counted;
  // nothing but findings, which were outvoted by what is counted here
  return worstOf(asked) ?? NO_ENGINE;
}

const NO_ENGINE: ScanResult = { kind: "error", engine: "none", reason: "down", ms: 0 };

function findingsThatStand(answers: readonly EngineAnswer[]): ScanResult | undefined {
  const voters = answers.filter(({ result }) => hasVote(result));
  const clean = voters.filter(({ result }) => result.kind === "clean").length;
  const isOutvoted = 2 * clean > voters.length;
  return worstOf(
    answers.filter(({ result }) => isFinding(result) && !(isOutvoted && hasVote(result))),
  );
}

function hasVote({ engine }: ScanResult): boolean {
  return !OWN_RULES_ALONE.has(engine) && engine !== LOOK_ENGINE;
}

/** Of those that are not required, the first; our own look and the builtin engine are required. */
function firstAvailable(answers: readonly EngineAnswer[]): readonly EngineAnswer[] {
  const first = answers.find(({ required }) => !required);
  return answers.filter((answer) => answer.required || answer === first);
}

function worstOf(answers: readonly EngineAnswer[]): ScanResult | undefined {
  let worst: ScanResult | undefined;
  let rank = WORST_FIRST.length;
  for (const { result } of answers) {
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

/** An engine that does not unpack met something that it does not look into, and another looked, who knows better. */
function isBlind({ result }: EngineAnswer, answers: readonly EngineAnswer[]): boolean {
  return (
    OWN_RULES_ALONE.has(result.engine) &&
    result.kind === "unscannable" &&
    result.reason === "unknown-format" &&
    answers.some((other) => !OWN_RULES_ALONE.has(other.result.engine) && isAnswer(other.result))
  );
}
