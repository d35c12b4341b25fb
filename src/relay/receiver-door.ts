import type { Server, Socket } from "node:net";
import { ExpiringMap } from "../base/expiring-map.ts";
import { chooseAuthCookie } from "../wire/msnftp/auth-cookie.ts";
import type { FileProtocol } from "../wire/msnftp/control-line.ts";
import { createFileSenderFor } from "../wire/msnftp/file-sender.ts";
import { plainAddress } from "../base/plain-address.ts";
import { ReceiverLeg, type LegDeps } from "./receiver-leg.ts";
import type { RangePort } from "./port-range.ts";
import type { FailureReason, Place } from "./relay.ts";
import { Visitors } from "./visitors.ts";

/** A receiver that is awaited, and what its transfer wants to hear of it. */
export interface Guest {
  /** Bytes of its file. */
  readonly size: number;
  /** The only source address from which it may come; undefined: any. */
  readonly onlyFrom: string | undefined;
  /** From where it will probably come. */
  readonly expected: string | undefined;
  /** It has shown its user and cookie: the cookie is used up. */
  came(leg: ReceiverLeg): void;
  /** It waits for the content. */
  requested(): void;
  acknowledged(): void;
  /** Its connection, or nobody can come for it any more. */
  failed(reason: FailureReason): void;
}

interface Awaited {
  readonly guest: Guest;
  /** Addresses that said something wrong while nobody else was awaited. */
  readonly wrong: Set<string>;
  lastWrong: FailureReason | undefined;
}

/** Wrong ones, counted by address, that burn a transfer which has the door to itself (lcs.md B4, HARDENING D8). */
const MAX_WRONG = 3;
/** Wrong addresses within `acceptMs`; with so many only those are let in from where somebody is expected. */
const MAX_BURNED = 32;
/** Connections that have not shown yet who they are: besides those that are awaited, in all, and from one address. */
const MAX_STRANGERS = 8;
const MAX_FROM_ONE = 2;
/** Stands for every address. */
const ANYWHERE = "";

/**
 * A port at which receivers of files are awaited, those of several transfers at once: a receiver speaks first, and its user
 * and cookie say which transfer it means (lcs.md B7.12). A wrong word burns the address that said it, for as long as receivers
 * are waited for; where one transfer has the door to itself three addresses burn the transfer.
 *
 * Limits: half-open connections, in all and by address; MAX_BURNED guesses within `acceptMs`, whatever is awaited.
 */
export class ReceiverDoor {
  readonly port: number;
  readonly protocol: FileProtocol;
  readonly #server: Server;
  readonly #deps: LegDeps;
  readonly #onClosed: () => void;
  /** By what they have to show. */
  readonly #awaited = new Map<string, Awaited>();
  /** From where somebody is awaited, and how many; and who may come at all. */
  readonly #expected = new Map<string, number>();
  readonly #admits = new Set<string>();
  readonly #visitors: Visitors;
  readonly #burned: ExpiringMap<true>;
  /** Cookies that are given out, used ones too: none is given twice as long as its transfer lives. */
  readonly #given = new Set<string>();

  /** @param port its server listens already */
  constructor(
    { port, server }: RangePort,
    protocol: FileProtocol,
    deps: LegDeps,
    onClosed: () => void,
  ) {
    this.port = port;
    this.protocol = protocol;
    this.#server = server;
    this.#deps = deps;
    this.#onClosed = onClosed;
    const { clock, timers } = deps;
    this.#burned = new ExpiringMap(clock, { ttlMs: timers.acceptMs, maxEntries: MAX_BURNED });
    this.#visitors = new Visitors({
      total: () => MAX_STRANGERS + MAX_FROM_ONE * this.#awaited.size,
      fromOne: (address) => MAX_FROM_ONE + Math.max(0, this.#expectedFrom(address) - 1),
      isExpected: (address) => this.#expectedFrom(address) > 0,
    });
    server.on("connection", (socket) => this.#knocked(socket));
    // One connection that could not be taken (no descriptors left), not the listener.
    server.on("error", () => undefined);
  }

  /** Transfers that have their place here, until they leave. */
  get seats(): number {
    return this.#given.size;
  }

  /** Is nobody let in from there at the moment? */
  isBurned(address: string): boolean {
    return this.#burned.get(plainAddress(address)) === true;
  }

  /** A place for one more transfer: the door stays open until it leaves. */
  seat(user: string): DoorSeat {
    for (;;) {
      const authCookie = chooseAuthCookie(user);
      const key = keyOf(user, authCookie);
      if (this.#given.has(key)) continue;
      this.#given.add(key);
      return new DoorSeat(this, authCookie, key);
    }
  }

  /** From now on whoever shows this is let in, once. */
  expect(key: string, guest: Guest): void {
    this.#awaited.set(key, { guest, wrong: new Set(), lastWrong: undefined });
    this.#countAwaited();
  }

  /** What a stranger has last done wrong where this one alone was awaited. */
  lastWrong(key: string): FailureReason | undefined {
    return this.#awaited.get(key)?.lastWrong;
  }

  /** It is not awaited any more. */
  forget(key: string): void {
    if (!this.#awaited.delete(key)) return;
    this.#countAwaited();
    if (this.#awaited.size === 0) this.#visitors.throwOut();
  }

  /** Its connection has ended. Resolves, for the last one, when the port is free again. */
  async leave(key: string): Promise<void> {
    this.forget(key);
    if (!this.#given.delete(key) || this.#given.size > 0) return;
    this.#burned.clear();
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => closed.resolve());
    await closed.promise;
    this.#onClosed();
  }

  #knocked(socket: Socket): void {
    // Also for those who are thrown out: an error that nobody hears ends the process.
    socket.on("error", () => undefined);
    const address = plainAddress(socket.remoteAddress ?? "");
    if (!this.#mayEnter(address)) {
      socket.destroy();
      return;
    }
    this.#visitors.add(socket, address);
    this.#listenTo(socket, address);
  }

  #listenTo(socket: Socket, address: string): void {
    let shown = "";
    let guest: Guest | undefined;
    const machine = createFileSenderFor(this.protocol, (user, authCookie) => {
      shown = keyOf(user, authCookie);
      return this.#find(shown, address)?.size;
    });
    const leg = new ReceiverLeg(socket, machine, this.#deps, {
      established: () => {
        guest = this.#find(shown, address);
        this.#visitors.release(socket);
        this.forget(shown);
        guest?.came(leg);
      },
      requested: () => guest?.requested(),
      acknowledged: () => guest?.acknowledged(),
      failed: (reason) => {
        if (guest !== undefined) guest.failed(reason);
        // Who goes without a word, as a scan of ports does, has shown nothing wrong.
        else if (reason !== "receiver-gone") {
          this.#visitors.release(socket);
          this.#burn(address, reason);
        }
      },
    });
    leg.listen();
  }

  /** Asked again when it speaks: whoever has dialled many times before one wrong word has no more than that one. */
  #find(key: string, address: string): Guest | undefined {
    if (!this.#mayEnter(address)) return undefined;
    const guest = this.#awaited.get(key)?.guest;
    return guest !== undefined && isFrom(guest.onlyFrom ?? address, address) ? guest : undefined;
  }

  #mayEnter(address: string): boolean {
    if (this.isBurned(address)) return false;
    if (!this.#admits.has(ANYWHERE) && !this.#admits.has(address)) return false;
    return this.#burned.size < MAX_BURNED || this.#expectedFrom(address) > 0;
  }

  #expectedFrom(address: string): number {
    return this.#expected.get(address) ?? 0;
  }

  /** Who may come changes seldom, and is asked for each connection, of which there may be a flood. */
  #countAwaited(): void {
    this.#expected.clear();
    this.#admits.clear();
    for (const { guest } of this.#awaited.values()) {
      this.#admits.add(guest.onlyFrom === undefined ? ANYWHERE : plainAddress(guest.onlyFrom));
      if (guest.expected === undefined) continue;
      const address = plainAddress(guest.expected);
      this.#expected.set(address, this.#expectedFrom(address) + 1);
    }
  }

  #burn(address: string, reason: FailureReason): void {
    if (this.#awaited.size === 0) return;
    this.#burned.set(address, true);
    const [only, another] = this.#awaited.values();
    if (only === undefined || another !== undefined) return;
    only.lastWrong = reason;
    only.wrong.add(address);
    const isHopeless = isFrom(only.guest.onlyFrom, address) || only.wrong.size >= MAX_WRONG;
    if (isHopeless) only.guest.failed(reason);
  }
}

/** The place of one transfer at a door. */
export class DoorSeat implements Place {
  readonly port: number;
  readonly authCookie: string;
  readonly #door: ReceiverDoor;
  readonly #key: string;

  constructor(door: ReceiverDoor, authCookie: string, key: string) {
    this.#door = door;
    this.port = door.port;
    this.authCookie = authCookie;
    this.#key = key;
  }

  get lastWrong(): FailureReason | undefined {
    return this.#door.lastWrong(this.#key);
  }

  /** From now on its receiver is let in. */
  expect(guest: Guest): void {
    this.#door.expect(this.#key, guest);
  }

  /** From now on it is not. */
  shut(): void {
    this.#door.forget(this.#key);
  }

  /** Its connection, if there was one, has ended. Resolves when the port is free again, unless others need it. */
  async leave(): Promise<void> {
    await this.#door.leave(this.#key);
  }
}

/** Users compare in any case, cookies digit by digit. */
function keyOf(user: string, authCookie: string): string {
  return `${user.toLowerCase()} ${authCookie}`;
}

function isFrom(expected: string | undefined, address: string): boolean {
  return expected !== undefined && plainAddress(expected) === address;
}
