import type { OpenConnection } from "./engine-connection.ts";
import type { ServerAnswer } from "./scan-result.ts";
import type { ScanSource } from "./scan-engine.ts";

/** One scan by clamd. */
export interface ClamdJob {
  /** Not empty. */
  readonly source: ScanSource;
  /** In which pieces it is sent. */
  readonly chunkBytes: number;
  /** Ends everything at once; no socket is left. */
  readonly signal: AbortSignal;
}

/** A way to have clamd scan something: our own, or the npm package's. Total: never rejects. */
export type ClamdClient = (open: OpenConnection, job: ClamdJob) => Promise<ServerAnswer>;
