/** Two other ways to ask clamd, to measure ours against: the least that a program can do, and the npm package as it comes. */
import { once } from "node:events";
import { connect } from "node:net";
import { Readable } from "node:stream";
import NodeClam from "clamscan";
import type { EngineAddress } from "../src/scan/engine-connection.ts";

/** Scans one content; throws when it is not clean. */
export type Scanning = (content: Buffer) => Promise<void>;

const PIECE = 64 * 1024;

/** A connection for each scan, the bytes in pieces of 64 KiB as fast as the socket takes them, the reply read to its end. */
export function bareInstream(address: EngineAddress): Scanning {
  return async (content) => {
    const socket = connect("path" in address ? { path: address.path } : { ...address });
    let reply = "";
    socket.on("data", (bytes: Buffer) => (reply += bytes.toString("latin1")));
    const closed = once(socket, "close");
    await once(socket, "connect");
    socket.write("zINSTREAM\0");
    for (let at = 0; at < content.length; at += PIECE) {
      const piece = content.subarray(at, at + PIECE);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(piece.length);
      socket.write(length);
      if (!socket.write(piece)) await once(socket, "drain");
    }
    socket.write(Buffer.alloc(4));
    await closed;
    if (reply !== "stream: OK\0") throw new Error(reply);
  };
}

/** As its README shows it: one instance, `scanStream` for each content. */
export function npmClamscan(address: EngineAddress): Scanning {
  const socket = "path" in address ? address.path : false;
  const clamdscan = { socket, localFallback: false, bypassTest: true, timeout: 60_000 };
  const ready = new NodeClam().init({ clamscan: { active: false }, clamdscan });
  return async (content) => {
    const clam = await ready;
    const { isInfected }: { readonly isInfected: unknown } = await clam.scanStream(
      Readable.from(piecesOf(content), { objectMode: false }),
    );
    if (isInfected !== false) throw new Error(`npm clamscan says ${String(isInfected)}`);
  };
}

function* piecesOf(content: Buffer): Generator<Buffer> {
  for (let at = 0; at < content.length; at += PIECE) yield content.subarray(at, at + PIECE);
}
