import { plainAddress } from "../../base/plain-address.ts";
import { HeaderId } from "./header-names.ts";
import type { SipMessage } from "./message.ts";
import { splitValues, uriRange } from "./name-addr.ts";
import { parseSipUri } from "./uri.ts";
import { topmostVia } from "./via.ts";

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/**
 * True when a client calls itself by another IPv4 address, in Via or in its first Contact, than the one that its message came
 * from: there is an address translator (or a proxy) between, and nobody reaches it under either. Host names say nothing.
 *
 * @param source as the transport saw it
 * @example a Via of 192.168.1.10 that came from 203.0.113.7
 */
export function isBehindNat(message: SipMessage, source: string): boolean {
  const via = topmostVia(message);
  const names = [via.index < 0 ? "" : via.host, contactHost(message)];
  const seen = plainAddress(source);
  return names.some((name) => IPV4.test(name) && name !== seen);
}

function contactHost(message: SipMessage): string {
  const index = message.find(HeaderId.Contact);
  const first = index < 0 ? undefined : splitValues(message, index)[0];
  if (first === undefined) return "";
  const range = uriRange(message.bytes, first.start, first.end);
  const uri = range && parseSipUri(message.textOf(range.start, range.end));
  return uri?.ok === true ? uri.value.host : "";
}
