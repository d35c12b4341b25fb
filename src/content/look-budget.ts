/**
 * How much work one file may cost, with everything in it, on all levels together (DESIGN invariant 8). What it does not
 * reach to is not called harmless: the look then says that it saw a part.
 */
export interface LookLimits {
  /** Archives in archives: a zip in a zip has two levels. */
  readonly depth: number;
  /** Members of archives, of all levels. */
  readonly members: number;
  /** Bytes that are unpacked, of all levels. */
  readonly unpackedBytes: number;
  /** Bytes of names that are kept. */
  readonly nameBytes: number;
  /** Whether the time is over. Absent: it takes as long as it takes. */
  readonly isOutOfTime?: () => boolean;
}

export const LOOK_LIMITS: LookLimits = {
  depth: 8,
  members: 2000,
  unpackedBytes: 1024 * 1024 * 1024,
  nameBytes: 1024 * 1024,
};

/** What unpacks to more than this many times its size, and so much beyond, is made for that. */
export const BOMB_RATIO = 100;
export const BOMB_GRACE: number = 10 * 1024 * 1024;

/** Of what does not come out piece by piece. */
const MAX_AT_ONCE = 64 * 1024 * 1024;

const SHORT_NAME = 32;

/** What is left of it. Each take says whether there was enough; once there was not, there never is. */
export class LookBudget {
  readonly depth: number;
  readonly #isOutOfTime: () => boolean;
  readonly #isByRatio: boolean;
  #members: number;
  #unpackedBytes: number;
  #nameBytes: number;

  /** @param fileBytes size of the file, which bounds what may come out of it */
  constructor(limits: LookLimits = LOOK_LIMITS, fileBytes: number = Infinity) {
    this.depth = limits.depth;
    this.#members = limits.members;
    const most = BOMB_RATIO * fileBytes + BOMB_GRACE;
    this.#isByRatio = most < limits.unpackedBytes;
    this.#unpackedBytes = Math.min(limits.unpackedBytes, most);
    this.#nameBytes = limits.nameBytes;
    this.#isOutOfTime = limits.isOutOfTime ?? (() => false);
  }

  /** Bytes that may be unpacked at once, in memory. */
  get unpackedBytes(): number {
    return Math.max(0, Math.min(this.#unpackedBytes, MAX_AT_ONCE));
  }

  /** There is nothing left to unpack with, or no time. */
  get isSpent(): boolean {
    return this.#unpackedBytes < 0 || this.#isOutOfTime();
  }

  /** What was spent is more than the file could honestly unpack to. */
  get isBlownUp(): boolean {
    return this.#isByRatio && this.#unpackedBytes < 0;
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
    return !this.isSpent;
  }
}
