import { closeMedia, dropBody } from "../enforce/close-media.ts";
import type { Replacement } from "../enforce/replace-texts.ts";
import { stripMedia } from "../enforce/strip-media.ts";
import { isEncoded } from "../inspect/decoded-bytes.ts";
import { inspectMedia } from "../inspect/inspect-media.ts";
import { emptyDraft } from "../inspect/inspection-draft.ts";
import type { MediaLine } from "../inspect/inspection.ts";
import type { Policy, Strip } from "../policy/decision.ts";
import {
  Hearing,
  isDataLine,
  mediaKindsOf,
  type HearingContext,
  type Verdict,
} from "../policy/hearing.ts";
import type { SipMessage, SipRequest } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { problemVerdict, type JudgeSettings } from "./judge.ts";

/** The edits for the media of a message that cannot be refused (a response, an ACK), and what was closed or stripped. */
export interface MediaOutcome {
  readonly splices: readonly Splice[];
  /** The verdict on what was closed, else on what was stripped (action "rewrite"); undefined when nothing was. */
  readonly verdict: Verdict | undefined;
}

/** Whose media they are. */
export interface AskedMedia {
  readonly context: HearingContext;
  /** The request that a response answers; undefined: the message is none. */
  readonly answers: SipRequest | undefined;
}

/**
 * Judges the media of a response or an ACK: each line by itself, and what the rules refuse or strip gets port 0. A session
 * description that cannot be read is taken out.
 */
export function judgeMedia(
  message: SipMessage,
  asked: AskedMedia,
  policy: Policy,
  settings: JudgeSettings,
): MediaOutcome {
  const { context, answers } = asked;
  const lines = inspectMedia(message, settings.inspect);
  if (!lines.ok) {
    // As in a request: what is encoded may be media to a client that does not know the field.
    const passes = settings.onParseProblem === "allow" && !isEncoded(message);
    if (passes) return { splices: [], verdict: undefined };
    return { splices: dropBody(message), verdict: problemVerdict(lines.problem, "block") };
  }
  let closing: Verdict | undefined;
  let stripping: Verdict | undefined;
  const { media, decoded } = lines.value;
  const closed = new Set<MediaLine>();
  const found: Strip[] = [];
  for (const line of media) {
    if (mediaKindsOf([line]).length === 0) continue;
    const hearing = new Hearing({ ...emptyDraft(), media: [line] }, context, policy);
    hearing.askSession(true);
    if (!isDataLine(line) || !offersData(answers, settings)) hearing.askUnseen(settings);
    const verdict = hearing.verdict(settings);
    const strips = verdict.decisions.flatMap((decision) => decision.strips);
    const isStripped = !stripMedia([line], strips).ok;
    if (hearing.stopped || isStripped) closed.add(line);
    if (hearing.stopped) closing ??= verdict;
    else if (strips.length > 0) stripping ??= verdict;
    found.push(...strips);
  }
  const left = media.map((line) => (closed.has(line) ? { ...line, port: 0 } : line));
  const together = new Hearing({ ...emptyDraft(), media: left }, context, policy);
  const announced = stripLists(left, found, together, settings);
  return {
    splices: closeMedia(message, decoded, [...closed], announced.edits),
    verdict: closing ?? stripping ?? announced.verdict,
  };
}

/** Files that nobody can look into were offered, and the offer went on: the rules, or the configuration, have allowed them. */
function offersData(request: SipRequest | undefined, { inspect }: JudgeSettings): boolean {
  const lines = request === undefined ? undefined : inspectMedia(request, inspect);
  return lines?.ok === true && lines.value.media.some(isDataLine);
}

/**
 * What the lines that are left say they accept, without what rules strip of each of them, or of all together: a list may stand before
 * any line, or under another one than the rules ask about.
 */
function stripLists(
  media: readonly MediaLine[],
  found: readonly Strip[],
  together: Hearing,
  settings: JudgeSettings,
): { readonly edits: readonly Replacement[]; readonly verdict: Verdict | undefined } {
  const nothing = { edits: [], verdict: undefined };
  if (media.every(({ acceptTypes }) => acceptTypes === undefined)) return nothing;
  together.askSession(false);
  const verdict = together.verdict(settings);
  const strips = [...found, ...verdict.decisions.flatMap((decision) => decision.strips)];
  const lists = strips.map(({ acceptTypes }) => ({ acceptTypes, media: [] }));
  const edits = stripMedia(media, lists);
  return edits.ok && edits.value.length > 0 ? { edits: edits.value, verdict } : nothing;
}
