import { connect, type Socket } from "node:net";
import type { Clock } from "../base/clock.ts";

/** A connection that is being opened. */
export interface Dialling {
  /** Any number of times; nothing is called after it. */
  cancel(): void;
}

/** As much as a read brings at most, as without a buffer of one's own. */
const READ_BYTES = 64 * 1024;

/**
 * Opens a TCP connection to a literal address; one of the two functions is called, once. What it reads lies in one buffer,
 * again and again: a "data" event's bytes are good during the event alone.
 */
export function dial(
  target: { readonly address: string; readonly port: number },
  { clock, connectMs }: { readonly clock: Clock; readonly connectMs: number },
  onConnected: (socket: Socket) => void,
  onFailed: () => void,
): Dialling {
  const socket: Socket = connect({
    host: target.address,
    port: target.port,
    onread: {
      buffer: Buffer.allocUnsafe(READ_BYTES),
      callback(length, { buffer, byteOffset }) {
        socket.emit("data", Buffer.from(buffer, byteOffset, length));
        return true;
      },
    },
  });
  let isOver = false;
  const cancel = (): void => {
    if (isOver) return;
    isOver = true;
    patience.cancel();
    socket.destroy();
  };
  const fail = (): void => {
    if (isOver) return;
    cancel();
    onFailed();
  };
  const patience = clock.schedule(connectMs, fail);
  // Stays on for the life of the socket: an error that nobody hears ends the process.
  socket.on("error", fail);
  socket.once("connect", () => {
    if (isOver) return;
    isOver = true;
    patience.cancel();
    onConnected(socket);
  });
  return { cancel };
}
