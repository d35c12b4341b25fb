import { once } from "node:events";
import { freePort } from "../test/support/free-port.ts";
import { MAIN } from "../test/support/cli.ts";
import { writeConfig, type GatewaySettings } from "../test/support/write-config.ts";
import { pinnedProxy, type Proxy, type Site } from "./load-point.ts";

/**
 * The gateway with its shipped rules and its event log, on one core, and with one thread for its garbage, as
 * docs/operations.md says for one CPU.
 */
export async function startSluice(
  site: Site,
  name = "sluice",
  settings: GatewaySettings = {},
): Promise<Proxy> {
  const port = await freePort("127.0.0.1");
  const config = await writeConfig(site.dir, {
    listen: [`udp://127.0.0.1:${port}`, `tcp://127.0.0.1:${port}`],
    upstream: [`sip:127.0.0.2:${site.serverPort};transport=${site.transport}`],
    // Its answers are counted as answers to the load.
    upstream_probe: "off",
    log: { level: "warn" },
    ...settings,
  });
  const node = [process.execPath, "--single-threaded-gc"];
  const child = pinnedProxy([...node, MAIN, "run", "--config", config]);
  child.stderr?.pipe(process.stderr);
  if (child.stdout !== null) await once(child.stdout, "data");
  return { name, port, child };
}
