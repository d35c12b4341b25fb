import type { Server, Socket } from "node:net";
import { plainAddress } from "../base/plain-address.ts";
import type { FailureReason } from "./relay.ts";
import { Visitors } from "./visitors.ts";

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
 * The port of one transfer, at which its sender is awaited: several may try at once until it has come. It does not know
 * what a right word is. Receivers are awaited at a ReceiverDoor.
 */
export class Doorway {
  /** Why the last one was wrong. */
  lastWrong: FailureReason | undefined;
  readonly #server: Server;
  readonly #onlyFrom: string | undefined;
  readonly #owner: DoorwayOwner;
  readonly #visitors: Visitors;
  readonly #wrong = new Set<string>();
  #isShut = false;

  /** @param server listens already */
  constructor(server: Server, addresses: DoorwayAddresses, owner: DoorwayOwner) {
    const { onlyFrom, expected } = addresses;
    this.#server = server;
    this.#onlyFrom = onlyFrom === undefined ? undefined : plainAddress(onlyFrom);
    const known = expected === undefined ? undefined : plainAddress(expected);
    this.#visitors = new Visitors({
      total: () => MAX_VISITORS,
      fromOne: () => MAX_FROM_ONE,
      isExpected: (address) => address === known,
    });
    this.#owner = owner;
    server.on("connection", (socket) => this.#knocked(socket));
    // One connection that could not be taken (no descriptors left), not the listener.
    server.on("error", () => undefined);
  }

  /** Nobody is let in any more; who has not shown who it is, is thrown out. */
  shut(): void {
    this.#isShut = true;
    this.#visitors.throwOut();
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
    const address = plainAddress(socket.remoteAddress ?? "");
    // Who could not get in with any word has shown no wrong one: a scan of our ports must end nothing.
    const isStranger = this.#onlyFrom !== undefined && address !== this.#onlyFrom;
    if (this.#isShut || isStranger || this.#wrong.has(address)) {
      socket.destroy();
      return;
    }
    this.#visitors.add(socket, address);
    this.#owner.knocked(socket, {
      isPeer: () => {
        this.#visitors.release(socket);
        this.shut();
      },
      isWrong: (reason) => {
        this.#visitors.release(socket);
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
