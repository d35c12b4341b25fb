import { encodeText } from "../content/charset.ts";
import { failed, ok, type Result } from "../base/result.ts";
import type { Inspection, TextPart } from "../inspect/inspection.ts";
import type { LinkRewrite } from "../policy/decision.ts";
import { encodeTransfer } from "../wire/mime/transfer-encoding.ts";
import type { SipMessage } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { withContentLength } from "./content-length.ts";

/** A notice with its macros filled in. */
export interface RenderedNotice {
  readonly text: string;
  readonly position: "prepend" | "append";
}

export interface TextEdits {
  readonly linkRewrites: readonly LinkRewrite[];
  readonly notices: readonly RenderedNotice[];
}

/** Only these bear an underscore and a line of text anywhere; others (RTF, vCard, XML) would be damaged. */
const EDITABLE: ReadonlySet<string> = new Set(["text/plain", "text/html"]);

/**
 * Turns a rewriting verdict into edits of the message: a prefix before each link, notices around the text, everything
 * re-encoded where it stood, Content-Length made right. Only the parts that change are touched.
 * Fails, with the part's type or charset, when the part cannot bear the edit.
 */
export function rewriteTexts(
  message: SipMessage,
  inspection: Inspection,
  edits: TextEdits,
): Result<readonly Splice[], string> {
  const splices: Splice[] = [];
  const grown: LengthChange[] = [];
  const noticed = partsToNotice(inspection, edits.linkRewrites);
  for (const [index, part] of inspection.texts.entries()) {
    const rewritten = insertPrefixes(inspection, index, edits.linkRewrites);
    const text = noticed.has(index) ? addNotices(part, rewritten, edits.notices) : rewritten;
    if (text === part.text) continue;
    if (!EDITABLE.has(part.type)) return failed(part.type);
    const bytes = encodePart(part, text);
    if (bytes === undefined) return failed(part.charset);
    splices.push({ start: part.start, end: part.end, bytes });
    grown.push(...lengthChanges(part, bytes.length - (part.end - part.start)));
  }
  return ok(withContentLength(message, [...splices, ...innerLengths(message, grown)]));
}

/** A Content-Length inside the body (CPIM, a part's own) that the growth of one text changes. */
interface LengthChange {
  readonly start: number;
  readonly end: number;
  readonly by: number;
}

function lengthChanges(part: TextPart, by: number): readonly LengthChange[] {
  return (part.lengthFields ?? []).map(({ start, end }) => ({ start, end, by }));
}

/** Several texts may stand in one enclosing part: its length changes by the sum. */
function innerLengths(message: SipMessage, changes: readonly LengthChange[]): readonly Splice[] {
  const sums = new Map<number, LengthChange>();
  for (const change of changes) {
    const before = sums.get(change.start)?.by ?? 0;
    sums.set(change.start, { ...change, by: before + change.by });
  }
  return [...sums.values()].map(({ start, end, by }) => {
    const declared = Number(message.bytes.toString("latin1", start, end));
    return { start, end, bytes: String(declared + by) };
  });
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
  if (parts.size === 0) parts.add(0);
  return parts;
}

function insertPrefixes(
  inspection: Inspection,
  part: number,
  rewrites: readonly LinkRewrite[],
): string {
  const source = inspection.texts[part]?.text ?? "";
  const places = rewrites
    .map((rewrite) => ({ at: inspection.links[rewrite.link], prefix: rewrite.prefix }))
    .filter((place) => place.at?.part === part)
    .map((place) => ({ at: place.at?.start ?? 0, prefix: place.prefix }))
    .sort((a, b) => a.at - b.at);
  let out = "";
  let from = 0;
  for (const place of places) {
    out += source.slice(from, place.at) + place.prefix;
    from = place.at;
  }
  return out + source.slice(from);
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

function encodePart(part: TextPart, text: string): Buffer | undefined {
  const bytes = encodeText(text, part.charset);
  if (bytes === undefined) return undefined;
  // A header value has no lines to break: `ms-body` is one run of base64.
  if (part.carrier === "ms-text-format") return Buffer.from(bytes.toString("base64"), "latin1");
  return encodeTransfer(bytes, part.transferEncoding);
}

/** A notice that the sender's charset cannot write loses its accents, rather than the message its notice. */
function writable(notice: string, charset: string): string {
  if (encodeText(notice, charset) !== undefined) return notice;
  return notice
    .normalize("NFKD")
    .replaceAll(/\P{ASCII}/gu, (char) => (/\p{M}/u.test(char) ? "" : "?"));
}
