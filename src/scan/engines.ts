import type { Clock } from "../base/clock.ts";
import { failed } from "../base/result.ts";
import { createBuiltinEngine } from "./builtin-engine.ts";
import { scanByClamscan } from "./clamd-clamscan.ts";
import type { EngineAddress } from "./engine-connection.ts";
import { createClamdEngine } from "./clamd-engine.ts";
import { scanByInstream } from "./clamd-instream.ts";
import { createIcapEngine } from "./icap-engine.ts";
import type { IcapAddress } from "./icap-request.ts";
import type { LargestFile, ScanEngine } from "./scan-engine.ts";
import { createYaraEngine, type YaraDeps } from "./yara-engine.ts";

/** One entry of `scan.engines`. */
export type EngineSettings =
  | { readonly type: "builtin" }
  | {
      readonly type: "clamd";
      readonly client: "instream" | "clamscan";
      readonly address: EngineAddress;
      readonly required: boolean;
      readonly maxBytes?: number | undefined;
    }
  | {
      readonly type: "icap";
      readonly address: IcapAddress;
      readonly required: boolean;
      readonly timeoutMs: number | undefined;
      readonly maxBytes?: number | undefined;
    }
  | {
      readonly type: "yara";
      /** Files and folders of rules, absolute. */
      readonly rules: readonly string[];
      readonly required: boolean;
    };

export interface EngineDeps {
  readonly clock: Clock;
  /** SHA-256 of files known to be bad, lower-case hex, for the builtin engine. */
  readonly hashes?: ReadonlySet<string>;
  /** What a server of ours is sent to show that it looks at all of it; absent: nothing of the kind. */
  readonly largest?: LargestFile | undefined;
  /** Signatures that are older, milliseconds, are warned of; absent: none are. */
  readonly signatureAgeMs?: number | undefined;
  /** Reads YARA's rules from files and folders. Without it there are none, and the engine is down. */
  readonly readYaraRules?: (paths: readonly string[]) => ReturnType<YaraDeps["readRules"]>;
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
        const { signatureAgeMs, largest } = deps;
        const options = { ...engine, signatureAgeMs, largest };
        return createClamdEngine({ clock: deps.clock, client }, options);
      }
      case "icap":
        return createIcapEngine({ clock: deps.clock }, { ...engine, largest: deps.largest });
      case "yara": {
        const readRules: YaraDeps["readRules"] = () =>
          deps.readYaraRules?.(engine.rules) ?? failed(["its rules cannot be read here"]);
        const { required } = engine;
        return createYaraEngine({ clock: deps.clock, readRules }, { required, leaveContainers });
      }
    }
  });
}
