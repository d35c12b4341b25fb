import type { SQLInputValue } from "node:sqlite";
import { capValue } from "./event-line.ts";
import type { Delivery, IncidentDraft, NoticeRecord } from "./records.ts";

/**
 * The draft as it is stored: bounded in every direction. A trace that makes the record too long is cut to the rules
 * that matched, then left out; `trace_cut` in the details says so. The features go last of all.
 */
export interface BoundedRecord {
  readonly draft: IncidentDraft;
  readonly json: string;
  readonly traceCut: boolean;
}

/** Bounds a draft that came in as JSON. Throws on what is not the JSON of a draft (our bug). */
export function boundRecord(source: string, maxBytes: number): BoundedRecord {
  // Read back from our own JSON.stringify of an IncidentDraft; capping keeps every key.
  const draft = capDraft(JSON.parse(source) as IncidentDraft);
  const whole = JSON.stringify(draft);
  if (Buffer.byteLength(whole) <= maxBytes) return { draft, json: whole, traceCut: false };
  const matched = { ...draft, trace: draft.trace.filter(isMatch) };
  const shorter = JSON.stringify(matched);
  if (Buffer.byteLength(shorter) <= maxBytes) {
    return { draft: matched, json: shorter, traceCut: true };
  }
  const untraced = { ...draft, trace: [] };
  const tooLong = Buffer.byteLength(JSON.stringify(untraced)) > maxBytes;
  const bare = tooLong ? { ...untraced, features: undefined } : untraced;
  return { draft: bare, json: JSON.stringify(bare), traceCut: true };
}

/** The draft with other notices, bounded as all of it is. */
export function withNotices(
  draft: IncidentDraft,
  notify: readonly NoticeRecord[] | undefined,
): IncidentDraft {
  if (notify === undefined) return draft;
  return { ...draft, notify: capValue(notify) as readonly NoticeRecord[] };
}

function capDraft(draft: IncidentDraft): IncidentDraft {
  const { trace, ...rest } = draft;
  const capped = capValue(rest) as Omit<IncidentDraft, "trace">;
  return { ...capped, file: capped.file ?? undefined, trace: capValue(trace, 5000) as unknown[] };
}

function isMatch(entry: unknown): boolean {
  return (
    typeof entry === "object" && entry !== null && "matched" in entry && entry.matched === true
  );
}

/** The columns of an incident, in the order of the statement `putIncident`. */
export function incidentRow(
  draft: IncidentDraft,
  groupKey: string,
  delivery: Delivery,
  traceCut: boolean,
): readonly SQLInputValue[] {
  const details = {
    event_id: draft.eventId,
    type: draft.type,
    call_id: draft.callId,
    ...(draft.actor === undefined ? undefined : { actor: draft.actor }),
    rule_title: draft.ruleTitle,
    rule_file: draft.ruleFile,
    rule_line: draft.ruleLine,
    policy: draft.policy,
    tags: draft.tags,
    quarantine: draft.quarantine ?? null,
    urls: draft.urls,
    notify: draft.notify,
    trace: draft.trace,
    ...(traceCut ? { trace_cut: true } : undefined),
  };
  const file = draft.file;
  return [
    draft.id,
    groupKey,
    1 + (draft.repeats ?? 0),
    draft.at,
    draft.at,
    draft.from,
    JSON.stringify(draft.to),
    draft.direction,
    draft.channel,
    draft.action,
    draft.rule,
    draft.reason,
    draft.severity,
    delivery,
    JSON.stringify(
      file === undefined
        ? null
        : {
            name: file.name,
            size: file.size ?? null,
            sha256: file.sha256 ?? null,
            ...(file.sha1 === undefined ? undefined : { sha1: file.sha1 }),
            true_type: file.trueType ?? null,
            ...(file.sent === undefined ? undefined : { sent: file.sent }),
          },
    ),
    JSON.stringify(draft.scan),
    JSON.stringify(draft.answer ?? null),
    JSON.stringify(details),
    JSON.stringify(draft.features ?? null),
  ];
}
