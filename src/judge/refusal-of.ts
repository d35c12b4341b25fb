import { refuse, type Refusal } from "../enforce/refusal.ts";
import type { InspectProblem } from "../inspect/inspection.ts";
import type { Verdict } from "../policy/hearing.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { OutcomeWords } from "./outcome-words.ts";

/** The answer that refuses a request, and what its sender is told. */
export function refusalOf(request: SipRequest, verdict: Verdict, words: OutcomeWords): Refusal {
  return refuse(request, {
    respond: respondOf(verdict),
    text: reasonFor(verdict),
    incident: words.incident,
    agent: words.agent,
    cookie: verdict.cookie ?? verdict.inspection?.invitation?.invitation.cookie,
    wantsPlainContent: CODING_PROBLEMS.has(verdict.problem?.code ?? ""),
  });
}

function respondOf({ setting, problem, decision }: Verdict): number | undefined {
  if (problem === undefined) return decision?.respond;
  // What the relay cannot do is refused in the sender's dialect, like a rule that names no status.
  return setting === "relay" ? undefined : statusOf(problem);
}

/** What the sender is told; for problems a generic sentence, since the detail may quote the message. */
function reasonFor(verdict: Verdict): string {
  if (verdict.decision !== undefined) return verdict.decision.reason;
  if (verdict.sentence !== undefined) return verdict.sentence;
  return (verdict.setting && SETTING_SENTENCES[verdict.setting]) || "Message not permitted";
}

const SETTING_SENTENCES: Readonly<Record<string, string>> = {
  parse_problem: "Message could not be understood",
  opaque: "Content that cannot be inspected is not permitted",
  on_infected: "File is infected",
  on_unscannable: "File could not be scanned",
  on_error: "File could not be scanned now",
};

/** Problems that name a type or an encoding are 415, sizes 413, everything else 400 (RFC 3261 §21.4). */
function statusOf(problem: InspectProblem): number {
  if (UNSUPPORTED.has(problem.code)) return 415;
  return problem.code.endsWith("-too-large") ? 413 : 400;
}

/** What is wrong is the Content-Encoding. */
const CODING_PROBLEMS: ReadonlySet<string> = new Set([
  "content-encoding",
  "broken-content-encoding",
  "encoded-body-too-large",
]);

const UNSUPPORTED: ReadonlySet<string> = new Set([
  ...CODING_PROBLEMS,
  "unknown-charset",
  "unsupported-message-type",
  "transfer-encoding",
]);
