/** How many bits of the byte before and of the place choose among the models. */
export interface LzmaParameters {
  readonly lc: number;
  readonly lp: number;
  readonly pb: number;
}

/** Where each model begins in the one array of probabilities. */
const IS_MATCH = 0;
const IS_REP = IS_MATCH + 12 * 16;
const IS_REP_G0 = IS_REP + 12;
const IS_REP_G1 = IS_REP_G0 + 12;
const IS_REP_G2 = IS_REP_G1 + 12;
const IS_REP0_LONG = IS_REP_G2 + 12;
const SLOT = IS_REP0_LONG + 12 * 16;
const DISTANCE = SLOT + 4 * 64;
const ALIGN = DISTANCE + 128;
const LENGTH = ALIGN + 16;
const REP_LENGTH = LENGTH + 2 + 16 * 8 * 2 + 256;
const LITERAL = REP_LENGTH + 2 + 16 * 8 * 2 + 256;

const TOP = 2 ** 24;
const HALF = 1024;

/** The decoder's state: the models, the four last distances, the range coder, and what came out. */
export class LzmaState {
  /** Bytes that came out. */
  length = 0;
  /** Where the dictionary begins: matches reach no further back, and places count from here. */
  #start = 0;
  readonly #out: Buffer;
  #models = new Uint16Array(0);
  #parameters: LzmaParameters = { lc: 0, lp: 0, pb: 0 };
  #state = 0;
  #rep0 = 0;
  #rep1 = 0;
  #rep2 = 0;
  #rep3 = 0;
  #packed: Uint8Array = new Uint8Array(0);
  #at = 0;
  #range = 0;
  #code = 0;

  constructor(out: Buffer) {
    this.#out = out;
  }

  /** New parameters begin with new models. */
  setParameters(parameters: LzmaParameters): void {
    this.#parameters = parameters;
    this.#models = new Uint16Array(LITERAL + (0x300 << (parameters.lc + parameters.lp)));
    this.reset();
  }

  /** What came out so far is out of reach. */
  resetDictionary(): void {
    this.#start = this.length;
  }

  reset(): void {
    this.#models.fill(HALF);
    this.#state = 0;
    this.#rep0 = 0;
    this.#rep1 = 0;
    this.#rep2 = 0;
    this.#rep3 = 0;
  }

  /** Begins to read a range-coded piece: a zero, then the first four bytes of the code. */
  begin(packed: Uint8Array, at: number): void {
    this.#packed = packed;
    this.#at = at + 1;
    this.#range = 0xffff_ffff;
    this.#code = 0;
    for (let i = 0; i < 4; i += 1) this.#code = ((this.#code << 8) | this.#next()) >>> 0;
  }

  /** Bytes that stand as they are; false: they are not all here, or have no room. */
  copy(bytes: Uint8Array, length: number): boolean {
    const taken = bytes.subarray(0, this.#out.length - this.length);
    this.#out.set(taken, this.length);
    this.length += taken.length;
    return taken.length === length;
  }

  /** Unpacks until so much came out, or to where it ends or breaks. */
  run(end: number): void {
    const mask = (1 << this.#parameters.pb) - 1;
    while (this.length < end && this.#at <= this.#packed.length + 4) {
      const place = (this.length - this.#start) & mask;
      if (this.#bit(IS_MATCH + this.#state * 16 + place) === 0) this.#literal();
      else if (!this.#match(place, end)) return;
    }
  }

  #next(): number {
    const byte = this.#packed[this.#at] ?? 0;
    this.#at += 1;
    return byte;
  }

  #bit(model: number): 0 | 1 {
    const chance = this.#models[model] ?? HALF;
    const bound = Math.imul(this.#range >>> 11, chance) >>> 0;
    const isOne = this.#code >= bound;
    if (isOne) {
      this.#range -= bound;
      this.#code -= bound;
      this.#models[model] = chance - (chance >>> 5);
    } else {
      this.#range = bound;
      this.#models[model] = chance + ((2048 - chance) >>> 5);
    }
    if (this.#range < TOP) {
      this.#range = (this.#range << 8) >>> 0;
      this.#code = ((this.#code << 8) | this.#next()) >>> 0;
    }
    return isOne ? 1 : 0;
  }

  /** Bits without a model. */
  #direct(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i += 1) {
      this.#range >>>= 1;
      const isOne = this.#code >= this.#range;
      if (isOne) this.#code -= this.#range;
      value = (value << 1) | (isOne ? 1 : 0);
      if (this.#range < TOP) {
        this.#range = (this.#range << 8) >>> 0;
        this.#code = ((this.#code << 8) | this.#next()) >>> 0;
      }
    }
    return value;
  }

  #tree(model: number, bits: number): number {
    let symbol = 1;
    for (let i = 0; i < bits; i += 1) symbol = (symbol << 1) | this.#bit(model + symbol);
    return symbol - (1 << bits);
  }

  #reverseTree(model: number, bits: number): number {
    let symbol = 1;
    let value = 0;
    for (let i = 0; i < bits; i += 1) {
      const bit = this.#bit(model + symbol);
      symbol = (symbol << 1) | bit;
      value |= bit << i;
    }
    return value;
  }

  #literal(): void {
    const { lc, lp } = this.#parameters;
    const position = this.length - this.#start;
    const before = position === 0 ? 0 : (this.#out[this.length - 1] ?? 0);
    const place = ((position & ((1 << lp) - 1)) << lc) + (before >> (8 - lc));
    const model = LITERAL + 0x300 * place;
    let symbol = 1;
    if (this.#state >= 7) {
      let matched = this.#out[this.length - this.#rep0 - 1] ?? 0;
      while (symbol < 0x100) {
        const expected = (matched >> 7) & 1;
        matched <<= 1;
        const bit = this.#bit(model + ((1 + expected) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (bit !== expected) break;
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(model + symbol);
    this.#out[this.length] = symbol & 0xff;
    this.length += 1;
    this.#state = this.#state < 4 ? 0 : this.#state - (this.#state < 10 ? 3 : 6);
  }

  /** False: the end of the stream, or a distance that leads before its beginning. */
  #match(place: number, end: number): boolean {
    const state = this.#state;
    let length: number;
    if (this.#bit(IS_REP + state) === 0) {
      this.#rep3 = this.#rep2;
      this.#rep2 = this.#rep1;
      this.#rep1 = this.#rep0;
      length = this.#lengthOf(LENGTH, place);
      this.#state = state < 7 ? 7 : 10;
      this.#rep0 = this.#distance(length);
    } else {
      if (this.#bit(IS_REP_G0 + state) === 0) {
        if (this.#bit(IS_REP0_LONG + state * 16 + place) === 0) {
          this.#state = state < 7 ? 9 : 11;
          return this.#repeat(1, end);
        }
      } else this.#chooseDistance(state);
      length = this.#lengthOf(REP_LENGTH, place);
      this.#state = state < 7 ? 8 : 11;
    }
    return this.#repeat(length + 2, end);
  }

  #chooseDistance(state: number): void {
    let distance = this.#rep1;
    if (this.#bit(IS_REP_G1 + state) === 1) {
      distance = this.#rep2;
      if (this.#bit(IS_REP_G2 + state) === 1) {
        distance = this.#rep3;
        this.#rep3 = this.#rep2;
      }
      this.#rep2 = this.#rep1;
    }
    this.#rep1 = this.#rep0;
    this.#rep0 = distance;
  }

  #lengthOf(model: number, place: number): number {
    if (this.#bit(model) === 0) return this.#tree(model + 2 + place * 8, 3);
    if (this.#bit(model + 1) === 0) return 8 + this.#tree(model + 2 + 128 + place * 8, 3);
    return 16 + this.#tree(model + 2 + 256, 8);
  }

  /** Less one. */
  #distance(length: number): number {
    const slot = this.#tree(SLOT + Math.min(length, 3) * 64, 6);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1;
    const base = ((2 | (slot & 1)) << bits) >>> 0;
    if (slot < 14) return base + this.#reverseTree(DISTANCE + base - slot, bits);
    const high = this.#direct(bits - 4) * 16;
    return base + high + this.#reverseTree(ALIGN, 4);
  }

  #repeat(length: number, end: number): boolean {
    const from = this.length - this.#rep0 - 1;
    if (from < this.#start) return false;
    const stop = Math.min(this.length + length, end);
    for (let at = from; this.length < stop; at += 1) {
      this.#out[this.length] = this.#out[at] ?? 0;
      this.length += 1;
    }
    return true;
  }
}
