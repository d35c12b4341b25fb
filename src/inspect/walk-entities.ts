import { failed, ok, type Result } from "../base/result.ts";
import { readCpim, type CpimHeader } from "../wire/mime/cpim.ts";
import {
  parseContentDisposition,
  parseMediaType,
  type ContentDisposition,
  type MediaType,
} from "../wire/mime/media-type.ts";
import { isPlainContent } from "../wire/mime/content-encoding.ts";
import { splitMultipart, type MimePart } from "../wire/mime/multipart.ts";
import { parseTransferEncoding, type TransferEncoding } from "../wire/mime/transfer-encoding.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipMessage } from "../wire/sip/message.ts";
import type { ByteRange, InspectProblem, LengthChange } from "./inspection.ts";

/** A body or a part of one, with the fields that describe it; offsets are those of the message. */
export interface Entity {
  readonly mediaType: MediaType;
  readonly disposition: ContentDisposition | undefined;
  readonly encoding: TransferEncoding;
  /** Content-Location of a part: some readers name the file after it. */
  readonly location: string | undefined;
  readonly start: number;
  readonly end: number;
  readonly lengthFields: readonly ByteRange[];
}

/** What is done with what the walk meets; a problem ends it. */
export interface EntityVisitor {
  /** A body or part that is no multipart and no CPIM. */
  leaf(entity: Entity): InspectProblem | undefined;
  /** The headers of a message/cpim, and the lengths that count them. */
  cpim(
    headers: readonly CpimHeader[],
    lengthFields: readonly ByteRange[],
  ): InspectProblem | undefined;
  /** A Content-Length in a message/cpim that is not the length of what stands in it. */
  wrongLength(change: LengthChange): InspectProblem | undefined;
  /** A multipart, before its parts; false: its parts are not for us (encrypted). */
  multipart(type: string): boolean;
}

interface Walk {
  readonly bytes: Buffer;
  readonly mimeDepth: number;
  readonly visitor: EntityVisitor;
  /** Met so far, on all levels. */
  parts: number;
}

/** Of one message, on all levels together: 200 in each of 200 would be 40,000 headers to read and parts to judge. */
const MAX_PARTS = 200;

/** Where an entity stands in others. */
interface Nesting {
  readonly depth: number;
  readonly boundaries: readonly string[];
  readonly lengthFields: readonly ByteRange[];
}

const DEFAULT_TYPE = "text/plain; charset=us-ascii"; // RFC 2045 §5.2

/**
 * Visits every leaf of a message's body. A body that has no type, or is built in a way that two readers may read differently is a
 * problem.
 * @param bytes The message's, its body decoded (decoded-bytes.ts).
 */
export function walkEntities(
  message: SipMessage,
  bytes: Buffer,
  mimeDepth: number,
  visitor: EntityVisitor,
): InspectProblem | undefined {
  if (message.bodyStart === bytes.length) return undefined;
  const transfer = parseTransferEncoding(message.value(HeaderId.ContentTransferEncoding));
  // RFC 3261 has no such field: readers that do not look at it would show the encoded text
  if (
    !transfer.ok ||
    transfer.value !== "identity" ||
    message.count(HeaderId.ContentTransferEncoding) > 1
  )
    return problem("top-level-transfer-encoding", "the body as a whole is transfer-encoded");
  const contentType = message.value(HeaderId.ContentType);
  if (contentType === undefined || contentType === "")
    return problem("body-without-type", "a body without Content-Type");
  const entity = readEntity(contentType, message.value(HeaderId.ContentDisposition), "identity", {
    location: undefined,
    start: message.bodyStart,
    end: bytes.length,
    lengthFields: [],
  });
  if (!entity.ok) return entity.problem;
  const nesting = { depth: 0, boundaries: [], lengthFields: [] };
  return visitEntity({ bytes, mimeDepth, visitor, parts: 0 }, entity.value, nesting);
}

function visitEntity(walk: Walk, entity: Entity, nesting: Nesting): InspectProblem | undefined {
  const { type } = entity.mediaType;
  const multipart = type.startsWith("multipart/");
  // A reader that goes by it finds parts where we find one content.
  if (!multipart && entity.mediaType.plain.has("boundary"))
    return problem("ambiguous-boundary", `${type} with a boundary`);
  if (!multipart && type !== "message/cpim") return walk.visitor.leaf(entity);
  // RFC 2045 §6.4
  if (entity.encoding !== "identity")
    return problem("encoded-composite", `${type} in ${entity.encoding}`);
  if (nesting.depth >= walk.mimeDepth) return problem("mime-too-deep", `${nesting.depth} levels`);
  if (multipart) return visitParts(walk, entity, nesting);
  const inner = readCpim(walk.bytes, entity.start, entity.end);
  if (!inner.ok) return inner.problem;
  const found =
    walk.visitor.cpim(inner.value.headers, nesting.lengthFields) ??
    checkLength(walk, inner.value, nesting);
  if (found !== undefined) return found;
  return visitPart(walk, inner.value, { ...nesting, depth: nesting.depth + 1 }, DEFAULT_TYPE);
}

/** COMPAT(RCS): clients count characters, or another form of the text. Some readers cut there, so that it must not stay. */
function checkLength(
  { visitor }: Walk,
  { fields, contentLength, contentStart, contentEnd }: MimePart,
  nesting: Nesting,
): InspectProblem | undefined {
  if (contentLength === undefined) return undefined;
  const declared = Number(fields.get("content-length"));
  const by = contentEnd - contentStart - declared;
  if (by === 0) return undefined;
  return visitor.wrongLength({ ...contentLength, by, around: nesting.lengthFields });
}

function visitParts(walk: Walk, entity: Entity, nesting: Nesting): InspectProblem | undefined {
  const { type } = entity.mediaType;
  if (!walk.visitor.multipart(type)) return undefined;
  const boundary = entity.mediaType.plain.get("boundary");
  const parts = splitMultipart(walk.bytes, entity, boundary, nesting.boundaries);
  if (!parts.ok) return parts.problem;
  walk.parts += parts.value.length;
  if (walk.parts > MAX_PARTS) return problem("too-many-parts", `more than ${MAX_PARTS}`);
  const inside = {
    depth: nesting.depth + 1,
    boundaries: [...nesting.boundaries, boundary ?? ""],
    lengthFields: nesting.lengthFields,
  };
  // RFC 2046 §5.1.5
  const defaultType = type === "multipart/digest" ? "message/rfc822" : DEFAULT_TYPE;
  for (const part of parts.value) {
    const found = visitPart(walk, part, inside, defaultType);
    if (found !== undefined) return found;
  }
  return undefined;
}

function visitPart(
  walk: Walk,
  part: MimePart,
  nesting: Nesting,
  defaultType: string,
): InspectProblem | undefined {
  const { fields } = part;
  const contentEncoding = fields.get("content-encoding");
  // Few clients decode a part, and the others show it as it came.
  if (!isPlainContent(contentEncoding))
    return problem("content-encoding", (contentEncoding ?? "").slice(0, 60));
  const encoding = parseTransferEncoding(fields.get("content-transfer-encoding"));
  if (!encoding.ok) return encoding.problem;
  const lengthFields =
    part.contentLength === undefined
      ? nesting.lengthFields
      : [...nesting.lengthFields, part.contentLength];
  const entity = readEntity(
    fields.get("content-type") ?? defaultType,
    fields.get("content-disposition"),
    encoding.value,
    {
      location: fields.get("content-location"),
      start: part.contentStart,
      end: part.contentEnd,
      lengthFields,
    },
  );
  if (!entity.ok) return entity.problem;
  return visitEntity(walk, entity.value, { ...nesting, lengthFields });
}

function readEntity(
  contentType: string,
  contentDisposition: string | undefined,
  encoding: TransferEncoding,
  place: Pick<Entity, "location" | "start" | "end" | "lengthFields">,
): Result<Entity, InspectProblem> {
  const mediaType = parseMediaType(contentType);
  if (!mediaType.ok) return mediaType;
  if (contentDisposition === undefined)
    return ok({ ...place, mediaType: mediaType.value, disposition: undefined, encoding });
  const disposition = parseContentDisposition(contentDisposition);
  if (!disposition.ok) return failed(disposition.problem);
  return ok({ ...place, mediaType: mediaType.value, disposition: disposition.value, encoding });
}

function problem(code: string, detail: string): InspectProblem {
  return { code, detail };
}
