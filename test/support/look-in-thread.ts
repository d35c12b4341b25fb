import { failed, ok } from "../../src/base/result.ts";
import { lookAtSource } from "../../src/scan/look-at-source.ts";
import type { Looker } from "../../src/scan/look-process.ts";

/** Looks into files in this thread, for as long as that takes: where nobody else waits. */
export function createLookInThread(): Looker {
  return {
    pids: [],
    async look(source) {
      const look = await lookAtSource(source);
      return look === undefined ? failed("unreadable") : ok(look);
    },
    [Symbol.dispose]() {
      // nothing is kept
    },
  };
}
