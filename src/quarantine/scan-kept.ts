import type { ScanDesk, ScanReport } from "../scan/scan-engine.ts";
import { type ExpectedFile, openKept } from "./open-kept.ts";
import { QuarantineFailed } from "./quarantine-failed.ts";

/** What came of scanning a kept file once more. */
export type KeptScan =
  | { readonly kind: "scanned"; readonly report: ScanReport }
  /** There are no bytes any more. */
  | { readonly kind: "gone" }
  /** They are not those that were stored, or cannot be read; `detail` says so in words. */
  | { readonly kind: "damaged" | "failed"; readonly detail: string };

/**
 * Scans a kept file as a new one would be, after making sure that it still is the file of its story: no engine is asked about other
 * bytes. Total: never rejects.
 */
export async function scanKept(
  scan: Pick<ScanDesk, "scan">,
  store: { readonly dir: string; readonly keys: readonly Buffer[] },
  expected: ExpectedFile,
): Promise<KeptScan> {
  try {
    using file = openKept(store, expected);
    await file.check();
    return { kind: "scanned", report: await scan.scan(file) };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return { kind: "gone" };
    }
    const { code, message } = QuarantineFailed.from(error, `scanning ${expected.id}`);
    return { kind: code === "QUARANTINE_DAMAGED" ? "damaged" : "failed", detail: message };
  }
}
