/**
 * Which of several refusals counts (RFC 3261 §16.7 step 6): the lower number. 6xx first, then the lowest class; within
 * 4xx those that tell the sender how to ask again, and a 503 last, for it says nothing about the request.
 */
export function statusRank(status: number): number {
  const hundreds = Math.floor(status / 100);
  if (hundreds === 6) return 0;
  if (RESUBMISSION.has(status)) return 10 * hundreds;
  return 10 * hundreds + (status === 503 ? 2 : 1);
}

const RESUBMISSION: ReadonlySet<number> = new Set([401, 407, 415, 420, 484]);
