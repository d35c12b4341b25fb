import { join } from "node:path";

/** The incident store in a data folder. */
export function storeFile(dataDir: string): string {
  return join(dataDir, "sluice.db");
}
