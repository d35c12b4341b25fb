/**
 * Kamailio and Sluice at the same work, in turns, in one run:
 *
 *   npx node bench/compare.ts [udp|tcp] [RATE…]        default: udp 5000 10000
 *
 * Each proxy is pinned to core 0, the load generator (msgload.c, compiled here) to core 1. Both get the same messages at
 * the same rate; look at the ratio at one rate, not at microseconds across rates: CPU time for a message falls with load.
 * Needs Linux, gcc, kamailio, taskset, and ports of its own on 127.0.0.1 and 127.0.0.2. Kamailio runs with the fast allocator
 * (-x fm), not with Debian's default, which takes about three times as long. BENCH_SECONDS changes the 5 seconds of a point,
 * BENCH_ROUNDS the two rounds, BENCH_WARM_UP the 8 seconds at 5,000/s before the first point, BENCH_BODY the text (one with a link
 * that the shipped rules disarm shows what rewriting costs).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../test/support/free-port.ts";
import {
  buildLoad,
  HERE,
  measure,
  pinnedProxy,
  ROUNDS,
  stop,
  warmUp,
  type Proxy,
  type Site,
} from "./load-point.ts";
import { startSluice } from "./start-sluice.ts";

async function startKamailio(site: Site): Promise<Proxy> {
  const port = await freePort("127.0.0.1");
  const config = join(site.dir, "kamailio.cfg");
  const text = readFileSync(join(HERE, "kamailio.cfg"), "utf8")
    .replaceAll("@PORT@", String(port))
    .replaceAll("@SERVER@", String(site.serverPort))
    .replaceAll("@TRANSPORT@", site.transport);
  writeFileSync(config, text);
  const args = ["-DD", "-E", "-f", config, "-m", "1536", "-M", "16", "-x", "fm", "-X", "fm"];
  const child = pinnedProxy(["/usr/sbin/kamailio", ...args, "-Y", site.dir]);
  await delay(1500);
  return { name: "kamailio", port, child };
}

const [first, ...others] = process.argv.slice(2);
const transport = first === "tcp" ? "tcp" : "udp";
const given = (
  first === "tcp" || first === "udp" || first === undefined ? others : [first, ...others]
).map(Number);
const rates = given.length > 0 ? given : [5000, 10_000];
const dir = mkdtempSync(join(tmpdir(), "sluice-bench-"));
try {
  const program = buildLoad(dir);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const start of [startKamailio, startSluice]) {
      const site: Site = { dir, transport, serverPort: await freePort("127.0.0.2") };
      const proxy = await start(site);
      warmUp(program, site, proxy);
      for (const rate of rates) {
        process.stdout.write(`${transport}  ${measure(program, site, proxy, rate)}\n`);
      }
      await stop(proxy.child);
    }
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
