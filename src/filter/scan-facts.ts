import type { ScanRecord } from "../journal/records.ts";
import type { ScanFacts } from "../policy/facts.ts";
import type { ScanReport } from "../scan/scan-engine.ts";
import type { ScanResult } from "../scan/scan-result.ts";

/** What was found of a file, in the words of the rules. */
export function scanFacts({
  verdict,
  content,
}: Pick<ScanReport, "verdict" | "content">): ScanFacts {
  return { ...resultFacts(verdict), content };
}

/** One result in the words of the rules. */
function resultFacts(result: ScanResult): ScanFacts {
  return {
    verdict: result.kind,
    engine: result.engine,
    name: "threat" in result ? result.threat : "",
    reason: "reason" in result ? result.reason : "",
  };
}

/** What every engine said, in the words of the record. */
export function scanRecords(report: ScanReport): readonly ScanRecord[] {
  return report.results.map((result) => ({
    engine: result.engine,
    result: result.kind,
    threat: "threat" in result ? result.threat : undefined,
    reason: "reason" in result ? result.reason : undefined,
    ms: result.ms,
  }));
}
