import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** Why an HTTP request does not become a SIP connection, in the words that the peer gets. */
export interface HandshakeRefusal {
  readonly status: "400 Bad Request" | "403 Forbidden" | "426 Upgrade Required";
  readonly words: string;
}

/** The subprotocol of SIP (RFC 7118 §4). */
export const SIP_SUBPROTOCOL = "sip";

/** For a request that asks for no upgrade: a browser that was pointed here, a health check, a scanner. */
export const UPGRADE_REQUIRED: HandshakeRefusal = {
  status: "426 Upgrade Required",
  words: "This port speaks SIP over WebSocket (RFC 7118).",
};

/**
 * What stands against a WebSocket handshake besides the WebSocket protocol itself, which `ws` checks: the subprotocol
 * `sip` must be among those offered, and a page's Origin (RFC 6455 §10.2) among those allowed. No origins: any may.
 * Programs send no Origin and are not kept out by it, nor is an attacker who writes his own; it keeps foreign pages in
 * the browsers of our users out. The path is of no meaning.
 */
export function refusalOf(
  request: IncomingMessage,
  origins: ReadonlySet<string>,
): HandshakeRefusal | undefined {
  const { origin } = request.headers;
  if (origins.size > 0 && origin !== undefined && !origins.has(origin.toLowerCase())) {
    return { status: "403 Forbidden", words: "Pages of this origin may not connect here." };
  }
  const offered = request.headers["sec-websocket-protocol"] ?? "";
  if (offered.split(",").some((name) => name.trim() === SIP_SUBPROTOCOL)) return undefined;
  return { status: "400 Bad Request", words: "The subprotocol must be sip (RFC 7118)." };
}

/** Answers a handshake and ends the connection. */
export function refuseHandshake(socket: Duplex, { status, words }: HandshakeRefusal): void {
  const body = `${words}\n`;
  const head = [
    `HTTP/1.1 ${status}`,
    "Connection: close",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Content-Type: text/plain",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.on("error", () => undefined);
  socket.once("finish", () => socket.destroy());
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
