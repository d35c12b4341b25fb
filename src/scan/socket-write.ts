import type { EngineSocket } from "./engine-socket.ts";

/** True when the system has taken all of it. After a socket is destroyed neither "drain" nor a callback is sure to come. */
export async function writeAll(socket: EngineSocket, bytes: Buffer): Promise<boolean> {
  if (socket.destroyed || !socket.writable || socket.writeFailed) return false;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const onClose = (): void => resolve(false);
  socket.once("close", onClose);
  socket.write(bytes, () => resolve(!socket.writeFailed));
  const taken = await promise;
  socket.off("close", onClose);
  return taken && !socket.destroyed;
}
