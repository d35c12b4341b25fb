import type { Clock } from "../base/clock.ts";
import type { ScanDesk, ScanSource } from "../scan/scan-engine.ts";
import type { Spool } from "../spool/spool.ts";
import type { KeepOutcome, KeepStory, RelayEvent } from "./relay.ts";

export interface RelayDeps {
  readonly clock: Clock;
  readonly spool: Spool;
  readonly scan: ScanDesk;
  readonly quarantine: FileKeeper;
  readonly emit: (event: RelayEvent) => void;
}

/** What the relay wants of the quarantine (its QuarantineWriter). Total: never rejects. */
export interface FileKeeper {
  keep(source: ScanSource, story: KeepStory): Promise<KeepOutcome>;
}

export interface RelayOptions {
  /** To listen on; "0.0.0.0" or "::" for all addresses. */
  readonly address: string;
  /** Is this literal address one of this machine's, or one under which peers know it? Asked when a peer names it. */
  readonly isOwnAddress: (address: string) => boolean;
  /** Both included; a range that ends before it begins has no port: no transfers, only scans. */
  readonly firstPort: number;
  readonly lastPort: number;
  readonly maxFileBytes: number;
  readonly maxTransfers: number;
  /** What is not given keeps its default. */
  readonly timers?: Partial<RelayTimers>;
}

/** How long the relay waits, and for what (lcs.md B4, B7, B12). Milliseconds. */
export interface RelayTimers {
  /** For the peer that dials, until it has shown who it is. */
  readonly acceptMs: number;
  /** For a connection that we open. */
  readonly connectMs: number;
  /** For each control line to be complete. */
  readonly lineMs: number;
  /** Without content coming in, or going out. */
  readonly idleMs: number;
  /** For a sender that has dialled us and waits for TFR; its client gives up after 10 s. */
  readonly gateMs: number;
  /** From the last byte to our BYE; the sender's client gives up after 10 s. */
  readonly byeMs: number;
  /** For `decide`, from "received" on. */
  readonly decisionMs: number;
  /** For all of it, besides the time that the size needs at SLOWEST_BYTES_PER_MS. */
  readonly totalMs: number;
  /** For a connection that we have closed to be closed by the peer too; it is broken then. */
  readonly lingerMs: number;
  /**
   * For the receiver's client to go by itself when a transfer fails, before its connection is broken. 0: broken at once.
   * COMPAT(pidgin-sipe): a CANCEL for a transfer whose connection has just broken makes it crash; one that comes first
   * ends the transfer in order, so "ending" is told at the beginning of this time.
   */
  readonly partingMs: number;
  /** For transfers to wind up when the relay ends. */
  readonly disposeMs: number;
}

export const DEFAULT_TIMERS: RelayTimers = {
  acceptMs: 60_000,
  connectMs: 10_000,
  lineMs: 10_000,
  idleMs: 60_000,
  gateMs: 8000,
  byeMs: 8000,
  decisionMs: 300_000,
  totalMs: 600_000,
  lingerMs: 3000,
  partingMs: 0,
  disposeMs: 3000,
};

/** 100 kB/s: who is slower than that on the whole does not get through. */
export const SLOWEST_BYTES_PER_MS = 100;
