import { connect, type Socket } from "node:net";
import type { Clock } from "../base/clock.ts";

/** A connection that is being opened. */
export interface Dialling {
  /** Any number of times; nothing is called after it. */
  cancel(): void;
}

/** Opens a TCP connection to a literal address; one of the two functions is called, once. */
export function dial(
  target: { readonly address: string; readonly port: number },
  { clock, connectMs }: { readonly clock: Clock; readonly connectMs: number },
  onConnected: (socket: Socket) => void,
  onFailed: () => void,
): Dialling {
  const socket = connect({ host: target.address, port: target.port });
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
