import type { Socket } from "node:net";
import { BYE_CODE } from "../wire/msnftp/bye-code.ts";
import { serializeControlLine } from "../wire/msnftp/control-line.ts";
import {
  createFileReceiver,
  type ContentProof,
  type FileReceiver,
  type FileReceiverPlan,
} from "../wire/msnftp/file-receiver.ts";
import type { MsnftpProblem } from "../wire/msnftp/msnftp-problem.ts";
import { LegSocket } from "./leg-socket.ts";
import type { LegDeps } from "./receiver-leg.ts";
import type { FailureReason, TransferEnd } from "./relay.ts";

export interface SenderLegEvents {
  /** The sender has announced the right size and waits for TFR. */
  established(): void;
  /** Decrypted; valid during the call only. */
  content(bytes: Buffer): void;
  /** All bytes are here. */
  complete(): void;
  /** And they are what the sender has sent: its MAC is right, or there is none to wait for. */
  proven(): void;
  /** Once; the leg is closing by itself then. Also after `complete` and `acknowledge`, when the MAC is wrong or missing. */
  failed(reason: FailureReason): void;
}

/** The connection to the file's sender: we are its receiver. */
export class SenderLeg {
  told: TransferEnd["senderTold"] = "nothing";
  readonly #socket: LegSocket;
  readonly #machine: FileReceiver;
  readonly #deps: LegDeps;
  readonly #events: SenderLegEvents;
  #lastContentMs = 0;
  #noted = { ready: false, complete: false, proven: false };

  constructor(socket: Socket, plan: FileReceiverPlan, deps: LegDeps, events: SenderLegEvents) {
    this.#deps = deps;
    this.#events = events;
    this.#machine = createFileReceiver(plan);
    const { clock, timers } = deps;
    this.#socket = new LegSocket(
      socket,
      { clock, lingerMs: timers.lingerMs },
      { received: (bytes) => this.#received(bytes), gone: () => this.#gone() },
    );
  }

  get closed(): Promise<void> {
    return this.#socket.closed;
  }

  get isOver(): boolean {
    return this.#socket.isOver;
  }

  get proof(): ContentProof | undefined {
    return this.#machine.proof;
  }

  /** Says VER, once the connection is there. */
  greet(): void {
    this.#socket.write(this.#machine.greet());
    this.#awaitLine();
  }

  /** Asks for the content. */
  request(): void {
    if (this.isOver) return;
    this.#socket.write(this.#machine.request());
    this.#lastContentMs = this.#deps.clock.monotonicMs();
    this.#watchContent();
    this.#noteProgress();
  }

  /** Says BYE, once; then the MAC is awaited, where there is one, and the leg closes. */
  acknowledge(told: "received" | "failed"): void {
    if (this.isOver || this.told !== "nothing") return;
    this.told = told;
    const code = told === "received" ? BYE_CODE.received : BYE_CODE.receiverCancelled;
    this.#socket.write(this.#machine.acknowledge(code));
    if (this.proof !== undefined) this.#socket.close();
    else this.#socket.deadline(this.#deps.timers.lineMs, () => this.#fail("bad-mac"));
  }

  /** Lets go of a sender whose file goes nowhere: BYE and MAC when all of it is here, else CCL. */
  giveUp(): void {
    if (this.isOver) return;
    if (this.#machine.state === "complete") this.acknowledge("failed");
    else this.#cancel();
  }

  #cancel(): void {
    this.#socket.write(serializeControlLine({ kind: "CCL" }));
    this.#socket.close();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #awaitLine(): void {
    const reason = this.#machine.state === "version" ? "sender-silent" : "timeout";
    this.#socket.deadline(this.#deps.timers.lineMs, () => this.#fail(reason));
  }

  /** Looks now and then instead of starting a timer for each read. */
  #watchContent(): void {
    const { clock, timers } = this.#deps;
    const left = this.#lastContentMs + timers.idleMs - clock.monotonicMs();
    if (left <= 0) this.#fail("timeout");
    else this.#socket.deadline(left, () => this.#watchContent());
  }

  #received(bytes: Buffer): void {
    const { write, data, problem } = this.#machine.receive(bytes);
    if (write !== undefined) {
      this.#socket.write(write);
      this.#awaitLine();
    }
    if (data !== undefined) {
      this.#lastContentMs = this.#deps.clock.monotonicMs();
      this.#events.content(data);
    }
    this.#noteProgress();
    if (problem !== undefined && !this.isOver) this.#fail(reasonOf(problem));
  }

  /** Tells of each step once, also when several came in one piece; whoever is told may end the leg. */
  #noteProgress(): void {
    const { state } = this.#machine;
    if (!this.isOver && !this.#noted.ready && state === "ready") {
      this.#noted.ready = true;
      this.#socket.noDeadline();
      this.#events.established();
    }
    if (!this.isOver && !this.#noted.complete && this.#machine.state === "complete") {
      this.#noted.complete = true;
      this.#socket.noDeadline();
      this.#events.complete();
    }
    if (!this.isOver && !this.#noted.proven && this.proof !== undefined) {
      this.#noted.proven = true;
      if (this.told !== "nothing") this.#socket.close();
      this.#events.proven();
    }
  }

  #gone(): void {
    this.#socket.destroy();
    if (this.proof !== undefined) return;
    this.#events.failed(this.#machine.state === "complete" ? "bad-mac" : "sender-gone");
  }

  #fail(reason: FailureReason): void {
    if (this.isOver) return;
    if (this.#machine.state === "complete") {
      if (this.told === "nothing") {
        this.told = "failed";
        this.#socket.write(this.#machine.acknowledge(BYE_CODE.receiverCancelled));
      }
      this.#socket.close();
    } else this.#cancel();
    this.#events.failed(reason);
  }
}

function reasonOf({ code }: MsnftpProblem): FailureReason {
  if (code === "peer-cancelled") return "sender-gone";
  if (code === "wrong-size" || code === "bad-mac") return code;
  return "protocol";
}
