/** HARDENING F8: two servers behind the gateway, of which the first is killed, stopped, and comes back. */
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GatewayProcess } from "../support/gateway-process.ts";
import { ServerProcess } from "../support/server-process.ts";
import { SipClient } from "../support/sip-client.ts";
import type { TestTransport } from "../support/sip-socket.ts";
import { waitUntil } from "../support/wait-until.ts";

const TRANSPORTS: readonly TestTransport[] = ["udp", "tcp"];
const PROBE = { interval: "1s", timeout: "300ms", failures: 2, successes: 2 };

describe.each(TRANSPORTS)("a gateway with two upstreams over %s", (transport) => {
  let stack: AsyncDisposableStack;
  let first: ServerProcess;
  let second: ServerProcess;
  let gateway: GatewayProcess;
  let alice: SipClient;

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    [first, second] = await Promise.all([ServerProcess.start(), ServerProcess.start()]);
    stack.use(first);
    stack.use(second);
    gateway = stack.use(
      await GatewayProcess.start({
        upstream: [first.uri(transport), second.uri(transport)],
        upstream_probe: PROBE,
        answer_within: "4s",
        rules: [],
      }),
    );
    alice = stack.use(
      await SipClient.open({ name: "alice", transport: "tcp", gateway: gateway.at("tcp") }),
    );
    await healthSays(new RegExp(`${first.uri(transport)} up`));
  });

  afterEach(async () => {
    await stack.disposeAsync();
  });

  async function healthSays(pattern: RegExp): Promise<void> {
    await waitUntil(`health to say ${pattern.source}`, async () => {
      const { stdout } = await gateway.cli("health");
      return pattern.test(stdout);
    });
  }

  /** Sends one MESSAGE, which must be answered 200; gives how often each server got it. */
  async function deliver(): Promise<{ readonly first: number; readonly second: number }> {
    const callId = randomUUID();
    const answer = await alice.sends("sip:bob@example.test", "hello", { callId });
    expect(answer.status).toBe(200);
    await waitUntil("it to be noted", () => first.count(callId) + second.count(callId) > 0);
    return { first: first.count(callId), second: second.count(callId) };
  }

  it("goes on with the second when the first is killed, and returns to it", async () => {
    expect(await deliver()).toEqual({ first: 1, second: 0 });
    await first.kill();
    expect(await deliver()).toEqual({ first: 0, second: 1 });
    await healthSays(new RegExp(`${first.uri(transport)} down`));
    expect(await deliver()).toEqual({ first: 0, second: 1 });
    expect((await gateway.cli("health")).code).toBe(0);
    const events = await gateway.eventsWhere("an upstream", (event) => event["type"] === "admin");
    expect(events[0]).toMatchObject({ reason: "upstream is down", action: null });
    expect(gateway.stderr).toContain("upstream is down");
    await first.comeBack();
    await healthSays(new RegExp(`${first.uri(transport)} up`));
    expect(await deliver()).toEqual({ first: 1, second: 0 });
  });

  it("answers in time while the first is stopped, by way of the second", async () => {
    expect(await deliver()).toEqual({ first: 1, second: 0 });
    first.freeze();
    const before = performance.now();
    expect((await deliver()).second).toBe(1);
    expect(performance.now() - before).toBeLessThan(4000);
    expect(await deliver()).toEqual({ first: 0, second: 1 });
    first.thaw();
    await healthSays(new RegExp(`${first.uri(transport)} up`));
  });

  it("says that it is not ready when both are gone, and answers all the same", async () => {
    await Promise.all([first.kill(), second.kill()]);
    const answer = await alice.sends("sip:bob@example.test", "hello");
    expect([503, 504]).toContain(answer.status);
    await healthSays(/NOT OK|"ok": ?false/);
    expect((await gateway.cli("health")).code).toBe(1);
  });
});
