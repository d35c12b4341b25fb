import { randomBytes } from "node:crypto";
import { WebSocket, type ClientOptions } from "ws";
import { connectTcpPeer, until, type TcpPeer } from "./transport-rig.ts";

/** A client's WebSocket, and what has come over it. */
export interface WsPeer extends Disposable {
  readonly ws: WebSocket;
  /** Messages: text as text, binary as a buffer. */
  readonly received: (string | Buffer)[];
  readonly pings: number;
  readonly pongs: number;
  /** The close code, once closed; 1006 without a closing handshake. */
  readonly closed: number | undefined;
  /** Why the handshake failed. */
  readonly refused: string | undefined;
}

/** Connects to a port of 127.0.0.1 and waits for the handshake's end, whichever that is. */
export async function connectWsPeer(
  port: number,
  options: ClientOptions & {
    readonly scheme?: "ws" | "wss";
    readonly protocol?: string;
    readonly path?: string;
  } = {},
): Promise<WsPeer> {
  const { scheme = "ws", protocol = "sip", path = "/", ...rest } = options;
  const ws = new WebSocket(`${scheme}://127.0.0.1:${port}${path}`, protocol, rest);
  const received: (string | Buffer)[] = [];
  const heard = { pings: 0, pongs: 0 };
  let closed: number | undefined;
  let refused: string | undefined;
  ws.on("message", (data, isBinary) => {
    received.push(isBinary ? (data as Buffer) : (data as Buffer).toString("utf8"));
  });
  ws.on("ping", () => (heard.pings += 1));
  ws.on("pong", () => (heard.pongs += 1));
  ws.on("close", (code) => (closed = code));
  ws.on("error", (error) => (refused ??= error.message));
  await until(() => ws.readyState === WebSocket.OPEN || closed !== undefined);
  return {
    ws,
    received,
    get pings() {
      return heard.pings;
    },
    get pongs() {
      return heard.pongs;
    },
    get closed() {
      return closed;
    },
    get refused() {
      return refused;
    },
    [Symbol.dispose]: () => ws.terminate(),
  };
}

/** A handshake as it goes over the wire; `fields` replace or, with an undefined value, remove those of a good one. */
export function handshakeText(
  fields: Readonly<Record<string, string | undefined>> = {},
  requestLine = "GET / HTTP/1.1",
): string {
  const all = {
    Host: "127.0.0.1",
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "sip",
    ...fields,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  return `${[requestLine, ...lines].join("\r\n")}\r\n\r\n`;
}

/** A connection that has shaken hands and now writes what it likes. */
export async function connectRawWsPeer(port: number): Promise<TcpPeer> {
  const peer = await connectTcpPeer(port);
  peer.socket.write(handshakeText());
  await until(() => peer.received.includes("\r\n\r\n"));
  return peer;
}

/** One frame as a client sends it (RFC 6455 §5.2); opcode 1 text, 2 binary, 0 continued, 9 ping. */
export function clientFrame(opcode: number, payload: string | Buffer, final = true): Buffer {
  const bytes = Buffer.from(payload);
  const extended = bytes.length > 0xffff ? 8 : bytes.length > 125 ? 2 : 0;
  const header = Buffer.alloc(2 + extended);
  header[0] = (final ? 0x80 : 0) | opcode;
  header[1] = 0x80 | (extended === 0 ? bytes.length : extended === 2 ? 126 : 127);
  if (extended === 2) header.writeUInt16BE(bytes.length, 2);
  if (extended === 8) header.writeBigUInt64BE(BigInt(bytes.length), 2);
  const mask = randomBytes(4);
  const masked = bytes.map((byte, i) => byte ^ (mask[i % 4] as number));
  return Buffer.concat([header, mask, masked]);
}
