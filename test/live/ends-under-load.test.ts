import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { freePortRange } from "../support/port-range.ts";
import { SipClient } from "../support/sip-client.ts";
import { SipServer } from "../support/sip-server.ts";
import type { SipText } from "../support/sip-text.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { GatewaySettings } from "../support/write-config.ts";

const BOB = "sip:bob@example.test";

describe("a gateway that is asked to end", () => {
  let stack: AsyncDisposableStack;
  let server: SipServer;

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    server = stack.use(await SipServer.open("127.0.0.2"));
  });

  afterEach(async () => {
    await stack.disposeAsync();
  });

  async function openGateway(settings: GatewaySettings): Promise<GatewayProcess> {
    const upstream = [server.uri("udp")];
    return stack.use(await GatewayProcess.start({ upstream, ...settings }));
  }

  async function openAlice(gateway: GatewayProcess, transport: "udp" | "tcp"): Promise<SipClient> {
    const options = { name: "alice", transport, gateway: gateway.at(transport) };
    return stack.use(await SipClient.open(options));
  }

  /** Messages that the server has and does not answer. */
  async function leaveWaiting(
    alice: SipClient,
    count: number,
  ): Promise<readonly Promise<SipText>[]> {
    server.answering = "silence";
    const waiting = Array.from({ length: count }, async () => alice.sends(BOB, "are you there?"));
    const ids = (): number => new Set(server.arrived.map((request) => request.callId)).size;
    await waitUntil("the messages at the server", () => ids() >= count);
    return waiting;
  }

  async function statuses(answers: readonly Promise<SipText>[]): Promise<readonly number[]> {
    return (await Promise.all(answers)).map((answer) => answer.status);
  }

  it.each(["udp", "tcp"] as const)(
    "answers what still waits after shutdown_grace with 503, over %s",
    async (transport) => {
      const gateway = await openGateway({ shutdown_grace: "1s" });
      const waiting = await leaveWaiting(await openAlice(gateway, transport), 5);
      const askedAt = performance.now();
      expect(await gateway.stop("SIGTERM")).toBe(0);
      const tookMs = performance.now() - askedAt;
      expect(await statuses(waiting)).toEqual([503, 503, 503, 503, 503]);
      expect(tookMs).toBeGreaterThan(900);
      expect(tookMs).toBeLessThan(8000);
    },
  );

  it.each(["SIGTERM", "SIGINT"] as const)(
    "hurries on a second signal (%s), and answers what waits all the same",
    async (second) => {
      const gateway = await openGateway({ shutdown_grace: "10m" });
      const alice = await openAlice(gateway, "udp");
      const waiting = await leaveWaiting(alice, 3);
      process.kill(gateway.pid, "SIGTERM");
      await waitUntil("the first signal", () => gateway.stderr.includes("draining"));
      // No new work meanwhile, and nobody is left without a word.
      expect((await alice.sends(BOB, "one more")).status).toBe(503);
      const askedAt = performance.now();
      expect(await gateway.stop(second)).toBe(0);
      expect(performance.now() - askedAt).toBeLessThan(8000);
      expect(await statuses(waiting)).toEqual([503, 503, 503]);
    },
  );

  it("answers all that it has heard under load, old and new, over UDP", async () => {
    const gateway = await openGateway({});
    server.answering = 200;
    const alice = await openAlice(gateway, "udp");
    const ended = { at: Infinity };
    const sent: { readonly at: number; readonly answer: Promise<SipText | undefined> }[] = [];
    const stopAt = performance.now() + 1000;
    let stopping: Promise<unknown> | undefined;
    while (ended.at === Infinity) {
      const answer = alice.sends(BOB, `message ${sent.length}`).catch(() => undefined);
      sent.push({ at: performance.now(), answer });
      await delay(5);
      if (stopping === undefined && performance.now() > stopAt) {
        stopping = gateway.stop("SIGTERM").then(() => (ended.at = performance.now()));
      }
    }
    await stopping;
    // What was on the wire in the very last moments may have found nobody: its sender repeats it to the next start.
    const heard = sent.filter((one) => one.at < ended.at - 300);
    const answers = await Promise.all(
      heard.map(async (one) => Promise.race([one.answer, delay(2000, undefined)])),
    );
    const seen = new Set(answers.map((answer) => answer?.status ?? 0));
    expect(heard.length).toBeGreaterThan(50);
    expect([...seen].filter((status) => status !== 200 && status !== 503)).toEqual([]);
  });

  it("lets a file that is on its way arrive, and takes no new one", async () => {
    const ports = await freePortRange(3);
    const gateway = stack.use(
      await GatewayProcess.start({ relay: { msnftp: { ports: ports.text } } }),
    );
    const story = stack.use(await FileStory.begin({ gateway: gateway.at("tcp") }));
    const bytes = harmlessBytes(200_000);
    const slowly = { receiving: { faults: { pauseMs: 10 } } };
    const agreed = await story.agree({ name: "holiday.dat", bytes }, slowly);
    await agreed.sender.result;
    const asked = gateway.stop("SIGTERM");
    await waitUntil("the signal", () => gateway.stderr.includes("draining"));
    expect((await story.alice.client.sends(BOB, "one more")).status).toBe(503);
    const got = await agreed.receiver.result;
    expect(got).toMatchObject({ end: "complete" });
    expect(got.content.equals(bytes)).toBe(true);
    expect(await asked).toBe(0);
  });
});
