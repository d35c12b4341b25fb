/**
 * What the unfinished WebSocket message of one connection costs us. `ws` keeps the pieces of a message until it is
 * whole and does not say how many there are, so the lengths of the frames (RFC 6455 §5.2) are counted beside it.
 * It counts and judges nothing: what breaks the protocol is refused by `ws`, after which nobody asks here any more.
 */
export class WsFrameMeter {
  readonly #header = Buffer.alloc(LONGEST_HEADER);
  #headerUsed = 0;
  #headerLength = SHORTEST_HEADER;
  #payloadLeft = 0;
  /** A message has begun whose last frame has not come. */
  #fragmented = false;
  #bytes = 0;
  #pieces = 0;

  /** Counts what has arrived, in any portions. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#payloadLeft > 0) at += this.#passPayload(chunk.length - at);
      else this.#readHeader(chunk[at++] as number);
    }
    if (this.midMessage) this.#pieces += 1;
    else this.#reset();
  }

  /** A message or a frame has begun and not ended. */
  get midMessage(): boolean {
    return this.#fragmented || this.#headerUsed > 0;
  }

  /** Bytes of the unfinished message, with what every piece of it costs besides. */
  get heldBytes(): number {
    return this.midMessage ? this.#bytes + this.#pieces * PIECE_COST : 0;
  }

  #passPayload(available: number): number {
    const passed = Math.min(available, this.#payloadLeft);
    this.#payloadLeft -= passed;
    this.#bytes += passed;
    if (this.#payloadLeft === 0) this.#endFrame();
    return passed;
  }

  #readHeader(byte: number): void {
    this.#header[this.#headerUsed++] = byte;
    if (this.#headerUsed === SHORTEST_HEADER) this.#headerLength = headerLength(byte);
    if (this.#headerUsed < this.#headerLength) return;
    this.#payloadLeft = payloadLength(this.#header);
    if (this.#payloadLeft === 0) this.#endFrame();
  }

  #endFrame(): void {
    const first = this.#header[0] as number;
    this.#headerUsed = 0;
    this.#headerLength = SHORTEST_HEADER;
    // A control frame may stand between the frames of a message (§5.4).
    if ((first & CONTROL) !== 0) return;
    this.#fragmented = (first & FINAL) === 0;
    if (this.#fragmented) this.#pieces += 1;
    else this.#reset();
  }

  #reset(): void {
    this.#bytes = 0;
    this.#pieces = 0;
  }
}

const SHORTEST_HEADER = 2;
const LONGEST_HEADER = 14;
const MASK_BYTES = 4;
const FINAL = 0x80;
const CONTROL = 0x08;
/** A view of a received chunk: the object, and the share of the chunk that it keeps alive. */
const PIECE_COST = 256;

function headerLength(second: number): number {
  const length = second & 0x7f;
  const extended = length === 127 ? 8 : length === 126 ? 2 : 0;
  return SHORTEST_HEADER + extended + ((second & 0x80) === 0 ? 0 : MASK_BYTES);
}

function payloadLength(header: Buffer): number {
  const length = (header[1] as number) & 0x7f;
  if (length === 126) return header.readUInt16BE(SHORTEST_HEADER);
  return length === 127 ? Number(header.readBigUInt64BE(SHORTEST_HEADER)) : length;
}
