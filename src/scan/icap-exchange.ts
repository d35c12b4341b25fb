import { BodyComparison } from "./body-comparison.ts";
import type { ServerAnswer } from "./scan-result.ts";
import type { IcapConnection } from "./icap-connection.ts";
import { IcapReplyParser } from "./icap-reply-parser.ts";
import { modRequestHead, type IcapAddress } from "./icap-request.ts";
import { istagOf, type IcapOffer } from "./icap-offer.ts";
import { icapVerdict, isDecided, type IcapReply } from "./icap-verdict.ts";
import { nextTurn } from "./next-turn.ts";
import { onAbort } from "./on-abort.ts";
import type { ScanSource } from "./scan-engine.ts";
import { writeAll } from "./socket-write.ts";

/** A file for a service. */
export interface IcapJob {
  readonly address: IcapAddress;
  readonly service: Pick<IcapOffer, "method" | "preview">;
  readonly source: ScanSource;
  /** In which pieces it is sent. */
  readonly chunkBytes: number;
  /** Ends everything at once; the connection, too. */
  readonly signal: AbortSignal;
}

export interface IcapExchange {
  readonly answer: ServerAnswer;
  /** The ISTag of the response, where it bears one; empty where that cannot be read. */
  readonly tag: string | undefined;
  /** The connection is as good as new. */
  readonly isReusable: boolean;
  /** Not a byte came back. */
  readonly isSilent: boolean;
}

const LAST_CHUNK = Buffer.from("0\r\n\r\n", "latin1");
/** The preview was all there is (RFC 3507 §4.5). */
const LAST_CHUNK_OF_ALL = Buffer.from("0; ieof\r\n\r\n", "latin1");
/** Room for a chunk's size in hex and CRLF before it. */
const SIZE_ROOM = 10;

/**
 * One file, and what the server says of it. Total: never rejects.
 *
 * The last byte of a file never goes in the preview: so a server that answers 204 without asking for the rest shows that it does
 * not scan such files at all (by type, or by size), instead of seeming to call them clean.
 */
export async function exchangeFile(
  connection: IcapConnection,
  job: IcapJob,
): Promise<IcapExchange> {
  const exchange = new FileExchange(connection, job);
  const stop = onAbort(job.signal, () => connection.socket.destroy());
  try {
    return await exchange.run();
  } finally {
    stop();
  }
}

class FileExchange {
  readonly #connection: IcapConnection;
  readonly #job: IcapJob;
  readonly #comparison: BodyComparison;
  #parser: IcapReplyParser;
  #position = 0;
  #allSent = false;
  #unreadable = false;

  constructor(connection: IcapConnection, job: IcapJob) {
    this.#connection = connection;
    this.#job = job;
    this.#comparison = new BodyComparison(job.source);
    this.#parser = this.#listen();
  }

  async run(): Promise<IcapExchange> {
    await this.#send();
    if (!this.#unreadable) await this.#connection.until(() => isDecided(this.#reply));
    const { head, bytes } = this.#parser;
    return {
      answer: this.#answer(),
      tag: head?.fields.has("istag") === true ? (istagOf(head) ?? "") : undefined,
      isReusable: this.#allSent && this.#parser.isPersistent && !this.#connection.ended,
      isSilent: bytes === 0,
    };
  }

  get #reply(): IcapReply {
    return {
      method: this.#job.service.method,
      parser: this.#parser,
      comparison: this.#comparison,
      allSent: this.#allSent,
    };
  }

  #answer(): ServerAnswer {
    if (this.#unreadable) return { kind: "error", reason: "down" };
    const verdict = icapVerdict(this.#reply);
    // cut off by us: what has been found by then is found, anything else is not an answer
    if (!this.#job.signal.aborted || "threat" in verdict) return verdict;
    return { kind: "error", reason: "timeout" };
  }

  /** A parser for the next response; one that decides before all was sent ends the sending, whether or not the server still reads. */
  #listen(): IcapReplyParser {
    const parser = new IcapReplyParser((bytes) => this.#comparison.push(bytes));
    this.#connection.listen(parser, () => {
      if (!this.#allSent && isDecided(this.#reply) && parser.head?.status !== 100) {
        this.#connection.socket.destroy();
      }
    });
    return parser;
  }

  async #send(): Promise<void> {
    const { address, service, source } = this.#job;
    const { method, preview: offered } = service;
    const { size, sha256 } = source;
    const preview = offered === undefined ? undefined : Math.min(offered, Math.max(size - 1, 0));
    const head = modRequestHead(address, { method, size, sha256, preview });
    if (!(await this.#write(head))) return;
    if (preview !== undefined) {
      if (!(await this.#sendUpTo(preview))) return;
      if (size === preview) {
        await this.#finish(LAST_CHUNK_OF_ALL);
        return;
      }
      if (!(await this.#write(LAST_CHUNK)) || !(await this.#mayGoOn())) return;
    }
    if (!(await this.#sendUpTo(size))) return;
    // what the server has said by now it has said before it knew that this is all
    await nextTurn();
    if (this.#connection.ended || isDecided(this.#reply)) return;
    await this.#finish(LAST_CHUNK);
  }

  /** Said to be all before it is written: the answer may come before the callback of the write. */
  async #finish(last: Buffer): Promise<void> {
    this.#allSent = true;
    if (!(await this.#write(last))) this.#allSent = false;
  }

  /** Whether the server wants the rest: 100 Continue. */
  async #mayGoOn(): Promise<boolean> {
    const asked = this.#parser;
    await this.#connection.until(() => isDecided(this.#reply));
    if (asked.state !== "whole" || asked.head?.status !== 100) return false;
    this.#parser = this.#listen();
    if (asked.rest.length > 0) this.#parser.push(asked.rest);
    return !isDecided(this.#reply);
  }

  async #sendUpTo(end: number): Promise<boolean> {
    const { source, chunkBytes } = this.#job;
    const frame = Buffer.allocUnsafe(
      SIZE_ROOM + Math.min(chunkBytes, end - this.#position) + "\r\n".length,
    );
    while (this.#position < end) {
      const room = Math.min(chunkBytes, end - this.#position);
      const length = readInto(frame.subarray(SIZE_ROOM, SIZE_ROOM + room), source, this.#position);
      this.#unreadable = length === 0;
      if (this.#unreadable) return false;
      const size = `${length.toString(16)}\r\n`;
      frame.write(size, SIZE_ROOM - size.length, "latin1");
      frame.write("\r\n", SIZE_ROOM + length, "latin1");
      const chunk = frame.subarray(SIZE_ROOM - size.length, SIZE_ROOM + length + "\r\n".length);
      if (!(await this.#write(chunk))) return false;
      this.#position += length;
      await nextTurn();
    }
    return true;
  }

  async #write(bytes: Buffer): Promise<boolean> {
    return writeAll(this.#connection.socket, bytes);
  }
}

function readInto(buffer: Buffer, source: ScanSource, position: number): number {
  try {
    return source.read(buffer, position);
  } catch {
    return 0;
  }
}
