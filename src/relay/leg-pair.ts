import type { Server, Socket } from "node:net";
import type { Clock, ScheduledCall } from "../base/clock.ts";
import { protocolFor } from "../wire/msnftp/control-line.ts";
import type { SecureKeys } from "../wire/msnftp/secure-keys.ts";
import { dial, type Dialling } from "./dial.ts";
import { Doorway, type Visit } from "./doorway.ts";
import { ReceiverLeg } from "./receiver-leg.ts";
import type { RelayTimers } from "./relay-options.ts";
import type { FailureReason, LegPlan, Place, TransferPlan } from "./relay.ts";
import { SenderLeg } from "./sender-leg.ts";

/** A port of ours for one peer that dials: `server` listens on it already. */
export interface Entrance extends Place {
  readonly server: Server;
}

export interface LegPairParts {
  readonly plan: TransferPlan;
  /** Undefined: the plain variant. */
  readonly keys: SecureKeys | undefined;
  /** One for each leg that is awaited. */
  readonly entrances: { readonly [role in LegRole]: Entrance | undefined };
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
  readonly #doorways: { readonly [role in LegRole]: Doorway | undefined };
  readonly #patience = new Map<LegRole, ScheduledCall>();
  readonly #dialling = new Map<LegRole, Dialling>();
  #sender: SenderLeg | undefined;
  #receiver: ReceiverLeg | undefined;

  constructor(clock: Clock, parts: LegPairParts, events: LegPairEvents) {
    this.#clock = clock;
    this.#parts = parts;
    this.#events = events;
    this.#doorways = {
      sender: this.#doorway("sender", (socket, visit) => this.#openSender(socket, visit)),
      receiver: this.#doorway("receiver", (socket, visit) => this.#openReceiver(socket, visit)),
    };
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
    const { plan, timers } = this.#parts;
    const leg = plan[role];
    if (leg.kind === "dial") {
      this.#dial(role, leg);
      return;
    }
    const late = (): void =>
      this.#events.failed(this.#doorways[role]?.lastWrong ?? `${role}-silent`);
    this.#patience.set(role, this.#clock.schedule(timers.acceptMs, late));
  }

  /** Nobody is let in or dialled any more; connections that there are stay. */
  shut(): void {
    for (const patience of this.#patience.values()) patience.cancel();
    for (const dialling of this.#dialling.values()) dialling.cancel();
    this.#doorways.sender?.shut();
    this.#doorways.receiver?.shut();
  }

  /** Breaks both connections. */
  destroy(): void {
    this.#sender?.destroy();
    this.#receiver?.destroy();
  }

  /** Resolves when both connections are gone and the ports are free. */
  async closed(): Promise<void> {
    await Promise.all([this.#sender?.closed, this.#receiver?.closed]);
    await Promise.all([this.#doorways.sender?.close(), this.#doorways.receiver?.close()]);
  }

  #doorway(role: LegRole, knocked: (socket: Socket, visit: Visit) => void): Doorway | undefined {
    const entrance = this.#parts.entrances[role];
    const leg = this.#parts.plan[role];
    if (entrance === undefined || leg.kind === "dial") return undefined;
    const burned = (reason: FailureReason): void => this.#events.failed(reason);
    return new Doorway(entrance.server, leg, { knocked, burned });
  }

  #dial(role: LegRole, leg: Extract<LegPlan, { kind: "dial" }>): void {
    const { connectMs } = this.#parts.timers;
    const connected = (socket: Socket): void => {
      if (role === "sender") this.#sender = this.#openSender(socket, undefined);
      else this.#receiver = this.#openReceiver(socket, undefined);
    };
    const failed = (): void => this.#events.failed(`${role}-silent`);
    this.#dialling.set(role, dial(leg, { clock: this.#clock, connectMs }, connected, failed));
  }

  /** The one that the peer gave, or ours for a peer that dials. */
  #cookieFor(role: LegRole): string {
    const leg = this.#parts.plan[role];
    return leg.kind === "dial" ? leg.authCookie : (this.#parts.entrances[role]?.authCookie ?? "");
  }

  #came(role: LegRole, visit: Visit | undefined): void {
    visit?.isPeer();
    this.#patience.get(role)?.cancel();
  }

  /** @param visit of one that has dialled: until it has shown the cookie it is nobody, and its failure is its own */
  #openReceiver(socket: Socket, visit: Visit | undefined): ReceiverLeg {
    const { plan, keys, timers } = this.#parts;
    const authCookie = this.#cookieFor("receiver");
    const protocol = protocolFor(keys);
    const terms = { protocol, user: plan.user, authCookie, size: plan.size };
    const deps = { clock: this.#clock, timers };
    const leg = new ReceiverLeg(socket, terms, deps, {
      established: () => {
        this.#came("receiver", visit);
        this.#receiver = leg;
      },
      requested: () => this.#events.receiverReady(),
      acknowledged: () => this.#events.acknowledged(),
      failed: (reason) => {
        if (this.#receiver === leg || visit === undefined) this.#events.failed(reason);
        else if (reason !== "receiver-gone") visit.isWrong(reason);
      },
    });
    leg.listen();
    return leg;
  }

  /** @param visit of one that has dialled: it cannot show who it is, but it must announce the right size */
  #openSender(socket: Socket, visit: Visit | undefined): SenderLeg {
    const { plan, keys, timers } = this.#parts;
    const authCookie = this.#cookieFor("sender");
    const terms = { keys, user: plan.user, authCookie, size: plan.size };
    const deps = { clock: this.#clock, timers };
    const leg = new SenderLeg(socket, terms, deps, {
      established: () => {
        this.#came("sender", visit);
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
