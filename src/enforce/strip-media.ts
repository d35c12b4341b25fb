import { failed, ok, type Result } from "../base/result.ts";
import type { MediaLine } from "../inspect/inspection.ts";
import type { Strip } from "../policy/decision.ts";
import type { AcceptTypes } from "../wire/sdp/accept-types.ts";
import type { Replacement } from "./replace-texts.ts";

/**
 * Takes out of a session description what rules strip: media types out of `a=accept-types` and `a=accept-wrapped-types` (a list
 * of which nothing is left goes with its line), and media lines by port 0 (RFC 3264 §5.1). Fails when no line would stay open: such
 * an offer asks for nothing any more and is to be refused.
 */
export function stripMedia(
  lines: readonly MediaLine[],
  strips: readonly Strip[],
): Result<readonly Replacement[], string> {
  if (strips.length === 0) return ok([]);
  const types = new Set(strips.flatMap(({ acceptTypes }) => acceptTypes));
  const kinds = new Set(strips.flatMap(({ media }) => media));
  const closed = lines.filter((line) => line.port !== 0 && isOfKind(line, kinds));
  const stays = lines.some((line) => line.port !== 0 && !closed.includes(line));
  if (closed.length > 0 && !stays) return failed("media");
  return ok([
    ...closed.map((line) => closing(line)),
    ...lines.flatMap((line) =>
      (line.acceptTypes ?? []).flatMap((list) => withoutTypes(line, list, types)),
    ),
  ]);
}

function isOfKind({ kinds }: MediaLine, wanted: ReadonlySet<string>): boolean {
  return kinds.length === 0 ? wanted.has("unknown") : kinds.some((kind) => wanted.has(kind));
}

/** Closes a media line. */
export function closing(line: MediaLine): Replacement {
  return replacement(line, { start: line.portStart, end: line.portEnd }, "0");
}

function withoutTypes(
  line: MediaLine,
  list: AcceptTypes,
  types: ReadonlySet<string>,
): readonly Replacement[] {
  const left = list.entries.filter((_, i) => !types.has(list.types[i] ?? ""));
  if (left.length === list.entries.length) return [];
  const { lineStart, lineEnd, listStart, listEnd } = list;
  if (left.length === 0) return [replacement(line, { start: lineStart, end: lineEnd }, "")];
  return [replacement(line, { start: listStart, end: listEnd }, left.join(" "))];
}

function replacement(
  { lengthFields = [] }: MediaLine,
  range: { readonly start: number; readonly end: number },
  text: string,
): Replacement {
  return {
    place: { carrier: "body", ...range, transferEncoding: "identity", lengthFields },
    bytes: Buffer.from(text, "latin1"),
  };
}
