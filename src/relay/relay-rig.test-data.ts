import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { CodedError } from "../base/coded-error.ts";
import type { ScanDesk, ScanReport, ScanSource } from "../scan/scan-engine.ts";
import type { HeldFile, RecoveredFile, Spool, SpoolRequest } from "../spool/spool.ts";
import { createChunkWriter } from "../wire/msnftp/chunk-writer.ts";
import { serializeControlLine } from "../wire/msnftp/control-line.ts";
import { ENCRYPTION_KEY, HASH_KEY, USER, vectorKeys } from "../wire/msnftp/vectors.test-data.ts";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { createRelay } from "./create-relay.ts";
import type { RelayOptions } from "./relay-options.ts";
import type {
  KeepStory,
  LegPlan,
  Place,
  ReceivedEvent,
  Relay,
  RelayEvent,
  TransferEnd,
  TransferPlan,
} from "./relay.ts";

export const CLEAN: ScanReport = {
  verdict: { kind: "clean", engine: "test", ms: 1 },
  results: [{ kind: "clean", engine: "test", ms: 1 }],
  trueType: undefined,
};

export const STORY: KeepStory = {
  incident: "INC-1",
  callId: "c",
  from: "alice@example.com",
  to: [USER],
  rule: "r",
  name: "a.txt",
  threat: "",
  trueType: undefined,
  scan: [],
};

/** A spool in memory. */
export class MemorySpool implements Spool {
  reservedBytes: number = 0;
  /** As if the disk were full after so many bytes. */
  fullAfter: number = Number.POSITIVE_INFINITY;
  refuses: "quota" | "no-space" | "failed" | undefined;
  /** What delivery reads instead of what was written. */
  tampered: Buffer | undefined;
  recovered: RecoveredFile[] = [];
  readonly open: Set<string> = new Set<string>();

  admit(request: SpoolRequest): ReturnType<Spool["admit"]> {
    if (this.refuses !== undefined) return { kind: "refused", reason: this.refuses };
    this.reservedBytes += request.size;
    this.open.add(request.id);
    const pieces: Buffer[] = [];
    let receivedBytes = 0;
    const free = (): void => {
      if (this.open.delete(request.id)) this.reservedBytes -= request.size;
    };
    return {
      kind: "admitted",
      file: {
        get receivedBytes(): number {
          return receivedBytes;
        },
        write: (bytes) => {
          if (receivedBytes + bytes.length > this.fullAfter) {
            throw new CodedError("SPOOL_FULL", "no space");
          }
          pieces.push(Buffer.from(bytes));
          receivedBytes += bytes.length;
        },
        complete: () => this.hold(request.id, Buffer.concat(pieces), free),
        discard: free,
      },
    };
  }

  recover(): readonly RecoveredFile[] {
    return this.recovered;
  }

  hold(id: string, bytes: Buffer, free: () => void): HeldFile {
    return {
      id,
      size: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      read: (buffer, position) => (this.tampered ?? bytes).copy(buffer, 0, position),
      releasing: () => undefined,
      remove: free,
    };
  }
}

/** Scans when it is told to. */
export class TestScan implements ScanDesk {
  readonly scanned: ScanSource[] = [];
  #hold: PromiseWithResolvers<void> | undefined;

  pause(): () => void {
    const hold = Promise.withResolvers<void>();
    this.#hold = hold;
    return () => hold.resolve();
  }

  async scan(source: ScanSource): Promise<ScanReport> {
    this.scanned.push(source);
    await this.#hold?.promise;
    return CLEAN;
  }

  readonly counts = { hits: 0, misses: 0, shared: 0, entries: 0, emptied: 0 };

  status(): readonly [] {
    return [];
  }

  async test(): Promise<readonly []> {
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
  }
}

/** One end of a connection, and all that came over it. */
export class Peer {
  length: number = 0;
  #pieces: Buffer[] = [];
  readonly closed: Promise<void>;
  isClosed = false;
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => {
      this.#pieces.push(bytes);
      this.length += bytes.length;
    });
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.isClosed = true;
        resolve();
      });
    });
  }

  static async dial(port: number, localAddress = "127.0.0.1"): Promise<Peer> {
    const socket = connect({ host: "127.0.0.1", port, localAddress });
    const peer = new Peer(socket);
    await once(socket, "connect");
    return peer;
  }

  get bytes(): Buffer {
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [whole];
    return whole;
  }

  get text(): string {
    return this.bytes.toString("latin1");
  }

  say(what: string | Buffer): void {
    this.socket.write(what);
  }

  /** Waits until `text` has come. */
  async hears(text: string): Promise<void> {
    while (!this.text.includes(text)) {
      if (this.isClosed) throw new Error(`closed after ${JSON.stringify(this.text)}`);
      await Promise.race([once(this.socket, "data"), this.closed]);
    }
  }

  /** Waits until so many bytes have come. */
  async gets(length: number): Promise<void> {
    while (this.length < length) {
      if (this.isClosed) throw new Error(`closed after ${this.length} bytes`);
      await Promise.race([once(this.socket, "data"), this.closed]);
    }
  }

  leave(): void {
    this.socket.destroy();
  }
}

/** A peer that listens, for one connection. */
export class ListeningPeer {
  readonly port: number;
  readonly next: Promise<Peer>;
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.port = port;
    this.next = new Promise((resolve) => {
      server.once("connection", (socket) => resolve(new Peer(socket)));
    });
  }

  static async listen(): Promise<ListeningPeer> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ListeningPeer(server);
  }

  close(): void {
    this.#server.close();
  }
}

export const CONTENT: Buffer = Buffer.from("Hello, LCS file transfer!\r\n");
export const VER = "VER MSN_SECURE_FTP\r\n";
export const PLAIN_VER = "VER MSNFTP\r\n";

export function chunks(content: Buffer): Buffer {
  return createChunkWriter(vectorKeys()).frame(content);
}

export function macLine(content: Buffer): Buffer {
  const mac = vectorKeys().mac().update(content).digest("base64");
  return serializeControlLine({ kind: "MAC", mac });
}

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

/** Lets what has been written arrive: some turns of the event loop. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 20; i += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
