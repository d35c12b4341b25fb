/** What RFC 3261 §17, RFC 4320 and RFC 6026 ask of a proxy and proxy.test.ts does not show. */
import { describe, expect, it } from "vitest";
import { HeaderId } from "../wire/sip/header-names.ts";
import { parseDatagram } from "../wire/sip/parse-message.ts";
import { topmostVia } from "../wire/sip/via.ts";
import { answer, bench, LIMITS, request, UPSTREAM, values } from "./proxy-bench.test-data.ts";

const OVER_UDP = "SIP/2.0/UDP 192.0.2.30:5060";

describe("createProxy with requests other than INVITE", () => {
  it("says 100 once Timer E has come to T2, over UDP not before (RFC 4320 §4.1)", () => {
    const { network, send, clock } = bench();
    const phone = network.peer("udp", "192.0.2.30:5060");
    send(phone, request("MESSAGE", { via: OVER_UDP }));
    clock.advance(3400);
    expect(phone.taken()).toEqual([]);
    clock.advance(300);
    expect(phone.takenLines()).toEqual(["SIP/2.0 100 Trying"]);
    clock.advance(10_000);
    expect(phone.taken()).toEqual([]);
  });

  it("says no 100 after the final answer", () => {
    const { alice, send, upstream, clock } = bench();
    send(alice, request("MESSAGE"));
    send(upstream(), answer(upstream().request(), 200));
    clock.advance(10_000);
    expect(alice.takenLines()).toEqual(["SIP/2.0 200 Reason"]);
  });

  it("passes no 408 of a peer on (RFC 4320 §4.2): the sender gets 504", () => {
    const { alice, send, upstream } = bench();
    send(alice, request("MESSAGE"));
    send(upstream(), answer(upstream().request(), 408));
    expect(alice.takenLines()).toEqual(["SIP/2.0 504 Server Time-out"]);
  });

  it("drops the late answer of a peer whose request was given up", () => {
    const { network, send, upstream, clock, proxy } = bench();
    const phone = network.peer("udp", "192.0.2.30:5060");
    send(phone, request("SUBSCRIBE", { via: OVER_UDP }));
    const got = upstream().request();
    clock.advance(20_200);
    phone.taken();
    send(upstream(), answer(got, 200));
    expect(phone.taken()).toEqual([]);
    expect(proxy.counters.strayResponses).toBe(1);
  });

  it("replays the answer to a repetition that comes after it, without a word to the server", () => {
    const { network, send, upstream, clock } = bench({ transport: "udp" });
    const phone = network.peer("udp", "192.0.2.30:5060");
    const text = request("MESSAGE", { via: OVER_UDP });
    send(phone, text);
    send(upstream(), answer(upstream().request(), 486));
    clock.advance(20_000);
    send(phone, text);
    expect(phone.takenLines()).toEqual(["SIP/2.0 486 Reason", "SIP/2.0 486 Reason"]);
    expect(upstream().taken()).toEqual([]);
  });

  it.each([
    ["a usual branch", "z9hG4bKx1"],
    ["a branch of 2,000 characters", `z9hG4bK${"x".repeat(2000)}`],
    ["a quoted branch beyond ASCII", '"z9hG4bK\xe9 \xff"'],
    ["no branch (RFC 2543)", null],
  ])(
    "replays it to where the repetition comes from, and asks nobody again: %s",
    (_what, branch) => {
      const { network, send, asked, proxy } = bench({
        seams: { onRequest: () => ({ kind: "reply", status: 403, reason: "No", headers: [] }) },
        options: { inFlight: 1 },
      });
      const first = network.peer("udp", "192.0.2.30:5060");
      const again = network.peer("udp", "192.0.2.30:6000");
      const text = request("MESSAGE", { via: `${OVER_UDP};rport`, branch, body: "hello" });
      send(first, text);
      send(again, text.replace("hello", "other"));
      expect(asked).toHaveLength(1);
      expect(proxy.counters.retransmissions).toBe(1);
      const [answered = ""] = first.taken();
      expect(answered).toMatch(/^SIP\/2.0 403 /);
      expect(again.taken()).toEqual([answered]);
    },
  );
});

describe("createProxy with the states of an INVITE", () => {
  function ringing() {
    const b = bench();
    b.send(b.alice, request("INVITE", { branch: "z9hG4bKinv", callId: "inv" }));
    const got = b.upstream().request();
    b.alice.taken();
    return { ...b, got };
  }
  const cancel = (): string => request("CANCEL", { branch: "z9hG4bKinv", callId: "inv" });

  it("absorbs the 100 of the server", () => {
    const { alice, send, upstream, got } = ringing();
    send(upstream(), answer(got, 100));
    expect(alice.taken()).toEqual([]);
  });

  it("repeats an INVITE over UDP only until a provisional answer comes (Timer A)", () => {
    const b = bench({ transport: "udp" });
    b.send(b.alice, request("INVITE"));
    const got = b.upstream().request();
    b.clock.advance(1700);
    expect(b.upstream().takenLines()).toHaveLength(2);
    b.send(b.upstream(), answer(got, 100));
    b.clock.advance(30_000);
    expect(b.upstream().taken()).toEqual([]);
  });

  it("rings on as long as the callee says so: each provisional answer begins Timer C anew", () => {
    const { alice, send, upstream, got, clock } = ringing();
    send(upstream(), answer(got, 180));
    clock.advance(170_000);
    send(upstream(), answer(got, 183));
    clock.advance(170_000);
    expect(upstream().taken()).toEqual([]);
    expect(alice.takenLines()).toHaveLength(2);
    clock.advance(12_000);
    expect(upstream().takenLines()).toEqual(["CANCEL sip:bob@example.com SIP/2.0"]);
  });

  it("lets the 2xx through that crossed the CANCEL", () => {
    const { alice, send, upstream, got } = ringing();
    send(upstream(), answer(got, 180));
    send(alice, cancel());
    send(upstream(), answer(got, 200));
    expect(alice.takenLines().map((line) => line.slice(8, 11))).toEqual(["180", "200", "200"]);
  });

  it("sends a CANCEL where the INVITE went, whatever the first choice is by now", () => {
    const spare = { address: "10.9.0.6", port: 5070 };
    const b = bench({
      options: {
        upstream: [
          { transport: "tcp", remote: UPSTREAM, host: "one.example.com" },
          { transport: "tcp", remote: spare, host: "two.example.com" },
        ],
      },
    });
    b.send(b.alice, request("INVITE", { branch: "z9hG4bKinv", callId: "inv" }));
    const first = b.upstream();
    first.open = false;
    b.proxy.onClose(first);
    const second = b.network.to(spare);
    const got = second.request();
    b.send(second, answer(got, 180));
    // The first one is back, and preferred again.
    b.clock.advance(10_000);
    b.send(b.alice, request("MESSAGE"));
    expect(b.upstream().takenLines()).toHaveLength(1);
    b.send(b.alice, cancel());
    const sent = second.request();
    expect([sent.method, topmostVia(sent).branch]).toEqual(["CANCEL", topmostVia(got).branch]);
    expect(b.upstream().taken()).toEqual([]);
  });

  it("sends no CANCEL after all when the final answer comes first", () => {
    const { alice, send, upstream, got } = ringing();
    send(alice, cancel());
    send(upstream(), answer(got, 486));
    expect(upstream().takenLines()).toEqual(["ACK sip:bob@example.com SIP/2.0"]);
    expect(alice.takenLines()).toEqual(["SIP/2.0 200 OK", "SIP/2.0 486 Reason"]);
  });

  it("acknowledges a refusal again when it is repeated, and tells the sender once", () => {
    const b = bench({ transport: "udp" });
    b.send(b.alice, request("INVITE", { callId: "inv" }));
    const got = b.upstream().request();
    b.alice.taken();
    for (let i = 0; i < 3; i += 1) b.send(b.upstream(), answer(got, 486));
    expect(b.upstream().takenLines()).toHaveLength(3);
    expect(b.alice.takenLines()).toEqual(["SIP/2.0 486 Reason"]);
  });

  it("ends the ACK of a refusal here even when it has a Route of its own (OpenSIPS #999)", () => {
    const { alice, send, upstream, got } = ringing();
    send(upstream(), answer(got, 486));
    upstream().taken();
    const to = "<sip:bob@example.com>;tag=b1";
    const extra = ["Route: <sip:10.0.0.1:5060;transport=tcp;lr>, <sip:10.9.0.9;transport=tcp;lr>"];
    send(alice, request("ACK", { branch: "z9hG4bKinv", callId: "inv", to, extra }));
    expect(upstream().taken()).toEqual([]);
    expect(alice.takenLines()).toEqual(["SIP/2.0 486 Reason"]);
  });

  it("gives the ACK of a 2xx a branch of its own, also when the client re-used the INVITE's", () => {
    const { alice, send, upstream, got } = ringing();
    send(upstream(), answer(got, 200));
    const to = "<sip:bob@example.com>;tag=b1";
    send(alice, request("ACK", { branch: "z9hG4bKinv", callId: "inv", to }));
    const ack = upstream().request();
    expect(ack.method).toBe("ACK");
    expect(topmostVia(ack).branch).not.toBe(topmostVia(got).branch);
  });
});

describe("createProxy with unusual Via values", () => {
  it("takes a comma inside quotes for no end of the value (Kamailio 5.6 refused it)", () => {
    const { alice, send, upstream } = bench();
    const via = 'SIP/2.0/TCP 192.0.2.10:40001;x="a, SIP/2.0/TCP 192.0.2.99";rport';
    send(alice, request("MESSAGE", { via }));
    const got = upstream().request();
    expect(values(got, HeaderId.Via)[1]).toMatch(/^SIP\/2\.0\/TCP 192\.0\.2\.10:40001;x="a, SIP/);
    send(upstream(), answer(got, 200));
    const back = alice.response();
    expect(values(back, HeaderId.Via)).toHaveLength(1);
    expect(values(back, HeaderId.Via)[0]).toContain('x="a, SIP/2.0/TCP 192.0.2.99"');
  });

  it("stamps the first of several values in one field, and passes the others as they came", () => {
    const { alice, send, upstream } = bench();
    const via = "SIP/2.0/TCP 10.1.1.1:5060;branch=z9hG4bKa;rport, SIP/2.0/UDP 10.1.1.2";
    send(alice, request("MESSAGE", { via, branch: "z9hG4bKb" }));
    const [ours, theirs] = values(upstream().request(), HeaderId.Via);
    expect(ours).toMatch(/^SIP\/2\.0\/TCP 10\.0\.0\.1:5061;branch=z9hG4bK/);
    expect(theirs).toBe(
      "SIP/2.0/TCP 10.1.1.1:5060;branch=z9hG4bKa;rport=40001;received=192.0.2.10, " +
        "SIP/2.0/UDP 10.1.1.2;branch=z9hG4bKb",
    );
  });

  it("drops what stands behind Content-Length in a datagram (Kamailio #4290)", () => {
    const { network, proxy, upstream } = bench();
    const phone = network.peer("udp", "192.0.2.30:5060");
    const text = `${request("MESSAGE", { via: OVER_UDP, body: "hello" })}\r\n\0 more`;
    const parsed = parseDatagram(Buffer.from(text, "latin1"), LIMITS);
    if (!parsed.ok) throw new Error(parsed.problem.code);
    proxy.onFrame(phone, { kind: "message", message: parsed.value });
    const [sent = ""] = upstream().taken();
    expect(sent.endsWith("\r\n\r\nhello")).toBe(true);
  });

  it("keeps a response to where its request came from, whatever maddr says", () => {
    const { network, send } = bench();
    const phone = network.peer("udp", "192.0.2.30:5060");
    const via = `${OVER_UDP};maddr=203.0.113.1;ttl=1`;
    send(phone, request("MESSAGE", { via, maxForwards: "0" }));
    expect(phone.takenLines()).toEqual(["SIP/2.0 483 Too Many Hops"]);
  });
});
