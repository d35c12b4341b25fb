import { encodeText } from "../content/charset.ts";
import { failed, ok, type Result } from "../base/result.ts";
import type { Inspection, TextPart } from "../inspect/inspection.ts";
import type { LinkRewrite } from "../policy/decision.ts";
import type { SipMessage } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { disarmLinks, type LinksIn } from "./disarm-links.ts";
import { replaceTexts, type Replacement } from "./replace-texts.ts";

/** A notice with its macros filled in. */
export interface RenderedNotice {
  readonly text: string;
  readonly position: "prepend" | "append";
}

export interface TextEdits {
  readonly linkRewrites: readonly LinkRewrite[];
  readonly notices: readonly RenderedNotice[];
  readonly linksIn: LinksIn;
}

/** Only these bear a mark and a line of text anywhere; others (RTF, vCard, XML) would be damaged. */
const EDITABLE: ReadonlySet<string> = new Set(["text/plain", "text/html"]);

/**
 * Turns a rewriting verdict into edits of the message: each link disarmed, notices around the text, everything
 * re-encoded where it stood, Content-Length made right. Only the parts that change are touched.
 * Fails, with the part's type or charset, when the part cannot bear the edit.
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
    const text = noticed.has(index) ? addNotices(part, rewritten, edits.notices) : rewritten;
    if (text === part.text) continue;
    if (!EDITABLE.has(part.type)) return failed(part.type);
    const bytes = encodeText(text, part.charset);
    if (bytes === undefined) return failed(part.charset);
    replacements.push({ place: part, bytes });
  }
  return ok(replaceTexts(message, inspection.decoded, replacements));
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

function addNotices(part: TextPart, text: string, notices: readonly RenderedNotice[]): string {
  let out = text;
  // The last notice asked for goes in first, so that several stand in the order of their rules.
  for (const notice of [...notices].reverse()) {
    if (notice.position === "prepend")
      out = prependTo(part, writable(notice.text, part.charset), out);
  }
  for (const notice of notices) {
    if (notice.position === "append")
      out = appendTo(part, writable(notice.text, part.charset), out);
  }
  return out;
}

/** The same notice twice would pile up behind a second gateway: a text that already bears it is left alone. */
function prependTo(part: TextPart, notice: string, text: string): string {
  const mark = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : "";
  if (mark !== "") return mark + prependTo(part, notice, text.slice(mark.length));
  if (!part.markup) return text.startsWith(`${notice}\n`) ? text : `${notice}\n${text}`;
  const html = `${escapeHtml(notice)}<br>`;
  const place = PROLOG.exec(text)?.[0].length ?? 0;
  if (text.startsWith(html, place)) return text;
  return text.slice(0, place) + html + text.slice(place);
}

function appendTo(part: TextPart, notice: string, text: string): string {
  if (!part.markup) return text.endsWith(`\n${notice}`) ? text : `${text}\n${notice}`;
  const html = `<br>${escapeHtml(notice)}`;
  return text.endsWith(html) ? text : text + html;
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
