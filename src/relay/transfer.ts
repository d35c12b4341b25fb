import type { Server, Socket } from "node:net";
import type { Clock, ScheduledCall } from "../base/clock.ts";
import { CodedError } from "../base/coded-error.ts";
import type { ScanReport } from "../scan/scan-engine.ts";
import type { HeldFile, IncomingFile } from "../spool/spool.ts";
import { protocolFor } from "../wire/msnftp/control-line.ts";
import type { SecureKeys } from "../wire/msnftp/secure-keys.ts";
import { deliverFile } from "./deliver-file.ts";
import { dial, type Dialling } from "./dial.ts";
import { Doorway, type Visit } from "./doorway.ts";
import { ReceiverLeg } from "./receiver-leg.ts";
import { SLOWEST_BYTES_PER_MS, type RelayDeps, type RelayTimers } from "./relay-options.ts";
import type {
  FailureReason,
  KeepOutcome,
  KeepStory,
  TransferEnd,
  TransferPlan,
  TransferView,
} from "./relay.ts";
import { Release } from "./release.ts";
import { SenderLeg } from "./sender-leg.ts";

/** What a transfer is made of. */
export interface TransferParts {
  readonly plan: TransferPlan;
  /** Undefined: the plain variant. */
  readonly keys: SecureKeys | undefined;
  /** Ours, for the peer that dials. */
  readonly authCookie: string;
  readonly port: number;
  /** Listens on `port`. */
  readonly server: Server;
  readonly incoming: IncomingFile;
  readonly timers: RelayTimers;
  /** Nothing of it is left: the port may be used again. */
  readonly onGone: () => void;
}

type Timer = "accept" | "gate" | "bye" | "decision" | "total";

/**
 * One file between two peers (lcs.md B7): both legs at once; the receiver gets VER and FIL and then nothing until the
 * verdict; the sender is asked for the content when the receiver waits for it, and hears BYE in time whatever the scan does.
 */
export class Transfer {
  #state: TransferView["state"] = "connecting";
  readonly #deps: RelayDeps;
  readonly #parts: TransferParts;
  readonly #clock: Clock;
  readonly #doorway: Doorway;
  readonly #openedAtMs: number;
  readonly #timers = new Map<Timer, ScheduledCall>();
  #dialling: Dialling | undefined;
  #sender: SenderLeg | undefined;
  #receiver: ReceiverLeg | undefined;
  #isReceiverReady = false;
  #isSenderReady = false;
  #held: HeldFile | undefined;
  /** As told in "received": what the decision is about. */
  #reported: { readonly size: number; readonly sha256: string } | undefined;
  #decision: "deliver" | "stop" | undefined;
  #release: Release | undefined;
  #deliveredBytes = 0;
  #end: Pick<TransferEnd, "result" | "reason"> | undefined;
  /** Scans and copies that read the file. */
  readonly #readers = new Set<Promise<unknown>>();

  constructor(deps: RelayDeps, parts: TransferParts) {
    this.#deps = deps;
    this.#parts = parts;
    this.#clock = deps.clock;
    this.#openedAtMs = deps.clock.monotonicMs();
    const { dialler: onlyFrom, expected } = parts.plan;
    this.#doorway = new Doorway(
      parts.server,
      { onlyFrom, expected },
      {
        knocked: (socket, visit) => this.#knocked(socket, visit),
        burned: (reason) => this.#fail(reason),
      },
    );
  }

  get view(): TransferView {
    return {
      id: this.#parts.plan.id,
      state: this.#state,
      port: this.#parts.port,
      size: this.#parts.plan.size,
      receivedBytes: this.#receivedBytes,
      deliveredBytes: this.#deliveredBytes,
      ageMs: this.#clock.monotonicMs() - this.#openedAtMs,
    };
  }

  start(): void {
    const { plan, timers } = this.#parts;
    this.#after("total", timers.totalMs + plan.size / SLOWEST_BYTES_PER_MS, () =>
      this.#fail("timeout"),
    );
    const silent = plan.listening === "sender" ? "receiver-silent" : "sender-silent";
    this.#after("accept", timers.acceptMs, () => this.#fail(this.#doorway.lastWrong ?? silent));
    // A sender that listens is dialled when the receiver is there: no byte is fetched for nobody.
    if (plan.listening === "receiver") this.#dialReceiver();
  }

  decide(decision: "deliver" | "stop"): void {
    if (this.#state !== "deciding" || this.#decision !== undefined) return;
    this.#decision = decision;
    this.#cancel("decision");
    if (decision === "stop") this.#conclude("stopped", undefined);
    else {
      this.#cancel("bye");
      this.#sender?.acknowledge("received");
      this.#deliverWhenProven();
    }
  }

  abort(reason: "cancelled" | "shutdown"): void {
    this.#fail(reason);
  }

  async keep(story: KeepStory): Promise<KeepOutcome> {
    if (this.#held === undefined || this.#state !== "deciding" || this.#decision !== undefined) {
      return { kind: "not-kept", reason: "failed", detail: "no file waits for a decision" };
    }
    return this.#reading(this.#deps.quarantine.keep(this.#held, story));
  }

  /** Breaks what is left of a transfer that ends too slowly. */
  destroy(): void {
    this.#fail("shutdown");
    this.#sender?.destroy();
    this.#receiver?.destroy();
  }

  get #receivedBytes(): number {
    return this.#held?.size ?? this.#parts.incoming.receivedBytes;
  }

  get #cookies(): { readonly sender: string; readonly receiver: string } {
    const { plan, authCookie } = this.#parts;
    const theirs = plan.peer.authCookie;
    return plan.listening === "sender"
      ? { sender: theirs, receiver: authCookie }
      : { sender: authCookie, receiver: theirs };
  }

  // The legs.

  #knocked(socket: Socket, visit: Visit): void {
    if (this.#parts.plan.listening === "sender") this.#openReceiver(socket, visit);
    else this.#openSender(socket, visit);
  }

  #dialReceiver(): void {
    this.#dial("receiver-silent", (socket) => {
      this.#receiver = this.#openReceiver(socket, undefined);
    });
  }

  #dialSender(): void {
    this.#dial("sender-silent", (socket) => {
      this.#sender = this.#openSender(socket, undefined);
    });
  }

  #dial(reason: FailureReason, onConnected: (socket: Socket) => void): void {
    const { plan, timers } = this.#parts;
    const deps = { clock: this.#clock, connectMs: timers.connectMs };
    this.#dialling = dial(plan.peer, deps, onConnected, () => this.#fail(reason));
  }

  /** @param visit of one that has dialled: until it has shown the cookie it is nobody, and its failure is its own */
  #openReceiver(socket: Socket, visit: Visit | undefined): ReceiverLeg {
    const { plan, keys, timers } = this.#parts;
    const terms = {
      protocol: protocolFor(keys),
      user: plan.user,
      authCookie: this.#cookies.receiver,
      size: plan.size,
    };
    const leg = new ReceiverLeg(
      socket,
      terms,
      { clock: this.#clock, timers },
      {
        established: () => {
          if (visit === undefined) return;
          visit.isPeer();
          this.#cancel("accept");
          this.#receiver = leg;
        },
        requested: () => this.#receiverRequested(),
        acknowledged: () => this.#acknowledged(),
        failed: (reason) => {
          if (this.#receiver === leg || visit === undefined) this.#fail(reason);
          else if (reason !== "receiver-gone") visit.isWrong(reason);
        },
      },
    );
    leg.listen();
    return leg;
  }

  /** @param visit of one that has dialled: it cannot show who it is, but it must announce the right size */
  #openSender(socket: Socket, visit: Visit | undefined): SenderLeg {
    const { plan, keys, timers } = this.#parts;
    const terms = { keys, user: plan.user, authCookie: this.#cookies.sender, size: plan.size };
    const leg = new SenderLeg(
      socket,
      terms,
      { clock: this.#clock, timers },
      {
        established: () => {
          visit?.isPeer();
          this.#cancel("accept");
          this.#sender = leg;
          this.#senderEstablished();
        },
        content: (bytes) => this.#store(bytes),
        complete: () => this.#complete(),
        proven: () => this.#deliverWhenProven(),
        failed: (reason) => {
          if (this.#sender === leg || visit === undefined) this.#fail(reason);
          // Who goes without a word, as a scan of ports does, has shown nothing wrong.
          else if (reason !== "sender-gone") visit.isWrong(reason);
        },
      },
    );
    leg.greet();
    return leg;
  }

  #receiverRequested(): void {
    this.#isReceiverReady = true;
    if (this.#parts.plan.listening === "sender") this.#dialSender();
    else if (this.#isSenderReady) this.#pull();
  }

  #senderEstablished(): void {
    this.#isSenderReady = true;
    if (this.#isReceiverReady) this.#pull();
    else this.#after("gate", this.#parts.timers.gateMs, () => this.#fail("receiver-silent"));
  }

  // The content.

  #pull(): void {
    this.#cancel("gate");
    this.#state = "receiving";
    this.#sender?.request();
  }

  #store(bytes: Buffer): void {
    try {
      this.#parts.incoming.write(bytes);
    } catch (error) {
      this.#fail(spoolReason(error));
    }
  }

  #complete(): void {
    try {
      this.#held = this.#parts.incoming.complete(this.#parts.plan.story);
    } catch (error) {
      this.#fail(spoolReason(error));
      return;
    }
    this.#state = "scanning";
    this.#after("bye", this.#parts.timers.byeMs, () => this.#sender?.acknowledge("received"));
    this.#reading(this.#deps.scan.scan(this.#held)).then(
      (report) => this.#scanned(report),
      () => this.#fail("internal"),
    );
  }

  #scanned(report: ScanReport): void {
    if (this.#end !== undefined || this.#held === undefined) return;
    const { size, sha256 } = this.#held;
    this.#reported = { size, sha256 };
    this.#state = "deciding";
    this.#after("decision", this.#parts.timers.decisionMs, () => this.#fail("internal"));
    const { id } = this.#parts.plan;
    this.#deps.emit({ kind: "received", id, size, sha256, report, recovered: undefined });
  }

  /** A verdict alone does not release a file, nor does a MAC. */
  #deliverWhenProven(): void {
    const proof = this.#sender?.proof;
    const held = this.#held;
    const reported = this.#reported;
    const receiver = this.#receiver;
    if (this.#decision !== "deliver" || this.#end !== undefined || proof === undefined) return;
    if (held === undefined || reported === undefined || receiver === undefined) return;
    const release = Release.grant(this.#decision, held, { ...reported, proof });
    if (release === undefined) {
      this.#fail("internal");
      return;
    }
    this.#release = release;
    this.#state = "delivering";
    void this.#reading(this.#deliver(release, receiver));
  }

  async #deliver(release: Release, receiver: ReceiverLeg): Promise<void> {
    try {
      release.file.releasing();
      const end = await deliverFile(release, receiver, this.#parts.keys, (bytes) => {
        this.#deliveredBytes = bytes;
      });
      if (end === "changed") this.#fail("internal");
    } catch {
      this.#fail("internal");
    }
  }

  #acknowledged(): void {
    if (this.#release === undefined) return;
    this.#receiver?.conclude(this.#release);
    this.#conclude("delivered", undefined);
  }

  /** Keeps the file's descriptor open for as long as somebody reads from it. */
  async #reading<T>(work: Promise<T>): Promise<T> {
    this.#readers.add(work);
    try {
      return await work;
    } finally {
      this.#readers.delete(work);
    }
  }

  // The end.

  #fail(reason: FailureReason): void {
    this.#conclude("failed", reason);
  }

  #conclude(result: TransferEnd["result"], reason: FailureReason | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { result, reason };
    this.#state = "ending";
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#dialling?.cancel();
    this.#doorway.shut();
    if (result !== "delivered") {
      const hurried = reason === "shutdown";
      if (hurried) this.#receiver?.destroy();
      else this.#receiver?.part();
      this.#sender?.giveUp();
      if (!hurried && this.#parts.timers.partingMs > 0) {
        this.#deps.emit({ kind: "ending", id: this.#parts.plan.id });
      }
    }
    void this.#windUp(this.#end);
  }

  /** Tells of the end when both connections and the port are closed, and frees the file when nobody reads it any more. */
  async #windUp(end: Pick<TransferEnd, "result" | "reason">): Promise<void> {
    await Promise.all([this.#sender?.closed, this.#receiver?.closed]);
    await this.#doorway.close();
    if (this.#readers.size === 0) this.#removeFile();
    const receivedBytes = this.#receivedBytes;
    const deliveredBytes = this.#deliveredBytes;
    const senderTold = this.#sender?.told ?? "nothing";
    const { id } = this.#parts.plan;
    if (this.#readers.size > 0) {
      this.#emitEnd(id, { ...end, receivedBytes, deliveredBytes, senderTold });
      await Promise.allSettled(this.#readers);
      this.#removeFile();
      this.#parts.onGone();
    } else {
      this.#parts.onGone();
      this.#emitEnd(id, { ...end, receivedBytes, deliveredBytes, senderTold });
    }
  }

  #emitEnd(id: string, end: TransferEnd): void {
    this.#deps.emit({ kind: "ended", id, end });
  }

  #removeFile(): void {
    if (this.#held === undefined) this.#parts.incoming.discard();
    else this.#held.remove();
  }

  #after(timer: Timer, delayMs: number, run: () => void): void {
    this.#timers.set(timer, this.#clock.schedule(delayMs, run));
  }

  #cancel(timer: Timer): void {
    this.#timers.get(timer)?.cancel();
    this.#timers.delete(timer);
  }
}

function spoolReason(error: unknown): FailureReason {
  const isFull = error instanceof CodedError && error.code === "SPOOL_FULL";
  return isFull ? "disk-full" : "internal";
}
