import { authCookieDigits } from "../wire/msnftp/auth-cookie.ts";
import type { FileProtocol } from "../wire/msnftp/control-line.ts";
import type { PortRange } from "./port-range.ts";
import { ReceiverDoor, type DoorSeat } from "./receiver-door.ts";
import type { LegDeps } from "./receiver-leg.ts";

/** A receiver that needs a place to come to. */
export interface SeatRequest {
  /** As in USR. */
  readonly user: string;
  readonly protocol: FileProtocol;
  /** Source address from which it will probably come. */
  readonly expected: string | undefined;
}

/** With fewer digits a cookie is too easily guessed for a door that many may try. */
const DIGITS_TO_SHARE = 9;

/**
 * Finds receivers a door. Each transfer gets a port of its own while more than half of them are free, so that wrong words
 * of others do not matter to it; then doors are shared, for the ports that are left are for senders, who say nothing by
 * which they could be told apart.
 */
export class ReceiverDoors {
  readonly #deps: LegDeps;
  readonly #ports: PortRange;
  readonly #shared = new Set<ReceiverDoor>();

  constructor(deps: LegDeps, ports: PortRange) {
    this.#deps = deps;
    this.#ports = ports;
  }

  /** Doors that another receiver may share. */
  get size(): number {
    return this.#shared.size;
  }

  /** Undefined: there is neither a port nor a door to share. */
  async seat(request: SeatRequest): Promise<DoorSeat | undefined> {
    const { user, protocol } = request;
    const maySharePort = authCookieDigits(user) >= DIGITS_TO_SHARE;
    const isRoomy = this.#ports.free * 2 > this.#ports.size;
    if (maySharePort && !isRoomy) {
      const door = this.#doorFor(request);
      if (door !== undefined) return door.seat(user);
    }
    const taken = await this.#ports.take();
    if (taken === undefined) return maySharePort ? this.#doorFor(request)?.seat(user) : undefined;
    const door: ReceiverDoor = new ReceiverDoor(taken, protocol, this.#deps, () => {
      this.#ports.release(taken.port);
    });
    if (maySharePort) this.#shared.add(door);
    return door.seat(user);
  }

  /** The one with the fewest transfers; one that has shut out the receiver's address is the last choice. */
  #doorFor({ protocol, expected }: SeatRequest): ReceiverDoor | undefined {
    for (const door of this.#shared) if (door.seats === 0) this.#shared.delete(door);
    const doors = [...this.#shared].filter((door) => door.protocol === protocol);
    const weight = (door: ReceiverDoor): number =>
      expected !== undefined && door.isBurned(expected) ? Number.MAX_SAFE_INTEGER : door.seats;
    return doors.sort((a, b) => weight(a) - weight(b))[0];
  }
}
