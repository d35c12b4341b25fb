import dgram from "node:dgram";
import { isIPv6 } from "node:net";
import { literalLookup } from "./literal-lookup.ts";

/** Any port: no packet is ever sent to it. */
const DISCARD_PORT = 9;

/**
 * The local address from which the kernel would reach `address`, or `undefined` when there is no route. A UDP socket
 * is connected to it, which sends nothing, and asked for its own name.
 */
export function routeAddress(address: string): string | undefined {
  const family = isIPv6(address) ? "udp6" : "udp4";
  const socket = dgram.createSocket({ type: family, lookup: literalLookup });
  socket.on("error", () => undefined);
  try {
    // With a lookup that answers at once, both calls are done when they return.
    socket.bind(0, family === "udp6" ? "::" : "0.0.0.0");
    socket.connect(DISCARD_PORT, address);
    return socket.address().address;
  } catch {
    return undefined;
  } finally {
    socket.close();
  }
}
