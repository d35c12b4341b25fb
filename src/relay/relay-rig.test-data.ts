import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import type { ScanSource } from "../scan/scan-engine.ts";
import { ENCRYPTION_KEY, HASH_KEY, USER } from "../wire/msnftp/vectors.test-data.ts";
import { createRelay } from "./create-relay.ts";
import { MemorySpool, TestScan } from "./relay-fakes.test-data.ts";
import { CONTENT, ListeningPeer, Peer, PLAIN_VER, VER } from "./relay-peers.test-data.ts";
import type { RelayOptions } from "./relay-options.ts";
import type {
  LegPlan,
  Place,
  ReceivedEvent,
  Relay,
  RelayEvent,
  TransferEnd,
  TransferPlan,
} from "./relay.ts";

/** Which peers listen; the others dial us. */
export type Listening = "sender" | "receiver" | "both" | "neither";

export const AWAITED: Extract<LegPlan, { kind: "await" }> = {
  kind: "await",
  onlyFrom: undefined,
  expected: undefined,
};

/** A peer that listens at this port, with the cookie that `Rig.meet` shows. */
export function dialled(port: number, address = "127.0.0.1"): LegPlan {
  return { kind: "dial", address, port, authCookie: "424242" };
}

/** A relay with everything around it; its events are kept. */
export class Rig implements AsyncDisposable {
  readonly clock: ManualClock = createManualClock();
  readonly spool: MemorySpool = new MemorySpool();
  readonly scan: TestScan = new TestScan();
  readonly events: RelayEvent[] = [];
  readonly kept: string[] = [];
  readonly relay: Relay;
  /** The peer that listens; where both do, the receiver. */
  readonly listener: ListeningPeer;
  /** The sender, where both listen. */
  readonly senderListener: ListeningPeer;
  /** The first of the relay's ports: above what a system hands out by itself; what others hold is passed over. */
  readonly freePort: number = 20_000 + (process.pid % 700) * 10;
  readonly #heard = new Set<() => void>();

  constructor(
    [listener, senderListener]: readonly [ListeningPeer, ListeningPeer],
    options: Partial<RelayOptions>,
    prepare: (rig: Rig) => void,
  ) {
    this.listener = listener;
    this.senderListener = senderListener;
    prepare(this);
    const quarantine = {
      keep: async (source: ScanSource) => {
        this.kept.push(source.sha256);
        return { kind: "kept", id: "Q1" } as const;
      },
    };
    const { clock, spool, scan } = this;
    const emit = (event: RelayEvent): void => {
      this.events.push(event);
      for (const heard of this.#heard) heard();
    };
    const firstPort = this.freePort;
    this.relay = createRelay(
      { clock, spool, scan, quarantine, emit },
      {
        address: "127.0.0.1",
        isOwnAddress: () => false,
        firstPort,
        lastPort: firstPort + 9,
        maxFileBytes: 10_000_000,
        maxTransfers: 10,
        ...options,
      },
    );
  }

  static async start(
    options: Partial<RelayOptions> = {},
    prepare: (rig: Rig) => void = () => undefined,
  ): Promise<Rig> {
    const listeners = [await ListeningPeer.listen(), await ListeningPeer.listen()] as const;
    return new Rig(listeners, options, prepare);
  }

  plan(listening: Listening, more: Partial<TransferPlan> = {}): TransferPlan {
    const own = listening === "both" ? this.senderListener : this.listener;
    return {
      id: "T1",
      keys: { encryptionKey: ENCRYPTION_KEY, hashKey: HASH_KEY },
      size: CONTENT.length,
      user: USER,
      sender: listening === "sender" || listening === "both" ? dialled(own.port) : AWAITED,
      receiver:
        listening === "receiver" || listening === "both" ? dialled(this.listener.port) : AWAITED,
      contact: "both",
      owner: "alice@example.com",
      story: { name: "hello.txt" },
      ...more,
    };
  }

  /** With the place of the peer that dials; of the receiver, where both do. */
  async opened(plan: TransferPlan): Promise<Place & { readonly sender: Place | undefined }> {
    const opened = await this.relay.open(plan);
    if (opened.kind === "refused") throw new Error(opened.reason);
    const nowhere = { port: 0, authCookie: "" };
    return { ...(opened.receiver ?? opened.sender ?? nowhere), sender: opened.sender };
  }

  async event<K extends RelayEvent["kind"]>(kind: K): Promise<RelayEvent & { kind: K }> {
    for (;;) {
      const found = this.events.find((event) => event.kind === kind);
      if (found !== undefined) return found as RelayEvent & { kind: K };
      const heard = Promise.withResolvers<void>();
      this.#heard.add(heard.resolve);
      await heard.promise;
      this.#heard.delete(heard.resolve);
    }
  }

  async received(): Promise<ReceivedEvent> {
    return this.event("received");
  }

  async ended(): Promise<TransferEnd> {
    return (await this.event("ended")).end;
  }

  /** Both peers, at the point where the content may begin: the receiver has sent TFR and the sender has been sent one. */
  async meet(plan: TransferPlan): Promise<{ sender: Peer; receiver: Peer; port: number }> {
    const opened = await this.opened(plan);
    const { port, authCookie } = opened;
    const ver = plan.keys === undefined ? PLAIN_VER : VER;
    const dials = plan.receiver.kind === "await";
    const receiver = dials ? await Peer.dial(port) : await this.listener.next;
    await this.asReceiver(receiver, dials ? authCookie : "424242", plan.size, ver);
    const sender = await this.#senderOf(plan, opened.sender?.port);
    await this.asSender(sender, plan.size, ver);
    await sender.hears("TFR\r\n");
    return { sender, receiver, port: port === 0 ? this.freePort : port };
  }

  async #senderOf(plan: TransferPlan, port: number | undefined): Promise<Peer> {
    if (port !== undefined) return Peer.dial(port);
    const both = plan.receiver.kind === "dial";
    return both ? this.senderListener.next : this.listener.next;
  }

  async asReceiver(
    receiver: Peer,
    authCookie: string,
    size: number,
    ver: string = VER,
  ): Promise<void> {
    receiver.say(ver);
    await receiver.hears(ver);
    receiver.say(`USR ${USER} ${authCookie}\r\n`);
    await receiver.hears(`FIL ${size}\r\n`);
    receiver.say("TFR\r\n");
  }

  async asSender(sender: Peer, size: number, ver: string = VER): Promise<void> {
    await sender.hears(ver);
    sender.say(ver);
    await sender.hears("USR ");
    sender.say(`FIL ${size}\r\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.listener.close();
    this.senderListener.close();
    const gone = this.relay[Symbol.asyncDispose]();
    this.clock.advance(100_000);
    await gone;
  }
}
