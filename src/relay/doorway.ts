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
/** Connections at the same time that have not shown yet who they are: in all, and from one address. */
const MAX_VISITORS = 8;
const MAX_FROM_ONE = 2;

/** Addresses that matter to a doorway; undefined where nothing is known. */
export interface DoorwayAddresses {
  /** The only one that may dial. */
  readonly onlyFrom: string | undefined;
  /** Where the peer will probably dial from: strangers never take its place. */
  readonly expected: string | undefined;
}

/**
 * The port of one transfer. Until the peer has come several may try at once, and when there are too many the newest stays:
 * the peer says who it is at once, so that strangers who dial and say nothing, however often, keep nobody out. It does
 * not know what a right word is.
 */
export class Doorway {
  /** Why the last one was wrong. */
  lastWrong: FailureReason | undefined;
  readonly #server: Server;
  readonly #onlyFrom: string | undefined;
  readonly #expected: string | undefined;
  readonly #owner: DoorwayOwner;
  /** With their addresses, oldest first. */
  readonly #visitors = new Map<Socket, string>();
  readonly #wrong = new Set<string>();
  #isShut = false;

  /** @param server listens already */
  constructor(server: Server, addresses: DoorwayAddresses, owner: DoorwayOwner) {
    const { onlyFrom, expected } = addresses;
    this.#server = server;
    this.#onlyFrom = onlyFrom === undefined ? undefined : plainAddress(onlyFrom);
    this.#expected = expected === undefined ? undefined : plainAddress(expected);
    this.#owner = owner;
    server.on("connection", (socket) => this.#knocked(socket));
    // One connection that could not be taken (no descriptors left), not the listener.
    server.on("error", () => undefined);
  }

  /** Nobody is let in any more; who has not shown who it is, is thrown out. */
  shut(): void {
    this.#isShut = true;
    for (const socket of this.#visitors.keys()) socket.destroy();
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
    // Who could not get in with any word has shown no wrong one: a scan of our ports must end nothing.
    const isStranger = this.#onlyFrom !== undefined && address !== this.#onlyFrom;
    if (this.#isShut || isStranger || this.#wrong.has(address)) {
      socket.destroy();
      return;
    }
    this.#visitors.set(socket, address);
    this.#makeRoom(address);
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

  /** Too many, in all or from this address: the oldest goes, but those from where the peer is expected go last. */
  #makeRoom(address: string): void {
    const sockets = [...this.#visitors];
    const same = sockets.filter(([, from]) => from === address);
    const others = sockets.filter(([, from]) => from !== this.#expected);
    let oldest: Socket | undefined;
    if (same.length > MAX_FROM_ONE) oldest = same[0]?.[0];
    else if (sockets.length > MAX_VISITORS) oldest = (others[0] ?? sockets[0])?.[0];
    oldest?.destroy();
    if (oldest !== undefined) this.#visitors.delete(oldest);
  }

  #burn(address: string, reason: FailureReason): void {
    if (this.#isShut) return;
    this.lastWrong = reason;
    this.#wrong.add(address);
    const isHopeless = address === this.#onlyFrom || this.#wrong.size >= MAX_WRONG;
    if (isHopeless) this.#owner.burned(reason);
  }
}
