import type { SipFrame } from "./framer.ts";
import { readMessage, type SipLimits, type Source } from "./parse-message.ts";

/** Small messages are copied out, as a stream's are: one that is kept must not keep a large receive buffer. */
const WEBSOCKET: Source = {
  stream: false,
  alone: true,
  take(bytes, start, end) {
    if ((end - start) * 2 < bytes.buffer.byteLength) {
      const copy = Buffer.allocUnsafe(end - start);
      bytes.copy(copy, 0, start, end);
      return copy;
    }
    return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
  },
};

const PING: SipFrame = { kind: "ping" };
const PING_BYTES: Buffer = Buffer.from("\r\n\r\n", "latin1");

/**
 * Reads what one WebSocket message holds (RFC 7118 §5): one SIP message and nothing else, whose end is the end of the
 * WebSocket message, or a keep-alive (RFC 5626 §3.5.1). A body of another length than the declared one is refused: another
 * reader would see a second message in what is left. `undefined`: line ends and no ping. Keeps a view of `bytes`
 * or of a copy.
 */
export function readWebSocketMessage(bytes: Buffer, limits: SipLimits): SipFrame | undefined {
  if (bytes.equals(PING_BYTES)) return PING;
  let start = 0;
  while (bytes[start] === 13 || bytes[start] === 10) start++;
  if (start === bytes.length) return undefined;
  const { outcome } = readMessage(bytes, start, limits, WEBSOCKET);
  if (outcome === undefined) throw new Error("a whole message cannot be unfinished");
  if (outcome.ok) return { kind: "message", message: outcome.value };
  // The next message begins where the next WebSocket message does, whatever was wrong with this one.
  return { kind: "problem", problem: outcome.problem, fatal: false };
}
