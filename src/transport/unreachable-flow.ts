import { CodedError } from "../base/coded-error.ts";
import { formatEndpoint } from "./endpoint.ts";
import type { Endpoint, Flow, TransportName } from "./flow.ts";
import type { ProtocolContext } from "./protocol-transport.ts";

/**
 * A flow that was never open: what `connect` returns when there is no socket for it. The reason and the close are
 * reported on the next tick, as for any other connection that could not be opened.
 */
export function createUnreachableFlow<Frame>(
  context: ProtocolContext<Frame>,
  target: { transport: TransportName; remote: Endpoint; local: Endpoint | undefined },
  reason: string,
): Flow {
  const { transport, remote } = target;
  const flow: Flow = {
    id: `${transport}/unreachable/${formatEndpoint(remote)}`,
    transport,
    reliable: transport !== "udp",
    encrypted: false,
    local: target.local ?? { address: "0.0.0.0", port: 0 },
    remote,
    outgoing: true,
    open: false,
    congested: false,
    send: () => true,
    close: () => undefined,
  };
  process.nextTick(() => {
    context.counters.connectErrors += 1;
    const message = `cannot reach ${transport} ${formatEndpoint(remote)}: ${reason}`;
    context.handler.onError(flow, new CodedError("CONNECT_FAILED", message));
    context.handler.onClose(flow);
  });
  return flow;
}
