import type { Socket } from "node:net";

/** One thing that happened on a connection; bytes are empty for "closed". */
export interface LedgerEntry {
  /** Milliseconds since the connection was there. */
  readonly atMs: number;
  readonly what: "got" | "sent" | "closed by peer" | "closed here";
  readonly bytes: Buffer;
}

/** The other side ended the connection, or said nothing for too long. */
export class ConversationEnded extends Error {
  readonly why: "closed" | "timeout";

  constructor(why: "closed" | "timeout") {
    super(`the conversation ended: ${why}`);
    this.why = why;
  }
}

/** Above this the peer is not read from until somebody takes what is there. */
const HIGH_WATER_BYTES = 1 << 16;

/** How long the other side is given to close too. */
const LINGER_MS = 2000;

/** A TCP connection of MSNFTP, to be read by lines and by counted bytes. It keeps a ledger of all that passed. */
export class FileConnection {
  readonly ledger: LedgerEntry[] = [];
  readonly #socket: Socket;
  readonly #since = performance.now();
  #buffered: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("error", () => this.#onEnd());
    socket.on("end", () => this.#onEnd());
    socket.on("close", () => this.#onEnd());
    socket.on("data", (bytes: Buffer) => {
      this.#note("got", bytes);
      this.#buffered = Buffer.concat([this.#buffered, bytes]);
      if (this.#buffered.length > HIGH_WATER_BYTES) socket.pause();
      this.#wake();
    });
  }

  /** Every byte that came, in order, as it came. */
  get received(): Buffer {
    return this.#all("got");
  }

  get sent(): Buffer {
    return this.#all("sent");
  }

  get closed(): boolean {
    return this.#ended;
  }

  /** A line without its CRLF. A NUL before it stays. */
  async line(timeoutMs: number): Promise<string> {
    for (;;) {
      const end = this.#buffered.indexOf("\r\n");
      if (end >= 0) return this.#take(end + 2).toString("latin1", 0, end);
      await this.#more(timeoutMs);
    }
  }

  /** Exactly so many bytes. */
  async bytes(count: number, timeoutMs: number): Promise<Buffer> {
    while (this.#buffered.length < count) await this.#more(timeoutMs);
    return this.#take(count);
  }

  /** Whether a line waits; nothing is taken. */
  get hasLine(): boolean {
    return this.#buffered.includes("\r\n");
  }

  /** Resolves when the other side has closed; at once when it has. */
  async untilClosed(timeoutMs: number): Promise<void> {
    while (!this.#ended) {
      this.#socket.resume();
      await this.#event(timeoutMs);
    }
  }

  /** Writes, and waits while the other side does not read. */
  async send(bytes: Buffer | string): Promise<void> {
    const buffer = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
    if (this.#ended) throw new ConversationEnded("closed");
    this.#note("sent", buffer);
    if (this.#socket.write(buffer)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.once("drain", resolve).once("close", resolve);
    await promise;
    if (this.#socket.destroyed) throw new ConversationEnded("closed");
  }

  /** Says all that was sent, then closes; what still comes is read away, or a reset would swallow the last words. */
  close(): void {
    if (!this.#socket.destroyed) this.#note("closed here", Buffer.alloc(0));
    this.#ended = true;
    this.#socket.removeAllListeners("data").resume();
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    this.#socket.once("close", () => clearTimeout(timer));
    this.#wake();
  }

  /** Ends it as a killed program does. */
  destroy(): void {
    if (!this.#socket.destroyed) this.#note("closed here", Buffer.alloc(0));
    this.#ended = true;
    this.#socket.destroy();
    this.#wake();
  }

  #all(what: LedgerEntry["what"]): Buffer {
    return Buffer.concat(this.ledger.filter((one) => one.what === what).map((one) => one.bytes));
  }

  #note(what: LedgerEntry["what"], bytes: Buffer): void {
    this.ledger.push({ atMs: performance.now() - this.#since, what, bytes });
  }

  #onEnd(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#note("closed by peer", Buffer.alloc(0));
    this.#wake();
  }

  #take(count: number): Buffer {
    const taken = this.#buffered.subarray(0, count);
    this.#buffered = this.#buffered.subarray(count);
    if (this.#buffered.length <= HIGH_WATER_BYTES) this.#socket.resume();
    return taken;
  }

  async #more(timeoutMs: number): Promise<void> {
    if (this.#ended) throw new ConversationEnded("closed");
    this.#socket.resume();
    await this.#event(timeoutMs);
  }

  async #event(timeoutMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new ConversationEnded("timeout")), timeoutMs);
    this.#wake = resolve;
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }
}
