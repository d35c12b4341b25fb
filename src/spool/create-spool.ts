import { existsSync, statfsSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { isUlid } from "../base/ulid.ts";
import { createIncomingFile } from "./incoming-file.ts";
import { makePrivateFolder, openPrivateFolder } from "./private-folder.ts";
import { recoverFiles } from "./recover-files.ts";
import { createRoomLedger, type RoomLedger } from "./room-ledger.ts";
import type { Spool, SpoolAdmission, SpoolRequest } from "./spool.ts";
import { isDiskFull, SpoolFailed } from "./spool-failed.ts";
import { spoolPlaces, type SpoolPlaces } from "./spool-places.ts";

/** Limits of a spool, all in bytes. */
export interface SpoolOptions {
  /** The folder; made when it is not there. All of it must be one file system. */
  readonly dir: string;
  readonly maxFileBytes: number;
  /** Of all files together, by announced size. */
  readonly totalBytes: number;
  /** Of one owner's files together. */
  readonly perOwnerBytes: number;
  /** Free space that admission leaves to others on the same disk: logs, the incident store, quarantine. */
  readonly reserveBytes: number;
}

/**
 * Files in transit, on disk (DESIGN §4, HARDENING B8, D7, F1, F3): room is reserved by the announced size before a byte is
 * taken; a file is created for us alone (0600, never over another, never through a link) under a name that is ours, opened
 * once, and read through that same descriptor until it is removed, so that what is scanned is what is delivered. States
 * move by rename; complete files are durable with their story before anybody is told that they have been received.
 *
 * Does not: decide what becomes of a file, keep what is blocked (quarantine), or encrypt. The number of files is bounded by
 * whoever asks for admission: an empty file takes no room. One process at a time; everything is synchronous.
 */
export function createSpool(deps: { readonly clock: Clock }, options: SpoolOptions): Spool {
  const places = spoolPlaces(options.dir);
  try {
    openPrivateFolder(options.dir);
    for (const place of Object.values(places)) makePrivateFolder(place);
  } catch (error) {
    throw SpoolFailed.from(error, `opening the spool in ${options.dir}`);
  }
  const ledger = createRoomLedger(options.totalBytes, options.perOwnerBytes);

  function admit(request: SpoolRequest): SpoolAdmission {
    const reason = isFresh(places, request.id) ? findRefusal(request, options, ledger) : "failed";
    if (reason !== undefined) return { kind: "refused", reason };
    const reservation = ledger.reserve(request.owner, request.size);
    try {
      const file = createIncomingFile(places, request, reservation, deps.clock);
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

type RefusalReason = Extract<SpoolAdmission, { kind: "refused" }>["reason"];

/** An id of ours that no complete file has: completing would put one file in the place of another. */
function isFresh(places: SpoolPlaces, id: string): boolean {
  if (!isUlid(id)) return false;
  return !existsSync(join(places.held, id)) && !existsSync(join(places.releasing, id));
}

function findRefusal(
  { size, owner }: SpoolRequest,
  options: SpoolOptions,
  ledger: RoomLedger,
): RefusalReason | undefined {
  // The size comes from a peer: whatever is no size at all must not reach the sums.
  if (!Number.isSafeInteger(size) || size < 0 || size > options.maxFileBytes) return "too-large";
  if (!ledger.hasRoom(owner, size)) return "quota";
  try {
    const disk = statfsSync(options.dir);
    const free = disk.bavail * disk.bsize - ledger.unfilledBytes - size;
    return free < options.reserveBytes ? "no-space" : undefined;
  } catch {
    return "failed";
  }
}
