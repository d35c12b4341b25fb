import type { EngineConfig, ScanConfig } from "../config/config.ts";
import type { ExpectedFile } from "../quarantine/open-kept.ts";
import type { KeptScan } from "../quarantine/scan-kept.ts";
import type { Relay, RelayEvent } from "../relay/relay.ts";
import type { EngineReload, EngineStatus } from "../scan/scan-engine.ts";

/** What the SIP thread may ask of the relay's worker; both ends of the thread boundary speak only in these messages. */
export type RelayMethods = Pick<
  Relay,
  | "open"
  | "decide"
  | "abort"
  | "keep"
  | "scanBytes"
  | "keepBytes"
  | "engines"
  | "scanCounts"
  | "transfers"
> &
  EngineRules &
  KeptScans;

/** The kept files, which the engines read where they are. */
export interface KeptScans {
  /** Scans a kept file once more. Never rejects. */
  scanKept(expected: ExpectedFile): Promise<KeptScan>;
}

/** The rule files of scan engines, which are read in the worker. */
export interface EngineRules {
  /** Reads them anew, or only tries to; those that are not all well stay as they were. Undefined: no engine has any. */
  reloadEngines(isTrial: boolean): Promise<EngineReload | undefined>;
}

/** One call; a call is answered once, in any order. */
export interface RelayCall {
  readonly seq: number;
  readonly method: keyof RelayMethods;
  readonly args: readonly unknown[];
}

export type RelayReply =
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly seq: number; readonly value: unknown }
  | { readonly kind: "event"; readonly event: RelayEvent }
  /** An engine went up or down, or warns of something else. */
  | {
      readonly kind: "engine";
      readonly status: EngineStatus;
      /** How all of them stand now. */
      readonly all: readonly EngineStatus[];
    };

/** Everything that the worker is made of; plain data. */
export interface RelayWorkerSettings {
  /** Ports for the LCS dialect; undefined: no transfers, the worker only scans. */
  readonly ports: { readonly firstPort: number; readonly lastPort: number } | undefined;
  /** Media addresses that peers know us by (`advertise`). */
  readonly advertised: readonly string[];
  readonly maxFileBytes: number;
  readonly maxTransfers: number;
  readonly spool: {
    readonly dir: string;
    readonly totalBytes: number;
    readonly perOwnerBytes: number;
    readonly perOwnerFiles: number;
    readonly reserveBytes: number;
    readonly highWater: number;
  };
  readonly quarantine: {
    readonly dir: string;
    readonly key: Uint8Array;
    /** Those in use before, for reading. */
    readonly oldKeys: readonly Uint8Array[];
    readonly maxBytes: number;
    readonly maxFiles: number;
    readonly reserveBytes: number;
  };
  readonly scan: {
    readonly engines: readonly EngineConfig[];
    readonly hashFiles: readonly string[];
    readonly timeoutMs: number;
    readonly combine: ScanConfig["combine"];
    readonly cache: ScanConfig["cache"];
    /** The largest file that engines may get, bytes. */
    readonly largestBytes: number;
    readonly signatureAgeMs: ScanConfig["signatureAgeMs"];
  };
}
