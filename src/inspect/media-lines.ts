import { readSdpMedia, type SdpMedia } from "../wire/sdp/sdp.ts";
import { failed, ok, type Result } from "../base/result.ts";
import { selectedFiles } from "./file-selector.ts";
import type { ByteRange, FileOffer, InspectProblem, MediaKind, MediaLine } from "./inspection.ts";

/** What an SDP body offers. */
export interface MediaOffer {
  readonly media: readonly MediaLine[];
  /** Files named in file selectors (RFC 5547). */
  readonly offers: readonly FileOffer[];
}

/** Where an SDP body stands in a message. */
export interface SdpPlace extends ByteRange {
  readonly lengthFields: readonly ByteRange[];
}

/** Reads the media lines of an SDP body. */
export function readMediaLines(
  bytes: Buffer,
  { start, end, lengthFields }: SdpPlace,
): Result<MediaOffer, InspectProblem> {
  const read = readSdpMedia(bytes, start, end);
  if (!read.ok) return failed(read.problem);
  const media: MediaLine[] = [];
  const offers: FileOffer[] = [];
  for (const entry of read.value) {
    const { line, port, portStart, portEnd, acceptTypes } = entry;
    media.push({
      kinds: kindsOf(entry),
      line,
      port,
      portStart,
      portEnd,
      ...(acceptTypes.length === 0 ? undefined : { acceptTypes }),
      ...(lengthFields.length === 0 ? undefined : { lengthFields }),
    });
    for (const { name, value } of entry.attributes)
      if (name.toLowerCase() === "file-selector") offers.push(...selectedFiles(value));
  }
  return ok({ media, offers });
}

/** RTP in all its profiles (RFC 3551, 3711, 4585, 5124, 5764), and what LCS and OCS add to them. */
const RTP = /^(?:(?:udp|tcp)\/)?(?:(?:tls|dtls)\/)?rtp\/s?avpf?$/;

function kindsOf(entry: SdpMedia): readonly MediaKind[] {
  const protocol = entry.protocol.toLowerCase();
  // The protocol says what will flow, whatever the medium calls itself; so does a path, or a protocol held in reserve.
  if (protocol.includes("msrp") || hasAttribute(entry, "path") || reservesMsrp(entry)) {
    return hasAttribute(entry, "file-selector") ? ["msrp", "file"] : ["msrp"];
  }
  const media = entry.media.toLowerCase();
  if ((media === "audio" || media === "video") && !RTP.test(protocol)) return [];
  if (isPartOfCall(media, protocol)) return ["audio"];
  switch (media) {
    case "audio":
      return ["audio"];
    case "video":
      return hasAttribute(entry, "label", "applicationsharing-video")
        ? ["video", "app_sharing"]
        : ["video"];
    case "message":
    case "x-ms-message":
      return ["chat"];
    case "data":
      return ["file"];
    case "applicationsharing":
      return ["app_sharing"];
    case "application":
      return isT120(entry, protocol) ? ["t120"] : [];
    default:
      return [];
  }
}

/** RFC 5939: protocols that the parties may change over to. */
function reservesMsrp(entry: SdpMedia): boolean {
  return entry.attributes.some(
    ({ name, value }) => name.toLowerCase() === "tcap" && /msrp/i.test(value),
  );
}

/** Fax (T.38), real-time text (RFC 4103), floor control (RFC 8856) and far-end camera control (RFC 4573) carry no files. */
function isPartOfCall(media: string, protocol: string): boolean {
  if (media === "image") return protocol === "udptl";
  if (media === "text") return RTP.test(protocol);
  return media === "application" && (/\bbfcp$/.test(protocol) || RTP.test(protocol));
}

/** NetMeeting and Live Meeting: "m=application 1503 tcp msdata". */
function isT120(entry: SdpMedia, protocol: string): boolean {
  return (
    entry.port === 1503 ||
    (protocol === "tcp" && entry.formats.some((format) => /^(?:msdata|t120)$/i.test(format)))
  );
}

function hasAttribute(entry: SdpMedia, name: string, value?: string): boolean {
  return entry.attributes.some(
    (attribute) =>
      attribute.name.toLowerCase() === name &&
      (value === undefined || attribute.value.trim().toLowerCase() === value),
  );
}
