import { createHash, type Hash } from "node:crypto";
import { constants, fdatasyncSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import type { DiskMark } from "./disk-mark.ts";
import { stampOf } from "./file-stamp.ts";
import { closeQuietly, createHeldFile } from "./held-file.ts";
import { CREATE_NEW, syncFolder } from "./private-folder.ts";
import type { Reservation } from "./room-ledger.ts";
import type { HeldFile, IncomingFile, SpoolRequest, SpoolStory } from "./spool.ts";
import { SpoolFailed } from "./spool-failed.ts";
import { eraseFile, partName, type SpoolPlaces } from "./spool-places.ts";
import { writeStory } from "./story-file.ts";

/** Bytes of a file between two looks at the disk's free space. */
const BYTES_PER_LOOK = 1024 * 1024;

export interface IncomingFileDeps {
  readonly places: SpoolPlaces;
  readonly mark: DiskMark;
  readonly clock: Clock;
}

/** Creates the file and opens it, once: the same descriptor serves until it is removed. Throws what the system says. */
export function createIncomingFile(
  deps: IncomingFileDeps,
  request: SpoolRequest,
  reservation: Reservation,
): IncomingFile {
  const path = join(deps.places.incoming, partName(request.id));
  const descriptor = openSync(path, CREATE_NEW | constants.O_RDWR, 0o600);
  return new WrittenFile(deps, request, { descriptor, reservation });
}

class WrittenFile implements IncomingFile {
  readonly #places: SpoolPlaces;
  readonly #request: SpoolRequest;
  readonly #owned: { readonly descriptor: number; readonly reservation: Reservation };
  readonly #mark: DiskMark;
  readonly #clock: Clock;
  readonly #sha256: Hash = createHash("sha256");
  readonly #sha1: Hash = createHash("sha1");
  #receivedBytes = 0;
  #lookAt = BYTES_PER_LOOK;
  #stamp: string;
  /** "handed-over": the held file owns descriptor, names and reservation now. */
  #state: "open" | "broken" | "discarded" | "handed-over" = "open";

  constructor(
    { places, mark, clock }: IncomingFileDeps,
    request: SpoolRequest,
    owned: { readonly descriptor: number; readonly reservation: Reservation },
  ) {
    this.#places = places;
    this.#mark = mark;
    this.#request = request;
    this.#owned = owned;
    this.#clock = clock;
    this.#stamp = stampOf(owned.descriptor);
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  write(bytes: Buffer): void {
    this.#expectOpen();
    const { id, size } = this.#request;
    if (this.#receivedBytes + bytes.length > size) {
      this.#state = "broken";
      throw new SpoolFailed("SPOOL_OVERRUN", `${id} is longer than the announced ${size} bytes`);
    }
    this.#attempt(`writing ${id}`, () => {
      this.#expectOwn();
      for (let written = 0; written < bytes.length;) {
        const position = this.#receivedBytes + written;
        const rest = bytes.length - written;
        written += writeSync(this.#owned.descriptor, bytes, written, rest, position);
      }
      this.#stamp = stampOf(this.#owned.descriptor);
      this.#sha256.update(bytes);
      this.#sha1.update(bytes);
    });
    this.#receivedBytes += bytes.length;
    this.#owned.reservation.fill(bytes.length);
    if (this.#receivedBytes >= this.#lookAt) this.#lookAtDisk();
  }

  complete(story: SpoolStory): HeldFile {
    this.#expectOpen();
    const { id, size, owner } = this.#request;
    if (this.#receivedBytes !== size) {
      this.#state = "broken";
      const message = `${id} has ${this.#receivedBytes} of the announced ${size} bytes`;
      throw new SpoolFailed("SPOOL_SHORT", message);
    }
    const digests = { sha256: this.#sha256.digest("hex"), sha1: this.#sha1.digest("hex") };
    const { sha256 } = digests;
    const places = this.#places;
    this.#attempt(`completing ${id}`, () => {
      this.#expectOwn();
      fdatasyncSync(this.#owned.descriptor);
      // The story first: a file in `held` without one would be a delivery that nobody can tell anything about.
      writeStory(places.held, id, { owner, sha256, size, completedAt: this.#clock.now(), story });
      renameSync(join(places.incoming, partName(id)), join(places.held, id));
      syncFolder(places.held);
    });
    const held = createHeldFile({ places, id, size, digests: () => digests, ...this.#owned });
    this.#state = "handed-over";
    return held;
  }

  discard(): void {
    if (this.#state === "discarded" || this.#state === "handed-over") return;
    this.#state = "discarded";
    eraseFile(this.#places, this.#request.id);
    closeQuietly(this.#owned.descriptor);
    this.#owned.reservation.free();
  }

  /** Room was promised at admission, but others write to the disk too: it must not become full. */
  #lookAtDisk(): void {
    this.#lookAt = this.#receivedBytes + BYTES_PER_LOOK;
    this.#attempt(`writing ${this.#request.id}`, () => {
      if (this.#mark.hasRoom(0)) return;
      throw new SpoolFailed("SPOOL_FULL", `${this.#request.id}: the disk is fuller than its mark`);
    });
  }

  /** Nobody but us has written to it. */
  #expectOwn(): void {
    if (stampOf(this.#owned.descriptor) === this.#stamp) return;
    throw new SpoolFailed("SPOOL_CHANGED", `${this.#request.id} was changed while it came in`);
  }

  #expectOpen(): void {
    if (this.#state === "open") return;
    throw new SpoolFailed("SPOOL_FAILED", `${this.#request.id} takes nothing more: ${this.#state}`);
  }

  /** After a failure the file is good for nothing but `discard`: what is on the disk is not what was counted. */
  #attempt(doing: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#state = "broken";
      throw SpoolFailed.from(error, doing);
    }
  }
}
