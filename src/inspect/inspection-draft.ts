import { decodeText } from "../content/charset.ts";
import { normalizeFileName, type FileName } from "../content/file-name.ts";
import { findHtmlLinks } from "./find-html-links.ts";
import { findLinks } from "./find-links.ts";
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

/** Adds a text with its links; `linksPerMessage` counts over all texts of the message. */
export function addText(
  draft: InspectionDraft,
  raw: RawText,
  linksPerMessage: number,
): InspectProblem | undefined {
  const { content, label, ...place } = raw;
  const decoded = decodeText(content, label);
  if (!decoded.ok) return decoded.problem;
  const { charset, text } = decoded.value;
  if (text.includes("\0")) return { code: "nul-in-text", detail: "readers may stop at the NUL" };
  const markup = place.type === "text/html";
  const limit = linksPerMessage - draft.links.length;
  const search = markup ? findHtmlLinks(text, limit) : { ...findLinks(text, limit), shown: text };
  if (!search.complete) return { code: "too-many-links", detail: `more than ${linksPerMessage}` };
  const part = draft.texts.length;
  draft.texts.push({ ...place, charset, text, markup, shown: search.shown });
  for (const link of search.links) draft.links.push({ part, ...link });
  if (isEncryptedText(search.shown)) draft.opaque.push({ type: place.type });
  return undefined;
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
