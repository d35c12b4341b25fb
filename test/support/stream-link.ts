import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Address } from "./sip-socket.ts";

/** What happens to the bytes of one connection, both directions counted together. */
export type StreamFault =
  | { readonly kind: "none" }
  /** It breaks, on both sides, when so many bytes have passed. */
  | { readonly kind: "cut"; readonly afterBytes: number }
  /** It goes on in pieces of at most so many bytes, each held up for up to so long. */
  | { readonly kind: "slow"; readonly pieceBytes: number; readonly delayMs: number }
  /** When so many have passed, two pieces of at most so many bytes change places. */
  | { readonly kind: "swap"; readonly afterBytes: number; readonly pieceBytes: number };

/**
 * A bad network for connections, in user space: who connects to `near` is connected to the peer, and what passes suffers
 * the fault that is asked for when a connection begins. What the system's own TCP would mend (lost or reordered packets)
 * shows as slowness; "swap" is what no TCP lets happen, but whoever sits in between can do.
 */
export class StreamLink implements AsyncDisposable {
  readonly near: Address;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, near: Address) {
    this.#server = server;
    this.near = near;
  }

  static async open(near: Address, peer: Address, faultOf: () => StreamFault): Promise<StreamLink> {
    const server = createServer();
    server.listen({ host: near.address, port: near.port });
    await once(server, "listening");
    const bound = server.address();
    const port = typeof bound === "object" && bound !== null ? bound.port : near.port;
    const link = new StreamLink(server, { address: near.address, port });
    server.on("connection", (socket) => link.#join(socket, peer, faultOf()));
    return link;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, "close");
  }

  #join(near: Socket, peer: Address, fault: StreamFault): void {
    const far = connect({ host: peer.address, port: peer.port });
    const passed = { bytes: 0 };
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on("error", () => undefined);
      from.once("close", () => {
        this.#sockets.delete(from);
        to.end();
      });
      void pump(from, to, fault, passed);
    }
  }
}

async function pump(
  from: Socket,
  to: Socket,
  fault: StreamFault,
  passed: { bytes: number },
): Promise<void> {
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      const before = passed.bytes;
      passed.bytes += chunk.length;
      if (fault.kind === "cut" && passed.bytes > fault.afterBytes) {
        to.write(chunk.subarray(0, Math.max(0, fault.afterBytes - before)));
        await delay(1);
        to.destroy();
        from.destroy();
        return;
      }
      if (fault.kind === "slow") await drip(to, chunk, fault);
      else if (
        fault.kind === "swap" &&
        before <= fault.afterBytes &&
        passed.bytes > fault.afterBytes
      )
        to.write(swapped(chunk, fault.afterBytes - before, fault.pieceBytes));
      else if (!to.write(chunk)) await once(to, "drain");
    }
  } catch {
    // A connection that breaks: its "close" takes the other one along.
  }
  to.end();
}

async function drip(
  to: Socket,
  chunk: Buffer,
  { pieceBytes, delayMs }: { readonly pieceBytes: number; readonly delayMs: number },
): Promise<void> {
  for (let at = 0; at < chunk.length && !to.destroyed; at += pieceBytes) {
    await delay(delayMs);
    to.write(chunk.subarray(at, at + pieceBytes));
  }
}

/** What lies there and what follows it, in the other order; less of both where the chunk ends before. */
function swapped(chunk: Buffer, at: number, pieceBytes: number): Buffer {
  const length = Math.min(pieceBytes, Math.floor((chunk.length - at) / 2));
  const first = chunk.subarray(at, at + length);
  const second = chunk.subarray(at + length, at + 2 * length);
  return Buffer.concat([chunk.subarray(0, at), second, first, chunk.subarray(at + 2 * length)]);
}
