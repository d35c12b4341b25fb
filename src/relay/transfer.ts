import type { Clock, ScheduledCall } from "../base/clock.ts";
import { CodedError } from "../base/coded-error.ts";
import type { ScanReport } from "../scan/scan-engine.ts";
import type { HeldFile, IncomingFile } from "../spool/spool.ts";
import { deliverFile } from "./deliver-file.ts";
import { LegPair, type LegPairParts } from "./leg-pair.ts";
import type { ReceiverLeg } from "./receiver-leg.ts";
import { SLOWEST_BYTES_PER_MS, type RelayDeps } from "./relay-options.ts";
import type {
  AbortReason,
  FailureReason,
  FileDecision,
  KeepOutcome,
  KeepStory,
  TransferEnd,
  TransferView,
} from "./relay.ts";
import { Release } from "./release.ts";

/** What a transfer is made of. */
export interface TransferParts extends LegPairParts {
  readonly incoming: IncomingFile;
  /** Nothing of it is left: its ports may be used again. */
  readonly onGone: () => void;
}

/** How the leg to the sender may end once all of its bytes are here. */
const SENDERS_OWN: ReadonlySet<FailureReason> = new Set(["bad-mac", "sender-gone"]);

type Timer = "gate" | "bye" | "decision" | "total";

/**
 * One file between two peers (lcs.md B7): both legs at once, unless contact is deferred; the receiver gets VER and FIL and then nothing until the
 * verdict; the sender is asked for the content when the receiver waits for it, and hears BYE in time whatever the scan does.
 */
export class Transfer {
  #state: TransferView["state"] = "connecting";
  readonly #deps: RelayDeps;
  readonly #parts: TransferParts;
  readonly #clock: Clock;
  readonly #legs: LegPair;
  readonly #openedAtMs: number;
  readonly #timers = new Map<Timer, ScheduledCall>();
  #isReceiverReady = false;
  #isSenderReady = false;
  #held: HeldFile | undefined;
  /** As told in "received": what the decision is about. */
  #reported: { readonly size: number; readonly sha256: string } | undefined;
  #decision: FileDecision | undefined;
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
    this.#legs = new LegPair(deps.clock, parts, {
      receiverReady: () => this.#receiverReady(),
      senderReady: () => this.#senderReady(),
      content: (bytes) => this.#store(bytes),
      complete: () => this.#complete(),
      proven: () => this.#deliverWhenProven(),
      acknowledged: () => this.#acknowledged(),
      failed: (reason) => {
        // Its sender was told that it is stopped, and may go: the text that its receiver gets is ours.
        if (!this.#isReplaced || !SENDERS_OWN.has(reason)) this.#fail(reason);
      },
    });
  }

  get view(): TransferView {
    const { sender, receiver } = this.#parts.entrances;
    return {
      id: this.#parts.plan.id,
      state: this.#state,
      ports: [sender, receiver].flatMap((entrance) => entrance?.port ?? []),
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
    if (!this.#isDeferred) this.#legs.meet("receiver");
    // A sender that listens is dialled when the receiver is there: no byte is fetched for nobody.
    if (this.#isDeferred || plan.sender.kind === "await") this.#legs.meet("sender");
  }

  decide(decision: FileDecision): void {
    if (this.#state !== "deciding" || this.#decision !== undefined) return;
    this.#decision = decision;
    this.#cancel("decision");
    if (decision === "stop") this.#conclude("stopped", undefined);
    else if (decision !== "deliver") void this.#reading(this.#replace(decision));
    else {
      this.#cancel("bye");
      this.#legs.sender?.acknowledge("received");
      if (this.#isDeferred) this.#contactReceiver();
      this.#deliverWhenProven();
    }
  }

  get #isReplaced(): boolean {
    return typeof this.#decision === "object";
  }

  abort(reason: AbortReason): void {
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
    this.#legs.destroy();
  }

  get #isDeferred(): boolean {
    return this.#parts.plan.contact === "deferred";
  }

  get #receivedBytes(): number {
    return this.#held?.size ?? this.#parts.incoming.receivedBytes;
  }

  // The legs.

  #receiverReady(): void {
    this.#isReceiverReady = true;
    if (this.#isReplaced) this.#deliverReleased();
    else if (this.#isDeferred) this.#deliverWhenProven();
    else if (this.#parts.plan.sender.kind === "dial") this.#legs.meet("sender");
    else if (this.#isSenderReady) this.#pull();
  }

  #senderReady(): void {
    this.#isSenderReady = true;
    if (this.#isReceiverReady || this.#isDeferred) this.#pull();
    else this.#after("gate", this.#parts.timers.gateMs, () => this.#fail("receiver-silent"));
  }

  #contactReceiver(): void {
    const { id, receiver } = this.#parts.plan;
    this.#state = "contacting";
    this.#legs.meet("receiver");
    if (receiver.kind === "await") this.#deps.emit({ kind: "contact", id });
  }

  // The content.

  #pull(): void {
    this.#cancel("gate");
    this.#state = "receiving";
    this.#legs.sender?.request();
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
    this.#after("bye", this.#parts.timers.byeMs, () => this.#legs.sender?.acknowledge("received"));
    this.#reading(this.#deps.scan.scan(this.#held, Infinity, this.#parts.plan.owner)).then(
      (report) => this.#scanned(report),
      () => this.#fail("internal"),
    );
  }

  #scanned(report: ScanReport): void {
    if (this.#end !== undefined || this.#held === undefined) return;
    const { size, sha256, sha1 } = this.#held;
    this.#reported = { size, sha256 };
    this.#state = "deciding";
    this.#after("decision", this.#parts.timers.decisionMs, () => this.#fail("internal"));
    const { id } = this.#parts.plan;
    this.#deps.emit({ kind: "received", id, size, sha256, sha1, report, recovered: undefined });
  }

  /** A verdict alone does not release a file, nor does a MAC. */
  #deliverWhenProven(): void {
    const proof = this.#legs.sender?.proof;
    const held = this.#held;
    const reported = this.#reported;
    if (this.#decision !== "deliver" || this.#end !== undefined || proof === undefined) return;
    if (held === undefined || reported === undefined || !this.#isReceiverReady) return;
    const release = Release.grant(this.#decision, held, { ...reported, proof });
    if (release === undefined) {
      this.#fail("internal");
      return;
    }
    this.#release = release;
    this.#deliverReleased();
  }

  /** A file that is stopped: its receiver gets the text, its sender hears that it failed. */
  async #replace(decision: Extract<FileDecision, { kind: "replace" }>): Promise<void> {
    const { plan, keys } = this.#parts;
    const release = await Release.replace(decision, plan.size, keys);
    if (this.#end !== undefined) return;
    if (release === undefined) {
      this.#conclude("stopped", undefined);
      return;
    }
    this.#cancel("bye");
    this.#legs.sender?.acknowledge("failed");
    this.#release = release;
    if (this.#isDeferred) this.#contactReceiver();
    else this.#deliverReleased();
  }

  /** Once for each transfer: what was released goes to the receiver, when it waits for it. */
  #deliverReleased(): void {
    const release = this.#release;
    const { receiver } = this.#legs;
    if (release === undefined || receiver === undefined || !this.#isReceiverReady) return;
    if (this.#state === "delivering" || this.#end !== undefined) return;
    this.#state = "delivering";
    void this.#reading(this.#deliver(release, receiver));
  }

  async #deliver(release: Release, receiver: ReceiverLeg): Promise<void> {
    try {
      release.file.releasing();
      const end = await deliverFile(release, receiver, this.#parts.keys, (bytes) => {
        this.#deliveredBytes = bytes;
      });
      if (end === "changed") this.#fail("changed");
    } catch (error) {
      this.#fail(spoolReason(error));
    }
  }

  #acknowledged(): void {
    if (this.#release === undefined) return;
    this.#legs.receiver?.conclude(this.#release);
    this.#conclude(this.#isReplaced ? "replaced" : "delivered", undefined);
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
    this.#legs.shut();
    if (result === "replaced") this.#legs.sender?.giveUp();
    else if (result !== "delivered") {
      const hurried = reason === "shutdown";
      if (hurried) this.#legs.receiver?.destroy();
      else this.#legs.receiver?.part();
      this.#legs.sender?.giveUp();
      if (!hurried && this.#parts.timers.partingMs > 0) {
        this.#deps.emit({ kind: "ending", id: this.#parts.plan.id });
      }
    }
    void this.#windUp(this.#end);
  }

  /** Tells of the end when both connections and the port are closed, and frees the file when nobody reads it any more. */
  async #windUp(end: Pick<TransferEnd, "result" | "reason">): Promise<void> {
    await this.#legs.closed();
    if (this.#readers.size === 0) this.#removeFile();
    const receivedBytes = this.#receivedBytes;
    // A text of ours is nothing of what was sent.
    const deliveredBytes = this.#isReplaced ? 0 : this.#deliveredBytes;
    const senderTold = this.#legs.sender?.told ?? "nothing";
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
  const code = error instanceof CodedError ? error.code : undefined;
  if (code === "SPOOL_FULL") return "disk-full";
  return code === "SPOOL_CHANGED" ? "changed" : "internal";
}
