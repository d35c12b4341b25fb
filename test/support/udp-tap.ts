import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { Address } from "./sip-socket.ts";
import { SipText } from "./sip-text.ts";

/** A request, and every answer that its sender has seen. */
export interface Exchange {
  readonly request: SipText;
  readonly answers: SipText[];
}

/**
 * Stands between one program of somebody else's and whom it asks, changes nothing, and tells what the program has seen.
 * ACKs are passed on and not told: nothing answers them.
 */
export class UdpTap implements AsyncDisposable {
  /** Where the program sends to. */
  readonly near: Address;
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #exchanges = new Map<string, Exchange>();

  private constructor(near: Socket, far: Socket, peer: Address) {
    this.#near = near;
    this.#far = far;
    this.near = near.address();
    let program: Address | undefined;
    near.on("message", (bytes, from) => {
      program = from;
      const request = new SipText(bytes);
      if (request.method !== "ACK") this.#exchanges.set(request.branch, { request, answers: [] });
      far.send(bytes, peer.port, peer.address);
    });
    far.on("message", (bytes) => {
      const answer = new SipText(bytes);
      this.#exchanges.get(answer.branch)?.answers.push(answer);
      if (program !== undefined) near.send(bytes, program.port, program.address);
    });
  }

  static async open(peer: Address): Promise<UdpTap> {
    const sockets = [0, 1].map(() => createSocket({ type: "udp4", recvBufferSize: 1 << 21 }));
    const [near, far] = sockets as [Socket, Socket];
    for (const socket of sockets) socket.bind(0, "127.0.0.1");
    await Promise.all(sockets.map((socket) => once(socket, "listening")));
    return new UdpTap(near, far, peer);
  }

  /** All that was asked, in order. */
  get exchanges(): readonly Exchange[] {
    return [...this.#exchanges.values()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of [this.#near, this.#far]) socket.close();
  }
}
