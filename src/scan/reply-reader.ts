import type { Socket } from "node:net";
import { MAX_REPLY_BYTES, parseClamdReply } from "./clamd-reply.ts";
import type { ServerAnswer } from "./scan-result.ts";

/** Collects what clamd sends on one connection, from the first byte to its end, and hears the socket's errors. */
export class ReplyReader {
  /** Resolves when no more will come: end, error, our own hanging up, or too much. */
  readonly finished: Promise<void>;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #whole = false;

  constructor(socket: Socket) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.finished = promise;
    socket.on("data", (chunk: Buffer) => {
      this.#bytes += chunk.length;
      if (this.#bytes > MAX_REPLY_BYTES) socket.destroy();
      else this.#chunks.push(chunk);
    });
    socket.once("end", () => {
      this.#whole = true;
      resolve();
    });
    // "close" follows, and what was read until then stays valid
    socket.on("error", () => undefined);
    socket.once("close", () => resolve());
    if (socket.destroyed) resolve();
  }

  /** Something came: whatever it is, nothing more needs to be sent. */
  get begun(): boolean {
    return this.#bytes > 0;
  }

  /** Undefined when there was too much of it. */
  get text(): Buffer | undefined {
    return this.#bytes > MAX_REPLY_BYTES ? undefined : Buffer.concat(this.#chunks);
  }

  /** @param allSent clamd was given every byte: else whatever it calls clean is not our file */
  answer(allSent: boolean): ServerAnswer {
    const text = this.text;
    if (text === undefined) return { kind: "error", reason: "bad-reply" };
    const answer = parseClamdReply(text);
    if (answer.kind === "clean" && !(allSent && this.#whole)) {
      return { kind: "error", reason: "bad-reply" };
    }
    return answer;
  }
}
