import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { TestAuthority } from "../support/certificates.ts";
import { statsOf } from "../support/gateway-figures.ts";
import { GatewayInspector, INSPECTABLE } from "../support/gateway-inspector.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { SipClient } from "../support/sip-client.ts";
import { SipServer } from "../support/sip-server.ts";
import { sized } from "../support/torture-size.ts";
import { waitUntil } from "../support/wait-until.ts";
import { WsCrowd } from "../support/ws-crowd.ts";

/** What a client that does nothing may cost by WebSocket in clear. What TLS takes besides is OpenSSL's: it is printed. */
const MOST_EACH = 40_000;
/** Code is compiled, and the heap has had its first growth, before anything is measured. */
const FIRST = 20;

const CROWDS = [
  { scheme: "ws", count: sized(500, 5000), most: MOST_EACH },
  { scheme: "wss", count: sized(200, 1000), most: Infinity },
] as const;

describe.each(CROWDS)("$count idle clients on $scheme", ({ scheme, count, most }) => {
  it("cost little each, are reached, and leave nothing behind", async () => {
    using authority = new TestAuthority();
    const ca = readFileSync(authority.ca);
    await using server = await SipServer.open("127.0.0.2");
    await using gateway = await GatewayProcess.start(
      {
        listen: [`${scheme}://127.0.0.1:0`],
        upstream: [{ uri: server.uri("tcp"), allow_clear: true }],
        upstream_probe: "off",
        tls: authority.issue({ names: "IP:127.0.0.1" }),
        limits: { connections: count + 100 },
        websocket: { ping: `${sized(1, 2)}s` },
      },
      INSPECTABLE,
    );
    using inspector = await GatewayInspector.of(gateway);
    const at = gateway.at(scheme);
    const visit = { scheme, gateway: at, ca };
    const who = { name: "alice", transport: scheme, gateway: at, tls: { ca } };
    await using alice = await SipClient.signOn(who);
    // Alice's own, ours to the server, and the server's to us.
    const isCrowdGone = async (): Promise<boolean> =>
      Number((await statsOf(gateway))["transport"]?.["connectionsOpen"]) <= 3;

    {
      await using first = await WsCrowd.gather({ ...visit, count: FIRST });
      expect(first.open).toBe(FIRST);
    }
    await waitUntil("the first to be gone", isCrowdGone);
    const before = await inspector.settledMemory();

    {
      await using crowd = await WsCrowd.gather({ ...visit, count });
      // Idle, and for long enough: each has been pinged, and has answered, for else it would be closed at the second.
      await waitUntil("everyone to have been pinged twice", () => crowd.pings >= 2, 60_000);
      const { used, rss } = await inspector.settledMemory();
      expect(crowd.open).toBe(count);
      const each = (now: number, then: number): number => (now - then) / count;
      console.log(
        `${count} idle clients on ${scheme}: ${kB(each(rss, before.rss))} each ` +
          `(${kB(each(used, before.used))} of it on the heap and in buffers)`,
      );
      expect(each(rss, before.rss)).toBeLessThan(most);

      for (const n of [0, Math.floor(count / 2), count - 1]) {
        expect((await alice.sends(crowd.aor(n), `are you there, ${n}?`)).status).toBe(200);
        expect(crowd.texts(n)).toEqual([`are you there, ${n}?`]);
      }
    }
    await waitUntil("all of them to be gone", isCrowdGone);
    const left = await inspector.settledMemory();
    console.log(
      `gone: ${kB(before.used)} -> ${kB(left.used)}, RSS ${kB(before.rss)} -> ${kB(left.rss)}`,
    );
    expect(left.used).toBeLessThan(before.used * 1.1);
  });
});

function kB(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
