import { decodeText } from "../content/charset.ts";
import { normalizeFileName, type FileName } from "../content/file-name.ts";
import { findHtmlLinks } from "./find-html-links.ts";
import { findLinks, type LinkSearch } from "./find-links.ts";
import { readRichText } from "./rich-text.ts";
import type {
  Attachment,
  FileOffer,
  InspectProblem,
  Link,
  MediaLine,
  OpaquePart,
  TextPart,
} from "./inspection.ts";

/** An inspection in the making. */
export interface InspectionDraft {
  readonly texts: TextPart[];
  readonly links: Link[];
  readonly offers: FileOffer[];
  readonly attachments: Attachment[];
  readonly media: MediaLine[];
  readonly opaque: OpaquePart[];
  signed: boolean;
}

/** An empty inspection. */
export function emptyDraft(): InspectionDraft {
  return {
    texts: [],
    links: [],
    offers: [],
    attachments: [],
    media: [],
    opaque: [],
    signed: false,
  };
}

/** A text before its charset is read. */
export type RawText = Omit<TextPart, "charset" | "text" | "markup" | "shown"> & {
  readonly content: Buffer;
  /** The label as declared. */
  readonly label: string | undefined;
};

/** `linksPerMessage` counts over all texts of the message, `textBytes` for each. */
export interface TextLimits {
  readonly linksPerMessage: number;
  readonly textBytes: number;
}

/** Adds a text with its links. */
export function addText(
  draft: InspectionDraft,
  raw: RawText,
  limits: TextLimits,
): InspectProblem | undefined {
  const { content, label, ...place } = raw;
  if (content.length > limits.textBytes) {
    return { code: "text-too-large", detail: `${content.length} bytes of ${place.type}` };
  }
  const decoded = decodeText(content, label);
  if (!decoded.ok) return decoded.problem;
  const { charset, text } = decoded.value;
  if (text.includes("\0")) return { code: "nul-in-text", detail: "readers may stop at the NUL" };
  const markup = MARKUP.has(place.type);
  const search = searchPart(place.type, text, limits.linksPerMessage - draft.links.length);
  if (!search.complete) {
    return { code: "too-many-links", detail: `more than ${limits.linksPerMessage}` };
  }
  const part = draft.texts.length;
  draft.texts.push({ ...place, charset, text, markup, shown: search.shown });
  for (const link of search.links) draft.links.push({ part, ...link });
  if (isEncryptedText(search.shown)) draft.opaque.push({ type: place.type });
  return undefined;
}

const MARKUP: ReadonlySet<string> = new Set([
  "text/html",
  "text/xml",
  "application/xhtml+xml",
  "image/svg+xml",
]);
const RICH_TEXT: ReadonlySet<string> = new Set(["text/rtf", "text/richtext", "application/rtf"]);

function searchPart(type: string, text: string, limit: number): LinkSearch & { shown: string } {
  if (MARKUP.has(type)) return findHtmlLinks(text, limit);
  const found = findLinks(text, limit);
  if (!RICH_TEXT.has(type)) return { ...found, shown: text };
  // Offsets into what is shown say nothing of the source, but such a part is never edited: a verdict that would
  // have to is a refusal (enforce/rewrite-texts.ts).
  const shown = readRichText(text);
  const hidden = findLinks(shown, limit - found.links.length);
  const complete = found.complete && hidden.complete;
  return { links: [...found.links, ...hidden.links], complete, shown };
}

/** Messages of OTR and armoured OpenPGP messages travel as ordinary text. */
function isEncryptedText(shown: string): boolean {
  return (
    shown.trimStart().startsWith("?OTR") ||
    shown.includes("?OTR:") ||
    shown.includes("-----BEGIN PGP MESSAGE-----")
  );
}

/** Adds a file that travels inside the message, once for each name that a reader may give it: each is judged. */
export function addAttachment(
  draft: InspectionDraft,
  names: readonly string[],
  declaredType: string,
  bytes: Buffer,
): void {
  const seen = new Set<string>();
  for (const raw of names.length === 0 ? [""] : names) {
    const name = normalizeFileName(raw);
    const key = keyOf(name);
    if (seen.has(key)) continue;
    seen.add(key);
    draft.attachments.push({ name, declaredType, bytes });
  }
}

function keyOf(name: FileName): string {
  return `${name.normalized}\n${name.extensions.join(".")}`;
}
