import { existsSync } from "node:fs";

/** Where the configuration is looked for when the command line does not say (DESIGN §6). */
const CONFIG_PLACES: readonly string[] = ["./sluice.yaml", "/etc/sluice/sluice.yaml"];

/**
 * The configuration file to read: the one given, else the first of `CONFIG_PLACES` that is there, else the first of them,
 * so that the problem "does not exist" names a place.
 */
export function findConfig(given: string | undefined): string {
  if (given !== undefined) return given;
  return CONFIG_PLACES.find((place) => existsSync(place)) ?? "./sluice.yaml";
}
