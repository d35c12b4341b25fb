import type { EngineSocket } from "./engine-socket.ts";
import type { IcapReplyParser } from "./icap-reply-parser.ts";

/** One connection to an ICAP server: request after request, and what comes back goes to the parser of the one that runs. */
export class IcapConnection {
  readonly socket: EngineSocket;
  /** It has carried a request before, and the server may have closed it meanwhile. */
  isUsed = false;
  #parser: IcapReplyParser | undefined;
  #onData: () => void = () => undefined;
  #changed: PromiseWithResolvers<void> = Promise.withResolvers();
  #ended = false;

  constructor(socket: EngineSocket) {
    this.socket = socket;
    socket.on("data", (bytes: Buffer) => this.#hear(bytes));
    socket.once("end", () => this.#end());
    socket.once("close", () => this.#end());
    // "close" follows
    socket.on("error", () => undefined);
    if (socket.destroyed) this.#ended = true;
  }

  /** Nothing more comes. */
  get ended(): boolean {
    return this.#ended || this.socket.destroyed;
  }

  /** What comes from now on is for this parser; `onData` is called after each piece. */
  listen(parser: IcapReplyParser, onData: () => void = () => undefined): void {
    this.#parser = parser;
    this.#onData = onData;
  }

  /** No request runs: whatever comes now answers nothing, and ends the connection. */
  rest(): void {
    this.#parser = undefined;
    this.#onData = () => undefined;
    this.isUsed = true;
  }

  /** Waits until it holds, or nothing more comes. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds() && !this.ended) await this.#changed.promise;
  }

  #hear(bytes: Buffer): void {
    if (this.#parser === undefined) {
      this.socket.destroy();
      return;
    }
    this.#parser.push(bytes);
    this.#onData();
    this.#wake();
  }

  #end(): void {
    this.#ended = true;
    // a server that has hung up is answered in kind
    if (this.#parser === undefined) this.socket.destroy();
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#changed;
    this.#changed = Promise.withResolvers();
    waiting.resolve();
  }
}
