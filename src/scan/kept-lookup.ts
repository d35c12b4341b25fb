import { lookup, type LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";

/** Asks the system for all addresses of a name; a thread of the pool that file I/O shares waits for the answer. */
export type LookUpAll = (
  host: string,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface KeptLookup {
  /** For net.connect with autoSelectFamily. */
  readonly lookup: LookupFunction;
  /** What was kept did not serve: ask again next time. */
  forget(): void;
}

/** Looks the name of clamd's host up once, not for every scan (DESIGN §4), and again after a connection has failed. */
export function createKeptLookup(lookUpAll: LookUpAll = systemLookup): KeptLookup {
  let kept: LookupAddress[] = [];
  return {
    lookup(host, _options, done) {
      if (kept.length > 0) {
        done(null, kept);
        return;
      }
      lookUpAll(host, (error, addresses) => {
        if (error === null) kept = addresses;
        done(error, addresses);
      });
    },
    forget() {
      kept = [];
    },
  };
}

function systemLookup(host: string, done: Parameters<LookUpAll>[1]): void {
  lookup(host, { all: true }, done);
}
