import type { Clock } from "../base/clock.ts";
import type { Config } from "../config/config.ts";
import type { Journal } from "../journal/journal.ts";
import { createQuarantineReader } from "../quarantine/create-quarantine-reader.ts";
import type { QuarantineReader } from "../quarantine/quarantine.ts";
import { boundsOf, type QuarantineRetention, startRetention } from "./quarantine-retention.ts";
import { quarantineStore, type QuarantineStore } from "./quarantine-store.ts";

/** The quarantine, but for its writing half, which is in the relay's worker. */
export interface KeptFiles extends AsyncDisposable {
  readonly store: QuarantineStore;
  readonly reader: QuarantineReader;
  /** For a file that needs so many bytes, `lacks` of them on the disk; false: nothing may go. Never rejects. */
  readonly makeRoom: QuarantineRetention["makeRoom"];
}

/** Throws QuarantineKeyFailed, KeyFileDamaged and QuarantineFailed. */
export function openKeptFiles(
  deps: {
    readonly clock: Clock;
    readonly journal: Journal;
    readonly log: { warn(message: string, details?: Readonly<Record<string, unknown>>): void };
  },
  config: Config,
): KeptFiles {
  const store = quarantineStore(config);
  const reader = createQuarantineReader(store);
  const retention = startRetention({ ...deps, reader }, boundsOf(config));
  return {
    store,
    reader,
    makeRoom: async (...args) => retention.makeRoom(...args),
    [Symbol.asyncDispose]: async () => retention[Symbol.asyncDispose](),
  };
}
