import type { LinkForm } from "./describe-link.ts";
import { isDelimiter, isHostCode, isHostSign, isWord } from "./link-characters.ts";
import { trimmedEnd } from "./link-end.ts";
import { isMarked, leadOf, type Torn } from "./link-marker.ts";

/** A place in a folded text where a client may see a link. Offsets are those of the folded text. */
export interface LinkCandidate {
  readonly form: LinkForm;
  /** Without colon; "" where the form says it. */
  readonly scheme: string;
  /** Where a marker is put: the beginning of the word. */
  readonly start: number;
  /** Where the link's own text begins: mostly `start`, later when letters are glued to the scheme. */
  readonly body: number;
  readonly end: number;
  /** It bears our marker: no client is expected to open it. */
  readonly plain: boolean;
}

/** What several searches of one part may find and do together; counted down. */
export interface LinkBudget {
  /** Links, whether they bear our marker or not: each takes as long to describe. */
  links: number;
  /** Characters of links looked at: links that overlap count each time. */
  units: number;
}

/** A run of characters without blanks, in which links are looked for from left to right. */
export interface LinkRun {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly found: LinkCandidate[];
  readonly budget: LinkBudget;
  readonly isTorn: Torn;
  /** Of the last candidate: where its host begins and ends. Before any: -1. */
  authorityStart: number;
  authorityEnd: number;
}

/** A host of 253 ASCII characters written with combining marks. */
export const MAX_HOST = 1024;

/** More was found than the budget allows: the search is not complete. */
export function isSpent(budget: LinkBudget): boolean {
  return budget.links < 0 || budget.units < 0;
}

/** Outside of a link, or where clients look for another one; or where our marker stood before one when it was disarmed. */
export function beginsAnew({ text, authorityStart, isTorn }: LinkRun, at: number): boolean {
  return authorityStart < 0 || isDelimiter(leadOf(text, at)) || isMarked(text, at, isTorn);
}

/** The beginning of the word that a link stands in, or of its piece in a text of pieces. */
export function wordStart(run: LinkRun, body: number): number {
  let start = body;
  while (start > run.start && isWord(run.text, start - 1) && !run.isTorn(start)) start--;
  return start;
}

/** A link in the making; it reaches to the end of its run, or to `limit`. */
export interface NewCandidate {
  readonly form: LinkForm;
  readonly scheme: string;
  readonly body: number;
  readonly authority: number;
  readonly limit?: number | undefined;
}

/** Adds a link, and charges the budget for it. */
export function addLink(run: LinkRun, candidate: NewCandidate): void {
  const { text, budget } = run;
  budget.units -= run.end - candidate.body;
  if (isSpent(budget)) return;
  const trimmed = trimmedEnd(text, candidate.body, run.end);
  // "ssh://..."
  if (candidate.form === "scheme" && trimmed <= candidate.authority) return;
  let start = wordStart(run, candidate.body);
  if (candidate.form === "host" && text[start - 1] === "@") start = userStart(run, start - 1);
  const end = candidate.limit ?? trimmed;
  run.authorityStart = candidate.authority;
  run.authorityEnd = authorityEndOf(run, candidate);
  const plain = isMarked(text, start, run.isTorn);
  const last = run.found.at(-1);
  // "x+evil.com://": the host and the scheme are links in one place
  if (last !== undefined && last.start > start)
    run.found[run.found.length - 1] = { ...last, start, plain };
  const { form, scheme, body } = candidate;
  budget.links--;
  run.found.push({ form, scheme, start, body, end, plain });
}

/** Behind it only few look for a host; where some see no host or an earlier end, all that follows is new to them. */
function authorityEndOf({ text, end }: LinkRun, { authority, limit }: NewCandidate): number {
  const first = text.charCodeAt(authority);
  if (limit !== undefined || !(isHostCode(first) || isHostSign(first))) return end;
  let at = authority;
  while (at < end && !"/?#".includes(text[at] ?? "/")) at++;
  return at;
}

/** Where the user's name before an "@" begins. */
function userStart(run: LinkRun, at: number): number {
  const { text } = run;
  let start = at;
  while (start > run.start && (isHostCode(text.charCodeAt(start - 1)) || text[start - 1] === "+"))
    start--;
  return start;
}
