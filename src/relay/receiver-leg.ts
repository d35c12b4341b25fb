import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import { END_MARKER } from "../wire/msnftp/chunk-writer.ts";
import { serializeControlLine } from "../wire/msnftp/control-line.ts";
import type { FileSender } from "../wire/msnftp/file-sender.ts";
import type { MsnftpProblem } from "../wire/msnftp/msnftp-problem.ts";
import { LegSocket } from "./leg-socket.ts";
import type { RelayTimers } from "./relay-options.ts";
import type { FailureReason } from "./relay.ts";
import type { Release } from "./release.ts";

export interface LegDeps {
  readonly clock: Clock;
  readonly timers: RelayTimers;
}

export interface ReceiverLegEvents {
  /** The receiver has shown the right user and cookie. */
  established(): void;
  /** It waits for the content. */
  requested(): void;
  /** It says that it has all of it. */
  acknowledged(): void;
  /** Once; the connection is broken then. */
  failed(reason: FailureReason): void;
}

/** The connection to the file's receiver: we are its sender. Content leaves through `sendContent` and nowhere else. */
export class ReceiverLeg {
  readonly #socket: LegSocket;
  readonly #machine: FileSender;
  readonly #deps: LegDeps;
  readonly #events: ReceiverLegEvents;
  #noted = { established: false, requested: false, acknowledged: false };
  #isMacSent = false;

  constructor(socket: Socket, machine: FileSender, deps: LegDeps, events: ReceiverLegEvents) {
    this.#deps = deps;
    this.#events = events;
    this.#machine = machine;
    const { clock, timers } = deps;
    this.#socket = new LegSocket(
      socket,
      { clock, lingerMs: timers.lingerMs },
      { received: (bytes) => this.#received(bytes), gone: () => this.#fail("receiver-gone") },
    );
  }

  get closed(): Promise<void> {
    return this.#socket.closed;
  }

  get isOver(): boolean {
    return this.#socket.isOver;
  }

  /** Waits for VER, once the connection is there: the file receiver speaks first. */
  listen(): void {
    this.#socket.deadline(this.#deps.timers.lineMs, () => this.#fail("receiver-silent"));
  }

  /** The content begins; an empty one has ended, too. */
  begin(isEmpty: boolean): void {
    this.#machine.begin();
    if (!isEmpty) return;
    this.#machine.finish();
    this.#noteProgress();
  }

  /**
   * Writes a piece of the content, and resolves when it is on its way and its buffer free for the next: false when the
   * connection is over, or takes nothing for too long (then `failed` has been told).
   *
   * @param release the proof that this content may leave; nobody but a verdict makes one
   */
  async sendContent(release: Release, framed: Buffer, isLast: boolean): Promise<boolean> {
    if (!release.isGranted) return false;
    // Before it is written: BYE may be here before anything else of ours runs.
    if (isLast) this.#machine.finish();
    this.#socket.deadline(this.#deps.timers.idleMs, () => this.#fail("timeout"));
    const isTaken = await this.#socket.handOver(framed);
    if (isTaken && !this.#socket.isOver) this.#socket.noDeadline();
    return isTaken;
  }

  /**
   * All of the content is on its way: BYE is awaited, and the MAC sent after it, or without it when it takes too long. In
   * the plain variant there is no MAC, and the end marker is sent when it takes too long: clients that count the bytes have
   * gone by then, and what they do not read could cost us their BYE.
   */
  finish(release: Release): void {
    if (this.#noted.acknowledged) return;
    const { lineMs, idleMs } = this.#deps.timers;
    // COMPAT: a receiver may want the MAC before it says BYE (lcs.md B4); one that is slow reads what is on its way first.
    this.#socket.deadline(lineMs, () => {
      if (release.mac === undefined) this.#socket.write(END_MARKER);
      else this.#sendMac(release);
      this.#socket.deadline(idleMs, () => this.#fail("timeout"));
    });
  }

  /** After `acknowledged`: the last line, and the end. */
  conclude(release: Release): void {
    this.#sendMac(release);
    this.#socket.close();
  }

  /** Nothing, or nothing more, is sent; its client may go by itself. */
  part(): void {
    this.#socket.part(this.#deps.timers.partingMs);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #sendMac({ mac }: Release): void {
    if (this.#isMacSent || mac === undefined) return;
    this.#isMacSent = true;
    this.#socket.write(serializeControlLine({ kind: "MAC", mac }));
  }

  #received(bytes: Buffer): void {
    const { write, problem } = this.#machine.receive(bytes);
    if (write !== undefined && problem === undefined) {
      this.#socket.write(write);
      this.#socket.deadline(this.#deps.timers.lineMs, () => this.#fail("timeout"));
    }
    if (problem !== undefined) this.#fail(reasonOf(problem));
    else this.#noteProgress();
  }

  /** Tells of each step once, also when several came in one piece. */
  #noteProgress(): void {
    const { state } = this.#machine;
    const isKnown = state !== "version" && state !== "user";
    if (isKnown && !this.#noted.established) {
      this.#noted.established = true;
      this.#events.established();
    }
    if (isKnown && state !== "offered" && !this.#noted.requested && !this.isOver) {
      this.#noted.requested = true;
      this.#socket.noDeadline();
      this.#events.requested();
    }
    if (state === "acknowledged" && !this.#noted.acknowledged && !this.isOver) {
      this.#noted.acknowledged = true;
      this.#socket.noDeadline();
      this.#events.acknowledged();
    }
  }

  #fail(reason: FailureReason): void {
    if (this.#noted.acknowledged) return;
    this.#socket.destroy();
    this.#events.failed(reason);
  }
}

function reasonOf({ code }: MsnftpProblem): FailureReason {
  if (code === "peer-cancelled") return "receiver-refused";
  return code === "wrong-user" ? "wrong-cookie" : "protocol";
}
