import { CodedError } from "../base/coded-error.ts";
import type { Flow } from "./flow.ts";
import type { TransportHandler } from "./protocol-transport.ts";

/** Hands one frame on. A handler that throws is our bug; it must not take the other peers' sockets along. */
export function deliverFrame<Frame>(
  handler: TransportHandler<Frame>,
  flow: Flow,
  frame: Frame,
): void {
  try {
    handler.onFrame(flow, frame);
  } catch (cause) {
    handler.onError(
      flow,
      new CodedError(
        "HANDLER_FAILED",
        `handling a message of ${flow.id} failed: ${String(cause)}`,
        {
          cause,
        },
      ),
    );
  }
}
