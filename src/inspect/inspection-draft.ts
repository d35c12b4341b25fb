import { failed, ok, type Result } from "../base/result.ts";
import { decodeText } from "../content/charset.ts";
import { normalizeFileName, type FileName } from "../content/file-name.ts";
import { hasFileInText } from "./file-in-text.ts";
import { declaresOtherCharset } from "./declared-in-text.ts";
import { findHtmlLinks } from "./find-html-links.ts";
import { findLinks, type LinkSearch } from "./find-links.ts";
import { isSignedText, opaqueText } from "./opaque-content.ts";
import { newLinks, readingsOf, type Reading } from "./other-readings.ts";
import { readRichText, type RichText } from "./rich-text.ts";
import type {
  Application,
  Attachment,
  FileOffer,
  InspectProblem,
  InvitationPart,
  LengthChange,
  Link,
  LinkCarrier,
  MediaLine,
  OpaquePart,
  TextPart,
  TextPlace,
} from "./inspection.ts";

/** An inspection in the making. */
export interface InspectionDraft {
  readonly texts: TextPart[];
  readonly links: Link[];
  readonly disarmed: Link[];
  readonly outside: Link[];
  readonly offers: FileOffer[];
  invitation: InvitationPart | undefined;
  application: Application | undefined;
  readonly attachments: Attachment[];
  readonly media: MediaLine[];
  readonly opaque: OpaquePart[];
  signed: boolean;
  decoded: Buffer | undefined;
  readonly wrongLengths: LengthChange[];
  /** Text read so far, bytes. */
  textBytes: number;
}

/** An empty inspection. */
export function emptyDraft(): InspectionDraft {
  return {
    texts: [],
    links: [],
    disarmed: [],
    outside: [],
    offers: [],
    invitation: undefined,
    application: undefined,
    attachments: [],
    media: [],
    opaque: [],
    signed: false,
    decoded: undefined,
    wrongLengths: [],
    textBytes: 0,
  };
}

/** A text before its charset is read. */
export interface RawText {
  readonly place: TextPlace;
  /** Lower case, without parameters. */
  readonly type: string;
  /** Of its links; absent: "text". */
  readonly linkCarrier?: LinkCarrier;
  readonly content: Buffer;
  /** The label as declared. */
  readonly label: string | undefined;
}

/** Both count over all texts of the message. */
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
  const { content, label, type } = raw;
  const tooLarge = countText(draft, content.length, limits);
  if (tooLarge !== undefined) return tooLarge;
  const decoded = decodeText(content, label);
  if (!decoded.ok) return decoded.problem;
  const { charset, text, views } = decoded.value;
  const markup = type !== PLAIN && MARKUP.test(type);
  if (markup && declaresOtherCharset(text, charset))
    return { code: "ambiguous-charset", detail: `${charset}, and another one in the text` };
  let first: FirstReading | undefined;
  for (const reading of readingsOf(type, text, views, markup)) {
    // Each further reading is as much work again.
    const tooMuch = first && countText(draft, reading.text.length, limits);
    if (tooMuch !== undefined) return tooMuch;
    const read = readText(draft, reading, type, limits);
    if (!read.ok) return read.problem;
    addReading(draft, raw, read.value, {
      charset: first === undefined ? charset : ANOTHER_READING,
      first,
    });
    first ??= { ...read.value.search, text };
  }
  return undefined;
}

/** Counts text that is searched; a problem when all of the message is too much. */
export function countText(
  draft: InspectionDraft,
  length: number,
  limits: TextLimits,
): InspectProblem | undefined {
  draft.textBytes += length;
  if (draft.textBytes <= limits.textBytes) return undefined;
  return { code: "text-too-large", detail: `${draft.textBytes} bytes of text` };
}

/** A charset that nothing can be written in: what has to be edited in such a reading is refused. */
const ANOTHER_READING = "another-reading";

interface ReadText {
  readonly reading: Reading;
  /** As which type it is shown. */
  readonly type: string;
  readonly search: LinkSearch & { readonly shown: string };
}

function readText(
  draft: InspectionDraft,
  reading: Reading,
  declared: string,
  limits: TextLimits,
): Result<ReadText, InspectProblem> {
  const { text, markup } = reading;
  const isDeclared = markup && MARKUP.test(declared);
  if (text.includes("\0"))
    return failed({ code: "nul-in-text", detail: "readers may stop at the NUL" });
  if (isDeclared && HAS_BASE.test(text))
    return failed({ code: "base-in-html", detail: "links would lead where we cannot see" });
  if (hasFileInText(text))
    return failed({ code: "file-in-text", detail: "uuencode, yEnc or BinHex" });
  // Some clients go by the first bytes: RTF is RTF under any name of a plain text.
  const type = !markup && text.trimStart().startsWith("{\\rtf") ? "text/rtf" : declared;
  const rich = !markup && type !== PLAIN && RICH_TEXT.test(type) ? readRichText(text) : undefined;
  if (rich?.active === true)
    return failed({
      code: "object-in-text",
      detail: "an object, binary data or DDE in rich text",
    });
  const unlike = rich === undefined ? [] : unlikeReadings(rich);
  for (const reading of unlike) {
    const tooMuch = countText(draft, reading.length, limits);
    if (tooMuch !== undefined) return failed(tooMuch);
  }
  const search = searchPart({ markup, text, rich, unlike }, linksLeft(draft, limits));
  if (!search.complete)
    return failed({ code: "too-many-links", detail: `more than ${limits.linksPerMessage}` });
  return ok({ reading, type, search });
}

/**
 * How many links a message may still have. Those that bear our marker count too: they take as long to find, and a rewrite makes the
 * others such.
 */
export function linksLeft(
  { links, disarmed, outside }: InspectionDraft,
  limits: TextLimits,
): number {
  return limits.linksPerMessage - links.length - disarmed.length - outside.length;
}

type FirstReading = Pick<LinkSearch, "links" | "disarmed"> & { readonly text: string };

interface ReadingKind {
  readonly charset: string;
  /** What the first reading of the same text holds; undefined: this is the first. */
  readonly first: FirstReading | undefined;
}

function addReading(
  draft: InspectionDraft,
  { place, linkCarrier }: RawText,
  { reading, type, search }: ReadText,
  { charset, first }: ReadingKind,
): void {
  const { text, markup } = reading;
  const { links, disarmed, shown } = search;
  const index = draft.texts.length;
  draft.texts.push({ ...place, type, text, markup, charset, shown });
  const opaque = opaqueText(shown);
  if (opaque !== undefined) draft.opaque.push({ type: `${type} (${opaque})` });
  draft.signed ||= isSignedText(shown);
  if (links.length + disarmed.length === 0) return;
  const at = linkCarrier === undefined ? { part: index } : { part: index, carrier: linkCarrier };
  const known = first ?? { text, links: [], disarmed: [] };
  for (const link of newLinks({ text, links }, known, reading))
    draft.links.push({ ...at, ...link });
  const knownDisarmed = { text: known.text, links: known.disarmed };
  for (const link of newLinks({ text, links: disarmed }, knownDisarmed, reading))
    draft.disarmed.push({ ...at, ...link });
}

/**
 * Adds the links of a text that is not shown as the message, all or those that `counts` holds for. Disarmed ones count too: here
 * nobody disarms.
 */
export function addOutside(
  draft: InspectionDraft,
  text: string,
  carrier: LinkCarrier,
  limits: TextLimits,
  counts: (link: LinkSearch["links"][number]) => boolean = () => true,
): InspectProblem | undefined {
  const tooLarge = countText(draft, text.length, limits);
  if (tooLarge !== undefined) return tooLarge;
  const { links, disarmed, complete } = findLinks(text, linksLeft(draft, limits));
  if (!complete) return { code: "too-many-links", detail: `more than ${limits.linksPerMessage}` };
  for (const link of [...links, ...disarmed])
    if (counts(link)) draft.outside.push({ part: -1, carrier, ...link });
  return undefined;
}

// Clients compare how a type begins, or look for a word in it: "text/htmlx" is shown as HTML by some.
const MARKUP = /^text\/(?:.*html|xml)|xhtml|svg|[+/]xml$/;
/** A base address makes links of what are names of files otherwise. */
const HAS_BASE = /<base[\s/>]|\bxml:base\s*=/i;
const RICH_TEXT = /rtf|richtext/;
/** As nearly all texts are called; it is neither. */
const PLAIN = "text/plain";

interface Searched {
  readonly markup: boolean;
  readonly text: string;
  readonly rich: RichText | undefined;
  /** What else readers of rich text see. */
  readonly unlike: readonly string[];
}

function searchPart(
  { markup, text, rich, unlike }: Searched,
  limit: number,
): LinkSearch & { shown: string } {
  if (markup) return findHtmlLinks(text, limit);
  const found = findLinks(text, limit);
  if (rich === undefined) return { ...found, shown: text };
  // Offsets into what is shown say nothing of the source, but such a part is never edited: a verdict that would
  // have to is a refusal (enforce/rewrite-texts.ts).
  let { links, disarmed, complete } = found;
  for (const reading of unlike) {
    const hidden = findLinks(reading, limit - links.length - disarmed.length);
    links = [...links, ...hidden.links];
    disarmed = [...disarmed, ...hidden.disarmed];
    complete &&= hidden.complete;
  }
  return { links, disarmed, complete, shown: rich.shown };
}

/** What readers of rich text see, each line once: no link reaches over the end of a line. */
function unlikeReadings({ shown, all, fallback }: RichText): readonly string[] {
  const known = new Set<string>();
  return [shown, all, fallback].flatMap((reading) => {
    const lines = reading.split("\n").filter((line) => !known.has(line));
    for (const line of lines) known.add(line);
    return lines.length === 0 ? [] : [lines.join("\n")];
  });
}

/** Of one message, each name counted. Each is scanned by itself while the sender waits; people send a handful. */
const MAX_ATTACHMENTS = 32;

/** Adds a file that travels inside the message, once for each name that a reader may give it: each is judged. */
export function addAttachment(
  draft: InspectionDraft,
  names: readonly string[],
  declaredType: string,
  bytes: Buffer,
): InspectProblem | undefined {
  const seen = new Set<string>();
  for (const raw of names.length === 0 ? [""] : names) {
    const name = normalizeFileName(raw);
    const key = keyOf(name);
    if (seen.has(key)) continue;
    seen.add(key);
    if (draft.attachments.length === MAX_ATTACHMENTS) {
      return { code: "too-many-attachments", detail: `more than ${MAX_ATTACHMENTS}` };
    }
    draft.attachments.push({ name, declaredType, bytes });
  }
  return undefined;
}

function keyOf(name: FileName): string {
  return `${name.normalized}\n${name.extensions.join(".")}`;
}
