/** It does not fit into the bytes that there are. Never leaves the reader of a header. */
export class BrokenHeader extends Error {}

/** Reads the numbers and lists of a 7z header, one behind the other; throws `BrokenHeader` where they end. */
export class SevenZipFields {
  at = 0;
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw new BrokenHeader();
    this.at += 1;
    return byte;
  }

  take(length: number): Buffer {
    const end = this.at + length;
    if (end > this.bytes.length) throw new BrokenHeader();
    const taken = this.bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }

  /** As many bytes follow the first one as it has ones from the top; its other bits are the highest. */
  number(): number {
    const first = this.byte();
    let mask = 0x80;
    let value = 0;
    for (let shift = 1; mask > 0 && (first & mask) !== 0; mask >>= 1, shift *= 256) {
      value += this.byte() * shift;
      if (mask === 1) return checked(value);
    }
    let high = first & (mask - 1);
    for (let bit = 0x80; bit > mask; bit >>= 1) high *= 256;
    return checked(value + high);
  }

  /** Of things that take a byte of the header each, at least. */
  count(): number {
    const value = this.number();
    if (value > this.bytes.length - this.at) throw new BrokenHeader();
    return value;
  }

  bits(count: number): boolean[] {
    const bytes = this.take(Math.ceil(count / 8));
    return Array.from(
      { length: count },
      (_, i) => ((bytes[i >> 3] ?? 0) & (0x80 >> (i & 7))) !== 0,
    );
  }

  /** A list of checksums; undefined: of this one there is none. */
  checksums(count: number): readonly (number | undefined)[] {
    const defined = this.byte() === 0 ? this.bits(count) : filled(count, true);
    return defined.map((isThere) => (isThere ? this.take(4).readUInt32LE() : undefined));
  }
}

function checked(value: number): number {
  if (!Number.isSafeInteger(value)) throw new BrokenHeader();
  return value;
}

/** A list of so many. */
export function filled<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}
