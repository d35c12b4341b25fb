import { failed, ok, type Result } from "../base/result.ts";
import type { SipMessage } from "../wire/sip/message.ts";
import { decodedBytes } from "./decoded-bytes.ts";
import type { Inspection, InspectProblem, MediaLine } from "./inspection.ts";
import type { InspectLimits } from "./inspect-request.ts";
import { readMediaLines } from "./media-lines.ts";
import { walkEntities } from "./walk-entities.ts";

/**
 * The media lines of the SDP in any message, alone or in a multipart: for responses and ACK, whose other content is not judged.
 */
export function inspectMedia(
  message: SipMessage,
  limits: InspectLimits,
): Result<Pick<Inspection, "media" | "decoded">, InspectProblem> {
  const decoded = decodedBytes(message);
  if (!decoded.ok) return decoded;
  const bytes = decoded.value ?? message.bytes;
  const media: MediaLine[] = [];
  const problem = walkEntities(message, bytes, limits.mimeDepth, {
    leaf(entity) {
      if (entity.mediaType.type !== "application/sdp") return undefined;
      if (entity.encoding !== "identity")
        return { code: "encoded-composite", detail: "SDP in a transfer encoding" };
      const read = readMediaLines(bytes, entity);
      if (!read.ok) return read.problem;
      for (const line of read.value.media) media.push(line);
      return undefined;
    },
    cpim: () => undefined,
    // Media in a message/cpim of an answer are nobody's habit, and nothing is made right there.
    wrongLength: () => ({ code: "part-content-length", detail: "in an answer" }),
    multipart: (type) => type !== "multipart/encrypted",
  });
  return problem === undefined ? ok({ media, decoded: decoded.value }) : failed(problem);
}
