import { emptyDraft } from "../inspect/inspection-draft.ts";
import type { Inspection, Link, MediaKind, TextPart } from "../inspect/inspection.ts";
import type { IncidentFeatures, KeptLink, KeptParty } from "./incident-features.ts";
import type { Policy } from "../policy/decision.ts";
import type { Channel, Direction, Party, ScanFacts } from "../policy/facts.ts";
import type { AcceptTypes } from "../wire/sdp/accept-types.ts";
import {
  Hearing,
  UNSEEN_SCAN,
  type FailureSettings,
  type HearingContext,
  type Verdict,
} from "../policy/hearing.ts";

/** What other rules make of a stored incident. */
export type SecondJudgement =
  | {
      readonly kind: "decided";
      readonly action: string;
      /** Id of the deciding rule, or the setting ("defaults": the default verdict); "" when none decided. */
      readonly rule: string;
      /**
       * What was asked for and is not kept, by rule: "no-leaks: the text". Where there are any, the decision is only what would come
       * if none of these rules matched.
       */
      readonly needs: readonly string[];
    }
  /** No rule was asked then, and none would be now. */
  | { readonly kind: "unasked"; readonly why: string };

/**
 * Asks rules about what an incident keeps of its message, in the order in which the judge asks. Pure; what is read comes from a store and
 * may have been written by another version: what is missing counts as absent. Undefined: these are no features of ours.
 */
export function judgeAgain(
  stored: unknown,
  policy: Policy,
  settings: FailureSettings,
): SecondJudgement | undefined {
  if (!isFeatures(stored)) return undefined;
  if (stored.unasked !== "") return { kind: "unasked", why: stored.unasked };
  const unknown: string[] = [];
  const hearing = new Hearing(inspectionOf(stored), contextOf(stored), policy);
  if (stored.opaque) hearing.unreadable(settings.onOpaque);
  askAll(hearing, stored, settings, unknown);
  const verdict = hearing.verdict(settings);
  const needs = [...unknown, ...needsOf(verdict, stored)];
  return { kind: "decided", action: verdict.action, rule: ruleOf(verdict), needs };
}

/** As `judge` and `judgeFile` do. */
function askAll(
  hearing: Hearing,
  { files, scans, channel }: IncidentFeatures,
  settings: FailureSettings,
  unknown: string[],
): void {
  const transfer = files.find(({ kind }) => kind === "transfer");
  if (transfer !== undefined) {
    hearing.askOffer(transfer.file, transfer.channel as Channel);
    hearing.askFile(transfer.file, scanAt(scans, 0, unknown), settings);
    return;
  }
  const offers = files.filter(({ kind }) => kind === "offer");
  const attachments = files.filter(({ kind }) => kind === "attachment");
  hearing.askMessage();
  hearing.askSession(channel === "sip-invite" && offers.length === 0);
  for (const { file, channel: by } of offers) {
    const { skipScan } = hearing.askOffer(file, by as Channel);
    if (by === "lync-ft" && skipScan === undefined && !hearing.stopped)
      hearing.askFile(file, UNSEEN_SCAN, settings, by);
  }
  const unseen = offers.filter(({ channel: by }) => by === "lync-ft").length;
  if (unseen === 0) hearing.askUnseen(settings);
  for (const { file } of attachments) hearing.askOffer(file);
  const before = scans.filter((scan) => isUnseen(scan as Partial<ScanFacts>)).length;
  for (const [index, { file }] of attachments.entries()) {
    if (hearing.stopped) return;
    hearing.askFile(file, scanAt(scans, before + index, unknown), settings);
  }
}

/** Results of files that never came by stand before those of attachments. */
function isUnseen({ engine, reason }: Partial<ScanFacts>): boolean {
  return engine === UNSEEN_SCAN.engine && reason === UNSEEN_SCAN.reason;
}

/** What was refused before it was scanned has no result. */
function scanAt(scans: readonly object[], index: number, unknown: string[]): ScanFacts {
  const scan = scans[index] as ScanFacts | undefined;
  if (scan !== undefined) return scan;
  unknown.push("the scan, which was not made");
  return { verdict: "clean", engine: "none", name: "", reason: "" };
}

/** Fields that look at what is not kept. */
const NOT_KEPT: readonly (readonly [RegExp, string])[] = [
  [/^(?:not )*text\b/, "the text"],
  [/^(?:not )*(?:from|to)\.display_name$/, "a display name"],
  [/^(?:not )*rate\b/, "the rate at that time"],
];

/** Rules that were asked for what is not kept: their other conditions held, so that the answer may hang on it. */
function needsOf({ decisions }: Verdict, { linksLeftOut }: IncidentFeatures): readonly string[] {
  const needs = new Set<string>();
  for (const { rule, leaves } of decisions.flatMap((decision) => decision.trace)) {
    for (const { field } of leaves) {
      const missing = NOT_KEPT.find(([pattern]) => pattern.test(field))?.[1];
      if (missing !== undefined) needs.add(`${rule}: ${missing}`);
      if (linksLeftOut > 0 && /^(?:not )*url\b/.test(field)) {
        needs.add(`${rule}: all links (${linksLeftOut} are not kept)`);
      }
    }
  }
  return [...needs];
}

function ruleOf({ action, decision, setting }: Verdict): string {
  return decision?.rule?.id ?? setting ?? (action === "allow" ? "" : "defaults");
}

/** What was written by a later version in another form is not guessed at. */
function isFeatures(stored: unknown): stored is IncidentFeatures {
  return (
    typeof stored === "object" &&
    stored !== null &&
    "v" in stored &&
    stored.v === 1 &&
    "links" in stored &&
    Array.isArray(stored.links) &&
    "files" in stored &&
    Array.isArray(stored.files)
  );
}

function contextOf(features: IncidentFeatures): HearingContext {
  return {
    from: partyOf(features.from),
    to: partyOf(features.to),
    direction: features.direction as Direction,
    channel: features.channel as Channel,
    transport: features.transport,
    encrypted: features.encrypted,
    now: features.now,
    trace: true,
  };
}

function partyOf(party: KeptParty): Party {
  return { ...party, displayName: "" };
}

function inspectionOf(features: IncidentFeatures): Inspection {
  return {
    ...emptyDraft(),
    texts: Array.from({ length: Math.min(features.texts, MAX_TEXTS) }, () => NO_TEXT),
    links: features.links.map(linkOf),
    disarmed: features.disarmed.map(linkOf),
    // Absent in what an earlier version has kept.
    outside: ((features as Partial<IncidentFeatures>).outside ?? []).map(linkOf),
    media: features.media.map((kinds, i) => ({
      ...(i === 0 && features.accepts !== undefined
        ? { acceptTypes: [listOf(features.accepts)] }
        : {}),
      kinds: kinds.filter((kind) => kind !== "unknown") as MediaKind[],
      line: "",
      portStart: 0,
      portEnd: 0,
      port: 9,
    })),
    signed: features.signed,
  };
}

function listOf(types: readonly string[]): AcceptTypes {
  return { lineStart: 0, lineEnd: 0, listStart: 0, listEnd: 0, entries: types, types };
}

const MAX_TEXTS = 16;

/** Stands where there was a text; what asks about it is found in the trace. */
const NO_TEXT: TextPart = {
  carrier: "body",
  start: 0,
  end: 0,
  transferEncoding: "identity",
  type: "text/plain",
  charset: "utf-8",
  text: "",
  markup: false,
  shown: "",
};

function linkOf(link: KeptLink): Link {
  return { ...link, part: 0, start: 0, end: 0, raw: link.canonical };
}
