import { describe, expect, it } from "vitest";
import { parseDatagram } from "../wire/sip/parse-message.ts";
import { answer, bench, LIMITS, request, type FakeFlow } from "./proxy-bench.test-data.ts";

const udp = (address: string): string => `SIP/2.0/UDP ${address}:5060;rport`;
const inDialog = { to: "<sip:bob@example.com>;tag=b1" };

describe("createProxy with a rate for each source", () => {
  const ratePerSource = { count: 2, perMs: 1000 };

  function flooded() {
    const b = bench({ transport: "udp", options: { ratePerSource } });
    const phone = b.network.peer("udp", "192.0.2.30:5060");
    const sends = (
      method: string,
      given: Parameters<typeof request>[1] = {},
    ): readonly string[] => {
      b.send(phone, request(method, { via: udp("192.0.2.30"), ...given }));
      return phone.takenLines();
    };
    return { ...b, phone, sends };
  }

  it("answers what is too much 503 with Retry-After, then falls silent, and counts both", () => {
    const { sends, phone, send, proxy } = flooded();
    expect(sends("MESSAGE")).toEqual([]);
    expect(sends("MESSAGE")).toEqual([]);
    expect(sends("REGISTER")).toEqual(["SIP/2.0 503 Service Unavailable"]);
    send(phone, request("OPTIONS", { via: udp("192.0.2.30") }));
    expect(phone.taken()[0]).toContain("\r\nRetry-After: ");
    expect(sends("MESSAGE")).toEqual([]);
    expect(proxy.counters).toMatchObject({ rateRefused: 2, rateDropped: 1, requests: 2 });
    expect(proxy.unfinished).toBe(2);
  });

  it("serves the same source again as its time goes on", () => {
    const { sends, clock, asked } = flooded();
    for (let n = 0; n < 50; n += 1) sends("MESSAGE");
    expect(asked).toHaveLength(2);
    clock.advance(1000);
    sends("MESSAGE");
    expect(asked).toHaveLength(3);
  });

  it("counts unreadable requests too", () => {
    const { phone, proxy, sends } = flooded();
    const text = request("MESSAGE", { via: udp("192.0.2.30"), cseq: "x MESSAGE" });
    const parsed = parseDatagram(Buffer.from(text, "latin1"), LIMITS);
    if (parsed.ok) throw new Error("should not be readable");
    const { problem } = parsed;
    for (let n = 0; n < 50; n += 1) {
      proxy.onFrame(phone, { kind: "problem", fatal: false, problem });
    }
    expect(phone.takenLines()).toEqual(["SIP/2.0 400 Bad CSeq", "SIP/2.0 400 Bad CSeq"]);
    expect(sends("MESSAGE")).toEqual([]);
    expect(proxy.unfinished).toBe(0);
  });

  it("lets answers, dialogs, ACK, CANCEL and retransmissions of the same source pass", () => {
    const { sends, phone, send, upstream, asked } = flooded();
    const invite = request("INVITE", {
      via: udp("192.0.2.30"),
      branch: "z9hG4bKinv",
      callId: "inv",
    });
    send(phone, invite);
    const got = upstream().request();
    phone.taken();
    for (let n = 0; n < 20; n += 1) sends("MESSAGE");
    send(phone, invite);
    expect(phone.takenLines()).toEqual(["SIP/2.0 100 Trying"]);
    expect(sends("INFO", inDialog)).toEqual([]);
    expect(asked.at(-1)?.request.method).toBe("INFO");
    expect(sends("CANCEL", { branch: "z9hG4bKinv", callId: "inv" })).toEqual(["SIP/2.0 200 OK"]);
    send(upstream(), answer(got, 200));
    expect(phone.takenLines()).toEqual(["SIP/2.0 200 Reason"]);
    upstream().taken();
    expect(sends("ACK", { ...inDialog, callId: "inv" })).toEqual([]);
    expect(upstream().takenLines()[0]).toMatch(/^ACK /);
  });

  it("bounds what pretends to belong to a dialog, too", () => {
    const { sends, asked } = flooded();
    for (let n = 0; n < 200; n += 1) sends("MESSAGE", inDialog);
    expect(asked).toHaveLength(8);
  });

  it("takes all addresses of an IPv6 customer for one source", () => {
    const b = bench({ transport: "udp", options: { ratePerSource } });
    for (let n = 1; n <= 9; n += 1) {
      const phone = peer6(b.network, `2001:db8:1:2::${n}`);
      b.send(phone, request("MESSAGE", { via: udp("[2001:db8::1]") }));
    }
    b.send(peer6(b.network, "2001:db8:1:3::1"), request("MESSAGE", { via: udp("[2001:db8::1]") }));
    expect(b.asked).toHaveLength(3);
  });

  it("does not let forged datagrams count against the connections of the same address", () => {
    const b = flooded();
    for (let n = 0; n < 50; n += 1) b.sends("MESSAGE");
    const desk = b.network.peer("tcp", "192.0.2.30:49152");
    b.send(desk, request("MESSAGE", { via: "SIP/2.0/TCP 192.0.2.30" }));
    expect(b.asked).toHaveLength(3);
    expect(desk.takenLines()).toEqual([]);
  });

  it("answers everything that is too much on a connection", () => {
    const b = flooded();
    const desk = b.network.peer("tcp", "192.0.2.30:49152");
    for (let n = 0; n < 50; n += 1) {
      b.send(desk, request("MESSAGE", { via: "SIP/2.0/TCP 192.0.2.30" }));
    }
    expect(b.asked).toHaveLength(2);
    expect(desk.takenLines()).toEqual(Array(48).fill("SIP/2.0 503 Service Unavailable"));
    expect(b.proxy.counters).toMatchObject({ rateRefused: 48, rateDropped: 0 });
  });

  it("never counts the server side; the server's address on the clients' side is a client's", () => {
    const b = bench({
      transport: "udp",
      options: { ratePerSource, isServerSide: (a) => a === "10.0.0.77" },
    });
    const upstreamAtClientListener = b.network.peer("udp", "10.9.0.5:7777");
    for (let n = 0; n < 20; n += 1) {
      b.send(
        b.network.peer("udp", "10.0.0.77:5060"),
        request("MESSAGE", { via: udp("10.0.0.77") }),
      );
      b.send(upstreamAtClientListener, request("MESSAGE", { via: udp("10.9.0.5") }));
    }
    expect(b.asked).toHaveLength(22);
  });

  it("tells the operator which source it is, not for every request", () => {
    const { sends, warnings, clock } = flooded();
    for (let n = 0; n < 100; n += 1) sends("MESSAGE");
    expect(warnings).toEqual(["a source exceeds limits.rate_per_source"]);
    clock.advance(60_000);
    for (let n = 0; n < 100; n += 1) sends("MESSAGE");
    expect(warnings).toHaveLength(2);
  });
});

describe("createProxy beyond in_flight", () => {
  it("answers with the status that the operator has chosen", () => {
    for (const [overloadStatus, line] of [
      [480, "SIP/2.0 480 Temporarily Unavailable"],
      [500, "SIP/2.0 500 Server Internal Error"],
      [503, "SIP/2.0 503 Service Unavailable"],
    ] as const) {
      const { alice, send } = bench({ options: { inFlight: 1, overloadStatus } });
      send(alice, request("MESSAGE"));
      send(alice, request("MESSAGE"));
      const [refusal = ""] = alice.taken();
      expect(refusal.split("\r\n")[0]).toBe(line);
      expect(refusal).toContain("\r\nRetry-After: 5\r\n");
    }
  });

  it("says so to the operator, once in a while", () => {
    const { alice, send, warnings } = bench({ options: { inFlight: 1 } });
    for (let n = 0; n < 100; n += 1) send(alice, request("MESSAGE"));
    expect(warnings).toEqual(["more to do than limits.in_flight allows"]);
  });
});

describe("createProxy at its end", () => {
  it("answers what waits with 503 at once when it is told to hurry", async () => {
    const { alice, send, proxy, upstream } = bench();
    const hurry = new AbortController();
    send(alice, request("MESSAGE"));
    send(alice, request("INVITE"));
    alice.taken();
    const drained = proxy.drain(3_600_000, hurry.signal);
    expect(alice.taken()).toEqual([]);
    hurry.abort();
    await drained;
    expect(alice.takenLines()).toEqual([
      "SIP/2.0 503 Service Unavailable",
      "SIP/2.0 503 Service Unavailable",
    ]);
    expect(proxy.unfinished).toBe(0);
    expect(upstream().takenLines()).toHaveLength(2);
  });

  it("does the same when the hurry came first", async () => {
    const { alice, send, proxy } = bench();
    send(alice, request("MESSAGE"));
    await proxy.drain(3_600_000, AbortSignal.abort());
    expect(alice.takenLines()).toEqual(["SIP/2.0 503 Service Unavailable"]);
  });
});

function peer6(network: ReturnType<typeof bench>["network"], address: string): FakeFlow {
  const flow = network.peer("udp", "192.0.2.99:5060");
  Object.assign(flow, { remote: { address, port: 5060 } });
  return flow;
}
