import { ok } from "../base/result.ts";
import { viewOf } from "../content/byte-view.ts";
import { fileContent } from "../content/file-content.ts";
import { lookIntoFile } from "../content/look-into-file.ts";
import { scanBuiltin } from "./builtin-engine.ts";
import { combineResults } from "./combine-results.ts";
import { withLook } from "./with-look.ts";
import { createMemorySource } from "./memory-source.ts";
import type { ScanReport } from "./scan-engine.ts";

/**
 * What the builtin engine and our own look say of bytes in memory, at once: for dry runs and tests of rules, which ask no other engine
 * and no second reader of types.
 */
export function scanOffline(
  bytes: Buffer,
  hashes?: ReadonlySet<string>,
): Pick<ScanReport, "verdict" | "content"> {
  const look = lookIntoFile(viewOf(bytes));
  const result = scanBuiltin(bytes, () => 0, hashes);
  const { sha256 } = createMemorySource(bytes);
  return {
    verdict: combineResults(withLook([{ required: true, result }], ok(look))),
    content: fileContent(look, sha256),
  };
}
