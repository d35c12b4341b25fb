import { detached } from "../../base/detached.ts";
import { RecentMap } from "../../base/recent-map.ts";
import { ok, type Result } from "../../base/result.ts";
import { mimeProblem, type MimeProblem } from "./mime-problem.ts";
import { parseParameters, type Parameters } from "./parameters.ts";

/** The value of a Content-Type. */
export interface MediaType extends Parameters {
  /** "type/subtype" in lower case. */
  readonly type: string;
}

/** The value of a Content-Disposition (RFC 2183). */
export interface ContentDisposition extends Parameters {
  /** In lower case: "attachment", "inline", "session", "render" … */
  readonly disposition: string;
}

const TYPE = /^[a-z0-9!#$&^_.+-]{1,80}\/[a-z0-9!#$&^_.+-]{1,80}/i;
/** COMPAT(OCS 2007 R2 to Skype for Business): marks the second SDP of a call, for peers of the version before. */
const DISPOSITION_FLAGS: ReadonlySet<string> = new Set(["ms-proxy-2007fallback"]);
const DISPOSITION = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,80}/;

/**
 * Reads a Content-Type strictly (RFC 2045 §5.1 without comments). Text is latin1 and unfolded, as `SipMessage.value` gives it.
 *
 * @example parseMediaType("Text/Plain; charset=UTF-8") // type "text/plain", plain.get("charset") "UTF-8"
 */
export function parseMediaType(value: string): Result<MediaType, MimeProblem> {
  const known = remembered.get(value);
  if (known !== undefined) return known;
  // A piece of a message's text, kept, would keep all of that text.
  const text = detached(value);
  const read = readMediaType(text);
  if (text.length <= LONGEST) remembered.set(text, read);
  return read;
}

/** The same few stand in nearly every message. */
const remembered = new RecentMap<Result<MediaType, MimeProblem>>(256);
/** What is longer is no usual one. */
const LONGEST = 128;

function readMediaType(value: string): Result<MediaType, MimeProblem> {
  const type = TYPE.exec(value)?.[0];
  if (type === undefined) return mimeProblem("bad-media-type", value.slice(0, 80));
  const parameters = parseParameters(value, type.length);
  if (!parameters.ok) return parameters;
  return ok({ type: type.toLowerCase(), ...parameters.value });
}

/**
 * Reads a Content-Disposition strictly (RFC 2183 §2), with the flag that the LCS family knows.
 *
 * @example parseContentDisposition('attachment; filename="a.exe"') // names ["a.exe"]
 */
export function parseContentDisposition(value: string): Result<ContentDisposition, MimeProblem> {
  const disposition = DISPOSITION.exec(value)?.[0];
  if (disposition === undefined) return mimeProblem("bad-disposition", value.slice(0, 80));
  const parameters = parseParameters(value, disposition.length, DISPOSITION_FLAGS);
  if (!parameters.ok) return parameters;
  return ok({ disposition: disposition.toLowerCase(), ...parameters.value });
}
