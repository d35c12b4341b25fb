import type { Result } from "../base/result.ts";
import type { FileContent } from "../content/file-content.ts";
import type { CacheCounts } from "./kept-answers.ts";
import type { ScanResult } from "./scan-result.ts";

/** What is scanned: bytes that are complete, do not change, and can be read again and again. */
export interface ScanSource {
  /** Bytes. */
  readonly size: number;
  /** Hex, of exactly these bytes. */
  readonly sha256: string;
  /** The same by SHA-1, for records. Absent: nobody has computed it. */
  readonly sha1?: string;
  /** Reads into `buffer` from `position` on; the number of bytes read, 0 at the end. Throws when they cannot be read. */
  read(buffer: Buffer, position: number): number;
}

/** The largest file that an engine may ever get, bytes, and what such a file may take. */
export interface LargestFile {
  readonly bytes: number;
  readonly timeoutMs: number;
}

/** One engine. All of them stand in one list (engines.ts), one file each. */
export interface ScanEngine extends AsyncDisposable {
  /** As in records and in rules (`scan.engine`): "builtin", "clamd", "icap". */
  readonly name: string;
  /** A missing answer of a required engine counts as `error`; that of another is passed over where one engine did answer. */
  readonly required: boolean;
  /** What it said of itself when it was probed last ("ClamAV 1.4.3"); empty before. */
  readonly version: string;
  /** Bytes: a larger file is not sent to it, and is "too-large". Absent: it takes any. */
  readonly maxBytes?: number | undefined;
  /** When its signatures were made, milliseconds since 1970, to within a day. Absent: it does not say. */
  readonly signaturesAt?: number | undefined;
  /** It works, but an operator should change something; absent or empty: nothing. */
  readonly warning?: string;
  /** Total: never throws or rejects. When `signal` aborts the result is `error`, and nothing of the scan is left behind. */
  scan(source: ScanSource, signal: AbortSignal): Promise<ScanResult>;
  /** Undefined when the engine does its work (EICAR split over chunks found, harmless bytes clean); else why not, in words. */
  probe(signal: AbortSignal): Promise<string | undefined>;
  /** Cheap, asked every few seconds. Absent where there is nothing to ask. A probe follows a bad answer, and decides. */
  ping?(signal: AbortSignal): Promise<PingAnswer>;
  /**
   * All that its results hang on beside the bytes (program, signatures, its settings), asked of it now; cheap, and never rejects.
   * Undefined: it does not know. Absent: it never does. Then no results are kept.
   */
  signatureVersion?(signal: AbortSignal): Promise<string | undefined>;
  /**
   * Reads its rule files anew; the old rules stay unless all is well, or when this is but a trial. Absent where there are none. Never
   * rejects.
   */
  reload?(isTrial: boolean): Promise<EngineReload>;
}

/** What came of reading an engine's rule files anew. */
export interface EngineReload {
  readonly ok: boolean;
  /** A sentence each, with file:line:column; when all is well, warnings. */
  readonly problems: readonly string[];
}

/** "busy": so many wait for it that it takes no more at the moment. The problem: why it is not there, in words. */
export type PingAnswer = Result<"there" | "busy", string>;

/** What all engines together said of one file. */
export interface ScanReport {
  /** The one that counts (DESIGN §6 `combine`). */
  readonly verdict: ScanResult;
  /** One for each engine asked, in the order of the configuration. */
  readonly results: readonly ScanResult[];
  /** Media type by content; undefined when it was not recognised. */
  readonly trueType: string | undefined;
  /** What else its bytes say, for the rules; absent: they could not be read. */
  readonly content?: FileContent | undefined;
}

/** How one engine stands, for `sluice engines`, health and readiness. */
export interface EngineStatus {
  readonly name: string;
  readonly required: boolean;
  /** "up": the last probe succeeded; "down": it failed, or scans do; "unknown": not probed yet. */
  readonly state: "up" | "down" | "unknown";
  /** Why it is down, or what it says of itself (version, and the warning in brackets). */
  readonly detail: string;
  /** What an operator should change although it is up; empty: nothing. */
  readonly warning: string;
  /** When its signatures were made, milliseconds since 1970; undefined: it does not say, or is not up. */
  readonly signaturesAt?: number | undefined;
  readonly scans: number;
  readonly errors: number;
}

/** Asks the engines. Lives in the relay's worker thread. */
export interface ScanDesk extends AsyncDisposable {
  /**
   * Total: never rejects.
   * @param withinMs the most that it may take; never more than `scan.timeout`, which is the default
   * @param owner whose file it is, the sender's address of record: many files of one do not keep those of others waiting
   */
  scan(source: ScanSource, withinMs?: number, owner?: string): Promise<ScanReport>;
  status(): readonly EngineStatus[];
  /** Probes all engines now (`sluice engines test`), and throws away the results that are kept. */
  test(): Promise<readonly EngineStatus[]>;
  /** Of the results that are kept. */
  readonly counts: CacheCounts;
}
