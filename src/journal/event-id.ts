import { randomBytes } from "node:crypto";

/** Ids that share their random bits, and count in the twelve bits before them. */
const RUN = 4096;

let counter = RUN;
let tail = "";
/** What stands before the count in the millisecond that was asked for last. */
let head = "";
let headAt = Number.NaN;

/**
 * A new id of an event: UUID version 7 (RFC 9562 §5.7), so that ids sort by time. The twelve bits behind the time count
 * (§6.2), the random bits are drawn anew for every run of them: one id is needed for every message.
 *
 * @param at milliseconds since 1970
 */
export function createEventId(at: number): string {
  if (counter === RUN) beginRun();
  if (at !== headAt) beginTime(at);
  const count = DIGITS[counter] ?? "";
  counter += 1;
  return `${head}${count}-${tail}`;
}

/** Three digits in hexadecimal for each count of a run. */
const DIGITS: readonly string[] = Array.from({ length: RUN }, (_, n) =>
  n.toString(16).padStart(3, "0"),
);

function beginTime(at: number): void {
  const time = Math.max(0, Math.trunc(at)).toString(16).padStart(12, "0");
  head = `${time.slice(0, 8)}-${time.slice(8, 12)}-7`;
  headAt = at;
}

function beginRun(): void {
  const random = randomBytes(8);
  // The variant of RFC 9562 §4.1 in the two highest bits.
  random.writeUInt8((random.readUInt8(0) & 0x3f) | 0x80, 0);
  const digits = random.toString("hex");
  tail = `${digits.slice(0, 4)}-${digits.slice(4)}`;
  counter = 0;
}
