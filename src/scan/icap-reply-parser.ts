import { readEncapsulated, type Encapsulated } from "./icap-encapsulated.ts";
import {
  MAX_HEAD_BYTES,
  onlyValue,
  parseFields,
  parseIcapHead,
  type IcapHead,
} from "./icap-head.ts";

/** How far the reading of one response is. "bad": it breaks the grammar, and nothing of it counts. */
export type IcapReplyState = "head" | "http-heads" | "chunk-size" | "chunk" | "whole" | "bad";

const END_OF_HEAD = Buffer.from("\r\n\r\n", "latin1");
const CRLF = Buffer.from("\r\n", "latin1");
const MAX_SIZE_LINE = 10;
const SIZE_LINE = /^[0-9A-Fa-f]{1,8}$/;
/** As in `HTTP/1.1 200 OK` or `GET http://host/ HTTP/1.1`. */
const HTTP_STATUS = /^HTTP\/1\.[01] ([1-5][0-9]{2})(?: |$)/;

/**
 * Reads one ICAP response (RFC 3507 §4.3 to 4.5), in whatever pieces it comes; its body is handed on, not kept.
 *
 * Strict: one grammar, CRLF at every end, sizes bounded, no chunk extensions and no trailers. What it does not do: judge what a response
 * means. Linear in what comes in, and it keeps at most one head.
 */
export class IcapReplyParser {
  state: IcapReplyState = "head";
  /** From the end of the head on. */
  head: IcapHead | undefined;
  encapsulated: Encapsulated | undefined;
  /** Of the encapsulated HTTP response; undefined where there is none. */
  httpStatus: number | undefined;
  /** The fields of the encapsulated HTTP response. */
  httpFields: IcapHead["fields"] = new Map<string, readonly string[]>();
  readonly #onBody: (bytes: Buffer) => void;
  #kept: Buffer = Buffer.alloc(0);
  #chunkLeft = 0;
  #bytes = 0;

  /** @param onBody hears every piece of the encapsulated body; the bytes are its own only until it returns */
  constructor(onBody: (bytes: Buffer) => void) {
    this.#onBody = onBody;
  }

  /** Bytes that it was given. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What came after the end of a whole response. */
  get rest(): Buffer {
    return this.state === "whole" ? this.#kept : Buffer.alloc(0);
  }

  /** It was read to its end, nothing follows it, and the server does not say that it closes the connection. */
  get isPersistent(): boolean {
    if (this.head === undefined || this.state !== "whole" || this.#kept.length > 0) return false;
    return onlyValue(this.head, "connection")?.toLowerCase() !== "close";
  }

  push(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.state === "bad") return;
    if (this.state === "whole" && this.#kept.length > MAX_HEAD_BYTES) return;
    this.#kept = this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes]);
    while (this.#step()) {
      // as long as there is enough for another step
    }
    // what is kept beyond this call is small, and must not hold the receive buffer
    this.#kept = Buffer.from(this.#kept);
  }

  /** True: something was read, and there may be more. */
  #step(): boolean {
    switch (this.state) {
      case "head":
        return this.#readHead();
      case "http-heads":
        return this.#readHttpHeads();
      case "chunk-size":
        return this.#readChunkSize();
      case "chunk":
        return this.#readChunk();
      case "whole":
      case "bad":
        return false;
    }
  }

  #readHead(): boolean {
    const end = this.#kept.subarray(0, MAX_HEAD_BYTES).indexOf(END_OF_HEAD);
    if (end === -1) return this.#kept.length >= MAX_HEAD_BYTES ? this.#spoil() : false;
    const head = parseIcapHead(this.#kept.toString("latin1", 0, end));
    if (!head.ok) return this.#spoil();
    this.head = head.value;
    this.encapsulated = readEncapsulated(head.value);
    if (this.encapsulated === undefined) return this.#spoil();
    this.#kept = this.#kept.subarray(end + END_OF_HEAD.length);
    return this.#begin(this.encapsulated.heads.length > 0 ? "http-heads" : this.#afterHeads());
  }

  #readHttpHeads(): boolean {
    const heads = this.encapsulated?.heads ?? [];
    const length = heads.reduce((sum, head) => sum + head.bytes, 0);
    if (this.#kept.length < length) return false;
    let at = 0;
    for (const { kind, bytes } of heads) {
      const section = this.#kept.subarray(at, at + bytes);
      at += bytes;
      if (!this.#readHttpHead(kind, section)) return this.#spoil();
    }
    this.#kept = this.#kept.subarray(length);
    return this.#begin(this.#afterHeads());
  }

  #readHttpHead(kind: "req-hdr" | "res-hdr", section: Buffer): boolean {
    if (section.indexOf(END_OF_HEAD) !== section.length - END_OF_HEAD.length) return false;
    const text = section.toString("latin1", 0, section.length - END_OF_HEAD.length);
    const [first = "", ...lines] = text.split("\r\n");
    const fields = parseFields(lines);
    if (!fields.ok) return false;
    if (kind === "req-hdr") return true;
    const status = HTTP_STATUS.exec(first)?.[1];
    this.httpStatus = Number(status);
    this.httpFields = fields.value;
    return status !== undefined;
  }

  #readChunkSize(): boolean {
    const end = this.#kept.subarray(0, MAX_SIZE_LINE).indexOf(CRLF);
    if (end === -1) return this.#kept.length >= MAX_SIZE_LINE ? this.#spoil() : false;
    const line = this.#kept.toString("latin1", 0, end);
    if (!SIZE_LINE.test(line)) return this.#spoil();
    const size = Number.parseInt(line, 16);
    if (size === 0) return this.#readLastChunk(end + CRLF.length);
    this.#kept = this.#kept.subarray(end + CRLF.length);
    this.#chunkLeft = size;
    return this.#begin("chunk");
  }

  #readLastChunk(at: number): boolean {
    if (this.#kept.length < at + CRLF.length) return false;
    if (!this.#kept.subarray(at, at + CRLF.length).equals(CRLF)) return this.#spoil();
    this.#kept = this.#kept.subarray(at + CRLF.length);
    return this.#begin("whole");
  }

  #readChunk(): boolean {
    const length = Math.min(this.#chunkLeft, this.#kept.length);
    if (length > 0) {
      this.#onBody(this.#kept.subarray(0, length));
      this.#kept = this.#kept.subarray(length);
      this.#chunkLeft -= length;
    }
    if (this.#chunkLeft > 0 || this.#kept.length < CRLF.length) return false;
    if (!this.#kept.subarray(0, CRLF.length).equals(CRLF)) return this.#spoil();
    this.#kept = this.#kept.subarray(CRLF.length);
    return this.#begin("chunk-size");
  }

  #afterHeads(): IcapReplyState {
    return this.encapsulated?.body === "null-body" ? "whole" : "chunk-size";
  }

  #begin(state: IcapReplyState): boolean {
    this.state = state;
    return true;
  }

  #spoil(): boolean {
    this.#kept = Buffer.alloc(0);
    this.state = "bad";
    return false;
  }
}
