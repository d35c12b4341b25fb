/**
 * Who has how much of the spool: by what was announced, not by what has come, so that ten files that are admitted can also
 * be completed. Knows no disk.
 */
export interface RoomLedger {
  /** Bytes reserved, in all. */
  readonly reservedBytes: number;
  /** Of those, bytes that have not been written yet: they are still part of what the disk calls free. */
  readonly unfilledBytes: number;
  /** Why one more file of so many bytes does not fit, for this owner or for all; undefined: it does. */
  refusal(owner: string, size: number): "quota" | "spool-full" | undefined;
  /** Takes the room, whether there is any or not: files of an earlier run count even above a quota that was lowered. */
  reserve(owner: string, size: number): Reservation;
}

export interface Reservation {
  /** So many bytes more have been written. */
  fill(bytes: number): void;
  /** Gives the room back. Any number of times. */
  free(): void;
}

/** How much there may be, in bytes and files. */
export interface RoomLimits {
  readonly totalBytes: number;
  readonly perOwnerBytes: number;
  readonly perOwnerFiles: number;
}

interface Share {
  readonly bytes: number;
  readonly files: number;
}

const NOTHING: Share = { bytes: 0, files: 0 };

export function createRoomLedger(limits: RoomLimits): RoomLedger {
  let reservedBytes = 0;
  let unfilledBytes = 0;
  const byOwner = new Map<string, Share>();

  function shareOf(owner: string): Share {
    return byOwner.get(owner) ?? NOTHING;
  }

  function reserve(owner: string, size: number): Reservation {
    let unfilled = size;
    let held = true;
    reservedBytes += size;
    unfilledBytes += size;
    const before = shareOf(owner);
    byOwner.set(owner, { bytes: before.bytes + size, files: before.files + 1 });
    return {
      fill(bytes) {
        if (!held) return;
        unfilled -= bytes;
        unfilledBytes -= bytes;
      },
      free() {
        if (!held) return;
        held = false;
        reservedBytes -= size;
        unfilledBytes -= unfilled;
        const { bytes, files } = shareOf(owner);
        if (files > 1) byOwner.set(owner, { bytes: bytes - size, files: files - 1 });
        else byOwner.delete(owner);
      },
    };
  }

  return {
    get reservedBytes() {
      return reservedBytes;
    },
    get unfilledBytes() {
      return unfilledBytes;
    },
    refusal(owner, size) {
      const { bytes, files } = shareOf(owner);
      if (bytes + size > limits.perOwnerBytes || files >= limits.perOwnerFiles) return "quota";
      return reservedBytes + size > limits.totalBytes ? "spool-full" : undefined;
    },
    reserve,
  };
}
