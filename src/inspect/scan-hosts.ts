import type { LinkForm } from "./describe-link.ts";
import {
  asciiBareHost,
  hasFileSuffix,
  isAddress,
  isBareHost,
  isIpv4,
  isRegistered,
} from "./host-facts.ts";
import {
  isDotOrDash,
  isHostBreak,
  isHostCode,
  isHostSign,
  isPathBreak,
  isWord,
  withoutDots,
} from "./link-characters.ts";
import { addLink, MAX_HOST, type LinkRun } from "./link-run.ts";
import { leadOf } from "./link-marker.ts";

const PREFIX = /^(?:(www[a-z0-9-]{0,10})|ftp[0-9]{0,2})\.[^.-]/i;

/** A host with signs in it, as a whole; what it holds besides is looked at afterwards. Returns where it ends. */
export function wideToken(run: LinkRun, from: number): number {
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
  if (prefix !== null)
    addLink(run, { form: formOf(prefix), scheme: "", body: from, authority: from });
  else if (endsLikeDomain(token) && asciiBareHost(token) !== undefined)
    addLink(run, { form: "host", scheme: "", body: from, authority: from });
  return end;
}

/** Hosts without a scheme in a run of host characters: "www.", "ftp.", names under a public suffix, addresses. */
export function hostToken(run: LinkRun, from: number, to: number): void {
  const token = run.text.slice(from, to);
  if (!token.includes("..")) hostPart(run, from, to);
  // "evil.com...or": nobody takes two dots into a host
  else
    for (const part of token.matchAll(/[^.]+(?:\.[^.]+)*/g))
      hostPart(run, from + part.index, from + part.index + part[0].length);
}

function hostPart(run: LinkRun, from: number, to: number): void {
  const { text } = run;
  let start = from;
  while (start < to && isDotOrDash(text.charCodeAt(start))) start++;
  const end = withoutDots(text, start, to);
  if (start === run.authorityStart) return;
  if (isWOrF(text.charCodeAt(start)) && NAMELESS.test(text.slice(start, start + 5)))
    namelessHost(run, start);
  const token = text.slice(start, end);
  if (!token.includes(".")) return;
  const lead = leadOf(text, start);
  const inside = run.authorityStart >= 0;
  const prefix = isWOrF(text.charCodeAt(start)) ? PREFIX.exec(token) : null;
  if (prefix !== null && lead !== "@") {
    if (inside && isWord(lead, 0)) return;
    addLink(run, { form: formOf(prefix), scheme: "", body: start, authority: start });
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

/** The first letter of "www." and "ftp.", in either case. */
function isWOrF(code: number): boolean {
  const letter = code | 0x20;
  return letter === 0x77 || letter === 0x66;
}

const NAMELESS = /^(?:www|ftp)\.(?![a-z0-9_])/i;

/** "www.😀x@evil.example": to who takes all behind "www." for a link (libpurple), the host stands behind the "@". */
function namelessHost(run: LinkRun, start: number): void {
  const authority = /^[^\\/?#]*/.exec(
    run.text.slice(start, Math.min(run.end, start + MAX_HOST)),
  )?.[0];
  run.budget.units -= authority?.length ?? 0;
  if (authority?.includes("@") !== true || start === run.authorityStart) return;
  const form = /^ftp/i.test(authority) ? "ftp" : "www";
  addLink(run, { form, scheme: "", body: start, authority: start });
}

/** A host without a scheme may begin here: outside of a link, or where it is none or has ended for some. */
function mayBeginHost({ text, authorityStart, authorityEnd }: LinkRun, at: number): boolean {
  if (authorityStart < 0) return true;
  const lead = leadOf(text, at);
  return isPathBreak(lead) || (isHostBreak(lead) && at < authorityEnd);
}

/** What stands before is the user of an address of mail. */
function isUserOfMail({ text, end }: LinkRun, at: number): boolean {
  if (text[at] !== "@") return false;
  let stop = at + 1;
  while (stop < end && stop - at <= 256 && isHostCode(text.charCodeAt(stop))) stop++;
  const host = asciiBareHost(text.slice(at + 1, withoutDots(text, at + 1, stop)));
  return host !== undefined && !/^[.-]/.test(host);
}

/** Behind other marks some see no address of mail, and a host before the "@". */
function beginsMail(lead: string): boolean {
  return '"(<>'.includes(lead) || !isHostBreak(lead);
}

/**
 * What only a link has: behind the host of an address of mail there is no port and no path. A port that bears our marker, for another
 * link began with it, is one still.
 */
function isLinkTail({ text, end }: LinkRun, at: number): boolean {
  return /^(?:[/?#]|:_?[0-9])/.test(text.slice(at, Math.min(at + 3, end)));
}

function bareHost(run: LinkRun, token: string, start: number, end: number): void {
  const { text } = run;
  if (isIpv4(token)) {
    if (
      !isAddress(token) &&
      !/^(?::[0-9]{1,5})?[/?#]/.test(text.slice(end, Math.min(end + 7, run.end)))
    )
      return;
    addLink(run, { form: "host", scheme: "", body: start, authority: start });
    return;
  }
  const ascii =
    token.length <= MAX_HOST && endsLikeDomain(token) ? asciiBareHost(token) : undefined;
  const isHost = ascii !== undefined;
  if (isHost && isPartOfName(run, start, ascii)) return;
  if (isHost) addLink(run, { form: "host", scheme: "", body: start, authority: start });
  // "see它evil.com吧": clients that link ASCII hosts only stop at the other letters
  // eslint-disable-next-line no-control-regex -- the range of ASCII
  if (/^[\x00-\x7f]*$/.test(token)) return;
  asciiParts(run, { token, start, end }, isHost);
}

/** The ASCII hosts in a token with other letters; those at the beginning of a word only, where the whole is a host too. */
function asciiParts(
  run: LinkRun,
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
    addLink(run, { form: "host", scheme: "", body, authority: body, limit });
  }
}

/**
 * "pam_unix.so", "tests/run.sh": a file under a suffix of files, not a host. Before an underscore stands a part of the name that is
 * registered, and that has none.
 */
function isPartOfName({ text, isTorn }: LinkRun, start: number, host: string): boolean {
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
