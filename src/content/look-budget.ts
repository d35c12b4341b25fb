/**
 * How much work one file may cost, with everything in it, on all levels together (DESIGN invariant 8). What it does not
 * reach to is not called harmless: the look then says that it saw a part.
 */
export interface LookLimits {
  /** Archives in archives: a zip in a zip has two levels. */
  readonly depth: number;
  /** Members of archives, of all levels. */
  readonly members: number;
  /** Bytes that are unpacked in memory. */
  readonly unpackedBytes: number;
  /** Bytes of names that are kept. */
  readonly nameBytes: number;
}

/** DESIGN's budget, but for what is unpacked: the look takes place between two other jobs of a thread. */
export const LOOK_LIMITS: LookLimits = {
  depth: 8,
  members: 2000,
  unpackedBytes: 8 * 1024 * 1024,
  nameBytes: 256 * 1024,
};

const SHORT_NAME = 32;

/** What is left of it. Each take says whether there was enough; once there was not, there never is. */
export class LookBudget {
  readonly depth: number;
  #members: number;
  #unpackedBytes: number;
  #nameBytes: number;

  constructor(limits: LookLimits = LOOK_LIMITS) {
    this.depth = limits.depth;
    this.#members = limits.members;
    this.#unpackedBytes = limits.unpackedBytes;
    this.#nameBytes = limits.nameBytes;
  }

  /** Bytes that may still be unpacked. */
  get unpackedBytes(): number {
    return Math.max(0, this.#unpackedBytes);
  }

  takeMember(nameBytes: number): boolean {
    this.#members -= 1;
    return this.takeName(nameBytes) && this.#members >= 0;
  }

  /** A further name of a member; short ones cost too, since each is read in every way (`normalizeFileName`). */
  takeName(bytes: number): boolean {
    this.#nameBytes -= Math.max(bytes, SHORT_NAME);
    return this.#nameBytes >= 0;
  }

  takeUnpacked(bytes: number): boolean {
    this.#unpackedBytes -= bytes;
    return this.#unpackedBytes >= 0;
  }
}
