import { createHash } from "node:crypto";

/** Six bytes that tell the connections of one run of the process from another's; `bootId` differs from run to run. */
export function bootMarkOf(bootId: string): Buffer {
  return createHash("sha256").update(bootId).digest().subarray(0, 6);
}
