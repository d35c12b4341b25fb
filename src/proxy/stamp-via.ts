import type { SipMessage } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import type { TopmostVia } from "../wire/sip/via.ts";
import type { Endpoint } from "../transport/flow.ts";
import { bareHost } from "./flow-face.ts";

/**
 * The edits that write into the sender's top Via from where it really came (RFC 3261 §18.2.1, RFC 3581 §4): `received`
 * when its sent-by is not the source address or when it asks with `rport`, and the port behind `rport`.
 * What the sender itself claims there is overwritten.
 */
export function stampVia(
  message: SipMessage,
  via: TopmostVia,
  source: Endpoint,
): readonly Splice[] {
  const asked = via.rport !== undefined || via.received !== undefined;
  if (!asked && (via.host === source.address || bareHost(via.host) === source.address)) {
    return NOTHING;
  }
  const text = message.bytes.toString("latin1", via.valueStart, via.valueEnd);
  const rport = via.rport === undefined ? undefined : findParameter(text, "rport");
  const received = via.received === undefined ? undefined : findParameter(text, "received");
  const splices: Splice[] = [];
  if (rport !== undefined) splices.push(write(via, rport, `rport=${source.port}`));
  const value = `received=${source.address}`;
  if (received !== undefined) splices.push(write(via, received, value));
  else splices.push({ start: via.valueEnd, end: via.valueEnd, bytes: `;${value}` });
  return splices;
}

const NOTHING: readonly Splice[] = [];

/** Range of one parameter, name and value, within the Via value. */
interface ParameterRange {
  readonly start: number;
  readonly end: number;
}

function write(via: TopmostVia, range: ParameterRange, text: string): Splice {
  return { start: via.valueStart + range.start, end: via.valueStart + range.end, bytes: text };
}

/** Quoted strings are passed over: a parameter's value may hold semicolons (RFC 4475 §3.1.1.1). */
const PARAMETER = /;\s*([^\s;="]+)(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;"]*))?/g;

/** The same where nothing is quoted: the usual case, on the way of every message. */
const UNQUOTED: Readonly<Record<"rport" | "received", RegExp>> = {
  rport: /;\s*(rport)(?:\s*=\s*[^\s;]*)?(?=\s*(?:;|$))/i,
  received: /;\s*(received)(?:\s*=\s*[^\s;]*)?(?=\s*(?:;|$))/i,
};

function findParameter(text: string, name: "rport" | "received"): ParameterRange | undefined {
  if (!text.includes('"')) {
    const match = UNQUOTED[name].exec(text);
    if (match === null) return undefined;
    const start = match.index + match[0].indexOf(match[1] ?? name);
    return { start, end: match.index + match[0].length };
  }
  for (const match of text.matchAll(PARAMETER)) {
    if (match[1]?.toLowerCase() !== name) continue;
    const start = match.index + match[0].indexOf(match[1]);
    return { start, end: match.index + match[0].length };
  }
  return undefined;
}
