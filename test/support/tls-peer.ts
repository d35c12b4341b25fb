import { readFileSync } from "node:fs";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import type { CertificateFiles } from "./certificates.ts";
import { until } from "./transport-rig.ts";

/** A client of the gateway. */
export interface TlsPeer extends Disposable {
  readonly socket: TLSSocket;
  /** Its own. */
  readonly port: number;
  readonly received: () => string;
  readonly ended: () => boolean;
}

/** Connects to a port of 127.0.0.1 and shows that certificate, if it is asked for one. */
export async function connectTlsPeer(
  port: number,
  shown?: CertificateFiles,
  more: ConnectionOptions = {},
): Promise<TlsPeer> {
  const pair = shown && { cert: readFileSync(shown.cert), key: readFileSync(shown.key) };
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...pair, ...more });
  let received = "";
  let ended = false;
  socket.on("data", (chunk) => (received += chunk.toString("latin1")));
  socket.on("error", () => (ended = true));
  socket.on("close", () => (ended = true));
  let localPort = 0;
  let secure = false;
  socket.on("connect", () => (localPort = socket.localPort ?? 0));
  socket.on("secureConnect", () => (secure = true));
  await until(() => secure || ended);
  return {
    socket,
    port: localPort,
    received: () => received,
    ended: () => ended,
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
