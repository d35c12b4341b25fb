import ipaddr from "ipaddr.js";

/** One end of a flow: a literal address and a port. */
interface FlowEnd {
  readonly address: string;
  readonly port: number;
}

/** As much of a flow as a token holds; the transport's flows are such. */
export interface FlowAddress {
  readonly id: string;
  /** "udp" has no connection that could be lost; all else is known by the flow's id. */
  readonly transport: string;
  readonly local: FlowEnd;
  readonly remote: FlowEnd;
}

/** What a token stands for: for UDP both addresses, which outlive the process; else a connection of this process. */
export type FlowReference =
  | { readonly kind: "udp"; readonly local: FlowEnd; readonly remote: FlowEnd }
  | { readonly kind: "connection"; readonly flowId: string };

/** Form of a packed UDP reference: the size of its addresses, or text for what is neither (scoped IPv6 addresses). */
const FORM_IPV4 = 4;
const FORM_IPV6 = 6;
const FORM_TEXT = 7;
/** A connection: the mark of the process that holds it, then the flow's id. */
const FORM_CONNECTION = 1;

const ADDRESS_BYTES = new Map([
  [FORM_IPV4, 4],
  [FORM_IPV6, 16],
]);

/** Packs a flow into a few bytes; `bootMark` tells the connections of one run of the process from another's. */
export function packFlow(flow: FlowAddress, bootMark: Buffer): Buffer {
  if (flow.transport !== "udp") {
    return Buffer.concat([Buffer.of(FORM_CONNECTION), bootMark, Buffer.from(flow.id, "latin1")]);
  }
  const ends = [flow.local, flow.remote];
  const form = formOf(ends);
  if (form === FORM_TEXT) {
    const text = ends.map(({ address, port }) => `${address} ${port}`).join(" ");
    return Buffer.concat([Buffer.of(FORM_TEXT), Buffer.from(text, "latin1")]);
  }
  const packed = ends.flatMap(({ address, port }) => [
    ...ipaddr.parse(address).toByteArray(),
    port >> 8,
    port & 0xff,
  ]);
  return Buffer.from([form, ...packed]);
}

/** Reads what `packFlow` wrote; "stale" for a connection of an earlier run, `undefined` for what it did not write. */
export function unpackFlow(packed: Buffer, bootMark: Buffer): FlowReference | "stale" | undefined {
  const form = packed[0];
  const rest = packed.subarray(1);
  if (form === FORM_CONNECTION) {
    if (!rest.subarray(0, bootMark.length).equals(bootMark)) return "stale";
    return { kind: "connection", flowId: rest.toString("latin1", bootMark.length) };
  }
  if (form === FORM_TEXT) return unpackText(rest.toString("latin1"));
  const addressBytes = ADDRESS_BYTES.get(form ?? 0);
  if (addressBytes === undefined || rest.length !== 2 * (addressBytes + 2)) return undefined;
  const local = unpackEnd(rest, 0, addressBytes);
  const remote = unpackEnd(rest, addressBytes + 2, addressBytes);
  return { kind: "udp", local, remote };
}

function formOf(ends: readonly FlowEnd[]): number {
  if (ends.every(({ address }) => ipaddr.IPv4.isValidFourPartDecimal(address))) return FORM_IPV4;
  const plain = ends.every(({ address }) => !address.includes("%") && ipaddr.IPv6.isValid(address));
  return plain ? FORM_IPV6 : FORM_TEXT;
}

function unpackEnd(bytes: Buffer, at: number, addressBytes: number): FlowEnd {
  const address = ipaddr.fromByteArray([...bytes.subarray(at, at + addressBytes)]).toString();
  return { address, port: bytes.readUInt16BE(at + addressBytes) };
}

function unpackText(text: string): FlowReference | undefined {
  const [localAddress, localPort, remoteAddress, remotePort] = text.split(" ");
  if (localAddress === undefined || remoteAddress === undefined) return undefined;
  return {
    kind: "udp",
    local: { address: localAddress, port: Number(localPort) },
    remote: { address: remoteAddress, port: Number(remotePort) },
  };
}
