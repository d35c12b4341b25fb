import { failed, ok, type Result } from "../base/result.ts";

const UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * A moment as people write it: "24h" (that long ago; s, m, h, d, w) or an RFC 3339 date with or without time.
 * The problem is a sentence.
 *
 * @param now milliseconds since 1970
 */
export function readMoment(text: string, now: number): Result<number, string> {
  const ago = /^(\d{1,9})([smhdw])$/.exec(text);
  const unit = UNITS[ago?.[2] ?? ""];
  if (ago !== null && unit !== undefined) return ok(Math.max(0, now - Number(ago[1]) * unit));
  const moment = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(moment) || moment < 0) {
    return failed(`"${text}" is no time: write 24h, 7d or 2026-01-31T12:00:00Z`);
  }
  return ok(moment);
}
