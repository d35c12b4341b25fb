const HEAD_BYTES = 4;

/** A frame that goes to a process or comes from one: four bytes (length, most significant first), and so many more. */
export function frameOf(body: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

/** The same with JSON in it. */
export function jsonFrame(value: object): Buffer {
  return frameOf(Buffer.from(JSON.stringify(value)));
}

/** How the answers of a process are read. */
export interface AnswerFormat<Answer> {
  /** What has the shape of an answer; a process is not believed further. */
  readonly isAnswer: (value: unknown) => value is Answer;
  /** Of one answer. */
  readonly maxBytes: number;
}

/** Puts one answer together from what comes. */
export class AnswerReader<Answer> {
  readonly #format: AnswerFormat<Answer>;
  #pieces: Buffer[] = [];
  #length = 0;

  constructor(format: AnswerFormat<Answer>) {
    this.#format = format;
  }

  /** Undefined: not all of it is here. "garbled": what came is no answer. */
  push(chunk: Buffer): Answer | "garbled" | undefined {
    this.#pieces.push(chunk);
    this.#length += chunk.length;
    if (this.#length < HEAD_BYTES) return undefined;
    const [first] = this.#pieces;
    if (first === undefined || first.length < HEAD_BYTES) {
      this.#pieces = [Buffer.concat(this.#pieces)];
    }
    const length = this.#pieces[0]?.readUInt32BE() ?? 0;
    const end = HEAD_BYTES + length;
    if (length > this.#format.maxBytes || this.#length > end) return "garbled";
    if (this.#length < end) return undefined;
    const body = Buffer.concat(this.#pieces).subarray(HEAD_BYTES);
    this.#pieces = [];
    this.#length = 0;
    return this.#read(body.toString("utf8"));
  }

  #read(text: string): Answer | "garbled" {
    try {
      const value: unknown = JSON.parse(text);
      return this.#format.isAnswer(value) ? value : "garbled";
    } catch {
      return "garbled";
    }
  }
}
