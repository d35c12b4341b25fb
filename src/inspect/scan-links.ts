import {
  asciiHost,
  hasFileSuffix,
  isAddress,
  isBareHost,
  isIpv4,
  isRegistered,
} from "./host-facts.ts";
import type { LinkForm } from "./describe-link.ts";
import { matchScheme } from "./link-schemes.ts";
import {
  isDelimiter,
  isDotOrDash,
  isHostBreak,
  isHostCode,
  isHostSign,
  isPathBreak,
  isSchemeCode,
  isSeparator,
  isSlash,
  isWord,
  withoutDots,
} from "./link-characters.ts";
import { trimmedEnd } from "./link-end.ts";
import { isMarked, leadOf, nowhere, type Torn } from "./link-marker.ts";

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
  readonly isTorn: Torn;
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
export function scanLinks(
  text: string,
  budget: LinkBudget,
  isTorn: Torn = nowhere,
): readonly LinkCandidate[] {
  const found: LinkCandidate[] = [];
  const trigger = /[.:\\]|\/\//g;
  let done = 0;
  for (let match = trigger.exec(text); match !== null; match = trigger.exec(text)) {
    let start = match.index;
    while (start > done && !isSeparator(text.charCodeAt(start - 1))) start--;
    let end = match.index;
    while (end < text.length && !isSeparator(text.charCodeAt(end))) end++;
    scanRun({ text, start, end, found, budget, isTorn, authorityStart: -1, authorityEnd: -1 });
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
  let wide = run.start;
  for (let i = run.start; i <= run.end && !isSpent(run.budget); i++) {
    const code = i < run.end ? run.text.charCodeAt(i) : 0;
    if (i >= wide && (isHostCode(code) || isHostSign(code))) wide = wideToken(run, i);
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

/** A host with signs in it, as a whole; what it holds besides is looked at afterwards. Returns where it ends. */
function wideToken(run: Run, from: number): number {
  const { text } = run;
  let signs = 0;
  let end = from;
  for (; end < run.end; end++) {
    const code = text.charCodeAt(end);
    if (isHostSign(code)) signs++;
    else if (!isHostCode(code)) break;
  }
  const gap = text.slice(from, end).indexOf("..");
  const stop = withoutDots(text, from, gap < 0 ? end : from + gap);
  if (signs === 0 || stop - from > MAX_HOST || !mayBeginHost(run, from)) return end;
  run.budget.units -= stop - from;
  const token = text.slice(from, stop);
  const prefix = PREFIX.exec(token);
  const ascii = prefix === null && endsLikeDomain(token) ? asciiHost(token) : undefined;
  if (prefix !== null) add(run, { form: formOf(prefix), scheme: "", body: from, authority: from });
  else if (ascii !== undefined && isBareHost(ascii))
    add(run, { form: "host", scheme: "", body: from, authority: from });
  return end;
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
function beginsAnew({ text, authorityStart, isTorn }: Run, at: number): boolean {
  return authorityStart < 0 || isDelimiter(leadOf(text, at)) || isMarked(text, at, isTorn);
}

function wordStart(run: Run, body: number): number {
  let start = body;
  while (start > run.start && isWord(run.text, start - 1) && !run.isTorn(start)) start--;
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
  const next = text.charCodeAt(after);
  return isHostCode(next) || isHostSign(next) || "%[+*@?~&_$!".includes(text[after] ?? " ");
}

function hostToken(run: Run, from: number, to: number): void {
  const token = run.text.slice(from, to);
  if (!token.includes("..")) hostPart(run, from, to);
  // "evil.com...or": nobody takes two dots into a host
  else
    for (const part of token.matchAll(/[^.]+(?:\.[^.]+)*/g))
      hostPart(run, from + part.index, from + part.index + part[0].length);
}

function hostPart(run: Run, from: number, to: number): void {
  const { text } = run;
  let start = from;
  while (start < to && isDotOrDash(text.charCodeAt(start))) start++;
  const end = withoutDots(text, start, to);
  if (start === run.authorityStart) return;
  const token = text.slice(start, end);
  if (NAMELESS.test(text.slice(start, start + 5))) namelessHost(run, start);
  const lead = leadOf(text, start);
  if (!token.includes(".")) return;
  const inside = run.authorityStart >= 0;
  const prefix = PREFIX.exec(token);
  if (prefix !== null && lead !== "@") {
    if (inside && isWord(lead, 0)) return;
    add(run, { form: formOf(prefix), scheme: "", body: start, authority: start });
    return;
  }
  if (isUserOfMail(run, to) && beginsMail(lead)) return;
  if (!mayBeginHost(run, start)) return;
  run.budget.units -= token.length;
  if (text[start - 1] !== "@" || (end === to && isLinkTail(run, end)))
    bareHost(run, token, start, end);
}

function formOf(prefix: RegExpExecArray): LinkForm {
  return prefix[1] === undefined ? "ftp" : "www";
}

const NAMELESS = /^(?:www|ftp)\.(?![a-z0-9_])/i;

/** "www.😀x@evil.example": to who takes all behind "www." for a link (libpurple), the host stands behind the "@". */
function namelessHost(run: Run, start: number): void {
  const authority = /^[^\\/?#]*/.exec(
    run.text.slice(start, Math.min(run.end, start + MAX_HOST)),
  )?.[0];
  run.budget.units -= authority?.length ?? 0;
  if (authority?.includes("@") !== true || start === run.authorityStart) return;
  const form = /^ftp/i.test(authority) ? "ftp" : "www";
  add(run, { form, scheme: "", body: start, authority: start });
}

/** A host without a scheme may begin here: outside of a link, or where it is none or has ended for some. */
function mayBeginHost({ text, authorityStart, authorityEnd }: Run, at: number): boolean {
  if (authorityStart < 0) return true;
  const lead = leadOf(text, at);
  return isPathBreak(lead) || (isHostBreak(lead) && at < authorityEnd);
}

/** What stands before is the user of an address of mail. */
function isUserOfMail({ text, end }: Run, at: number): boolean {
  if (text[at] !== "@") return false;
  let stop = at + 1;
  while (stop < end && stop - at <= 256 && isHostCode(text.charCodeAt(stop))) stop++;
  const host = asciiHost(text.slice(at + 1, withoutDots(text, at + 1, stop)));
  return host !== undefined && !/^[.-]/.test(host) && isBareHost(host);
}

/** Behind other marks some see no address of mail, and a host before the "@". */
function beginsMail(lead: string): boolean {
  return '"(<>'.includes(lead) || !isHostBreak(lead);
}

/** What only a link has: behind the host of an address of mail there is no port and no path. */
function isLinkTail({ text, end }: Run, at: number): boolean {
  return /^(?:[/?#]|:[0-9])/.test(text.slice(at, Math.min(at + 2, end)));
}

function bareHost(run: Run, token: string, start: number, end: number): void {
  const { text } = run;
  if (isIpv4(token)) {
    if (
      !isAddress(token) &&
      !/^(?::[0-9]{1,5})?[/?#]/.test(text.slice(end, Math.min(end + 7, run.end)))
    )
      return;
    add(run, { form: "host", scheme: "", body: start, authority: start });
    return;
  }
  const ascii = token.length <= MAX_HOST && endsLikeDomain(token) ? asciiHost(token) : undefined;
  const isHost = ascii !== undefined && isBareHost(ascii);
  if (isHost && isPartOfName(run, start, ascii)) return;
  if (isHost) add(run, { form: "host", scheme: "", body: start, authority: start });
  // "see它evil.com吧": clients that link ASCII hosts only stop at the other letters
  // eslint-disable-next-line no-control-regex -- the range of ASCII
  if (/^[\x00-\x7f]*$/.test(token)) return;
  asciiParts(run, { token, start, end }, isHost);
}

/** The ASCII hosts in a token with other letters; those at the beginning of a word only, where the whole is a host too. */
function asciiParts(
  run: Run,
  { token, start, end }: { readonly token: string; readonly start: number; readonly end: number },
  isHost: boolean,
): void {
  const { text } = run;
  for (const match of token.matchAll(/[a-z0-9][a-z0-9.-]*/gi)) {
    const length = withoutDots(match[0], 0, match[0].length);
    if (length > 253) continue;
    const host = match[0].slice(0, length).toLowerCase();
    if (!host.includes(".") || !endsLikeDomain(host) || !isBareHost(host)) continue;
    const body = start + match.index;
    if (isHost && (match.index === 0 || isWord(text, body - 1))) continue;
    const stop = body + host.length;
    // "Hei.Mitä": a Latin letter goes on with the word
    if (/^\p{Script=Latin}/u.test(text.slice(stop, stop + 1))) continue;
    const limit = stop < end ? stop : undefined;
    add(run, { form: "host", scheme: "", body, authority: body, limit });
  }
}

/**
 * "pam_unix.so", "tests/run.sh": a file under a suffix of files, not a host. Before an underscore stands a part of the name that is
 * registered, and that has none.
 */
function isPartOfName({ text, isTorn }: Run, start: number, host: string): boolean {
  const at = text[start - 1] === "_" ? start - 2 : start - 1;
  // with our marker or without it
  if (text[at] === "/") return text[at - 1] !== "/" && hasFileSuffix(host);
  if (isTorn(at + 1)) return false;
  return at < start - 1 && isWord(text, at) && (isRegistered(host) || hasFileSuffix(host));
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
  if (!plain) budget.links--;
  run.found.push({ form, scheme, start, body, end, plain });
}

/** Behind it only few look for a host; where some see no host or an earlier end, all that follows is new to them. */
function authorityEndOf({ text, end }: Run, { authority, limit }: NewCandidate): number {
  const first = text.charCodeAt(authority);
  if (limit !== undefined || !(isHostCode(first) || isHostSign(first))) return end;
  let at = authority;
  while (at < end && !"/?#".includes(text[at] ?? "/")) at++;
  return at;
}

/** Where the user's name before an "@" begins. */
function userStart(run: Run, at: number): number {
  const { text } = run;
  let start = at;
  while (start > run.start && (isHostCode(text.charCodeAt(start - 1)) || text[start - 1] === "+"))
    start--;
  return start;
}
