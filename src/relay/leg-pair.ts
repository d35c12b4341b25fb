import type { Server, Socket } from "node:net";
import type { Clock, ScheduledCall } from "../base/clock.ts";
import { protocolFor } from "../wire/msnftp/control-line.ts";
import { createFileSender } from "../wire/msnftp/file-sender.ts";
import type { SecureKeys } from "../wire/msnftp/secure-keys.ts";
import { dial, type Dialling } from "./dial.ts";
import { Doorway, type Visit } from "./doorway.ts";
import type { DoorSeat } from "./receiver-door.ts";
import { ReceiverLeg } from "./receiver-leg.ts";
import type { RelayTimers } from "./relay-options.ts";
import type { FailureReason, LegPlan, Place, TransferPlan } from "./relay.ts";
import { SenderLeg } from "./sender-leg.ts";

/** Where peers that dial come in; undefined: that one is dialled. */
export interface Entrances {
  /** A port of its own, for a sender cannot say which file it means: `server` listens on it already. */
  readonly sender: (Place & { readonly server: Server }) | undefined;
  readonly receiver: DoorSeat | undefined;
}

export interface LegPairParts {
  readonly plan: TransferPlan;
  /** Undefined: the plain variant. */
  readonly keys: SecureKeys | undefined;
  readonly entrances: Entrances;
  readonly timers: RelayTimers;
}

type LegRole = "sender" | "receiver";

/** What happens on the two legs, in the words of a transfer. */
export interface LegPairEvents {
  /** The receiver waits for the content. */
  receiverReady(): void;
  /** The sender has announced the right size and waits to be asked for the content. */
  senderReady(): void;
  /** Decrypted; valid during the call only. */
  content(bytes: Buffer): void;
  /** All bytes are here. */
  complete(): void;
  /** They are the sender's: by its MAC, or in the plain variant by where they come from. */
  proven(): void;
  /** The receiver says that it has all of it. */
  acknowledged(): void;
  /** A peer did not come, or went, or broke the protocol. */
  failed(reason: FailureReason): void;
}

/**
 * How the two connections of a transfer come about: each peer either dials us, and has to show who it is, or is dialled
 * where it said that it listens (lcs.md B7.9). What goes over them is the transfer's affair.
 */
export class LegPair {
  readonly #parts: LegPairParts;
  readonly #clock: Clock;
  readonly #events: LegPairEvents;
  readonly #doorway: Doorway | undefined;
  readonly #patience = new Map<LegRole, ScheduledCall>();
  readonly #dialling = new Map<LegRole, Dialling>();
  #sender: SenderLeg | undefined;
  #receiver: ReceiverLeg | undefined;

  constructor(clock: Clock, parts: LegPairParts, events: LegPairEvents) {
    this.#clock = clock;
    this.#parts = parts;
    this.#events = events;
    const { plan, entrances } = parts;
    if (entrances.sender !== undefined && plan.sender.kind === "await") {
      this.#doorway = new Doorway(entrances.sender.server, plan.sender, {
        knocked: (socket, visit) => this.#openSender(socket, visit),
        burned: (reason) => events.failed(reason),
      });
    }
  }

  /** The connection to the sender, once it is one. */
  get sender(): SenderLeg | undefined {
    return this.#sender;
  }

  /** The connection to the receiver, once it is one. */
  get receiver(): ReceiverLeg | undefined {
    return this.#receiver;
  }

  /** From now on the peer has so long to come, or is dialled. Once for each. */
  meet(role: LegRole): void {
    const { plan, entrances, timers } = this.#parts;
    const leg = plan[role];
    if (leg.kind === "dial") {
      this.#dial(role, leg);
      return;
    }
    if (role === "receiver") this.#awaitReceiver(leg);
    const door = role === "sender" ? this.#doorway : entrances.receiver;
    const late = (): void => this.#events.failed(door?.lastWrong ?? `${role}-silent`);
    this.#patience.set(role, this.#clock.schedule(timers.acceptMs, late));
  }

  /** Nobody is let in or dialled any more; connections that there are stay. */
  shut(): void {
    for (const patience of this.#patience.values()) patience.cancel();
    for (const dialling of this.#dialling.values()) dialling.cancel();
    this.#doorway?.shut();
    this.#parts.entrances.receiver?.shut();
  }

  /** Breaks both connections. */
  destroy(): void {
    this.#sender?.destroy();
    this.#receiver?.destroy();
  }

  /** Resolves when both connections are gone and the ports are free. */
  async closed(): Promise<void> {
    await Promise.all([this.#sender?.closed, this.#receiver?.closed]);
    await Promise.all([this.#doorway?.close(), this.#parts.entrances.receiver?.leave()]);
  }

  #awaitReceiver({ onlyFrom, expected }: Extract<LegPlan, { kind: "await" }>): void {
    this.#parts.entrances.receiver?.expect({
      size: this.#parts.plan.size,
      onlyFrom,
      expected,
      came: (leg) => {
        this.#patience.get("receiver")?.cancel();
        this.#receiver = leg;
      },
      requested: () => this.#events.receiverReady(),
      acknowledged: () => this.#events.acknowledged(),
      failed: (reason) => this.#events.failed(reason),
    });
  }

  #dial(role: LegRole, leg: Extract<LegPlan, { kind: "dial" }>): void {
    const { connectMs } = this.#parts.timers;
    const connected = (socket: Socket): void => {
      if (role === "sender") this.#sender = this.#openSender(socket, undefined);
      else this.#receiver = this.#openReceiver(socket, leg);
    };
    const failed = (): void => this.#events.failed(`${role}-silent`);
    this.#dialling.set(role, dial(leg, { clock: this.#clock, connectMs }, connected, failed));
  }

  /** Of a receiver that was dialled. */
  #openReceiver(socket: Socket, { authCookie }: Extract<LegPlan, { kind: "dial" }>): ReceiverLeg {
    const { plan, keys, timers } = this.#parts;
    const protocol = protocolFor(keys);
    const machine = createFileSender({ protocol, user: plan.user, authCookie, size: plan.size });
    const deps = { clock: this.#clock, timers };
    const leg = new ReceiverLeg(socket, machine, deps, {
      established: () => undefined,
      requested: () => this.#events.receiverReady(),
      acknowledged: () => this.#events.acknowledged(),
      failed: (reason) => this.#events.failed(reason),
    });
    leg.listen();
    return leg;
  }

  /** @param visit of one that has dialled: it cannot show who it is, but it must announce the right size */
  #openSender(socket: Socket, visit: Visit | undefined): SenderLeg {
    const { plan, keys, entrances, timers } = this.#parts;
    const { authCookie = "" } =
      plan.sender.kind === "dial" ? plan.sender : (entrances.sender ?? {});
    const terms = { keys, user: plan.user, authCookie, size: plan.size };
    const deps = { clock: this.#clock, timers };
    const leg = new SenderLeg(socket, terms, deps, {
      established: () => {
        visit?.isPeer();
        this.#patience.get("sender")?.cancel();
        this.#sender = leg;
        this.#events.senderReady();
      },
      content: (bytes) => this.#events.content(bytes),
      complete: () => this.#events.complete(),
      proven: () => this.#events.proven(),
      failed: (reason) => {
        if (this.#sender === leg || visit === undefined) this.#events.failed(reason);
        // Who goes without a word, as a scan of ports does, has shown nothing wrong.
        else if (reason !== "sender-gone") visit.isWrong(reason);
      },
    });
    leg.greet();
    return leg;
  }
}
