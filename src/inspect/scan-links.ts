import { asciiHost, isBareHost, isIpv4 } from "./host-facts.ts";
import type { LinkForm } from "./describe-link.ts";
import { matchScheme } from "./link-schemes.ts";
import {
  isDelimiter,
  isDotOrDash,
  isHostCode,
  isSchemeCode,
  isSeparator,
  isSlash,
  isWord,
  withoutDots,
} from "./link-characters.ts";
import { trimmedEnd } from "./link-end.ts";
import { isMarked, leadOf } from "./link-marker.ts";

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
  /** Live links. */
  links: number;
  /** Characters of links looked at: links that overlap count each time. */
  units: number;
}

interface Run {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly found: LinkCandidate[];
  readonly budget: LinkBudget;
  /** Of the last candidate: where its host begins and ends. Before any: -1. */
  authorityStart: number;
  authorityEnd: number;
}

const UNC = /[\\]{2}(?:[?.][\\/](?:unc[\\/])?)?[\p{L}\p{N}\p{M}_.$@-]{1,253}[\\/][^\s\\/]/iuy;
const PREFIX = /^(?:(www[a-z0-9-]{0,10})|ftp[0-9]{0,2})\.[^.-]/i;
const MAX_SCHEME = 64;
/** A host of 253 ASCII characters written with combining marks. */
const MAX_HOST = 1024;

/**
 * Finds every place where a link may begin; every link reaches to the end of its run of characters without blanks, then
 * without the punctuation that clients leave out. One inside another is found too when it has slashes of its own or stands
 * where clients begin anew, so that disarming the outer one does not bare the inner one. Linear in the length of the text
 * and the units of the budget; stops when the budget is used up (a count below 0).
 */
export function scanLinks(text: string, budget: LinkBudget): readonly LinkCandidate[] {
  const found: LinkCandidate[] = [];
  const trigger = /[.:\\]|\/\//g;
  let done = 0;
  for (let match = trigger.exec(text); match !== null; match = trigger.exec(text)) {
    let start = match.index;
    while (start > done && !isSeparator(text.charCodeAt(start - 1))) start--;
    let end = match.index;
    while (end < text.length && !isSeparator(text.charCodeAt(end))) end++;
    scanRun({ text, start, end, found, budget, authorityStart: -1, authorityEnd: -1 });
    if (isSpent(budget)) break;
    done = end;
    trigger.lastIndex = end;
  }
  return found;
}

/** More was found than the budget allows: the search is not complete. */
export function isSpent(budget: LinkBudget): boolean {
  return budget.links < 0 || budget.units < 0;
}

function scanRun(run: Run): void {
  let token = -1;
  for (let i = run.start; i <= run.end && !isSpent(run.budget); i++) {
    const code = i < run.end ? run.text.charCodeAt(i) : 0;
    if (isHostCode(code)) {
      if (token < 0) token = i;
      continue;
    }
    if (token >= 0) hostToken(run, token, i);
    if (code === 0x3a) schemeAt(run, i, token);
    else if (code === 0x5c && run.text.charCodeAt(i + 1) === 0x5c) uncAt(run, i);
    else if (code === 0x2f && run.text.charCodeAt(i + 1) === 0x2f) relativeAt(run, i);
    token = -1;
  }
}

/** @param token where the run of host characters before the colon begins, -1: there is none */
function schemeAt(run: Run, colon: number, token: number): void {
  const { text } = run;
  let left = colon;
  const floor = Math.max(run.start, colon - MAX_SCHEME);
  while (left > floor && isSchemeCode(text.charCodeAt(left - 1))) left--;
  if (left === colon) return;
  let after = colon + 1;
  while (after < run.end && isSlash(text.charCodeAt(after))) after++;
  const slashes = after - colon - 1;
  // "http:http:http:": inside a link only a delimiter begins another without slashes
  if (slashes < 2 && !beginsAnew(run, left)) return;
  const match = matchScheme(text.slice(left, colon), slashes);
  if (match === undefined || after >= run.end) return;
  const body = colon - match.length;
  if (slashes < 2 && !opensWithoutSlashes(run, body, after, match.scheme, slashes)) return;
  // "evil.com.http://x": the marker will part them, so that what stands before is a word of its own
  const start = wordStart(run, body);
  if (token >= 0 && token < start) hostToken(run, token, start);
  add(run, { form: "scheme", scheme: match.scheme, body, authority: after });
}

/** Outside of a link, or where clients look for another one; or where our marker stood before one when it was disarmed. */
function beginsAnew({ text, authorityStart }: Run, at: number): boolean {
  return authorityStart < 0 || isDelimiter(leadOf(text, at)) || isMarked(text, at);
}

function wordStart(run: Run, body: number): number {
  let start = body;
  while (start > run.start && isWord(run.text, start - 1)) start--;
  return start;
}

function opensWithoutSlashes(
  run: Run,
  body: number,
  after: number,
  scheme: string,
  slashes: number,
): boolean {
  const { text } = run;
  if (slashes === 0 && isWord(text, body - 1)) return false;
  // "{.http:": the word begins behind the dot
  if (!beginsAnew(run, body)) return false;
  if (scheme === "data") {
    return text.slice(after, Math.min(run.end, after + 200)).includes(",");
  }
  return isHostCode(text.charCodeAt(after)) || "%[+*@?~&_$!".includes(text[after] ?? " ");
}

function hostToken(run: Run, from: number, to: number): void {
  const { text } = run;
  let start = from;
  while (start < to && isDotOrDash(text.charCodeAt(start))) start++;
  const end = withoutDots(text, start, to);
  if (start === run.authorityStart) return;
  const token = text.slice(start, end);
  if (!token.includes(".") || text[to] === "@") return;
  const lead = leadOf(text, start);
  const inside = run.authorityStart >= 0;
  const prefix = PREFIX.exec(token);
  if (prefix !== null && lead !== "@") {
    if (inside && isWord(lead, 0)) return;
    const form = prefix[1] === undefined ? "ftp" : "www";
    add(run, { form, scheme: "", body: start, authority: start });
    return;
  }
  if (inside && !(isDelimiter(lead) && start < run.authorityEnd)) return;
  run.budget.units -= token.length;
  if (text[start - 1] !== "@" || (end === to && isLinkTail(run, end)))
    bareHost(run, token, start, end);
}

/** After the host of an address of mail nothing follows that only a link has. */
function isLinkTail(run: Run, at: number): boolean {
  return at < run.end && "/:?#".includes(run.text[at] ?? " ");
}

function bareHost(run: Run, token: string, start: number, end: number): void {
  const { text } = run;
  if (isIpv4(token)) {
    if (!/^(?::[0-9]{1,5})?[/?#]/.test(text.slice(end, Math.min(end + 7, run.end)))) return;
    add(run, { form: "host", scheme: "", body: start, authority: start });
    return;
  }
  const ascii = token.length <= MAX_HOST && endsLikeDomain(token) ? asciiHost(token) : undefined;
  if (ascii !== undefined && isBareHost(ascii)) {
    add(run, { form: "host", scheme: "", body: start, authority: start });
    return;
  }
  // "see它evil.com吧": clients that link ASCII hosts only stop at the other letters
  // eslint-disable-next-line no-control-regex -- the range of ASCII
  if (/^[\x00-\x7f]*$/.test(token)) return;
  for (const match of token.matchAll(/[a-z0-9][a-z0-9.-]*/gi)) {
    const length = withoutDots(match[0], 0, match[0].length);
    if (length > 253) continue;
    const host = match[0].slice(0, length).toLowerCase();
    if (!host.includes(".") || !endsLikeDomain(host) || !isBareHost(host)) continue;
    const body = start + match.index;
    const stop = body + host.length;
    const limit = stop < end ? stop : undefined;
    add(run, { form: "host", scheme: "", body, authority: body, limit });
  }
}

function endsLikeDomain(token: string): boolean {
  const last = token.slice(token.lastIndexOf(".") + 1);
  return last.length >= 2 && !/^[0-9]/.test(last);
}

function uncAt(run: Run, at: number): void {
  const { text } = run;
  const before = text[at - 1] ?? "";
  if (before === "\\" || before === ":" || before === "/" || isWord(before, 0)) return;
  if (run.authorityStart >= 0 && !isDelimiter(leadOf(text, at))) return;
  UNC.lastIndex = at;
  if (!UNC.test(text) || UNC.lastIndex > run.end) return;
  add(run, { form: "unc", scheme: "", body: at, authority: at + 2 });
}

function relativeAt(run: Run, at: number): void {
  const { text } = run;
  const before = text[at - 1] ?? "";
  if (before === "\\" || before === ":" || before === "/" || isWord(before, 0)) return;
  if (run.authorityStart >= 0 && !isDelimiter(leadOf(text, at))) return;
  let host = at;
  while (host < run.end && isSlash(text.charCodeAt(host))) host++;
  let end = host;
  while (end < run.end && isHostCode(text.charCodeAt(end))) end++;
  run.budget.units -= end - host;
  const token = text.slice(host, withoutDots(text, host, end));
  const ascii = token.length > 0 && token.length <= MAX_HOST ? asciiHost(token) : undefined;
  if (ascii === undefined) return;
  if (ascii !== "localhost" && !isIpv4(ascii) && !isBareHost(ascii)) return;
  add(run, { form: "relative", scheme: "", body: at, authority: host });
}

interface NewCandidate {
  readonly form: LinkForm;
  readonly scheme: string;
  readonly body: number;
  readonly authority: number;
  readonly limit?: number | undefined;
}

function add(run: Run, candidate: NewCandidate): void {
  const { text, budget } = run;
  budget.units -= run.end - candidate.body;
  if (isSpent(budget)) return;
  let start = wordStart(run, candidate.body);
  if (candidate.form === "host" && text[start - 1] === "@") start = userStart(run, start - 1);
  const end = candidate.limit ?? trimmedEnd(text, candidate.body, run.end);
  run.authorityStart = candidate.authority;
  let authorityEnd = candidate.authority;
  while (authorityEnd < run.end && !"/\\?#".includes(text[authorityEnd] ?? "/")) authorityEnd++;
  run.authorityEnd = authorityEnd;
  const last = run.found.at(-1);
  // "evil.com://": the host and the scheme begin at one place, the scheme counts
  if (last !== undefined && last.start >= start) run.found.pop();
  const { form, scheme, body } = candidate;
  const plain = isMarked(text, start);
  if (!plain) budget.links--;
  run.found.push({ form, scheme, start, body, end, plain });
}

/** Where the user's name before an "@" begins. */
function userStart(run: Run, at: number): number {
  const { text } = run;
  let start = at;
  while (start > run.start && (isHostCode(text.charCodeAt(start - 1)) || text[start - 1] === "+"))
    start--;
  return start;
}
