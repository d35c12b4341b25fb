import type { RecoveredFile } from "../spool/spool.ts";
import type { RelayDeps } from "./relay-options.ts";
import type { KeepOutcome, KeepStory } from "./relay.ts";

/**
 * A file of an earlier run of the program: both peers are gone, so that it can be told of and kept, and not delivered.
 * Without a decision it stays in the spool, for the next start.
 */
export class Recovered {
  readonly #deps: RelayDeps;
  readonly #found: RecoveredFile;
  readonly #readers = new Set<Promise<unknown>>();
  #isOver = false;

  constructor(deps: RelayDeps, found: RecoveredFile) {
    this.#deps = deps;
    this.#found = found;
  }

  async scan(): Promise<void> {
    const { file, story, state } = this.#found;
    const report = await this.#deps.scan.scan(file);
    const { id, size, sha256, sha1 } = file;
    this.#deps.emit({
      kind: "received",
      id,
      size,
      sha256,
      sha1,
      report,
      recovered: { story, state },
    });
  }

  async keep(story: KeepStory): Promise<KeepOutcome> {
    if (this.#isOver) return { kind: "not-kept", reason: "failed", detail: "the file is gone" };
    const kept = this.#deps.quarantine.keep(this.#found.file, story);
    this.#readers.add(kept);
    const outcome = await kept;
    this.#readers.delete(kept);
    return outcome;
  }

  /** There is nobody to deliver to: whatever the decision, the file goes. */
  async end(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await Promise.allSettled(this.#readers);
    const { id, size } = this.#found.file;
    this.#found.file.remove();
    this.#deps.emit({
      kind: "ended",
      id,
      end: {
        result: "stopped",
        reason: undefined,
        receivedBytes: size,
        deliveredBytes: 0,
        senderTold: "nothing",
      },
    });
  }
}
