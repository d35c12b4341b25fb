/**
 * What TLS costs: the same load over TCP, and over TLS between the client and the gateway, in turns, in one run:
 *
 *   npx node bench/tls.ts [RATE…]        default: 5000 10000
 *
 * The load generator speaks TCP; a tunnel on its core puts TLS around it (tls-tunnel.ts). The server is reached over TCP both
 * times. Else as compare.ts.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../test/support/free-port.ts";
import { TestAuthority } from "../test/support/certificates.ts";
import {
  buildLoad,
  HERE,
  measure,
  pinnedLoad,
  ROUNDS,
  stop,
  warmUp,
  type Proxy,
  type Site,
} from "./load-point.ts";
import { startSluice } from "./start-sluice.ts";

async function load(program: string, site: Site, proxy: Proxy, rates: readonly number[]) {
  warmUp(program, site, proxy);
  for (const rate of rates) process.stdout.write(`${measure(program, site, proxy, rate)}\n`);
  await stop(proxy.child);
}

async function overTls(program: string, site: Site, authority: TestAuthority): Promise<void> {
  const tlsPort = await freePort("127.0.0.1");
  const files = authority.issue({ names: "IP:127.0.0.1", days: 60 });
  const proxy = await startSluice(site, "over tls", {
    listen: [`tls://127.0.0.1:${tlsPort}`],
    upstream: [{ uri: `sip:127.0.0.2:${site.serverPort};transport=tcp`, allow_clear: true }],
    tls: files,
  });
  const tunnel = pinnedLoad([process.execPath, join(HERE, "tls-tunnel.ts"), String(tlsPort)]);
  const [port] = (await once(tunnel.stdout ?? tunnel, "data")) as [Buffer];
  await load(program, site, { ...proxy, port: Number(port.toString()) }, rates);
  await stop(tunnel);
}

const rates = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [5000, 10_000];
const dir = mkdtempSync(join(tmpdir(), "sluice-bench-"));
using authority = new TestAuthority();
try {
  const program = buildLoad(dir);
  const site = async (): Promise<Site> => {
    return { dir, transport: "tcp", serverPort: await freePort("127.0.0.2") };
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const clear = await site();
    await load(program, clear, await startSluice(clear, "over tcp"), rates);
    await overTls(program, await site(), authority);
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
