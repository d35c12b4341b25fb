import { describe, expect, it } from "vitest";
import type { SipRequest } from "../wire/sip/message.ts";
import {
  answer,
  bench,
  read,
  request,
  SPARE,
  UPSTREAM,
  type Bench,
  type FakeFlow,
} from "./proxy-bench.test-data.ts";
import type { UpstreamChange } from "./upstream-watch.ts";

const PROBE = { intervalMs: 10_000, timeoutMs: 2000, failures: 2, successes: 2 };

/** Two servers that are probed; each is played by its flow. */
function two(
  transport: "udp" | "tcp" = "udp",
  servers: readonly (typeof UPSTREAM)[] = [UPSTREAM, SPARE],
  udpMtuBytes?: number,
) {
  const changes: UpstreamChange[] = [];
  const b = bench({
    transport,
    onUpstream: (change) => changes.push(change),
    options: {
      upstreamProbe: PROBE,
      udpMtuBytes,
      upstream: servers.map((remote) => ({ transport, remote, host: remote.address })),
    },
  });
  return {
    ...b,
    changes,
    first: () => b.network.to(UPSTREAM, transport),
    second: () => b.network.to(SPARE, transport),
  };
}

/** What came to a server: probes are answered with `status` (left alone when undefined), the rest is given back. */
function serve(b: Bench, flow: FakeFlow, status?: number): SipRequest[] {
  const others: SipRequest[] = [];
  for (const text of flow.taken()) {
    const got = read(text) as SipRequest;
    if (got.method !== "OPTIONS") others.push(got);
    else if (status !== undefined) b.send(flow, answer(got, status));
  }
  return others;
}

/** Time passes in steps of 500 ms, in which the servers answer their probes as told; what else came to either, in order. */
function pass(
  b: ReturnType<typeof two>,
  ms: number,
  statuses: readonly [number | undefined, number | undefined],
): readonly [SipRequest[], SipRequest[]] {
  const got: [SipRequest[], SipRequest[]] = [[], []];
  for (let left = ms; left > 0; left -= 500) {
    b.clock.advance(500);
    got[0].push(...serve(b, b.first(), statuses[0]));
    got[1].push(...serve(b, b.second(), statuses[1]));
  }
  return got;
}

describe("createProxy watching its upstreams", () => {
  it("asks each of them at the start and at every interval, by OPTIONS without a user", () => {
    const b = two();
    b.clock.advance(100);
    const probe = b.first().request();
    expect(probe.method).toBe("OPTIONS");
    expect(probe.requestUri).toBe("sip:10.9.0.5:5070;transport=udp");
    b.send(b.first(), answer(probe, 200));
    serve(b, b.second(), 200);
    expect(b.proxy.upstreams.map(({ status }) => status)).toEqual(["up", "up"]);
    pass(b, 10_500, [200, 200]);
    expect(b.changes.map(({ upstream, status }) => [upstream, status])).toEqual([
      ["sip:10.9.0.5:5070;transport=udp", "up"],
      ["sip:10.9.0.6:5070;transport=udp", "up"],
    ]);
  });

  it("takes any answer but 503 for life", () => {
    const b = two();
    pass(b, 500, [404, 503]);
    pass(b, 10_500, [404, 503]);
    expect(b.proxy.upstreams.map(({ status, reason }) => [status, reason])).toEqual([
      ["up", ""],
      ["down", "it answers 503"],
    ]);
  });

  it("keeps the connection to one that is down as long as that is seeing to something", () => {
    const b = two("tcp");
    pass(b, 500, [200, 200]);
    b.send(b.alice, request("INVITE"));
    const [invite] = serve(b, b.first());
    b.send(b.first(), answer(invite!, 180));
    const first = b.first();
    const [, toSecond] = pass(b, 21_000, [503, 200]);
    expect([b.proxy.upstreams[0]?.status, first.open, toSecond]).toEqual(["down", true, []]);
    b.send(first, answer(invite!, 200));
    expect(b.alice.takenLines().at(-1)).toBe("SIP/2.0 200 Reason");
  });

  it("goes to the next when probes fail, and back when they succeed twice", () => {
    const b = two();
    pass(b, 12_500, [undefined, 200]);
    expect(b.proxy.upstreams[0]).toMatchObject({ status: "down", reason: "no answer to OPTIONS" });
    b.send(b.alice, request("MESSAGE"));
    expect(serve(b, b.first())).toEqual([]);
    expect(serve(b, b.second(), 200)).toHaveLength(1);
    pass(b, 10_000, [200, 200]);
    expect(b.proxy.upstreams[0]?.status).toBe("down");
    pass(b, 10_000, [200, 200]);
    expect(b.proxy.upstreams[0]?.status).toBe("up");
    b.send(b.alice, request("MESSAGE"));
    expect(serve(b, b.first(), 200)).toHaveLength(1);
    expect(b.changes.map(({ status }) => status)).toEqual(["up", "down", "up"]);
  });

  it("does not follow one that flaps: a single lost probe changes nothing", () => {
    const b = two();
    pass(b, 1000, [200, 200]);
    for (let i = 0; i < 3; i += 1) {
      pass(b, 10_000, [undefined, 200]);
      pass(b, 10_000, [200, 200]);
    }
    expect(b.changes.map(({ status }) => status)).toEqual(["up", "up"]);
  });

  it("never takes the only one out of service, but says that it is down", () => {
    const b = two("udp", [UPSTREAM]);
    for (let i = 0; i < 30; i += 1) b.clock.advance(500);
    expect(b.proxy.upstreams).toMatchObject([{ status: "down" }]);
    b.first().taken();
    b.send(b.alice, request("MESSAGE"));
    const [got] = serve(b, b.first());
    if (got === undefined) throw new Error("nothing came");
    b.send(b.first(), answer(got, 200));
    expect(b.alice.takenFinals()).toEqual(["SIP/2.0 200 Reason"]);
  });

  it("takes other answers of the server for life too, where it ignores OPTIONS", () => {
    const b = two("udp", [UPSTREAM]);
    for (let i = 0; i < 60; i += 1) {
      b.send(b.alice, request("MESSAGE"));
      b.clock.advance(500);
      for (const got of serve(b, b.first())) b.send(b.first(), answer(got, 200));
    }
    expect(b.proxy.upstreams).toMatchObject([{ status: "up" }]);
  });

  it("stops with the gateway", async () => {
    const b = two();
    b.clock.advance(100);
    await b.proxy.drain(1000);
    b.first().taken();
    b.clock.advance(60_000);
    expect(b.first().taken()).toEqual([]);
    expect(b.clock.scheduledCalls).toBe(0);
  });
});

describe("createProxy with a server that falls silent", () => {
  it.each(["udp", "tcp"] as const)(
    "moves what waits there once it is found dead (%s)",
    (transport) => {
      const b = two(transport);
      pass(b, 1000, [200, 200]);
      b.send(b.alice, request("MESSAGE"));
      const moved: SipRequest[] = [];
      let at = 0;
      for (; at < 12_000 && moved.length === 0; at += 500) {
        b.clock.advance(500);
        if (transport === "udp") serve(b, b.first());
        moved.push(...serve(b, b.second(), 200));
      }
      const [got] = moved;
      if (got === undefined) throw new Error("nothing was moved");
      // Time enough is left for the next one.
      expect(at).toBeLessThanOrEqual(8000);
      b.send(b.second(), answer(got, 200));
      expect(b.alice.takenFinals()).toEqual(["SIP/2.0 200 Reason"]);
      expect(b.proxy.upstreams[0]?.status).toBe("down");
    },
  );

  it("delivers no MESSAGE twice while the server lives and is merely slow", () => {
    const b = two();
    pass(b, 1000, [200, 200]);
    b.send(b.alice, request("MESSAGE"));
    const [atFirst, atSecond] = pass(b, 15_000, [200, 200]);
    expect(new Set(atFirst.map((got) => got.callId)).size).toBe(1);
    expect(atSecond).toEqual([]);
    const [got] = atFirst;
    if (got === undefined) throw new Error("nothing came");
    b.send(b.first(), answer(got, 200));
    expect(b.alice.takenFinals()).toEqual(["SIP/2.0 200 Reason"]);
  });

  it("leaves a call alone that rings already", () => {
    const b = two();
    pass(b, 1000, [200, 200]);
    b.send(b.alice, request("INVITE"));
    const [got] = serve(b, b.first());
    if (got === undefined) throw new Error("nothing came");
    b.send(b.first(), answer(got, 180));
    const [, atSecond] = pass(b, 30_000, [undefined, 200]);
    expect(b.proxy.upstreams[0]?.status).toBe("down");
    expect(atSecond).toEqual([]);
  });

  it("moves large requests too, which had left by TCP", () => {
    const b = two("udp", [UPSTREAM, SPARE], 1300);
    pass(b, 1000, [200, 200]);
    b.send(b.alice, request("MESSAGE", { body: "x".repeat(2000) }));
    expect(b.network.to(UPSTREAM, "tcp").takenLines()).toHaveLength(1);
    pass(b, 8000, [undefined, 200]);
    expect(b.network.to(SPARE, "tcp").takenLines()).toHaveLength(1);
  });

  it("moves an INVITE that was not even answered 100", () => {
    const b = two();
    pass(b, 1000, [200, 200]);
    b.send(b.alice, request("INVITE"));
    const [, atSecond] = pass(b, 9000, [undefined, 200]);
    expect(atSecond.map((got) => got.method)).toContain("INVITE");
  });
});

describe("createProxy with a server that says 503", () => {
  it("asks the next one, and leaves the first alone for as long as it wants", () => {
    const b = two();
    pass(b, 1000, [200, 200]);
    b.send(b.alice, request("MESSAGE"));
    const [got] = serve(b, b.first());
    if (got === undefined) throw new Error("nothing came");
    b.send(b.first(), answer(got, 503, ["Retry-After: 20"]));
    const [moved] = serve(b, b.second());
    if (moved === undefined) throw new Error("nothing was moved");
    b.send(b.second(), answer(moved, 200));
    expect(b.alice.takenLines()).toEqual(["SIP/2.0 200 Reason"]);
    pass(b, 15_000, [200, 200]);
    b.send(b.alice, request("MESSAGE"));
    expect(serve(b, b.first(), 200)).toEqual([]);
    pass(b, 6000, [200, 200]);
    b.send(b.alice, request("MESSAGE"));
    expect(serve(b, b.first(), 200)).toHaveLength(1);
  });

  it("says 503 when all of them do", () => {
    const b = two();
    pass(b, 1000, [200, 200]);
    b.send(b.alice, request("INVITE"));
    for (const flow of [b.first(), b.second()]) {
      const [got] = serve(b, flow);
      if (got === undefined) throw new Error("nothing came");
      b.send(flow, answer(got, 503));
    }
    expect(b.alice.takenFinals()).toEqual(["SIP/2.0 503 Reason"]);
  });

  it("sends a CANCEL after the INVITE that was moved", () => {
    const b = two();
    pass(b, 1000, [200, 200]);
    b.send(b.alice, request("INVITE", { branch: "z9hG4bKm", callId: "m" }));
    const [got] = serve(b, b.first());
    if (got === undefined) throw new Error("nothing came");
    b.send(b.first(), answer(got, 503));
    const [moved] = serve(b, b.second());
    if (moved === undefined) throw new Error("nothing was moved");
    b.first().taken();
    b.send(b.second(), answer(moved, 180));
    b.send(b.alice, request("CANCEL", { branch: "z9hG4bKm", callId: "m" }));
    expect(b.second().takenLines()[0]).toMatch(/^CANCEL /);
    expect(b.first().taken()).toEqual([]);
  });
});
