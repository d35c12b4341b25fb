import { peerOf } from "./connection-quota.ts";
import type { TransportCounters } from "./transport-counters.ts";
import type { TransportLimits } from "./transport-limits.ts";

/** One peer may hold so much of the room, and one whole message in any case. */
const PEER_SHARE = 1 / 16;

type Limits = Pick<TransportLimits, "receiveBufferBytes" | "messageBytes">;

/**
 * The room for unfinished messages of clients: one for all, with a share for each peer, so that a single one cannot use up what
 * the others need. Servers have room of their own: each of their connections is bounded by the limits of one message.
 */
export class ReceiveRoom {
  readonly #limits: Limits;
  readonly #counters: TransportCounters;
  readonly #perPeer = new Map<string, number>();
  #total = 0;

  constructor(limits: Limits, counters: TransportCounters) {
    this.#limits = limits;
    this.#counters = counters;
  }

  /** What a connection holds; nothing yet. `address`: that of a client, undefined for a server. */
  open(address: string | undefined): HeldBytes {
    return new HeldBytes(this, address === undefined ? undefined : peerOf(address));
  }

  /** For `HeldBytes` alone: counts `more` bytes (or fewer, below zero); false when that is too much. */
  change(peer: string | undefined, more: number): boolean {
    this.#counters.bytesHeld += more;
    if (peer === undefined) return true;
    this.#total += more;
    const held = (this.#perPeer.get(peer) ?? 0) + more;
    if (held === 0) this.#perPeer.delete(peer);
    else this.#perPeer.set(peer, held);
    if (more <= 0) return true;
    const { receiveBufferBytes, messageBytes } = this.#limits;
    const share = Math.max(receiveBufferBytes * PEER_SHARE, messageBytes);
    return held <= share && this.#total <= receiveBufferBytes;
  }
}

/** The bytes of unfinished messages that one connection holds. */
export class HeldBytes {
  readonly #room: ReceiveRoom;
  readonly #peer: string | undefined;
  #bytes = 0;

  constructor(room: ReceiveRoom, peer: string | undefined) {
    this.#room = room;
    this.#peer = peer;
  }

  /** It holds so many now. False: there is no room for them, nothing is counted any more, and the connection has to go. */
  set(bytes: number): boolean {
    if (bytes === this.#bytes) return true;
    const more = bytes - this.#bytes;
    this.#bytes = bytes;
    if (this.#room.change(this.#peer, more)) return true;
    this.set(0);
    return false;
  }
}
