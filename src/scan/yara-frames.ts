import type { YaraAnswer, YaraQuestion } from "./yara-messages.ts";

const HEAD_BYTES = 4;

/** The longest answer has a hundred problems of some hundred characters. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** A question as it is sent; the bytes of a scan follow. */
export function yaraFrame(question: YaraQuestion): Buffer {
  const body = Buffer.from(JSON.stringify(question));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

/** Puts one answer together from what comes. */
export class YaraAnswerReader {
  #bytes = Buffer.alloc(0);

  /** Undefined: not all of it is here. "garbled": what came is no answer. */
  push(chunk: Buffer): YaraAnswer | "garbled" | undefined {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (this.#bytes.length < HEAD_BYTES) return undefined;
    const length = this.#bytes.readUInt32BE();
    const end = HEAD_BYTES + length;
    if (length > MAX_ANSWER_BYTES || this.#bytes.length > end) return "garbled";
    if (this.#bytes.length < end) return undefined;
    const body = this.#bytes.subarray(HEAD_BYTES);
    this.#bytes = Buffer.alloc(0);
    return readAnswer(body.toString("utf8"));
  }
}

/** What a process says is not believed further than its shape. */
function readAnswer(text: string): YaraAnswer | "garbled" {
  try {
    const answer = JSON.parse(text) as Partial<YaraAnswer> | null;
    const isAnswer =
      (answer?.kind === "compiled" && Array.isArray(answer.problems)) ||
      (answer?.kind === "scanned" && Array.isArray(answer.matches));
    return isAnswer ? (answer as YaraAnswer) : "garbled";
  } catch {
    return "garbled";
  }
}
