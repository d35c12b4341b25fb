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
  const received = receivedFrom(via, source.address);
  if (via.rportAt === undefined) return [received];
  const { start, end } = via.rportAt;
  return [{ start, end, bytes: `rport=${source.port}` }, received];
}

function receivedFrom({ receivedAt, valueEnd }: TopmostVia, address: string): Splice {
  const bytes = `received=${address}`;
  if (receivedAt === undefined) return { start: valueEnd, end: valueEnd, bytes: `;${bytes}` };
  return { start: receivedAt.start, end: receivedAt.end, bytes };
}

const NOTHING: readonly Splice[] = [];
