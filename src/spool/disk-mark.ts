import { statfsSync } from "node:fs";

/** How full the spool may make its disk. */
export interface DiskMarkOptions {
  /** Free space that stays for others on the same disk: logs, the incident store, quarantine. Bytes. */
  readonly reserveBytes: number;
  /** The part of the disk that may be in use, by whomever, from 0 to 1; 1: all of it. */
  readonly highWater: number;
}

/** The high-water mark of a disk. */
export interface DiskMark {
  /** Whether the disk is below the mark when so many bytes more are on it. Throws what the system says. */
  hasRoom(bytes: number): boolean;
}

/** Of the file system of that folder, asked each time: others write there too. */
export function createDiskMark(dir: string, options: DiskMarkOptions): DiskMark {
  return {
    hasRoom(bytes) {
      const { bsize, blocks, bfree, bavail } = statfsSync(dir);
      const free = bavail * bsize - bytes;
      if (free < options.reserveBytes) return false;
      // As df counts: what only root may use is neither free nor in use.
      const used = (blocks - bfree) * bsize + bytes;
      return used <= options.highWater * (used + free);
    },
  };
}
