import { describe, expect, it } from "vitest";
import { readEvents } from "../support/events-file.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { ImpairedLink, type Impairment } from "../support/impaired-link.ts";
import { SipClient } from "../support/sip-client.ts";
import { SipServer } from "../support/sip-server.ts";
import { sized } from "../support/torture-size.ts";
import { waitUntil } from "../support/wait-until.ts";

const SEED = Number(process.env["SLUICE_TORTURE_SEED"] ?? 20261127);
const BAD: Omit<Impairment, "seed"> = { loss: 0.2, jitterMs: 200, duplicates: 0.05 };
const MESSAGES = sized(80, 2000);
const AT_A_TIME = 40;
/**
 * With a fifth lost each way, eleven times (RFC 3261 timer F) are too few for 1 MESSAGE in 10,000. This sender asks as long as
 * the gateway keeps an answer: answer_within, then timer J.
 */
const PATIENCE_MS = 20_000 + 32_000;

describe(`a network that loses a fifth, delays and duplicates (seed ${SEED})`, () => {
  it("costs no MESSAGE its answer; each is judged, forwarded and logged once", async () => {
    await using server = await SipServer.open("127.0.0.2");
    server.answering = 200;
    await using serverLink = await ImpairedLink.open("127.0.0.3", server.local, {
      ...BAD,
      seed: SEED,
    });
    const { address, port } = serverLink.near;
    await using gateway = await GatewayProcess.start({
      upstream: [`sip:${address}:${port};transport=udp`],
      upstream_probe: "off",
    });
    await using clientLink = await ImpairedLink.open("127.0.0.4", gateway.at("udp"), {
      ...BAD,
      seed: SEED + 1,
    });
    await using alice = await SipClient.open({
      name: "alice",
      transport: "udp",
      gateway: clientLink.near,
      patienceMs: PATIENCE_MS,
    });

    const statuses = new Map<string, number>();
    const numbers = Array.from({ length: MESSAGES }, (_, n) => n).values();
    const sender = async (): Promise<void> => {
      for (const n of numbers) {
        const callId = `bad-network-${n}`;
        // Every fourth is blocked by a rule: its incident must be one, too.
        const text = n % 4 === 0 ? `http://host-${n}.example.net/tool.exe` : `message ${n}`;
        const answer = await alice
          .sends("sip:bob@example.test", text, { callId })
          .catch(() => undefined);
        statuses.set(callId, answer?.status ?? 0);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, sender));

    // Done, refused by the rule, or given up cleanly: 504, when the server was not reached within answer_within.
    const wrong = [...statuses].filter(([callId, status]) => {
      const blocked = Number(callId.split("-").at(-1)) % 4 === 0;
      return blocked ? status !== 403 : status !== 200 && status !== 504;
    });
    expect(wrong).toEqual([]);
    const inTime = [...statuses.values()].filter((status) => status !== 504).length;
    expect(inTime / MESSAGES).toBeGreaterThan(0.95);

    const lines = async (): Promise<ReadonlyMap<string, number>> =>
      countBy((await readEvents(gateway.eventsFile)).map((event) => String(event["call_id"])));
    // Ten a second of what strangers are refused for have a line of their own; the others are counted.
    await waitUntil("the log", async () => (await lines()).size >= MESSAGES * 0.75);
    expect([...(await lines())].filter(([, count]) => count !== 1)).toEqual([]);
    const branches = new Map(server.arrived.map(({ branch, callId }) => [branch, callId]));
    expect([...countBy([...branches.values()])].filter(([, count]) => count !== 1)).toEqual([]);
    expect(server.arrived.filter((request) => request.text.includes(".exe"))).toEqual([]);
    // What strangers are refused for is one incident that counts.
    const counts = (await gateway.incidents()).map((incident) => Number(incident["count"]));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(MESSAGES / 4);
    // It was a bad network indeed.
    expect(clientLink.counts.lost + serverLink.counts.lost).toBeGreaterThan(MESSAGES / 4);
  });
});

function countBy(keys: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
