import { isIPv6 } from "node:net";
import { formatEndpoint, isWildcard, parseEndpoint } from "./endpoint.ts";
import type { Endpoint, Flow } from "./flow.ts";
import type { ProtocolContext, ProtocolTransport } from "./protocol-transport.ts";
import { UdpSocket } from "./udp-socket.ts";
import { createUnreachableFlow } from "./unreachable-flow.ts";

/**
 * SIP over UDP (RFC 3261 §18): one socket for each listener, a datagram is one frame, and everything is sent from the
 * socket on which the peer is heard. There is no connection: flows are only remembered, and `stopListening` changes
 * nothing, since the answers to what is under way still have to come in.
 */
export function createUdpTransport<Frame>(
  context: ProtocolContext<Frame>,
  readDatagram: (bytes: Buffer) => Frame,
): ProtocolTransport {
  const sockets = new Map<string, UdpSocket<Frame>>();

  async function listen(endpoint: Endpoint): Promise<Endpoint> {
    const socket = new UdpSocket(context, readDatagram, endpoint.address);
    const local = await socket.bind(endpoint);
    sockets.set(formatEndpoint(local), socket);
    return local;
  }

  /** The socket bound to `local`, or to every address at that port; without `local` the first of the peer's family. */
  function socketFor(remote: Endpoint, local: Endpoint | undefined): UdpSocket<Frame> | undefined {
    const sameFamily = [...sockets.values()].filter(
      (socket) => isIPv6(socket.local.address) === isIPv6(remote.address),
    );
    if (local === undefined) return sameFamily[0];
    const exact = sockets.get(formatEndpoint(local));
    if (exact !== undefined) return exact;
    return sameFamily.find(({ local: bound }) => {
      const anyPort = local.port === 0 || bound.port === local.port;
      return anyPort && (isWildcard(bound.address) || bound.address === local.address);
    });
  }

  function connect(remote: Endpoint, local: Endpoint | undefined): Flow {
    const socket = socketFor(remote, local);
    if (socket !== undefined) return socket.flowTo(remote);
    const from = local === undefined ? "of that family" : formatEndpoint(local);
    const target = { transport: "udp" as const, remote, local };
    return createUnreachableFlow(context, target, `there is no socket ${from}`);
  }

  function flowById(id: string): Flow | undefined {
    const [, local, remote] = id.split("/");
    const peer = parseEndpoint(remote ?? "");
    return peer === undefined ? undefined : sockets.get(local ?? "")?.flowTo(peer);
  }

  function* flows(): Generator<Flow> {
    for (const socket of sockets.values()) yield* socket.flows();
  }

  async function dispose(): Promise<void> {
    const closing = [...sockets.values()].map((socket) => socket[Symbol.asyncDispose]());
    sockets.clear();
    await Promise.all(closing);
  }

  return {
    listen,
    connect,
    flowById,
    flows,
    stopListening: () => undefined,
    [Symbol.asyncDispose]: dispose,
  };
}
