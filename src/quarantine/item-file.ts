import type { QuarantineItem } from "./quarantine.ts";

/**
 * The text of meta.json: an item as JSON, with the version of its form. It is written by us into a folder that only we may
 * enter, but it lies on a disk for months: whatever does not have the form is no item.
 */

const SCHEMA = 1;
/** Longer texts are neither written nor read: names and addresses of one file are some kilobytes. */
export const ITEM_FILE_BYTES: number = 1024 * 1024;

type State = QuarantineItem["state"];
type EngineResult = QuarantineItem["scan"][number];

const STATES: readonly State[] = ["quarantined", "deleted", "expired"];

/** Throws RangeError when the story is too long to be kept. */
export function serializeItem(item: QuarantineItem): string {
  const text = JSON.stringify({ schema: SCHEMA, ...item }, undefined, 2);
  if (Buffer.byteLength(text) > ITEM_FILE_BYTES) {
    throw new RangeError("the story of a kept file is too long");
  }
  return `${text}\n`;
}

/** The item with this id; undefined when the text is damaged, of another version, or of another item. */
export function parseItem(id: string, text: string): QuarantineItem | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value) || value["schema"] !== SCHEMA || value["id"] !== id) return undefined;
    return itemOf(value);
  } catch {
    return undefined;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function itemOf(value: Fields): QuarantineItem {
  return {
    id: text(value, "id"),
    incident: text(value, "incident"),
    callId: text(value, "callId"),
    from: text(value, "from"),
    to: list(value, "to").map(asText),
    rule: text(value, "rule"),
    name: text(value, "name"),
    threat: text(value, "threat"),
    trueType: optionalText(value, "trueType"),
    scan: list(value, "scan").map(engineResultOf),
    keepMs: value["keepMs"] === undefined ? undefined : count(value, "keepMs"),
    // Whatever stands there was a wish for more care than usual.
    release: value["release"] === undefined ? undefined : "four-eyes",
    encrypted: value["encrypted"] === undefined ? undefined : value["encrypted"] !== false,
    size: count(value, "size"),
    sha256: text(value, "sha256"),
    sha1: optionalText(value, "sha1"),
    storedAt: count(value, "storedAt"),
    state: stateOf(value["state"]),
  };
}

function engineResultOf(value: unknown): EngineResult {
  if (!isRecord(value)) throw new TypeError("scan");
  return {
    engine: text(value, "engine"),
    result: text(value, "result"),
    threat: optionalText(value, "threat"),
    reason: optionalText(value, "reason"),
  };
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asText(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("text expected");
  return value;
}

function text(fields: Fields, key: string): string {
  return asText(fields[key]);
}

function optionalText(fields: Fields, key: string): string | undefined {
  return fields[key] === undefined ? undefined : text(fields, key);
}

function count(fields: Fields, key: string): number {
  const value = fields[key];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new TypeError(key);
  }
  return value;
}

function list(fields: Fields, key: string): readonly unknown[] {
  const value = fields[key];
  if (!Array.isArray(value)) throw new TypeError(key);
  return value;
}

function stateOf(value: unknown): State {
  const state = STATES.find((known) => known === value);
  if (state === undefined) throw new TypeError("state");
  return state;
}
