import type { Splice } from "../wire/sip/splice.ts";
import type { TopmostVia } from "../wire/sip/via.ts";
import type { Endpoint } from "../transport/flow.ts";
import { bareHost } from "./flow-face.ts";

/**
 * The edits that write into the sender's top Via from where it really came (RFC 3261 §18.2.1, RFC 3581 §4): `received`
 * when its sent-by is not the source address or when it asks with `rport`, and the port behind `rport`.
 * What the sender itself claims there is overwritten.
 */
export function stampVia(via: TopmostVia, source: Endpoint): readonly Splice[] {
  const asked = via.rport !== undefined || via.received !== undefined;
  if (!asked && (via.host === source.address || bareHost(via.host) === source.address)) {
    return NOTHING;
  }
  const splices: Splice[] = [];
  if (via.rportAt !== undefined) splices.push({ ...via.rportAt, bytes: `rport=${source.port}` });
  const received = `received=${source.address}`;
  if (via.receivedAt !== undefined) splices.push({ ...via.receivedAt, bytes: received });
  else splices.push({ start: via.valueEnd, end: via.valueEnd, bytes: `;${received}` });
  return splices;
}

const NOTHING: readonly Splice[] = [];
