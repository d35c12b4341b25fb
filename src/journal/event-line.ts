import type {
  AllowedEvent,
  Delivery,
  FileRecord,
  IncidentDraft,
  OperationEvent,
  ScanRecord,
} from "./records.ts";

/**
 * Lines of the event log: one event, one line of JSON, whatever the peer sent (HARDENING M3). Every string is cut to
 * 1 kB; controls, line separators and bidi controls are written as \u escapes, so that a line stays one line and shows
 * no trickery in a terminal. The keys are documented in docs/events.md and, for programs, in event-schema.ts.
 */
export const EVENT_SCHEMA = "sluice.event/1";

/** How the message of a committed decision ended. */
export interface Settlement {
  readonly delivery: Delivery;
  /** Final SIP status that the sender saw. */
  readonly status: number | undefined;
  /** Milliseconds since 1970. */
  readonly settledAt: number;
}

/**
 * The line of a decision "allow". Called for every message on the SIP thread, so it is put together by hand: the same
 * keys as `incidentLine`, in the same order, at about half the cost of JSON.stringify.
 */
export function allowedLine(event: AllowedEvent): string {
  const reason = (event.reason ?? "") === "" ? "null" : quoted(event.reason ?? "");
  const file = event.file === undefined ? "null" : escapedJson(fileFields(event.file, undefined));
  const scan = event.scan === undefined ? "[]" : escapedJson(scanFields(event.scan));
  const verdict = allowedVerdict(event);
  const actor = event.actor === undefined ? "" : `,"actor":${quoted(event.actor)}`;
  return `{"ts":"${recentTimestamp(event.at)}","schema":"${EVENT_SCHEMA}","event_id":${quoted(event.eventId)},"type":"${event.type}","incident":null,"call_id":${quoted(event.callId)},"from":${quoted(event.from)},"to":${quotedList(event.to)},"direction":${quoted(event.direction)},"channel":${quoted(event.channel)},"action":"allow","rule":null,"reason":${reason},"file":${file},"scan":${scan},"delivery":"${event.delivery}","status":${event.status ?? null}${actor}${verdict}}\n`;
}

/** What rules said of a message that they let pass: mostly nothing. */
function allowedVerdict({ would, tags = [], log = [] }: AllowedEvent): string {
  if (would.length + tags.length + log.length === 0) return "";
  const said = [
    ["would", would],
    ["tags", tags],
    ["log", log],
  ] as const;
  const fields = said
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => `"${name}":${quotedList(values)}`);
  return `,"verdict":{${fields.join(",")}}`;
}

/** The line of any other decision, from its committed row. */
export function incidentLine(draft: IncidentDraft, settlement: Settlement): string {
  return line({
    ts: timestamp(draft.at),
    schema: EVENT_SCHEMA,
    event_id: cut(draft.eventId),
    type: draft.type,
    incident: draft.id,
    call_id: cut(draft.callId),
    from: cut(draft.from),
    to: texts(draft.to),
    direction: draft.direction,
    channel: draft.channel,
    action: draft.action,
    rule: cut(draft.rule),
    reason: cut(draft.reason),
    file: draft.file === undefined ? null : fileFields(draft.file, draft.quarantine),
    scan: scanFields(draft.scan),
    delivery: settlement.delivery,
    status: settlement.status ?? null,
    settled_at: timestamp(settlement.settledAt),
    ...(draft.actor === undefined ? undefined : { actor: cut(draft.actor) }),
    verdict: {
      rule_title: cut(draft.ruleTitle),
      rule_file: cut(draft.ruleFile),
      rule_line: draft.ruleLine,
      policy: cut(draft.policy),
      severity: cut(draft.severity),
      tags: texts(draft.tags),
      ...(draft.log === undefined ? undefined : { log: texts(draft.log) }),
      ...(draft.repeats === undefined ? undefined : { repeats: draft.repeats }),
    },
    msg: { urls: texts(draft.urls).map((defanged) => ({ defanged })) },
    route: { notified: capValue(draft.notify) },
  });
}

/** The line that follows when the notices of a decision ended after its own line had been written. */
export function noticesLine(draft: IncidentDraft, eventId: string, at: number): string {
  return line({
    ts: timestamp(at),
    schema: EVENT_SCHEMA,
    event_id: eventId,
    type: "notify",
    incident: draft.id,
    call_id: cut(draft.callId),
    from: cut(draft.from),
    to: texts(draft.to),
    direction: draft.direction,
    channel: draft.channel,
    action: null,
    rule: cut(draft.rule),
    reason: "notices were sent",
    file: null,
    scan: [],
    delivery: null,
    status: null,
    route: { notified: capValue(draft.notify) },
    details: { about: cut(draft.eventId) },
  });
}

/** The line of anything that is not about one message: reloads, engines, retention, administration. */
export function operationLine(event: OperationEvent): string {
  return line({
    ts: timestamp(event.at),
    schema: EVENT_SCHEMA,
    event_id: event.eventId,
    type: event.type,
    incident: null,
    call_id: null,
    from: null,
    to: [],
    direction: null,
    channel: null,
    action: null,
    rule: null,
    reason: cut(event.reason),
    file: null,
    scan: [],
    delivery: null,
    status: null,
    details: capValue(event.details),
  });
}

/** A value fit for a record: strings cut to 1 kB, at most 64 items and 8 levels, nothing that JSON cannot say. */
export function capValue(value: unknown, maxItems: number = MAX_ITEMS, depth = 0): unknown {
  if (typeof value === "string") return cut(value);
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || depth >= MAX_DEPTH) return null;
  if (Array.isArray(value)) {
    return value.slice(0, maxItems).map((item) => capValue(item, maxItems, depth + 1));
  }
  const fields = Object.entries(value).slice(0, MAX_ITEMS);
  return Object.fromEntries(
    fields.map(([key, field]) => [cut(key), capValue(field, maxItems, depth + 1)]),
  );
}

/** RFC 3339, UTC, milliseconds. */
export function timestamp(at: number): string {
  return new Date(Number.isFinite(at) ? at : 0).toISOString();
}

const MAX_BYTES = 1024;
const MAX_ITEMS = 64;
const MAX_DEPTH = 8;

/** At most 1 kB of UTF-8, cut between characters; "…" says that something is missing. */
function cut(text: string): string {
  if (text.length * 3 <= MAX_BYTES) return text;
  const bytes = Buffer.from(text.slice(0, MAX_BYTES + 1));
  if (bytes.length <= MAX_BYTES) return text;
  let end = MAX_BYTES - 3;
  while (end > 0 && (bytes.readUInt8(end) & 0xc0) === 0x80) end -= 1;
  return `${bytes.toString("utf8", 0, end)}…`;
}

/** Printable ASCII without quote and backslash is its own JSON. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quoted(text: string): string {
  if (text.length * 3 <= MAX_BYTES && PLAIN.test(text)) return `"${text}"`;
  return escapedJson(cut(text));
}

function quotedList(list: readonly string[]): string {
  const only = list.length === 1 ? list[0] : undefined;
  if (only !== undefined) return `[${quoted(only)}]`;
  return `[${list.slice(0, MAX_ITEMS).map(quoted).join(",")}]`;
}

/** Most events are of the second that was asked for last. */
let recentSecond = Number.NaN;
let recentPrefix = "";
let recentAt = Number.NaN;
let recentText = "";

function recentTimestamp(at: number): string {
  if (at === recentAt) return recentText;
  recentText = withinSecond(at);
  recentAt = at;
  return recentText;
}

function withinSecond(at: number): string {
  const second = Math.floor(at / 1000);
  if (second !== recentSecond) {
    const text = timestamp(at);
    if (text.length !== 24 || !Number.isInteger(at)) return text;
    recentSecond = second;
    recentPrefix = text.slice(0, 20);
  }
  return `${recentPrefix}${String(at - second * 1000).padStart(3, "0")}Z`;
}

function orNull(text: string | undefined): string | null {
  return text === undefined ? null : cut(text);
}

function texts(list: readonly string[]): readonly string[] {
  return list.slice(0, MAX_ITEMS).map(cut);
}

function fileFields(file: FileRecord, quarantine: string | undefined): unknown {
  return {
    name: cut(file.name),
    size: file.size ?? null,
    sha256: orNull(file.sha256),
    ...(file.sha1 === undefined ? undefined : { sha1: file.sha1 }),
    true_type: orNull(file.trueType),
    quarantine: orNull(quarantine),
    ...(file.sent === undefined ? undefined : { sent: file.sent }),
  };
}

function scanFields(scans: readonly ScanRecord[]): unknown {
  return scans.slice(0, MAX_ITEMS).map((scan) => ({
    engine: cut(scan.engine),
    result: cut(scan.result),
    threat: orNull(scan.threat),
    reason: orNull(scan.reason),
    ms: scan.ms,
  }));
}

/** DEL and C1 controls, line and paragraph separator, bidi controls, byte order mark: legal in JSON, not in a log. */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

function line(fields: Readonly<Record<string, unknown>>): string {
  return `${escapedJson(fields)}\n`;
}

function escapedJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
