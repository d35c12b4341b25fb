import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";

/** Configuration as it stands in sluice.yaml (DESIGN §6); what a test leaves out takes the values below. */
export type GatewaySettings = Readonly<Record<string, unknown>>;

/** The rules that are shipped. */
export const SHIPPED_RULES: string = fileURLToPath(new URL("../../rules/", import.meta.url));

/** Free ports on loopback, the domain of all tests, data beside the file. */
const DEFAULTS: GatewaySettings = {
  listen: ["udp://127.0.0.1:0", "tcp://127.0.0.1:0"],
  upstream: "embedded",
  domains: ["example.test"],
  rules: [SHIPPED_RULES],
  data: { dir: "data" },
  log: { level: "info" },
};

/** Writes `sluice.yaml` into the folder and gives its path. */
export async function writeConfig(dir: string, settings: GatewaySettings = {}): Promise<string> {
  const file = join(dir, "sluice.yaml");
  await writeFile(file, stringify({ ...DEFAULTS, ...settings }));
  return file;
}

/** Writes a rule file and gives its path. */
export async function writeRules(dir: string, name: string, rules: unknown): Promise<string> {
  const file = join(dir, name);
  await writeFile(file, typeof rules === "string" ? rules : stringify(rules));
  return file;
}
