/**
 * Who has how much of the spool: by what was announced, not by what has come, so that ten files that are admitted can also
 * be completed. Knows no disk.
 */
export interface RoomLedger {
  /** Bytes reserved, in all. */
  readonly reservedBytes: number;
  /** Of those, bytes that have not been written yet: they are still part of what the disk calls free. */
  readonly unfilledBytes: number;
  /** Whether so much more fits into both quotas. */
  hasRoom(owner: string, size: number): boolean;
  /** Takes the room, whether there is any or not: files of an earlier run count even above a quota that was lowered. */
  reserve(owner: string, size: number): Reservation;
}

export interface Reservation {
  /** So many bytes more have been written. */
  fill(bytes: number): void;
  /** Gives the room back. Any number of times. */
  free(): void;
}

/** `totalBytes` for all owners together, `perOwnerBytes` for each. */
export function createRoomLedger(totalBytes: number, perOwnerBytes: number): RoomLedger {
  let reservedBytes = 0;
  let unfilledBytes = 0;
  const byOwner = new Map<string, number>();

  function reserve(owner: string, size: number): Reservation {
    let unfilled = size;
    let held = true;
    reservedBytes += size;
    unfilledBytes += size;
    byOwner.set(owner, (byOwner.get(owner) ?? 0) + size);
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
        const left = (byOwner.get(owner) ?? 0) - size;
        if (left > 0) byOwner.set(owner, left);
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
    hasRoom: (owner, size) =>
      reservedBytes + size <= totalBytes && (byOwner.get(owner) ?? 0) + size <= perOwnerBytes,
    reserve,
  };
}
