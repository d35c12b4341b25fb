/** True for `npm run torture`. */
const FULL = process.env["SLUICE_TORTURE"] === "full";

/** How much of something: little for every `npm test`, a few seconds at most, or as HARDENING wants it. */
export function sized(small: number, full: number): number {
  return FULL ? full : small;
}
