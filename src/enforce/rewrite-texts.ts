import { encodeText } from "../content/charset.ts";
import { failed, ok, type Result } from "../base/result.ts";
import type { Inspection, TextPart } from "../inspect/inspection.ts";
import type { LinkRewrite, Strip } from "../policy/decision.ts";
import type { SipMessage } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { disarmLinks, type LinksIn } from "./disarm-links.ts";
import { replaceTexts, type Replacement } from "./replace-texts.ts";
import { stripMedia } from "./strip-media.ts";

/** A notice with its macros filled in. */
export interface RenderedNotice {
  readonly text: string;
  readonly position: "prepend" | "append";
}

export interface TextEdits {
  readonly linkRewrites: readonly LinkRewrite[];
  /** Absent: nothing. */
  readonly strips?: readonly Strip[];
  readonly notices: readonly RenderedNotice[];
  readonly linksIn: LinksIn;
}

/** Only these bear a mark and a line of text anywhere; others (RTF, vCard, XML) would be damaged. */
const EDITABLE: ReadonlySet<string> = new Set(["text/plain", "text/html"]);

/**
 * Turns a rewriting verdict into edits of the message: each link disarmed, notices around the text, session descriptions stripped, everything
 * re-encoded where it stood, Content-Length made right. Only the parts that change are touched.
 * Fails, with the part's type or charset, when the part cannot bear the edit, its links cannot all be disarmed, or nothing of an offer
 * would be left.
 */
export function rewriteTexts(
  message: SipMessage,
  inspection: Inspection,
  edits: TextEdits,
): Result<readonly Splice[], string> {
  const replacements: Replacement[] = [];
  const noticed = partsToNotice(inspection, edits.linkRewrites);
  for (const [index, part] of inspection.texts.entries()) {
    const rewritten = disarmLinks(inspection, index, edits.linkRewrites, edits.linksIn);
    if (rewritten === undefined) return failed("links");
    const text = noticed.has(index) ? addNotices(part, rewritten, edits.notices) : rewritten;
    if (text === part.text) continue;
    if (!EDITABLE.has(part.type)) return failed(part.type);
    const bytes = encodeText(text, part.charset);
    if (bytes === undefined) return failed(part.charset);
    replacements.push({ place: part, bytes });
  }
  const stripped = stripMedia(inspection.media, edits.strips ?? []);
  if (!stripped.ok) return stripped;
  return ok(replaceTexts(message, inspection, [...replacements, ...stripped.value]));
}

/**
 * A notice stands where a link was dealt with (each alternative of a multipart/alternative that holds one), else in
 * the first text: a reader sees it once, whichever alternative is shown.
 */
function partsToNotice(
  inspection: Inspection,
  rewrites: readonly LinkRewrite[],
): ReadonlySet<number> {
  const parts = new Set<number>();
  for (const rewrite of rewrites) {
    const link = inspection.links[rewrite.link];
    if (link !== undefined) parts.add(link.part);
  }
  if (parts.size === 0) for (const link of inspection.links) parts.add(link.part);
  // A header field has one line, and it is none for the gateway to talk in.
  const inText = [...parts].filter((part) => inspection.texts[part]?.carrier !== "header");
  const first = inspection.texts.findIndex(({ carrier }) => carrier !== "header");
  return new Set(inText.length === 0 && first >= 0 ? [first] : inText);
}

/** Several stand in the order of their rules. Those that are there already, from another gateway, are left as they are. */
function addNotices(part: TextPart, text: string, notices: readonly RenderedNotice[]): string {
  const shown = (position: RenderedNotice["position"]): readonly string[] =>
    notices
      .filter((notice) => notice.position === position)
      .map((notice) => writable(notice.text, part.charset))
      .map((notice) => (part.markup ? escapeHtml(notice) : notice));
  const lineEnd = part.markup ? "<br>" : "\n";
  const before = shown("prepend").map((notice) => notice + lineEnd);
  const after = shown("append").map((notice) => lineEnd + notice);
  return appended(prepended(text, before, part.markup), after);
}

function prepended(text: string, notices: readonly string[], markup: boolean): string {
  const mark = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  const prolog = markup ? (PROLOG.exec(text.slice(mark))?.[0].length ?? 0) : 0;
  const place = mark + prolog;
  const rest = text.slice(place);
  const all = notices.join("");
  if (isSame(rest.slice(0, all.length), all)) return text;
  let out = rest;
  for (const notice of notices.toReversed()) {
    if (!isSame(out.slice(0, notice.length), notice)) out = notice + out;
  }
  return text.slice(0, place) + out;
}

function appended(text: string, notices: readonly string[]): string {
  const all = notices.join("");
  if (isSame(text.slice(Math.max(0, text.length - all.length)), all)) return text;
  let out = text;
  for (const notice of notices) {
    if (!isSame(out.slice(Math.max(0, out.length - notice.length)), notice)) out += notice;
  }
  return out;
}

/** Two gateways have each an incident of their own about one message; nothing else may differ. */
function isSame(found: string, notice: string): boolean {
  return found.length === notice.length && withoutIncident(found) === withoutIncident(notice);
}

function withoutIncident(text: string): string {
  return text.replaceAll(/\bINC-[0-9A-Z]{8}\b/g, "INC-");
}

/** Stays where it is: it says how the bytes are to be read. */
const BYTE_ORDER_MARK = "\ufeff";

/** Behind a document type, which has to come first; before every tag, for a ">" may stand inside one. */
const PROLOG = /^\s*(?:<!doctype[^<>"']*>\s*)?/i;

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A notice that the sender's charset cannot write loses its accents, rather than the message its notice. */
function writable(notice: string, charset: string): string {
  if (encodeText(notice, charset) !== undefined) return notice;
  return notice
    .normalize("NFKD")
    .replaceAll(/\P{ASCII}/gu, (char) => (/\p{M}/u.test(char) ? "" : "?"));
}
