import type { ByteInput } from "./byte-input.ts";
import { Unreadable } from "./unreadable.ts";

/** Reads bits from the highest of each byte on. Throws `Unreadable` where there are no more. */
export class HighBits {
  readonly #input: ByteInput;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  #held = 0;
  #count = 0;

  constructor(input: ByteInput) {
    this.#input = input;
  }

  /** So many, at most 20. */
  take(count: number): number {
    const value = this.peek(count);
    this.drop(count);
    return value;
  }

  /** The next so many, at most 20; zeros behind the end. */
  peek(count: number): number {
    while (this.#count < count) {
      if (this.#at >= this.#chunk.length && !this.#pull()) {
        return (this.#held << (count - this.#count)) & ((1 << count) - 1);
      }
      this.#held = ((this.#held << 8) | (this.#chunk[this.#at] ?? 0)) & 0x0fff_ffff;
      this.#at += 1;
      this.#count += 8;
    }
    return (this.#held >>> (this.#count - count)) & ((1 << count) - 1);
  }

  /** They are used. */
  drop(count: number): void {
    if (this.#count < count) throw new Unreadable("corrupt");
    this.#count -= count;
  }

  /** Passes over what is left of a byte, and gives back to the input what it has not used. */
  align(): void {
    const whole = this.#count >> 3;
    const held = Buffer.alloc(whole);
    for (let i = 0; i < whole; i += 1) held[i] = this.#held >>> (8 * (whole - 1 - i));
    this.#count = 0;
    this.#input.unread(Buffer.concat([held, this.#chunk.subarray(this.#at)]));
    this.#chunk = Buffer.alloc(0);
    this.#at = 0;
  }

  #pull(): boolean {
    const next = this.#input.next();
    if (next === undefined) return false;
    this.#chunk = next;
    this.#at = 0;
    return true;
  }
}
