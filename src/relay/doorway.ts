import type { Server, Socket } from "node:net";
import { plainAddress } from "./leg-socket.ts";
import type { FailureReason } from "./relay.ts";

export interface DoorwayOwner {
  /** Somebody has dialled; the owner finds out who it is. */
  knocked(socket: Socket, visit: Visit): void;
  /** There were too many wrong ones, or the one that may dial was wrong: nobody will come any more. */
  burned(reason: FailureReason): void;
}

/** What the owner tells of somebody who has dialled, once. */
export interface Visit {
  /** It is the peer: all others are turned away, now and later. */
  isPeer(): void;
  /** It is not, and its address is not let in again. */
  isWrong(reason: FailureReason): void;
}

/** Wrong ones, counted by address, that burn a transfer (lcs.md B4, HARDENING D8). */
const MAX_WRONG = 3;
/** Connections at the same time that have not shown yet who they are. */
const MAX_VISITORS = 4;

/**
 * The port of one transfer. Until the peer has come several may try at once, so that a stranger who dials and says nothing
 * keeps nobody out. It does not know what a right word is.
 */
export class Doorway {
  /** Why the last one was wrong. */
  lastWrong: FailureReason | undefined;
  readonly #server: Server;
  readonly #onlyFrom: string | undefined;
  readonly #owner: DoorwayOwner;
  readonly #visitors = new Set<Socket>();
  readonly #wrong = new Set<string>();
  #isShut = false;

  /** @param server listens already */
  constructor(server: Server, onlyFrom: string | undefined, owner: DoorwayOwner) {
    this.#server = server;
    this.#onlyFrom = onlyFrom === undefined ? undefined : plainAddress(onlyFrom);
    this.#owner = owner;
    server.on("connection", (socket) => this.#knocked(socket));
    // One connection that could not be taken (no descriptors left), not the listener.
    server.on("error", () => undefined);
  }

  /** Nobody is let in any more; who has not shown who it is, is thrown out. */
  shut(): void {
    this.#isShut = true;
    for (const socket of this.#visitors) socket.destroy();
    this.#visitors.clear();
  }

  /** Resolves when the port is free again, which needs the peer's connection to be closed. */
  async close(): Promise<void> {
    this.shut();
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => closed.resolve());
    await closed.promise;
  }

  #knocked(socket: Socket): void {
    // Also for those who are thrown out: an error that nobody hears ends the process.
    socket.on("error", () => undefined);
    const address = plainAddress(socket.remoteAddress);
    const isFull = this.#isShut || this.#visitors.size >= MAX_VISITORS;
    if (isFull || this.#wrong.has(address)) {
      socket.destroy();
      return;
    }
    if (this.#onlyFrom !== undefined && address !== this.#onlyFrom) {
      socket.destroy();
      this.#burn(address, "wrong-cookie");
      return;
    }
    this.#visitors.add(socket);
    socket.once("close", () => this.#visitors.delete(socket));
    this.#owner.knocked(socket, {
      isPeer: () => {
        this.#visitors.delete(socket);
        this.shut();
      },
      isWrong: (reason) => {
        // Let go, not destroyed: who opened it may still have a last word to send.
        this.#visitors.delete(socket);
        this.#burn(address, reason);
      },
    });
  }

  #burn(address: string, reason: FailureReason): void {
    if (this.#isShut) return;
    this.lastWrong = reason;
    this.#wrong.add(address);
    const isHopeless = address === this.#onlyFrom || this.#wrong.size >= MAX_WRONG;
    if (isHopeless) this.#owner.burned(reason);
  }
}
