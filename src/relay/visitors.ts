import type { Socket } from "node:net";

/** How many may be there at the same time, and who goes last. */
export interface VisitorLimits {
  /** In all. */
  total(): number;
  fromOne(address: string): number;
  /** Strangers never take the place of somebody from here. */
  isExpected(address: string): boolean;
}

/**
 * Connections that have not shown yet who they are. When there are too many the newest stays: a peer says who it is at once,
 * so that strangers who dial and say nothing, however often, keep nobody out.
 */
export class Visitors {
  readonly #limits: VisitorLimits;
  /** With their addresses, oldest first. */
  readonly #sockets = new Map<Socket, string>();

  constructor(limits: VisitorLimits) {
    this.#limits = limits;
  }

  /** Somebody has come; the oldest goes when there are too many, in all or from this address. */
  add(socket: Socket, address: string): void {
    this.#sockets.set(socket, address);
    socket.once("close", () => this.#sockets.delete(socket));
    const oldest = this.#tooMany(address);
    if (oldest === undefined) return;
    oldest.destroy();
    this.#sockets.delete(oldest);
  }

  /** The one that has to go; undefined: none. */
  #tooMany(address: string): Socket | undefined {
    const limits = this.#limits;
    const all = [...this.#sockets];
    const same = all.filter(([, from]) => from === address);
    if (same.length > limits.fromOne(address)) return same[0]?.[0];
    if (all.length <= limits.total()) return undefined;
    return (all.find(([, from]) => !limits.isExpected(from)) ?? all[0])?.[0];
  }

  /** It has shown who it is, or that it is not: let go, not closed, for it may still have a last word to send. */
  release(socket: Socket): void {
    this.#sockets.delete(socket);
  }

  /** Nobody is awaited any more. */
  throwOut(): void {
    for (const socket of this.#sockets.keys()) socket.destroy();
    this.#sockets.clear();
  }
}
