import { hash } from "node:crypto";
import { createEventId } from "../journal/event-id.ts";
import type { Attachment } from "../inspect/inspection.ts";
import type { ScanFacts } from "../policy/facts.ts";
import type { Verdict } from "../policy/hearing.ts";
import type { FilterDeps, Question } from "./desk.ts";

/** A message that is judged once more, without the file that was released; what takes the release ends it. */
export interface ReleasedMessage {
  readonly question: Question;
  readonly taker: string;
}

/** The file inside a message that the verdict stops; undefined: it stops nothing, or something else, or a stranger's. */
export function stoppedAttachment(
  verdict: Verdict,
  { hearing }: Pick<Question, "hearing">,
): Attachment | undefined {
  if (verdict.action !== "block" && verdict.action !== "quarantine") return undefined;
  if (!hearing.from.authenticated || verdict.file === undefined) return undefined;
  const { normalized } = verdict.file.name;
  return verdict.inspection?.attachments.find(({ name }) => name.normalized === normalized);
}

/**
 * Takes the release of exactly these bytes for this receiver, if there is one. It answers for the file alone: the rest of the message is
 * judged as ever, and so is the file for other receivers of the message.
 */
export async function takeRelease(
  { journal, clock }: Pick<FilterDeps, "journal" | "clock">,
  question: Question,
  { stopped, scan }: { readonly stopped: Attachment; readonly scan: ScanFacts },
): Promise<ReleasedMessage | undefined> {
  const { hearing, request } = question;
  const sha256 = hash("sha256", stopped.bytes, "hex");
  const taker = createEventId(clock.now());
  const asked = { sha256, receiver: hearing.to.aor, result: scan.verdict, taker };
  let incident: string | undefined;
  try {
    const whose = { callId: request.callId, from: hearing.from.aor };
    incident = await journal.takeWaiver({ ...asked, ...whose });
  } catch (error) {
    // Nobody can tell whether it was taken.
    journal.endWaiver(taker, false);
    throw error;
  }
  if (incident === undefined) return undefined;
  const isReleased = ({ bytes }: Attachment): boolean => hash("sha256", bytes, "hex") === sha256;
  return { taker, question: { ...question, hearing: { ...hearing, isReleased } } };
}
