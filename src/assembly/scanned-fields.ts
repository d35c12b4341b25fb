import type { ScanReport } from "../scan/scan-engine.ts";

/** What a scan of a kept file said, for its record and for whoever asked. */
export interface ScannedFields {
  /** clean, infected, suspicious, unscannable, error. */
  readonly result: string;
  /** "" when no engine named one. */
  readonly threat: string;
  /** Why it could not be looked at, or why no engine answered; "" when one did. */
  readonly problem: string;
  readonly scan: readonly Readonly<Record<string, unknown>>[];
  readonly [key: string]: unknown;
}

/** In the words of records. */
export function scannedFields({ verdict, results }: ScanReport): ScannedFields {
  return {
    result: verdict.kind,
    threat: "threat" in verdict ? verdict.threat : "",
    problem: "reason" in verdict ? verdict.reason : "",
    scan: results.map((one) => ({
      engine: one.engine,
      result: one.kind,
      threat: "threat" in one ? one.threat : null,
      reason: "reason" in one ? one.reason : null,
      ms: one.ms,
    })),
  };
}
