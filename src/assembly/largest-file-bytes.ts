import type { Config } from "../config/config.ts";

/**
 * The largest file that may be transferred, in bytes: `relay.max_file_size`, and no more than any engine takes without whose answer a
 * scan has failed.
 */
export function largestFileBytes({
  relay,
  scan,
}: Pick<Config, "relay"> & { readonly scan: Pick<Config["scan"], "engines"> }): number {
  const limits = scan.engines.flatMap((engine) =>
    "maxBytes" in engine && engine.required ? (engine.maxBytes ?? []) : [],
  );
  return Math.min(relay.maxFileBytes, ...limits);
}
