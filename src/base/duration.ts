/** A duration as operators write it: a number and its unit ("20s", "1.5 h"); a bare number is read as seconds by some. */
export const DURATION: RegExp = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)$/;

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Milliseconds, or undefined for a text that is no duration.
 *
 * @example readDuration("10m") // 600000
 */
export function readDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  const [, number = "0", unit = "ms"] = match;
  return Math.round(Number(number) * (UNITS[unit] ?? 1));
}
