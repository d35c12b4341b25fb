import type { ScanSource } from "./scan-engine.ts";

const SCRATCH_BYTES = 64 * 1024;

/** Compares what comes back, piece by piece, with what was sent; keeps none of it. */
export class BodyComparison {
  readonly #source: ScanSource;
  #scratch: Buffer | undefined;
  #position = 0;
  #state: "same" | "differs" | "unreadable" = "same";

  constructor(source: ScanSource) {
    this.#source = source;
  }

  /** "part": the same so far, and not the whole of it. "unreadable": the source could not be read again. */
  get result(): "same" | "part" | "differs" | "unreadable" {
    if (this.#state !== "same") return this.#state;
    return this.#position === this.#source.size ? "same" : "part";
  }

  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && this.#state === "same";) {
      at += this.#compare(bytes.subarray(at, at + SCRATCH_BYTES));
    }
  }

  #compare(piece: Buffer): number {
    if (piece.length > this.#source.size - this.#position) {
      this.#state = "differs";
      return piece.length;
    }
    this.#scratch ??= Buffer.allocUnsafe(Math.min(SCRATCH_BYTES, this.#source.size));
    const length = this.#read(this.#scratch.subarray(0, piece.length));
    if (length === 0) this.#state = "unreadable";
    else if (!piece.subarray(0, length).equals(this.#scratch.subarray(0, length))) {
      this.#state = "differs";
    }
    this.#position += length;
    return length;
  }

  #read(buffer: Buffer): number {
    try {
      return this.#source.read(buffer, this.#position);
    } catch {
      return 0;
    }
  }
}
