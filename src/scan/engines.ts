import type { Clock } from "../base/clock.ts";
import { createBuiltinEngine } from "./builtin-engine.ts";
import { scanByClamscan } from "./clamd-clamscan.ts";
import type { ClamdAddress } from "./clamd-connection.ts";
import { createClamdEngine } from "./clamd-engine.ts";
import { scanByInstream } from "./clamd-instream.ts";
import { createIcapEngine } from "./icap-engine.ts";
import type { IcapAddress } from "./icap-request.ts";
import type { ScanEngine } from "./scan-engine.ts";

/** One entry of `scan.engines`. */
export type EngineSettings =
  | { readonly type: "builtin" }
  | {
      readonly type: "clamd";
      readonly client: "instream" | "clamscan";
      readonly address: ClamdAddress;
      readonly required: boolean;
    }
  | {
      readonly type: "icap";
      readonly address: IcapAddress;
      readonly required: boolean;
      readonly timeoutMs: number | undefined;
    };

export interface EngineDeps {
  readonly clock: Clock;
  /** SHA-256 of files known to be bad, lower-case hex, for the builtin engine. */
  readonly hashes?: ReadonlySet<string>;
}

/** The two ways to speak to clamd. */
const CLAMD_CLIENTS = { instream: scanByInstream, clamscan: scanByClamscan } as const;

/** Every engine there is: the one list. They are asked in this order, all of them at once. */
export function createEngines(
  settings: readonly EngineSettings[],
  deps: EngineDeps,
): readonly ScanEngine[] {
  // Only an engine whose answer cannot be missing may relieve the builtin one of what that cannot see.
  const leaveContainers = settings.some((engine) => engine.type === "clamd" && engine.required);
  return settings.map((engine) => {
    switch (engine.type) {
      case "builtin":
        return createBuiltinEngine({ ...deps, leaveContainers });
      case "clamd": {
        const client = CLAMD_CLIENTS[engine.client];
        return createClamdEngine({ clock: deps.clock, client }, engine);
      }
      case "icap":
        return createIcapEngine({ clock: deps.clock }, engine);
    }
  });
}
