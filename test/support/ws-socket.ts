import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { ConnectionOptions } from "node:tls";
import { WebSocket } from "ws";
import { SipText } from "./sip-text.ts";
import type { MessageHandler, SipSocket } from "./sip-socket.ts";

/**
 * A WebSocket to a peer, who is believed as `tls` says. Like a browser it has no address of its own that it knows of:
 * a name under `.invalid` (RFC 7118 §5).
 */
export async function openWebSocket(
  url: string,
  tls: ConnectionOptions,
  onMessage: MessageHandler,
): Promise<SipSocket> {
  const ws = new WebSocket(url, "sip", tls);
  const { hostname: address, port } = new URL(url);
  const peer = { address, port: Number(port) };
  ws.on("message", (data) => {
    const bytes = data as Buffer;
    if (bytes.indexOf("\r\n\r\n") <= 0) return;
    onMessage(new SipText(bytes), (answer) => ws.send(answer), peer);
  });
  await once(ws, "open");
  // A connection that breaks is what some tests are about.
  ws.on("error", () => undefined);
  return {
    transport: url.startsWith("wss") ? "wss" : "ws",
    local: { address: `${randomBytes(6).toString("hex")}.invalid`, port: 5060 },
    // As text, as browsers send it; what is no UTF-8 stays as it is.
    send: (bytes): void => ws.send(bytes, { binary: false }),
    get open(): boolean {
      return ws.readyState === WebSocket.OPEN;
    },
    async close(): Promise<void> {
      if (ws.readyState === WebSocket.CLOSED) return;
      const closed = once(ws, "close");
      ws.close();
      await closed;
    },
  };
}
