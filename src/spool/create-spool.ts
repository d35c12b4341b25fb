import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { isUlid } from "../base/ulid.ts";
import { createDiskMark, type DiskMark, type DiskMarkOptions } from "./disk-mark.ts";
import { createIncomingFile } from "./incoming-file.ts";
import { makePrivateFolder, openPrivateFolder } from "./private-folder.ts";
import { recoverFiles } from "./recover-files.ts";
import { createRoomLedger, type RoomLedger, type RoomLimits } from "./room-ledger.ts";
import type { Spool, SpoolAdmission, SpoolRequest } from "./spool.ts";
import { isDiskFull, SpoolFailed } from "./spool-failed.ts";
import { spoolPlaces, type SpoolPlaces } from "./spool-places.ts";

/** Limits of a spool: of all files together, of one owner's, and of the disk. */
export interface SpoolOptions extends RoomLimits, DiskMarkOptions {
  /** The folder; made when it is not there. All of it must be one file system. */
  readonly dir: string;
  readonly maxFileBytes: number;
}

/**
 * Files in transit, on disk (DESIGN §4, HARDENING B8, D7, F1, F3): room is reserved by the announced size before a byte is
 * taken; a file is created for us alone (0600, never over another, never through a link) under a name that is ours, opened
 * once, and read through that same descriptor until it is removed, so that what is scanned is what is delivered. States
 * move by rename; complete files are durable with their story before anybody is told that they have been received. The disk is
 * asked for its free space at admission and while files come in, so that others who fill it stop files before it is full.
 *
 * Does not: decide what becomes of a file, keep what is blocked (quarantine), encrypt, or delete one file to make room for
 * another. One process at a time; everything is synchronous.
 */
export function createSpool(deps: { readonly clock: Clock }, options: SpoolOptions): Spool {
  const places = spoolPlaces(options.dir);
  try {
    openPrivateFolder(options.dir);
    for (const place of Object.values(places)) makePrivateFolder(place);
  } catch (error) {
    throw SpoolFailed.from(error, `opening the spool in ${options.dir}`);
  }
  const ledger = createRoomLedger(options);
  const mark = createDiskMark(options.dir, options);

  function admit(request: SpoolRequest): SpoolAdmission {
    const reason = isFresh(places, request.id)
      ? findRefusal(request, { maxFileBytes: options.maxFileBytes, ledger, mark })
      : "failed";
    if (reason !== undefined) return { kind: "refused", reason };
    const reservation = ledger.reserve(request.owner, request.size);
    try {
      const file = createIncomingFile({ places, mark, clock: deps.clock }, request, reservation);
      return { kind: "admitted", file };
    } catch (error) {
      reservation.free();
      return { kind: "refused", reason: isDiskFull(error) ? "no-space" : "failed" };
    }
  }

  return {
    admit,
    get reservedBytes() {
      return ledger.reservedBytes;
    },
    recover: () => recoverFiles(places, ledger),
  };
}

interface Limits {
  readonly maxFileBytes: number;
  readonly ledger: RoomLedger;
  readonly mark: DiskMark;
}

type RefusalReason = Extract<SpoolAdmission, { kind: "refused" }>["reason"];

/** An id of ours that no complete file has: completing would put one file in the place of another. */
function isFresh(places: SpoolPlaces, id: string): boolean {
  if (!isUlid(id)) return false;
  return !existsSync(join(places.held, id)) && !existsSync(join(places.releasing, id));
}

function findRefusal(
  { size, owner }: SpoolRequest,
  { maxFileBytes, ledger, mark }: Limits,
): RefusalReason | undefined {
  // The size comes from a peer: whatever is no size at all must not reach the sums.
  if (!Number.isSafeInteger(size) || size < 0 || size > maxFileBytes) return "too-large";
  const refusal = ledger.refusal(owner, size);
  if (refusal !== undefined) return refusal;
  try {
    return mark.hasRoom(ledger.unfilledBytes + size) ? undefined : "no-space";
  } catch {
    return "failed";
  }
}
