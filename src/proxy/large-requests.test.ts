import { describe, expect, it } from "vitest";
import { topmostVia } from "../wire/sip/via.ts";
import { answer, bench, request, SPARE, UPSTREAM, type FakeFlow } from "./proxy-bench.test-data.ts";

const LARGE = "x".repeat(1200);

/** A gateway whose only server is reached by UDP, with a limit of 1300 bytes. */
function overUdp(options: Parameters<typeof bench>[0] = {}) {
  const b = bench({
    transport: "udp",
    ...options,
    options: { udpMtuBytes: 1300, ...options.options },
  });
  const tcp = (): FakeFlow => b.network.to(UPSTREAM, "tcp");
  const lose = (flow: FakeFlow): void => {
    flow.open = false;
    b.proxy.onClose(flow);
  };
  return { ...b, tcp, lose };
}

describe("LargeRequests", () => {
  it("sends by TCP what our own edits have made too large for a datagram", () => {
    const b = overUdp();
    // Both come in as large; Record-Route makes the INVITE too large.
    const body = "x".repeat(900);
    b.send(b.alice, request("MESSAGE", { body }));
    expect(b.upstream().request().bytes.length).toBeLessThanOrEqual(1300);
    const text = request("INVITE", { body });
    expect(text.length).toBeLessThan(1300);
    b.send(b.alice, text);
    expect(b.upstream().taken()).toEqual([]);
    const invite = b.tcp().request();
    expect(invite.bytes.length).toBeGreaterThan(1300);
    expect(topmostVia(invite)).toMatchObject({ transport: "TCP", host: "10.0.0.1", port: 5061 });
  });

  it("takes the answer as it takes any", () => {
    const b = overUdp();
    b.send(b.alice, request("MESSAGE", { body: LARGE }));
    b.send(b.tcp(), answer(b.tcp().request(), 200));
    expect(b.alice.takenLines()).toEqual(["SIP/2.0 200 Reason"]);
  });

  it("leaves by UDP after all where the server takes no TCP, and does not ask again for a while", () => {
    const b = overUdp();
    b.send(b.alice, request("MESSAGE", { body: LARGE }));
    const refused = b.tcp();
    refused.taken();
    b.lose(refused);
    const got = b.upstream().request();
    expect(topmostVia(got).transport).toBe("UDP");
    b.send(b.upstream(), answer(got, 200));
    expect(b.alice.takenLines()).toEqual(["SIP/2.0 200 Reason"]);
    b.send(b.alice, request("MESSAGE", { body: LARGE }));
    b.send(b.upstream(), answer(b.upstream().request(), 200));
    b.clock.advance(601_000);
    b.send(b.alice, request("MESSAGE", { body: LARGE }));
    expect(b.tcp().takenLines()).toHaveLength(1);
  });

  it("uses the port at which the server is configured for TCP", () => {
    const remote = { ...UPSTREAM, port: 5099 };
    const b = overUdp({
      options: {
        upstream: [
          { transport: "udp", remote: UPSTREAM, host: "one" },
          { transport: "tcp", remote, host: "one" },
          { transport: "tcp", remote: SPARE, host: "two" },
        ],
      },
    });
    b.send(b.alice, request("MESSAGE", { body: LARGE }));
    expect(b.network.to(remote, "tcp").takenLines()).toHaveLength(1);
  });

  it("believes what comes over that connection to be the server's", () => {
    const b = overUdp();
    b.send(b.alice, request("MESSAGE", { body: LARGE }));
    b.tcp().taken();
    b.send(b.tcp(), request("OPTIONS", { via: "SIP/2.0/TCP 10.9.0.5:5070" }));
    expect(b.asked.at(-1)?.context.side).toBe("server");
  });

  it("cancels an INVITE where it went", () => {
    const b = overUdp();
    const same = { branch: "z9hG4bKbig", callId: "big" };
    b.send(b.alice, request("INVITE", { ...same, body: LARGE }));
    b.send(b.tcp(), answer(b.tcp().request(), 180));
    b.send(b.alice, request("CANCEL", same));
    expect(b.tcp().takenLines()).toEqual(["CANCEL sip:bob@example.com SIP/2.0"]);
    expect(b.upstream().taken()).toEqual([]);
  });

  it("says at once that a request is larger than a datagram can be", () => {
    const given = { body: "x".repeat(70_000) };
    const off = overUdp({ options: { udpMtuBytes: undefined } });
    off.send(off.alice, request("MESSAGE", given));
    expect(off.alice.takenLines()).toEqual(["SIP/2.0 513 Message Too Large"]);
    expect(off.upstream().taken()).toEqual([]);
    const b = overUdp();
    b.send(b.alice, request("MESSAGE", given));
    b.lose(b.tcp());
    expect(b.alice.takenLines()).toEqual(["SIP/2.0 513 Message Too Large"]);
    expect(b.upstream().taken()).toEqual([]);
  });

  it("says so too when it is the filter that has made it so large, to a client", () => {
    const b = bench({
      seams: {
        onRequest: ({ bodyStart, bytes }) => ({
          kind: "forward",
          splices: [{ start: bodyStart, end: bytes.length, bytes: Buffer.alloc(70_000, "x") }],
        }),
      },
    });
    const phone = b.network.peer("udp", "192.0.2.30:5060");
    const via = "SIP/2.0/UDP 192.0.2.30:5060";
    b.send(phone, request("REGISTER", { via, to: "<sip:bob@example.com>" }));
    const path = /Path: (<[^>]+>)/.exec(b.upstream().taken()[0] ?? "")?.[1] ?? "";
    const extra = [`Route: ${path}`];
    const text = request("MESSAGE", { via: "SIP/2.0/TCP 10.9.0.5:5070", extra, body: "hello" });
    b.send(b.upstream(), text);
    expect(b.upstream().takenLines()).toEqual(["SIP/2.0 513 Message Too Large"]);
    expect(phone.taken()).toEqual([]);
  });

  it("does not touch what goes to a client, nor anything when it is off", () => {
    const b = overUdp();
    const phone = b.network.peer("udp", "192.0.2.30:5060");
    const via = "SIP/2.0/UDP 192.0.2.30:5060";
    b.send(phone, request("REGISTER", { via, to: "<sip:bob@example.com>" }));
    const path = /Path: (<[^>]+>)/.exec(b.upstream().taken()[0] ?? "")?.[1] ?? "";
    b.send(
      b.network.peer("udp", "10.9.0.5:5070", 5061),
      request("MESSAGE", {
        via: "SIP/2.0/UDP 10.9.0.5:5070",
        extra: [`Route: ${path}`],
        body: LARGE,
      }),
    );
    expect(phone.takenLines()).toEqual(["MESSAGE sip:bob@example.com SIP/2.0"]);
    const off = overUdp({ options: { udpMtuBytes: undefined } });
    off.send(off.alice, request("MESSAGE", { body: LARGE }));
    expect(off.upstream().takenLines()).toHaveLength(1);
  });
});
