import type { Socket } from "node:net";
import type { Clock, ScheduledCall } from "../base/clock.ts";

export interface LegSocketOwner {
  /** The bytes are the owner's to change, and only during the call. Not called after `close` or `destroy`. */
  received(bytes: Buffer): void;
  /** The peer has closed, or the connection broke: told once, and not after `close` or `destroy`. */
  gone(): void;
}

const KEEP_ALIVE_MS = 30_000;

/** A TCP connection to a peer, with one deadline at a time and an end that is bounded. */
export class LegSocket {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #lingerMs: number;
  readonly #closed = Promise.withResolvers<void>();
  #deadline: ScheduledCall | undefined;
  #over = false;
  #waiting: PromiseWithResolvers<boolean> | undefined;

  constructor(
    socket: Socket,
    { clock, lingerMs }: { readonly clock: Clock; readonly lingerMs: number },
    owner: LegSocketOwner,
  ) {
    this.#socket = socket;
    this.#clock = clock;
    this.#lingerMs = lingerMs;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const gone = (): void => {
      if (this.#over) return;
      this.#finish();
      owner.gone();
    };
    socket.on("data", (bytes: Buffer) => {
      if (!this.#over) owner.received(bytes);
    });
    socket.on("end", gone);
    socket.on("error", gone);
    socket.on("close", () => {
      gone();
      this.#deadline?.cancel();
      this.#closed.resolve();
    });
  }

  /** Resolves when the connection is gone for good. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** True: nothing more is read or written, though the connection may still be closing. */
  get isOver(): boolean {
    return this.#over;
  }

  /** Runs `run` after `delayMs`, in place of the deadline before. */
  deadline(delayMs: number, run: () => void): void {
    if (this.#over) return;
    this.#deadline?.cancel();
    this.#deadline = this.#clock.schedule(delayMs, run);
  }

  noDeadline(): void {
    this.#deadline?.cancel();
    this.#deadline = undefined;
  }

  /** For lines, which are few and short. */
  write(bytes: Buffer): void {
    if (!this.#over && this.#socket.writable) this.#socket.write(bytes);
  }

  /**
   * For content, one piece at a time: resolves when the system has taken it, so that its buffer serves for the next one;
   * false: it never will, the connection is over.
   */
  async handOver(bytes: Buffer): Promise<boolean> {
    if (this.#over || !this.#socket.writable) return false;
    const taken = Promise.withResolvers<boolean>();
    this.#waiting = taken;
    this.#socket.write(bytes, (error) => taken.resolve(error === null || error === undefined));
    return taken.promise;
  }

  /** Sends what was written, and closes; what still comes is read and dropped, for a reset could overtake our last line. */
  close(): void {
    if (this.#over) return;
    this.#finish();
    this.#socket.end();
    this.#deadline = this.#clock.schedule(this.#lingerMs, () => this.#socket.destroy());
  }

  /** Nothing is read or written any more; the peer has so long to close before the connection is broken. */
  part(partingMs: number): void {
    if (this.#over) return;
    this.#finish();
    if (partingMs <= 0) this.#socket.destroy();
    else this.#deadline = this.#clock.schedule(partingMs, () => this.#socket.destroy());
  }

  destroy(): void {
    this.#finish();
    this.#socket.destroy();
  }

  #finish(): void {
    this.#over = true;
    this.noDeadline();
    this.#waiting?.resolve(false);
  }
}
