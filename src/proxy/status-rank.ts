/** Which of several refusals counts (RFC 3261 §16.7 step 6): the lower number; 6xx first, then the lowest class. */
export function statusRank(status: number): number {
  const hundreds = Math.floor(status / 100);
  return hundreds === 6 ? 0 : hundreds;
}
