import { asciiHost, isBareHost, isIpv4 } from "./host-facts.ts";
import { matchScheme } from "./link-schemes.ts";
import {
  isDelimiter,
  isHostCode,
  isHostSign,
  isSchemeCode,
  isSeparator,
  isSlash,
  isWord,
  withoutDots,
} from "./link-characters.ts";
import { leadOf, nowhere, type Torn } from "./link-marker.ts";
import {
  addLink,
  beginsAnew,
  isSpent,
  MAX_HOST,
  wordStart,
  type LinkBudget,
  type LinkCandidate,
  type LinkRun,
} from "./link-run.ts";
import { hostToken, wideToken } from "./scan-hosts.ts";

const UNC = /[\\]{2}(?:[?.][\\/](?:unc[\\/])?)?[\p{L}\p{N}\p{M}_.$@-]{1,253}[\\/][^\s\\/]/iuy;
const MAX_SCHEME = 64;
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

function scanRun(run: LinkRun): void {
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

/** @param token where the run of host characters before the colon begins, -1: there is none */
function schemeAt(run: LinkRun, colon: number, token: number): void {
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
  addLink(run, { form: "scheme", scheme: match.scheme, body, authority: after });
}

function opensWithoutSlashes(
  run: LinkRun,
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

function uncAt(run: LinkRun, at: number): void {
  const { text } = run;
  const before = text[at - 1] ?? "";
  if (before === "\\" || before === ":" || before === "/" || isWord(before, 0)) return;
  if (run.authorityStart >= 0 && !isDelimiter(leadOf(text, at))) return;
  UNC.lastIndex = at;
  if (!UNC.test(text) || UNC.lastIndex > run.end) return;
  addLink(run, { form: "unc", scheme: "", body: at, authority: at + 2 });
}

function relativeAt(run: LinkRun, at: number): void {
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
  addLink(run, { form: "relative", scheme: "", body: at, authority: host });
}
