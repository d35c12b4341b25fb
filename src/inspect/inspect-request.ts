/**
 * From a request to what rules are asked about: texts with their links, file offers, attachments, media, opaque parts.
 * Standards: RFC 3261 §7.4 (bodies) and §20.12 (Content-Encoding), RFC 3428 (MESSAGE), 2045-2046 and 2183 (MIME), 3862 (CPIM), 8866 (SDP), 5547 (file
 * selectors), and the invitations and the header ms-text-format of the Live Communications Server dialect.
 * It looks at the body, at ms-text-format, and at the header fields of header-links.ts. It decides nothing and changes nothing: what cannot be understood without doubt is a problem, and `on_failure.parse_problem` decides.
 * Limits: links per message, MIME depth, bytes of an attachment (`InspectLimits`); 200 parts and 32 attachments.
 */
import { ok, failed, type Result } from "../base/result.ts";
import { decodeText } from "../content/charset.ts";
import { readMsTextFormat } from "../wire/msnftp/ms-text-format.ts";
import { decodeTransfer } from "../wire/mime/transfer-encoding.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { inspectHeaders } from "./header-links.ts";
import { decodedBytes } from "./decoded-bytes.ts";
import { conversationSubject, hasSubject, TOPIC } from "./conversation-subject.ts";
import { hidesText } from "./declared-in-text.ts";
import { displayNames } from "./display-names.ts";
import { documentText } from "./document-text.ts";
import { addInvitation } from "./add-invitation.ts";
import { lyncOffers, rcsOffers } from "./file-offers.ts";
import type { ByteRange, FileOffer, Inspection, InspectProblem, TextPlace } from "./inspection.ts";
import {
  addAttachment,
  addOutside,
  addText,
  countText,
  emptyDraft,
  linksLeft,
  type InspectionDraft,
} from "./inspection-draft.ts";
import { readMediaLines } from "./media-lines.ts";
import { identityCoversBody, isOpaqueName, isOpaqueType } from "./opaque-content.ts";
import { isStatus, isStatusType } from "./status-document.ts";
import { findHtmlLinks } from "./find-html-links.ts";
import type { CpimHeader } from "../wire/mime/cpim.ts";
import { walkEntities, type Entity } from "./walk-entities.ts";

/** How much of a message is looked at before it is refused. */
export interface InspectLimits {
  /** More links than this are a problem. */
  readonly linksPerMessage: number;
  /** Levels of multipart and CPIM, one in another. */
  readonly mimeDepth: number;
  /** Size of one attachment, decoded, bytes. */
  readonly attachmentBytes: number;
  /** One text of a message; a longer one would hold up everybody else's. */
  readonly textBytes: number;
}

interface Context {
  readonly request: SipRequest;
  /** The request's, its body decoded. */
  readonly bytes: Buffer;
  readonly limits: InspectLimits;
  readonly draft: InspectionDraft;
}

/** A fragment of SIP of up to this many bytes passes in a NOTIFY. */
const SMALL = 4096;
/** The readable part of a multipart/report. */
const SHOWN_FIELDS: ReadonlySet<string> = new Set([
  "message/delivery-status", // RFC 3464
  "message/disposition-notification", // RFC 8098
]);
/** Not called text, and yet shown with their links. */
const SHOWN_DOCUMENTS: ReadonlySet<string> = new Set([
  "application/rtf",
  "application/xhtml+xml",
  "image/svg+xml",
]);

/** Reads what a request holds. */
export function inspectRequest(
  request: SipRequest,
  limits: InspectLimits,
): Result<Inspection, InspectProblem> {
  const decoded = decodedBytes(request);
  if (!decoded.ok) return decoded;
  const draft = emptyDraft();
  draft.decoded = decoded.value;
  draft.signed = identityCoversBody(request);
  // What is signed is what came, and it cannot go on as it came (decision 036).
  if (draft.signed && decoded.value !== undefined)
    return failed({ code: "content-encoding", detail: "under an Identity that covers the body" });
  const bytes = decoded.value ?? request.bytes;
  const context: Context = { request, bytes, limits, draft };
  const problem =
    inspectTextFormat(context) ??
    walkEntities(request, bytes, limits.mimeDepth, {
      leaf: (entity) => inspectLeaf(context, entity),
      cpim: (headers, lengthFields) => inspectCpim(context, headers, lengthFields),
      wrongLength(change) {
        draft.wrongLengths.push(change);
        return undefined;
      },
      multipart(type) {
        if (type === "multipart/signed") draft.signed = true;
        if (type !== "multipart/encrypted") return true;
        draft.opaque.push({ type });
        return false;
      },
    }) ??
    inspectHeaders(request, draft, limits) ??
    uncorrectable(draft);
  return problem === undefined ? ok(draft) : failed(problem);
}

/** What is signed cannot be made right, and an invitation is edited by other hands. */
function uncorrectable(draft: InspectionDraft): InspectProblem | undefined {
  const { wrongLengths, signed, invitation } = draft;
  if (wrongLengths.length === 0 || (!signed && invitation === undefined)) return undefined;
  return { code: "part-content-length", detail: "of what cannot be edited" };
}

/** The first message of a session, in the header of its INVITE. The codec lets a message have one such field only. */
function inspectTextFormat(context: Context): InspectProblem | undefined {
  const { request, draft, limits } = context;
  const header = request.find(HeaderId.MsTextFormat);
  if (header < 0) return undefined;
  const start = request.valueStart(header);
  const read = readMsTextFormat(request.bytes, start, request.valueEnd(header));
  if (!read.ok) return read.problem;
  const { type, body, bodyStart, bodyEnd } = read.value;
  // COMPAT(pidgin-sipe): the client compares only how the type begins.
  const place = { carrier: "ms-text-format", start: bodyStart, end: bodyEnd } as const;
  const encoded = { ...place, transferEncoding: "base64" } as const;
  if (type.includes("msmsgsinvite")) return addInvitation(draft, encoded, body, limits);
  if (!type.startsWith("text/")) return { code: "broken-ms-text-format", detail: type };
  return addText(draft, { place: encoded, type, content: body, label: "utf-8" }, limits);
}

/** Subject is text that is shown, the names of From and To may be; everything else is times, ids and wishes (RFC 3862 §4). */
function inspectCpim(
  { draft, limits }: Context,
  headers: readonly CpimHeader[],
  lengthFields: readonly ByteRange[],
): InspectProblem | undefined {
  for (const { name, value, start, end } of headers) {
    const bare = { carrier: "header", start, end, transferEncoding: "identity" } as const;
    const place = { ...bare, lengthFields };
    const text = { place, type: "text/plain", content: value, label: "utf-8" };
    const problem =
      name === "subject"
        ? addText(draft, { ...text, linkCarrier: "subject" }, limits)
        : addOutside(draft, displayNames(value.toString("utf8")), "name", limits);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function inspectLeaf(context: Context, entity: Entity): InspectProblem | undefined {
  const { draft, limits, bytes } = context;
  const { type } = entity.mediaType;
  const decoded = decodeTransfer(bytes.subarray(entity.start, entity.end), entity.encoding);
  if (!decoded.ok) return decoded.problem;
  const content = decoded.value;
  const names = [...(entity.disposition?.names ?? []), ...entity.mediaType.names];
  const isFile = names.length > 0 || entity.disposition?.disposition === "attachment";
  if (isOpaqueType(type) || names.some(isOpaqueName)) {
    draft.opaque.push({ type });
    return undefined;
  }
  const known = inspectKnown(context, entity, content);
  if (known.problem !== undefined) return known.problem;
  if (known.understood && !isFile) return undefined;
  if (content.length > limits.attachmentBytes)
    return { code: "attachment-too-large", detail: `${content.length} bytes of ${type}` };
  return addAttachment(draft, [...names, ...locationNames(entity.location)], type, content);
}

/** The last segment of a Content-Location (RFC 2557 §4.2). */
function locationNames(location: string | undefined): readonly string[] {
  const path = location?.replace(/^[a-z][a-z0-9+.-]*:(?:\/\/[^/]*)?/i, "").split(/[?#]/, 1)[0];
  const name = path?.slice(path.lastIndexOf("/") + 1) ?? "";
  return name === "" ? [] : [name];
}

interface Known {
  readonly problem?: InspectProblem | undefined;
  /** Otherwise it is a file. */
  readonly understood: boolean;
}

function inspectKnown(context: Context, entity: Entity, content: Buffer): Known {
  const { draft } = context;
  const { type, plain } = entity.mediaType;
  if (type.includes("msmsgsinvite")) {
    const charset = plain.get("charset");
    if (charset !== undefined && !/^utf-?8$/i.test(charset))
      return refused("unknown-charset", charset.slice(0, 60));
    return {
      problem: addInvitation(draft, placeOf(entity), content, context.limits),
      understood: true,
    };
  }
  if (type.startsWith("text/") || SHOWN_FIELDS.has(type))
    return inspectText(context, entity, content);
  if (SHOWN_DOCUMENTS.has(type)) {
    // Clients show these as text and as a file: both are judged.
    return { problem: inspectText(context, entity, content).problem, understood: false };
  }
  if (type === "application/sdp") return inspectSdp(context, entity, content);
  if (isStatusType(type)) {
    if (isStatus(type, content)) return { understood: true };
    if (type === "application/xml") return inspectDocument(context, content);
    return { problem: inspectText(context, entity, content).problem, understood: false };
  }
  if (type.startsWith("message/")) {
    // the progress of a call transfer (RFC 3515 §2.4.5)
    const progress = type === "message/sipfrag" && context.request.method === "NOTIFY";
    if (progress && content.length <= SMALL) return { understood: true };
    return refused("unsupported-message-type", type);
  }
  return inspectApplication(context, entity, content);
}

/** Documents of applications; what nobody knows is a file. */
function inspectApplication(context: Context, entity: Entity, content: Buffer): Known {
  const { draft } = context;
  const { type } = entity.mediaType;
  if (type === "application/vnd.gsma.rcs-ft-http+xml") {
    // where the file lies; its name may be a path, and is judged as a name
    const { problem } = inspectDocument(context, content, "attributes");
    return problem === undefined
      ? addOffers(draft, content, rcsOffers)
      : refused(problem.code, problem.detail);
  }
  if (hasSubject(type)) return inspectSubject(context, entity, content);
  if (/^application\/(?:.*\+)?json$/.test(type)) return inspectJson(context, content);
  if (type === "application/ms-filetransfer+xml") return addLyncOffers(draft, content);
  return /^application\/(?:.*\+)?xml$/.test(type)
    ? inspectDocument(context, content)
    : { understood: false };
}

function inspectText(context: Context, entity: Entity, content: Buffer): Known {
  const { type, plain } = entity.mediaType;
  const text = { place: placeOf(entity), type, content, label: plain.get("charset") };
  return {
    problem: addText(context.draft, text, context.limits),
    understood: true,
  };
}

/** Shown as the topic, and edited nowhere. What says more than the topic of a conversation under way is a document besides. */
function inspectSubject(context: Context, entity: Entity, content: Buffer): Known {
  const { type } = entity.mediaType;
  const subject = conversationSubject(content);
  const text = {
    place: placeOf(entity),
    type: subject.markup ? "message/subject+xml" : "message/subject",
    content: Buffer.from(subject.text, "utf8"),
    label: "utf-8",
    linkCarrier: "subject",
  } as const;
  const isShown = subject.text !== "";
  const problem = isShown ? addText(context.draft, text, context.limits) : undefined;
  if (problem !== undefined) return { problem, understood: true };
  const document = inspectDocument(context, content);
  if (document.problem !== undefined) return document;
  const isTopic = type === TOPIC && context.request.method === "INFO" && !subject.markup;
  return { understood: isTopic && content.length <= SMALL };
}

function placeOf({ start, end, encoding, lengthFields }: Entity): TextPlace {
  const place = { carrier: "body", start, end, transferEncoding: encoding } as const;
  return lengthFields.length === 0 ? place : { ...place, lengthFields };
}

function inspectSdp(context: Context, entity: Entity, content: Buffer): Known {
  if (entity.encoding !== "identity")
    return refused("encoded-composite", "SDP in a transfer encoding");
  if (content.length === 0) return { understood: true };
  const read = readMediaLines(context.bytes, entity);
  if (!read.ok) return { problem: read.problem, understood: true };
  for (const line of read.value.media) context.draft.media.push(line);
  for (const offer of read.value.offers) context.draft.offers.push(offer);
  return { problem: addSession(context, content.toString("utf8")), understood: true };
}

/**
 * A document that clients work with rather than show (a conference invitation, a location, a list of resources): a file, with
 * links that its receiver may be asked to follow.
 */
function inspectDocument(
  { draft, limits }: Context,
  content: Buffer,
  where: "attributes" | "anywhere" = "anywhere",
): Known {
  const tooLarge = countText(draft, content.length, limits);
  if (tooLarge !== undefined) return { problem: tooLarge, understood: false };
  const text = documentText(content);
  if (hidesText(text)) return refused("ambiguous-charset", "another charset in the document");
  const { links, disarmed, complete } = findHtmlLinks(text, linksLeft(draft, limits), true);
  if (!complete) return refused("too-many-links", `more than ${limits.linksPerMessage}`);
  for (const link of [...links, ...disarmed])
    if (where === "anywhere" || link.attribute)
      draft.outside.push({ part: -1, carrier: "session", ...link });
  return { understood: false };
}

/** Cards and suggestions of RCS, and whatever else is written so: a file, with links in its strings. */
function inspectJson({ draft, limits }: Context, content: Buffer): Known {
  const text = documentText(content).replaceAll(
    /\\(?:u([0-9a-f]{4})|([^u]))/gi,
    (_, code: string | undefined, sign = "") =>
      code === undefined ? (JSON_SIGNS[sign] ?? sign) : String.fromCharCode(parseInt(code, 16)),
  );
  return { problem: addOutside(draft, text, "session", limits), understood: false };
}

/** RFC 8259 §7; any other sign stands for itself. */
const JSON_SIGNS: Readonly<Record<string, string>> = {
  b: " ",
  f: " ",
  n: "\n",
  r: "\r",
  t: "\t",
  '"': " ",
};

/** What a session is called, and where one reads about it (RFC 8866 §5.3-5.5). */
function addSession({ draft, limits }: Context, sdp: string): InspectProblem | undefined {
  const about = sdp.match(/^[siu]=.*$/gm)?.filter((line) => line.length > 4) ?? [];
  const text = about.map((line) => line.slice(2)).join("\n");
  return text === "" ? undefined : addOutside(draft, text, "session", limits);
}

function addOffers(
  draft: InspectionDraft,
  content: Buffer,
  offersOf: (text: string) => readonly FileOffer[],
): Known {
  const decoded = decodeText(content, "utf-8");
  draft.offers.push(...offersOf(decoded.ok ? decoded.value.text : ""));
  return { understood: true };
}

/** Who is let have files that nobody sees has their names judged: a name that only some client reads would be none to the rules. */
function addLyncOffers(draft: InspectionDraft, content: Buffer): Known {
  const decoded = decodeText(content, "utf-8");
  const text = decoded.ok ? decoded.value.text : "";
  const offers = hidesText(text) ? undefined : lyncOffers(text);
  if (offers === undefined) return refused("unreadable-offer", "application/ms-filetransfer+xml");
  draft.offers.push(...offers);
  // What is longer than any client writes may hold what a receiver takes out of it.
  return { understood: content.length <= SMALL };
}

function refused(code: string, detail: string): Known {
  return { problem: { code, detail }, understood: true };
}
