import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Clamd } from "../live/peers/clamd.ts";
import { CLAMD, isMissing } from "../live/peers/requirements.ts";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { freePortRange } from "../support/port-range.ts";
import { SipClient } from "../support/sip-client.ts";
import { sized } from "../support/torture-size.ts";
import { ConnectionPeak } from "../support/tcp-connections.ts";
import { waitUntil } from "../support/wait-until.ts";

const STOPPED_S = [5, 20, 60].slice(0, sized(1, 3));
const FILES = 8;
const TIMEOUT_MS = 3000;
/** Scans at once, and beside them a ping and a question for the version. */
const POOL = 4 + 2;
/** Of a MESSAGE; beside other tests everything takes longer. */
const P99_MS = sized(250, 100);
const BYTES = harmlessBytes(300_000);

function portOf(clamd: Clamd): number {
  const address = clamd.address("tcp");
  return "port" in address ? address.port : 0;
}

/** How long messages take, one after the other, until the signal says that it is enough. */
async function messagesUntil(stop: AbortSignal, from: SipClient, to: SipClient): Promise<number[]> {
  const times: number[] = [];
  while (!stop.aborted) {
    const sentAt = performance.now();
    const { status } = await from.sends(to.aor, `message ${times.length}`);
    expect(status).toBe(200);
    times.push(performance.now() - sentAt);
    await delay(5);
  }
  return times.toSorted((a, b) => a - b);
}

function p99(times: readonly number[]): number {
  return times[Math.floor(0.99 * times.length)] ?? Infinity;
}

describe.skipIf(isMissing([CLAMD]))("a clamd that is stopped (HARDENING F5)", () => {
  const stack = new AsyncDisposableStack();
  let clamd: Clamd;
  let other: Clamd;

  beforeAll(async () => {
    clamd = stack.use(await Clamd.start());
    other = stack.use(await Clamd.start());
  });

  afterEach(() => clamd.thaw());

  afterAll(async () => {
    await stack.disposeAsync();
  });

  async function gatewayWith(scan: Readonly<Record<string, unknown>>): Promise<GatewayProcess> {
    const ports = await freePortRange(2 * FILES);
    const gateway = await GatewayProcess.start({ relay: { msnftp: { ports: ports.text } }, scan });
    await waitUntil("clamd to be up", async () =>
      (await gateway.engines()).every(({ state }) => state === "up"),
    );
    return gateway;
  }

  it.each(STOPPED_S)(
    "for %s s holds files no longer than scan.timeout, few connections, and no message",
    async (seconds) => {
      await using gateway = await gatewayWith({
        engines: [{ type: "clamd", host: "127.0.0.1", port: portOf(clamd) }],
        timeout: `${TIMEOUT_MS}ms`,
      });
      await using peers = new AsyncDisposableStack();
      const common = { gateway: gateway.at("tcp"), transport: "tcp" } as const;
      const talker = peers.use(await SipClient.signOn({ ...common, name: "talker" }));
      const hearer = peers.use(await SipClient.signOn({ ...common, name: "hearer" }));
      const stories = await Promise.all(
        Array.from({ length: FILES }, async (_, n) =>
          peers.use(
            await FileStory.begin({
              gateway: gateway.at("tcp"),
              sender: `alice${n}`,
              receiver: `bob${n}`,
            }),
          ),
        ),
      );
      const [first] = stories;
      if (first === undefined) throw new Error("a story");
      const warm = await first.agree({ name: "warm.dat", bytes: BYTES });
      expect((await warm.receiver.result).end).toBe("complete");
      const before = await messagesUntil(AbortSignal.timeout(1500), talker, hearer);

      await using peak = new ConnectionPeak(portOf(clamd));
      clamd.freeze();
      const talking = messagesUntil(AbortSignal.timeout(seconds * 1000), talker, hearer);
      const times: number[] = [];
      const results = await Promise.all(
        stories.map(async (story, n) => {
          const bytes = harmlessBytes(100_000 + n);
          const { receiver, offer } = await story.agree({ name: `stuck${n}.dat`, bytes });
          const agreedAt = performance.now();
          await story.bob.sees("CANCEL", offer.cookie);
          times.push(performance.now() - agreedAt);
          return receiver.result;
        }),
      );
      expect(results.map(({ content }) => content.length)).toEqual(results.map(() => 0));
      // the transfers themselves are over in a moment
      expect(Math.min(...times)).toBeGreaterThan(TIMEOUT_MS - 1000);
      expect(Math.max(...times)).toBeLessThan(TIMEOUT_MS + 1000);
      const incidents = await waitUntil("the incidents", async () => {
        const all = await gateway.incidents();
        return all.filter(({ rule }) => rule === "on_error").length === FILES && all;
      });
      for (const { scan } of incidents) {
        expect(scan).toMatchObject([
          {
            engine: "clamd",
            result: "error",
            reason: expect.stringMatching(/^(?:timeout|overloaded)$/) as unknown,
          },
        ]);
      }
      const during = await talking;
      expect(p99(during)).toBeLessThan(Math.max(2 * p99(before), P99_MS));
      expect(peak.largest).toBeGreaterThan(0);
      expect(peak.largest).toBeLessThanOrEqual(POOL);

      clamd.thaw();
      await waitUntil(
        "clamd to be up",
        async () => (await gateway.engines())[0]?.["state"] === "up",
      );
      const again = await first.agree({ name: "again.dat", bytes: BYTES });
      expect((await again.receiver.result).end).toBe("complete");
    },
  );

  it("costs a file half of its time at most where a second clamd is configured, and then nothing", async () => {
    await using gateway = await gatewayWith({
      engines: [clamd, other].map((one) => ({
        type: "clamd",
        host: "127.0.0.1",
        port: portOf(one),
        required: false,
      })),
      combine: "first_available",
      timeout: `${TIMEOUT_MS}ms`,
    });
    await using story = await FileStory.begin({ gateway: gateway.at("tcp") });
    const delivered = async (name: string, bytes: Buffer): Promise<number> => {
      const startedAt = performance.now();
      const { receiver } = await story.agree({ name, bytes });
      expect((await receiver.result).end).toBe("complete");
      return performance.now() - startedAt;
    };
    const usualMs = await delivered("warm.dat", harmlessBytes(250_000));
    clamd.freeze();
    expect(await delivered("first.dat", BYTES)).toBeLessThan(TIMEOUT_MS / 2 + usualMs + 800);
    await waitUntil("the stopped one to be noticed", async () =>
      (await gateway.engines()).some(({ state }) => state === "down"),
    );
    expect(await delivered("second.dat", harmlessBytes(200_000))).toBeLessThan(1000);
    clamd.thaw();
  });
});
