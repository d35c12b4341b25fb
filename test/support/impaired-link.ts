import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { seededRandom } from "./seeded-random.ts";
import type { Address } from "./sip-socket.ts";

/** What the network does to datagrams, in both directions. */
export interface Impairment {
  /** Share of datagrams that are lost. */
  readonly loss: number;
  /** Each is held up for anything from nothing to so long, so that they overtake each other. */
  readonly jitterMs: number;
  /** Share that comes twice. */
  readonly duplicates: number;
  readonly seed: number;
}

/**
 * A bad network in user space (HARDENING F10): what is sent to `near` goes on to the peer from a port of its own for each
 * sender, and back again, with losses, delays and duplicates. The same seed and traffic give the same losses.
 */
export class ImpairedLink implements AsyncDisposable {
  readonly near: Address;
  /** Datagrams that came in, went on (duplicates counted twice) and were lost. */
  readonly counts = { received: 0, sent: 0, lost: 0 };
  readonly #near: Socket;
  readonly #impairment: Impairment;
  readonly #random: () => number;
  /** By sender: the socket that stands for it towards the peer. */
  readonly #far = new Map<string, Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #address: string;

  private constructor(near: Socket, address: string, peer: Address, impairment: Impairment) {
    this.#near = near;
    this.#address = address;
    this.near = { address, port: near.address().port };
    this.#impairment = impairment;
    this.#random = seededRandom(impairment.seed);
    near.on("message", (bytes, from) => {
      const far = this.#farOf(from);
      this.#pass(() => far.send(bytes, peer.port, peer.address));
    });
  }

  static async open(address: string, peer: Address, impairment: Impairment): Promise<ImpairedLink> {
    const near = createSocket({ type: "udp4", recvBufferSize: 1 << 21 });
    near.bind(0, address);
    await once(near, "listening");
    return new ImpairedLink(near, address, peer, impairment);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of [this.#near, ...this.#far.values()]) socket.close();
  }

  #farOf(from: Address): Socket {
    const key = `${from.address}:${from.port}`;
    const known = this.#far.get(key);
    if (known !== undefined) return known;
    const far = createSocket({ type: "udp4", recvBufferSize: 1 << 21 });
    far.bind(0, this.#address);
    far.on("message", (bytes) => this.#pass(() => this.#near.send(bytes, from.port, from.address)));
    this.#far.set(key, far);
    return far;
  }

  #pass(send: () => void): void {
    const { loss, jitterMs, duplicates } = this.#impairment;
    this.counts.received += 1;
    if (this.#random() < loss) {
      this.counts.lost += 1;
      return;
    }
    const times = this.#random() < duplicates ? 2 : 1;
    for (let n = 0; n < times; n += 1) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.counts.sent += 1;
        send();
      }, this.#random() * jitterMs);
      this.#timers.add(timer);
    }
  }
}
