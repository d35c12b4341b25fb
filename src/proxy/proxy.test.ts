import { describe, expect, it } from "vitest";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest, SipResponse } from "../wire/sip/message.ts";
import { parseDatagram } from "../wire/sip/parse-message.ts";
import { topmostVia } from "../wire/sip/via.ts";
import type { ProxyOptions } from "./proxy-options.ts";
import type { RequestOutcome, Seams, TransactionEnd } from "./seams.ts";
import {
  LIMITS,
  UPSTREAM,
  SPARE,
  type FakeFlow,
  read,
  type Bench,
  FORWARD,
  bench,
  request,
  answer,
  values,
  routes,
} from "./proxy-bench.test-data.ts";

describe("createProxy forwarding a request", () => {
  it("changes nothing but Via, Max-Forwards and what the sender's Via lacks", () => {
    const { alice, send, upstream } = bench();
    const sent = request("MESSAGE", {
      branch: "z9hG4bKx",
      extra: ["X-Odd:   a,\r\n  b"],
      body: "hi",
    });
    send(alice, sent);
    const [got = ""] = upstream().taken();
    expect(got).toMatch(/^MESSAGE [^\r]+\r\nVia: SIP\/2\.0\/TCP 10\.0\.0\.1:5061;branch=z9hG4bK/);
    const withoutOurs = got.replace(/Via: SIP\/2\.0\/TCP 10[^\r]*\r\n/, "");
    expect(withoutOurs).toBe(sent.replace("Max-Forwards: 70", "Max-Forwards: 69"));
  });

  it("fills received and rport, also behind a quoted parameter that looks like them", () => {
    const { alice, send, upstream } = bench();
    const via = 'SIP/2.0/TCP 10.1.1.1:5060;x=";rport";rport';
    send(alice, request("MESSAGE", { via }));
    const got = upstream().request();
    expect(values(got, HeaderId.Via)[1]).toMatch(
      /^SIP\/2\.0\/TCP 10\.1\.1\.1:5060;x=";rport";rport=40001;branch=[^;]+;received=192\.0\.2\.10$/,
    );
  });

  it("adds Max-Forwards where it is missing, and Content-Length for a stream", () => {
    const { network, send, upstream } = bench();
    const phone = network.peer("udp", "192.0.2.30:5060");
    const via = "SIP/2.0/UDP 192.0.2.30:5060";
    send(
      phone,
      request("MESSAGE", { via, maxForwards: null, contentLength: false, body: "hello" }),
    );
    const got = upstream().request();
    expect(got.value(HeaderId.MaxForwards)).toBe("70");
    expect(got.value(HeaderId.ContentLength)).toBe("5");
  });

  it("counts the filter's edits when it adds Content-Length", () => {
    const edit = (message: SipRequest): RequestOutcome => ({
      kind: "forward",
      splices: [{ start: message.bodyStart, end: message.bodyStart + 5, bytes: "hi" }],
    });
    const { network, send, upstream } = bench({ seams: { onRequest: edit } });
    const phone = network.peer("udp", "192.0.2.30:5060");
    const via = "SIP/2.0/UDP 192.0.2.30:5060";
    send(phone, request("MESSAGE", { via, contentLength: false, body: "hello" }));
    const got = upstream().request();
    expect(got.value(HeaderId.ContentLength)).toBe("2");
    expect(got.body.toString()).toBe("hi");
  });

  it("strips P-Asserted-Identity of an untrusted client alone, and our mark always", () => {
    const extra = ["P-Asserted-Identity: <sip:ceo@example.com>", "Sluice-Mark: forged", "X-A: 1"];
    const untrusted = bench();
    untrusted.send(untrusted.alice, request("MESSAGE", { extra }));
    const got = untrusted.upstream().request();
    expect(got.find(HeaderId.PAssertedIdentity)).toBe(-1);
    expect(got.find(HeaderId.SluiceMark)).toBe(-1);
    const trusted = bench({ options: { isTrusted: () => true } });
    trusted.send(trusted.alice, request("MESSAGE", { extra }));
    const kept = trusted.upstream().request();
    expect(kept.value(HeaderId.PAssertedIdentity)).toBe("<sip:ceo@example.com>");
    expect(kept.find(HeaderId.SluiceMark)).toBe(-1);
  });

  it("lets the filter write a mark at the very place where a forged one stood", () => {
    const onRequest = (message: SipRequest): RequestOutcome => {
      const at = message.lineStart(message.find(HeaderId.SluiceMark));
      return { kind: "forward", splices: [{ start: at, end: at, bytes: "Sluice-Mark: real\r\n" }] };
    };
    const { alice, send, upstream } = bench({ seams: { onRequest } });
    send(alice, request("MESSAGE", { extra: ["Sluice-Mark: forged"] }));
    expect(values(upstream().request(), HeaderId.SluiceMark)).toEqual(["real"]);
  });

  it("writes what is meant for the server only where it goes there", () => {
    const onRequest = (message: SipRequest): RequestOutcome => {
      const at = message.bodyStart - 2;
      const add = (bytes: string) => [{ start: at, end: at, bytes }];
      return {
        kind: "forward",
        splices: add("X-All: 1\r\n"),
        towardsServer: add("Sluice-Mark: m\r\n"),
      };
    };
    const { alice, send, upstream } = bench({ seams: { onRequest } });
    send(alice, request("MESSAGE"));
    const atServer = upstream().taken().join("");
    expect(atServer).toMatch(/\r\nX-All: 1\r\nSluice-Mark: m\r\n\r\n$/);
    const embedded = bench({ seams: { onRequest }, options: { upstream: "embedded" } });
    const contact = ["Contact: <sip:bob@192.0.2.20:9>"];
    embedded.send(
      embedded.bob,
      request("REGISTER", { to: "<sip:bob@example.com>", extra: contact }),
    );
    embedded.bob.taken();
    embedded.send(embedded.alice, request("MESSAGE"));
    expect(embedded.bob.taken().join("")).toMatch(/\r\nX-All: 1\r\n\r\n$/);
  });

  it("unfolds what two readers might read differently", () => {
    const { alice, send, upstream } = bench();
    send(alice, request("MESSAGE", { extra: ["Content-Type: text/plain;\r\n charset=utf-8"] }));
    expect(upstream().taken()[0]).toContain("Content-Type: text/plain; charset=utf-8\r\n");
  });
});

describe("createProxy with responses", () => {
  it("pops its own Via alone and passes the rest byte for byte", () => {
    const { alice, send, upstream } = bench();
    send(alice, request("MESSAGE"));
    const back = answer(upstream().request(), 200, ["X-Odd: A,  b", "Sluice-Mark: x"]);
    send(upstream(), back);
    const expected = back
      .replace(/Via: SIP\/2\.0\/TCP 10[^\r]*\r\n/, "")
      .replace("Sluice-Mark: x\r\n", "");
    expect(alice.taken()).toEqual([expected]);
  });

  it("pops the first of several values in one Via field", () => {
    const { alice, send, upstream } = bench();
    send(alice, request("MESSAGE"));
    const joined = answer(upstream().request(), 200).replace(
      /\r\nVia: (SIP\/2\.0\/TCP 192)/,
      ", $1",
    );
    send(upstream(), joined);
    const got = alice.response();
    expect(values(got, HeaderId.Via)).toHaveLength(1);
    expect(topmostVia(got).host).toBe("192.0.2.10");
  });

  it("drops strays, answers with another method and answers from elsewhere", () => {
    const { alice, bob, send, upstream, proxy } = bench();
    send(alice, request("MESSAGE"));
    const got = upstream().request();
    send(upstream(), answer(got, 200).replace(/branch=z9hG4bK/, "branch=z9hG4bKno"));
    send(upstream(), answer(got, 200).replace("CSeq: 1 MESSAGE", "CSeq: 1 INFO"));
    send(bob, answer(got, 200));
    expect(alice.taken()).toEqual([]);
    expect(proxy.counters.strayResponses).toBe(3);
  });

  it("lets the filter edit a response, and shows it the request as it was forwarded", () => {
    let seen = "";
    const { alice, send, upstream } = bench({
      seams: {
        onRequest: (message) => ({
          kind: "forward",
          splices: [{ start: message.bodyStart, end: message.bytes.length, bytes: "xx" }],
        }),
        onResponse: (response, asForwarded) => {
          seen = asForwarded.body.toString();
          const at = response.lineStart(response.find(HeaderId.From));
          return [{ start: at, end: at, bytes: "X-Edited: yes\r\n" }];
        },
      },
    });
    send(alice, request("MESSAGE", { body: "hi" }));
    send(upstream(), answer(upstream().request(), 200));
    expect(alice.taken()[0]).toContain("X-Edited: yes\r\n");
    expect(seen).toBe("xx");
  });

  it("never forwards 100 or a provisional answer to a MESSAGE", () => {
    const { alice, send, upstream } = bench();
    send(alice, request("MESSAGE"));
    const got = upstream().request();
    send(upstream(), answer(got, 100));
    send(upstream(), answer(got, 183));
    expect(alice.taken()).toEqual([]);
  });
});

describe("createProxy with server transactions", () => {
  const udpVia = "SIP/2.0/UDP 192.0.2.30:5060";

  it("absorbs a repeated request and replays the last response", () => {
    const { network, send, upstream, asked } = bench();
    const phone = network.peer("udp", "192.0.2.30:5060");
    const text = request("MESSAGE", { via: udpVia });
    send(phone, text);
    send(phone, text);
    const got = upstream().request();
    expect(phone.taken()).toEqual([]);
    send(upstream(), answer(got, 202));
    send(phone, text);
    expect(phone.takenLines()).toEqual(["SIP/2.0 202 Reason", "SIP/2.0 202 Reason"]);
    expect(asked).toHaveLength(1);
    expect(upstream().taken()).toEqual([]);
  });

  it("forgets a finished transaction after Timer J", () => {
    const { network, send, upstream, clock, asked } = bench();
    const phone = network.peer("udp", "192.0.2.30:5060");
    const text = request("MESSAGE", { via: udpVia });
    send(phone, text);
    send(upstream(), answer(upstream().request(), 200));
    clock.advance(33_000);
    send(phone, text);
    expect(asked).toHaveLength(2);
  });

  it("tells requests without a branch apart by their header fields (RFC 2543)", () => {
    const { alice, send, upstream, asked } = bench();
    const first = request("MESSAGE", { branch: null, callId: "same" });
    send(alice, first);
    send(alice, first);
    send(alice, request("MESSAGE", { branch: null, callId: "same", cseq: "2 MESSAGE" }));
    expect(asked).toHaveLength(2);
    expect(upstream().taken()).toHaveLength(2);
  });

  it("takes the bare magic cookie for no branch", () => {
    const { alice, send, asked } = bench();
    send(alice, request("MESSAGE", { branch: "z9hG4bK", callId: "one" }));
    send(alice, request("MESSAGE", { branch: "z9hG4bK", callId: "two" }));
    expect(asked).toHaveLength(2);
  });

  it("does not confuse clients behind address translation that share sent-by and branch", () => {
    const { network, send, asked } = bench();
    const via = "SIP/2.0/UDP 10.1.1.1:5060;rport";
    const branch = "z9hG4bK1";
    send(network.peer("udp", "192.0.2.31:1024"), request("MESSAGE", { via, branch }));
    send(network.peer("udp", "192.0.2.32:1024"), request("MESSAGE", { via, branch }));
    expect(asked).toHaveLength(2);
  });

  it("answers a MESSAGE 504 within answer_within when the server is silent, never 408", () => {
    const { alice, send, upstream, clock } = bench();
    const ends: TransactionEnd[] = [];
    const withEnd = bench({
      seams: { onRequest: () => ({ ...FORWARD, onEnd: (end: TransactionEnd) => ends.push(end) }) },
    });
    withEnd.send(withEnd.alice, request("MESSAGE"));
    withEnd.clock.advance(20_200);
    expect(ends).toEqual([{ status: 504, cause: "timeout" }]);
    send(alice, request("MESSAGE"));
    const got = upstream().request();
    clock.advance(20_200);
    expect(alice.takenFinals()).toEqual(["SIP/2.0 504 Server Time-out"]);
    clock.advance(60_000);
    send(upstream(), answer(got, 200));
    expect(alice.taken()).toEqual([]);
  });

  it("repeats a MESSAGE over UDP with growing pauses until an answer comes", () => {
    const { alice, send, upstream, clock } = bench({ transport: "udp" });
    send(alice, request("MESSAGE"));
    const got = upstream().request();
    clock.advance(1700);
    expect(upstream().taken()).toHaveLength(2);
    send(upstream(), answer(got, 200));
    clock.advance(20_000);
    expect(upstream().taken()).toEqual([]);
    expect(alice.takenLines()).toEqual(["SIP/2.0 200 Reason"]);
  });

  it("answers to the port of sent-by without rport, and to the source port with it", () => {
    const { network, send } = bench();
    const source = network.peer("udp", "192.0.2.30:33333");
    const refused = { maxForwards: "0" };
    send(source, request("MESSAGE", { ...refused, via: "SIP/2.0/UDP 203.0.113.9:5080" }));
    expect(network.to({ address: "192.0.2.30", port: 5080 }, "udp").takenLines()).toEqual([
      "SIP/2.0 483 Too Many Hops",
    ]);
    send(source, request("MESSAGE", { ...refused, via: "SIP/2.0/UDP 203.0.113.9:5080;rport" }));
    expect(source.takenLines()).toEqual(["SIP/2.0 483 Too Many Hops"]);
  });
});

describe("createProxy with INVITE", () => {
  function ringing(given: Parameters<typeof bench>[0] = {}) {
    const b = bench(given);
    const invite = request("INVITE", { branch: "z9hG4bKinv", callId: "inv" });
    b.send(b.alice, invite);
    const got = b.upstream().request();
    return { ...b, invite, got };
  }
  const ackFor = (toTag: string, branch: string): string =>
    request("ACK", { branch, callId: "inv", to: `<sip:bob@example.com>;tag=${toTag}` });
  const cancel = (): string => request("CANCEL", { branch: "z9hG4bKinv", callId: "inv" });

  it("answers 100 at once, before the filter is asked", () => {
    const order: string[] = [];
    const b = bench({
      seams: {
        onRequest: () => {
          order.push(`asked after ${b.alice.takenLines().join()}`);
          return FORWARD;
        },
      },
    });
    b.send(b.alice, request("INVITE"));
    expect(order).toEqual(["asked after SIP/2.0 100 Trying"]);
  });

  it("acknowledges a refusal hop by hop, and absorbs the sender's ACK", () => {
    const { alice, send, upstream, got } = ringing();
    alice.taken();
    send(upstream(), answer(got, 486));
    const ack = upstream().request();
    expect(ack.method).toBe("ACK");
    expect(topmostVia(ack).branch).toBe(topmostVia(got).branch);
    expect(ack.value(HeaderId.To)).toContain("tag=b1");
    expect(alice.takenLines()).toEqual(["SIP/2.0 486 Reason"]);
    send(alice, ackFor("b1", "z9hG4bKinv"));
    expect(upstream().taken()).toEqual([]);
  });

  it("repeats a refusal over UDP until the ACK comes, to a stranger four times at most", () => {
    const b = bench();
    const phone = b.network.peer("udp", "192.0.2.30:5060");
    const via = "SIP/2.0/UDP 192.0.2.30:5060";
    const invite = request("INVITE", { via, branch: "z9hG4bKu1", callId: "u1" });
    b.send(phone, invite);
    b.send(b.upstream(), answer(b.upstream().request(), 486));
    phone.taken();
    b.clock.advance(1700);
    expect(phone.taken()).toHaveLength(2);
    b.clock.advance(40_000);
    expect(phone.taken()).toHaveLength(2);
    const acked = bench();
    const other = acked.network.peer("udp", "192.0.2.30:5060");
    acked.send(other, invite);
    acked.send(acked.upstream(), answer(acked.upstream().request(), 486));
    other.taken();
    const to = "<sip:bob@example.com>;tag=b1";
    acked.send(other, request("ACK", { via, branch: "z9hG4bKu1", callId: "u1", to }));
    acked.clock.advance(40_000);
    expect(other.taken()).toEqual([]);
  });

  it("forwards every 2xx, repeated ones too, and the ACK of a 2xx by its route", () => {
    const { alice, send, upstream, got, asked } = ringing();
    alice.taken();
    send(upstream(), answer(got, 180));
    send(upstream(), answer(got, 200));
    send(upstream(), answer(got, 200));
    expect(alice.takenLines().map((line) => line.slice(8, 11))).toEqual(["180", "200", "200"]);
    send(alice, ackFor("b1", "z9hG4bKack"));
    const ack = upstream().request();
    expect(ack.method).toBe("ACK");
    expect(topmostVia(ack).branch).not.toBe(topmostVia(got).branch);
    expect(asked).toHaveLength(1);
  });

  it("forwards the ACK of a 2xx from a client that sends no branch (pidgin-sipe)", () => {
    const b = bench();
    const callId = "sipe";
    b.send(b.alice, request("INVITE", { branch: null, callId }));
    b.send(b.upstream(), answer(b.upstream().request(), 200));
    const to = "<sip:bob@example.com>;tag=b1";
    b.send(b.alice, request("ACK", { branch: null, callId, to }));
    expect(b.upstream().request().method).toBe("ACK");
  });

  it("absorbs the ACK of a refusal from a client that sends no branch", () => {
    const b = bench();
    const callId = "sipe";
    b.send(b.alice, request("INVITE", { branch: null, callId }));
    b.send(b.upstream(), answer(b.upstream().request(), 486));
    b.upstream().taken();
    const to = "<sip:bob@example.com>;tag=b1";
    b.send(b.alice, request("ACK", { branch: null, callId, to }));
    expect(b.upstream().taken()).toEqual([]);
  });

  it("lets the filter edit an ACK, and drops its body when the filter fails on it", () => {
    const onAck = (ack: SipRequest) => [{ start: ack.bodyStart, end: ack.bytes.length, bytes: "" }];
    for (const seam of [
      onAck,
      () => {
        throw new Error("bug");
      },
    ]) {
      const b = ringing({ seams: { onAck: seam } });
      b.send(b.upstream(), answer(b.got, 200));
      const to = "<sip:bob@example.com>;tag=b1";
      b.send(b.alice, request("ACK", { callId: "inv", to, contentLength: false, body: "v=0" }));
      expect(b.upstream().request().body.toString()).toBe("");
    }
  });

  it("drops an ACK that belongs to a refusal without a transaction", () => {
    const b = bench({ options: { inFlight: 0 } });
    b.send(b.alice, request("INVITE", { branch: "z9hG4bKov", callId: "ov" }));
    const refusal = b.alice.response();
    expect(refusal.status).toBe(503);
    const to = `<sip:bob@example.com>;tag=${refusal.toTag}`;
    b.send(b.alice, request("ACK", { branch: "z9hG4bKov", callId: "ov", to }));
    expect(b.network.flows.size).toBe(2);
  });

  it("holds a CANCEL back until a provisional answer came, then sends it where the INVITE went", () => {
    const { alice, send, upstream, got } = ringing();
    alice.taken();
    send(alice, cancel());
    expect(alice.takenLines()).toEqual(["SIP/2.0 200 OK"]);
    expect(upstream().taken()).toEqual([]);
    send(upstream(), answer(got, 180));
    const sent = upstream().request();
    expect(sent.method).toBe("CANCEL");
    expect(sent.requestUri).toBe(got.requestUri);
    expect(topmostVia(sent).branch).toBe(topmostVia(got).branch);
    send(upstream(), answer(sent, 200));
    send(upstream(), answer(got, 487));
    expect(upstream().request().method).toBe("ACK");
    expect(alice.takenLines()).toEqual(["SIP/2.0 180 Reason", "SIP/2.0 487 Reason"]);
  });

  it("answers a retransmitted CANCEL with 200, also when the INVITE is long over", () => {
    const b = bench();
    const phone = b.network.peer("udp", "192.0.2.30:5060");
    const via = "SIP/2.0/UDP 192.0.2.30:5060";
    const same = { via, branch: "z9hG4bKu2", callId: "u2" };
    b.send(phone, request("INVITE", same));
    const got = b.upstream().request();
    b.send(b.upstream(), answer(got, 100));
    phone.taken();
    b.send(phone, request("CANCEL", same));
    b.send(phone, request("CANCEL", same));
    b.send(b.upstream(), answer(got, 487));
    b.send(phone, request("ACK", { ...same, to: "<sip:bob@example.com>;tag=b1" }));
    b.clock.advance(6000);
    phone.taken();
    b.send(phone, request("CANCEL", same));
    expect(phone.takenLines()).toEqual(["SIP/2.0 200 OK"]);
  });

  it("answers 481 to a CANCEL of nothing", () => {
    const { alice, send } = bench();
    send(alice, request("CANCEL", { branch: "z9hG4bKnone" }));
    expect(alice.response().status).toBe(481);
  });

  it("aborts the filter and answers 487 when the CANCEL comes before the verdict", async () => {
    let release: (outcome: RequestOutcome) => void = () => undefined;
    const ends: TransactionEnd[] = [];
    const b = bench({
      seams: {
        onRequest: () =>
          new Promise<RequestOutcome>((resolve) => {
            release = resolve;
          }),
      },
    });
    b.send(b.alice, request("INVITE", { branch: "z9hG4bKinv", callId: "inv" }));
    b.send(b.alice, cancel());
    expect(b.alice.takenLines()).toEqual([
      "SIP/2.0 100 Trying",
      "SIP/2.0 200 OK",
      "SIP/2.0 487 Request Terminated",
    ]);
    expect(b.asked[0]?.abandoned.aborted).toBe(true);
    release({ ...FORWARD, onEnd: (end) => ends.push(end) });
    await Promise.resolve();
    expect(b.network.flows.size).toBe(2);
    expect(ends).toEqual([]);
  });

  it("gives up an INVITE with 408 after Timer B", () => {
    const { alice, clock } = ringing();
    alice.taken();
    clock.advance(32_300);
    expect(alice.takenLines()).toEqual(["SIP/2.0 408 Request Timeout"]);
  });

  it("cancels an INVITE that rings longer than Timer C", () => {
    const { alice, send, upstream, got, clock } = ringing();
    send(upstream(), answer(got, 180));
    alice.taken();
    clock.advance(181_200);
    expect(upstream().takenLines()).toEqual(["CANCEL sip:bob@example.com SIP/2.0"]);
    clock.advance(32_300);
    expect(alice.takenLines()).toEqual(["SIP/2.0 408 Request Timeout"]);
  });

  it("refuses an INVITE for the filter and absorbs the ACK", () => {
    const ends: TransactionEnd[] = [];
    const b = bench({
      seams: {
        onRequest: () => ({
          kind: "reply",
          status: 606,
          reason: "Not Acceptable",
          headers: [{ name: "Warning", value: '309 gw "no"' }],
          onEnd: (end) => ends.push(end),
        }),
      },
    });
    b.send(b.alice, request("INVITE", { branch: "z9hG4bKinv", callId: "inv" }));
    const [, text = ""] = b.alice.taken();
    const refusal = read(text);
    expect(text).toContain('Warning: 309 gw "no"\r\n');
    expect(refusal.toTag).toBeDefined();
    expect(ends).toEqual([{ status: 606, cause: "replied" }]);
    b.send(b.alice, ackFor(refusal.toTag ?? "", "z9hG4bKinv"));
    expect(b.network.flows.size).toBe(2);
  });
});

describe("createProxy with a filter that fails", () => {
  const failures: [string, Seams["onRequest"]][] = [
    [
      "throws",
      () => {
        throw new Error("bug");
      },
    ],
    ["rejects", () => Promise.reject(new Error("bug"))],
    ["hangs", () => new Promise<RequestOutcome>(() => undefined)],
  ];

  it.each(failures)("answers 500 when it %s and on_failure says block", async (_how, onRequest) => {
    const { alice, send, clock } = bench({ seams: { onRequest } });
    send(alice, request("MESSAGE"));
    await Promise.resolve();
    await Promise.resolve();
    clock.advance(19_200);
    expect(alice.takenFinals()).toEqual(["SIP/2.0 500 Server Internal Error"]);
  });

  it.each(failures)(
    "forwards unedited when it %s and on_failure says allow",
    async (_how, onRequest) => {
      const { alice, send, upstream, clock } = bench({
        seams: { onRequest },
        options: { onFailure: "allow" },
      });
      send(alice, request("MESSAGE", { body: "hi" }));
      await Promise.resolve();
      await Promise.resolve();
      clock.advance(19_200);
      const got = upstream().request();
      expect(got.body.toString()).toBe("hi");
      send(upstream(), answer(got, 200));
      expect(alice.takenFinals()).toEqual(["SIP/2.0 200 Reason"]);
    },
  );

  it.each(failures)(
    "answers 500 when it %s, on_failure says allow and this one may not pass unjudged",
    async (_how, onRequest) => {
      const { alice, send, clock } = bench({
        seams: { onRequest, mayPassUnjudged: () => false },
        options: { onFailure: "allow" },
      });
      send(alice, request("MESSAGE"));
      await Promise.resolve();
      await Promise.resolve();
      clock.advance(19_200);
      expect(alice.takenFinals()).toEqual(["SIP/2.0 500 Server Internal Error"]);
    },
  );

  it("gives the sender the answer even when the filter's edits of it cannot be applied", () => {
    const onResponse = (response: SipResponse) => [
      { start: 0, end: response.bytes.length, bytes: "" },
    ];
    const { alice, send, upstream } = bench({ seams: { onResponse } });
    send(alice, request("MESSAGE"));
    send(upstream(), answer(upstream().request(), 200));
    expect(alice.takenLines()).toEqual(["SIP/2.0 200 Reason"]);
  });

  it("answers 500 when the filter's edits of a request cannot be applied", () => {
    const onRequest = (message: SipRequest): RequestOutcome => ({
      kind: "forward",
      splices: [{ start: 0, end: message.bytes.length, bytes: "" }],
    });
    const { alice, send } = bench({ seams: { onRequest } });
    send(alice, request("MESSAGE"));
    expect(alice.takenLines()).toEqual(["SIP/2.0 500 Server Internal Error"]);
  });

  it("answers 500 to a request on which something of ours breaks", () => {
    const isTrusted = (): boolean => {
      throw new Error("bug");
    };
    const { alice, send } = bench({ options: { isTrusted } });
    send(alice, request("MESSAGE"));
    expect(alice.takenLines()).toEqual(["SIP/2.0 500 Server Internal Error"]);
  });

  it("takes the body out of a response that it fails on", () => {
    const onResponse = (): never => {
      throw new Error("bug");
    };
    const { alice, send, upstream } = bench({ seams: { onResponse } });
    send(alice, request("INVITE"));
    const withBody = answer(upstream().request(), 200).replace(
      "Content-Length: 0\r\n\r\n",
      "Content-Type: application/sdp\r\nContent-Length: 3\r\n\r\nv=0",
    );
    alice.taken();
    send(upstream(), withBody);
    const got = alice.response();
    expect([got.bytes.length - got.bodyStart, got.value(HeaderId.ContentType)]).toEqual([
      0,
      undefined,
    ]);
  });
});

describe("createProxy refusing requests", () => {
  it.each([
    ["an unknown scheme", { uri: "nobodyKnowsThisScheme:x" }, 416],
    ["no hops left", { maxForwards: "0" }, 483],
    ["an unknown extension", { extra: ["Proxy-Require: nothingSupportsThis"] }, 420],
  ])("answers %s", (_what, given, status) => {
    const { alice, send, asked } = bench();
    send(alice, request("MESSAGE", given));
    expect(alice.response().status).toBe(status);
    expect(asked).toEqual([]);
  });

  it("lists unknown extensions, but lets ms-benotify and tel: pass", () => {
    const { alice, send, upstream } = bench();
    send(alice, request("MESSAGE", { extra: ["Proxy-Require: foo, ms-benotify, <bad>"] }));
    expect(alice.response().value(HeaderId.Unsupported)).toBe("foo");
    send(alice, request("SUBSCRIBE", { extra: ["Proxy-Require: ms-benotify"] }));
    send(alice, request("MESSAGE", { uri: "tel:+12025550123" }));
    expect(upstream().takenLines()).toHaveLength(2);
  });

  it("answers an OPTIONS that is meant for the gateway itself", () => {
    const { alice, send, asked } = bench();
    send(alice, request("OPTIONS", { uri: "sip:gw.example.com:5060" }));
    send(alice, request("OPTIONS", { maxForwards: "0" }));
    expect(alice.takenLines()).toEqual(["SIP/2.0 200 OK", "SIP/2.0 200 OK"]);
    expect(asked).toEqual([]);
  });

  it("detects a loop, and lets a spiral pass", () => {
    const { alice, send, upstream } = bench();
    send(alice, request("MESSAGE", { callId: "loop" }));
    const [first = ""] = upstream().taken();
    send(alice, first);
    expect(alice.response().status).toBe(482);
    send(
      alice,
      first
        .replace("MESSAGE sip:bob@", "MESSAGE sip:carol@")
        .replace("z9hG4bK", "z9hG4bK1;x=z9hG4bK"),
    );
    expect(upstream().takenLines()).toEqual(["MESSAGE sip:carol@example.com SIP/2.0"]);
  });

  it("answers what could not be read as far as it can be answered, closes the stream, and drops the rest", () => {
    const { alice, proxy } = bench();
    const bad = request("MESSAGE").replace("CSeq: 1 MESSAGE", "CSeq: 1 INVITE");
    const parsed = parseDatagram(Buffer.from(bad, "latin1"), LIMITS);
    if (parsed.ok) throw new Error("expected a problem");
    proxy.onFrame(alice, { kind: "problem", problem: parsed.problem, fatal: true });
    expect(alice.taken()[0]).toMatch(/^SIP\/2\.0 400 /);
    expect(alice.open).toBe(false);
    const other = bench();
    const response = parseDatagram(Buffer.from("SIP/2.0 99 X\r\n\r\n"), LIMITS);
    if (response.ok) throw new Error("expected a problem");
    other.proxy.onFrame(other.alice, { kind: "problem", problem: response.problem, fatal: false });
    expect(other.alice.taken()).toEqual([]);
  });

  it("answers a request whose Via cannot be read where it came from, without its control characters", () => {
    const { network, proxy } = bench();
    const phone = network.peer("udp", "192.0.2.30:33333");
    const text = request("MESSAGE", { via: "SIP/7.0/UDP host" }).replace("alice@", "a\0\rb@");
    const parsed = parseDatagram(Buffer.from(text, "latin1"), LIMITS);
    if (parsed.ok) throw new Error("expected a problem");
    proxy.onFrame(phone, { kind: "problem", problem: parsed.problem, fatal: false });
    const [sent = ""] = phone.taken();
    expect(sent).toMatch(/^SIP\/2\.0 400 /);
    expect(sent.replaceAll("\r\n", "")).not.toMatch(/[\0\r\n]/);
  });

  it("gives no answer that is much longer than its request", () => {
    const { alice, send } = bench();
    for (const given of [{ maxForwards: "0" }, { uri: "x:y" }, { extra: ["Proxy-Require: a"] }]) {
      const text = request("MESSAGE", given);
      send(alice, text);
      expect(alice.taken()[0]?.length).toBeLessThanOrEqual(1.5 * text.length);
    }
  });

  it("answers a ping", () => {
    const { alice, proxy } = bench();
    proxy.onFrame(alice, { kind: "ping" });
    expect(alice.taken()).toEqual(["\r\n"]);
  });
});

describe("createProxy under pressure", () => {
  const inDialog = { to: "<sip:bob@example.com>;tag=b1" };

  it("refuses new work with Retry-After beyond the limit, and serves dialogs and answers", () => {
    const { alice, send, upstream, proxy } = bench({ options: { inFlight: 1 } });
    send(alice, request("MESSAGE"));
    const got = upstream().request();
    send(alice, request("MESSAGE"));
    const refusal = alice.taken()[0];
    expect(refusal).toMatch(/^SIP\/2\.0 503 /);
    expect(refusal).toContain("Retry-After: ");
    send(alice, request("MESSAGE", inDialog));
    expect(upstream().takenLines()).toHaveLength(1);
    send(upstream(), answer(got, 200));
    expect(alice.takenLines()).toEqual(["SIP/2.0 200 Reason"]);
    expect(proxy.unfinished).toBe(1);
  });

  it("bounds dialogs too, at twice the limit", () => {
    const { alice, send } = bench({ options: { inFlight: 1 } });
    send(alice, request("INFO", inDialog));
    send(alice, request("INFO", inDialog));
    send(alice, request("INFO", inDialog));
    expect(alice.takenLines()).toEqual(["SIP/2.0 503 Service Unavailable"]);
  });

  it("bounds the bytes of requests without an answer", () => {
    const { alice, send, upstream } = bench({ options: { inFlightBytes: 5000 } });
    send(alice, request("MESSAGE", { body: "x".repeat(6000) }));
    send(alice, request("MESSAGE"));
    expect(alice.takenLines()).toEqual(["SIP/2.0 503 Service Unavailable"]);
    send(upstream(), answer(upstream().request(), 200));
    send(alice, request("MESSAGE"));
    expect(alice.takenLines()).toEqual(["SIP/2.0 200 Reason"]);
  });

  it("counts an encoded body among them as what it may become", () => {
    const { alice, send } = bench({ options: { inFlightBytes: 50_000 } });
    const extra = ["Content-Encoding: deflate"];
    send(alice, request("MESSAGE", { extra, body: "x".repeat(600) }));
    send(alice, request("MESSAGE"));
    expect(alice.takenLines()).toEqual(["SIP/2.0 503 Service Unavailable"]);
  });

  it("refuses new work while the server's connection is full", () => {
    const { alice, send, upstream } = bench();
    send(alice, request("MESSAGE"));
    upstream().congested = true;
    send(alice, request("MESSAGE"));
    expect(alice.takenLines()).toEqual(["SIP/2.0 503 Service Unavailable"]);
  });

  it("drains: no new work, and done when the last answer is out", async () => {
    const { alice, send, upstream, proxy } = bench();
    send(alice, request("MESSAGE"));
    const got = upstream().request();
    const drained = proxy.drain(5000);
    send(alice, request("MESSAGE"));
    expect(alice.takenLines()).toEqual(["SIP/2.0 503 Service Unavailable"]);
    send(upstream(), answer(got, 200));
    await drained;
    expect(proxy.unfinished).toBe(0);
  });

  it("answers what is left when the grace is over", async () => {
    const ends: TransactionEnd[] = [];
    const b = bench({
      seams: { onRequest: () => ({ ...FORWARD, onEnd: (end) => ends.push(end) }) },
    });
    b.send(b.alice, request("MESSAGE"));
    const drained = b.proxy.drain(5000);
    b.clock.advance(5000);
    await drained;
    expect(b.alice.takenFinals()).toEqual(["SIP/2.0 503 Service Unavailable"]);
    expect(ends).toEqual([{ status: 503, cause: "shutdown" }]);
  });

  it("keeps nothing of ten thousand finished transactions after their time", () => {
    const b = bench();
    const phone = b.network.peer("udp", "192.0.2.30:5060");
    for (let i = 0; i < 10_000; i += 1) {
      b.send(phone, request("MESSAGE", { via: "SIP/2.0/UDP 192.0.2.30:5060" }));
      const [sent = ""] = b.upstream().taken();
      b.send(b.upstream(), answer(read(sent) as SipRequest, 200));
    }
    expect(b.proxy.unfinished).toBe(0);
    b.clock.advance(40_000);
    expect(b.clock.scheduledCalls).toBe(0);
  });
});

describe("createProxy with lost connections", () => {
  const options: Partial<ProxyOptions> = {
    upstream: [
      { transport: "tcp", remote: UPSTREAM, host: "one.example.com" },
      { transport: "tcp", remote: SPARE, host: "two.example.com" },
    ],
  };
  const lose = (b: Bench, flow: FakeFlow): void => {
    flow.open = false;
    b.proxy.onClose(flow);
  };

  it("goes to the next upstream when the first cannot be reached, and stays there for a while", () => {
    const b = bench({ options });
    b.send(b.alice, request("MESSAGE"));
    lose(b, b.upstream());
    const spare = b.network.to(SPARE);
    b.send(spare, answer(spare.request(), 200));
    expect(b.alice.takenLines()).toEqual(["SIP/2.0 200 Reason"]);
    b.send(b.alice, request("MESSAGE"));
    expect(spare.takenLines()).toHaveLength(1);
  });

  it("goes to the next upstream with what the connection has no room for, and says 503 when there is none", async () => {
    const refused = "SIP/2.0 503 Service Unavailable";
    for (const [given, expected] of [
      [options, []],
      [{}, [refused, refused]],
    ] as const) {
      const b = bench({ options: given });
      b.send(b.alice, request("MESSAGE"));
      const first = b.upstream();
      b.send(first, answer(first.request(), 200));
      b.alice.taken();
      first.full = true;
      b.send(b.alice, request("MESSAGE"));
      b.send(b.alice, request("MESSAGE"));
      // What was not sent is told when the handling of the request is over.
      await Promise.resolve();
      first.full = false;
      expect(first.takenLines()).toEqual([]);
      expect(b.alice.takenLines()).toEqual(expected);
      expect(b.proxy.unfinished).toBe(2 - expected.length);
      const all = [...b.network.flows.values()];
      const spare = all.filter(({ remote }) => remote.address === SPARE.address);
      expect(spare.flatMap((flow) => flow.takenLines())).toHaveLength(2 - expected.length);
    }
  });

  it("opens a connection that had worked once more before it goes on", () => {
    const b = bench({ options });
    b.send(b.alice, request("MESSAGE"));
    const first = b.upstream();
    b.send(first, answer(first.request(), 200));
    b.alice.taken();
    b.send(b.alice, request("MESSAGE"));
    lose(b, first);
    const again = b.upstream();
    expect(again).not.toBe(first);
    b.send(again, answer(again.request(), 200));
    expect(b.alice.takenLines()).toEqual(["SIP/2.0 200 Reason"]);
  });

  it("sends a request on which two connections broke no third time", () => {
    const b = bench({ options });
    b.send(b.alice, request("MESSAGE"));
    b.send(b.upstream(), answer(b.upstream().request(), 200));
    b.alice.taken();
    b.send(b.alice, request("MESSAGE"));
    lose(b, b.upstream());
    b.upstream().established = true;
    lose(b, b.upstream());
    expect(b.alice.takenLines()).toEqual(["SIP/2.0 503 Service Unavailable"]);
    expect(() => b.network.to(SPARE)).toThrow("no such flow");
  });

  it("still finds the next upstream when the first is not there any more", () => {
    const b = bench({ options });
    b.send(b.alice, request("MESSAGE"));
    b.send(b.upstream(), answer(b.upstream().request(), 200));
    b.send(b.alice, request("MESSAGE"));
    lose(b, b.upstream());
    lose(b, b.upstream());
    expect(b.network.to(SPARE).takenLines()).toHaveLength(1);
  });

  it.each([
    ["MESSAGE", 100],
    ["INVITE", 180],
  ])("sends no %s again that a server has begun to see to", (method, status) => {
    const b = bench({ options });
    b.send(b.alice, request(method));
    b.send(b.upstream(), answer(b.upstream().request(), status));
    lose(b, b.upstream());
    expect(b.alice.takenLines().at(-1)).toBe("SIP/2.0 503 Service Unavailable");
    expect([...b.network.flows.values()].filter((flow) => flow.outgoing && flow.open)).toEqual([]);
  });

  it("answers 503 when no upstream can be reached", () => {
    const b = bench();
    b.send(b.alice, request("MESSAGE"));
    lose(b, b.upstream());
    expect(b.alice.takenLines()).toEqual(["SIP/2.0 503 Service Unavailable"]);
  });
});

describe("createProxy with registrations", () => {
  function registered(b: Bench, who: FakeFlow, user: string, expires = "600"): SipRequest {
    const contact = `Contact: <sip:${user}@${who.remote.address}:9>`;
    const text = request("REGISTER", {
      uri: "sip:example.com",
      to: `<sip:${user}@example.com>`,
      extra: [contact, `Expires: ${expires}`],
    });
    b.send(who, text);
    const got = b.upstream().request();
    b.send(b.upstream(), answer(got, 200, [`${contact};expires=${expires}`]));
    who.taken();
    return got;
  }

  it("adds a Path entry whose sealed token leads requests of the server to the client's connection", () => {
    const b = bench();
    const got = registered(b, b.bob, "bob");
    const [path = ""] = values(got, HeaderId.Path);
    expect(path).toMatch(/^<sip:[\w-]+@10\.0\.0\.1:5061;transport=tcp;lr>$/);
    b.send(
      b.upstream(),
      request("MESSAGE", {
        uri: "sip:bob@192.0.2.20:9",
        via: "SIP/2.0/TCP 10.9.0.5:5070",
        extra: [`Route: ${path}`],
      }),
    );
    const delivered = b.bob.request();
    expect(delivered.requestUri).toBe("sip:bob@192.0.2.20:9");
    expect(values(delivered, HeaderId.Route)).toEqual([]);
    expect(topmostVia(delivered).port).toBe(5060);
    expect(b.asked.at(-1)?.context.side).toBe("server");
  });

  it("tells the filter who has registered on the flow that the server's request leaves over", () => {
    const b = bench();
    const [path = ""] = values(registered(b, b.bob, "bob"), HeaderId.Path);
    const receivers = (extra: readonly string[]): readonly string[] | undefined => {
      const via = "SIP/2.0/TCP 10.9.0.5:5070";
      b.send(b.upstream(), request("MESSAGE", { uri: "sip:x@192.0.2.20:9", via, extra }));
      return b.asked.at(-1)?.context.receivers;
    };
    expect(receivers([`Route: ${path}`])).toEqual(["sip:bob@example.com"]);
    expect(receivers([`Route: ${path.replace(/sip:../, "sip:zz")}`])).toEqual([]);
    expect(receivers([])).toBeUndefined();
    b.send(b.alice, request("MESSAGE", { extra: [`Route: ${path}`] }));
    expect(b.asked.at(-1)?.context.receivers).toBeUndefined();
    b.clock.advance(601_000);
    expect(receivers([`Route: ${path}`])).toEqual([]);
  });

  it("adds Path only where it is supported when so configured", () => {
    const b = bench({ options: { path: "supported" } });
    expect(values(registered(b, b.bob, "bob"), HeaderId.Path)).toEqual([]);
    b.send(
      b.bob,
      request("REGISTER", { uri: "sip:example.com", extra: ["Supported: gruu, path"] }),
    );
    expect(values(b.upstream().request(), HeaderId.Path)).toHaveLength(1);
  });

  it("answers 430 when the connection of a token is gone, or the token is not ours", () => {
    const b = bench();
    const [path = ""] = values(registered(b, b.bob, "bob"), HeaderId.Path);
    b.bob.open = false;
    b.proxy.onClose(b.bob);
    const via = "SIP/2.0/TCP 10.9.0.5:5070";
    for (const route of [path, path.replace(/sip:../, "sip:zz")]) {
      b.send(b.upstream(), request("MESSAGE", { via, extra: [`Route: ${route}`] }));
      expect(b.upstream().response().status).toBe(430);
    }
  });

  it("takes a sender for authenticated once the server has accepted its REGISTER, until it expires", () => {
    const b = bench();
    const aorAt = (): string | undefined => {
      b.send(b.alice, request("MESSAGE"));
      return b.asked.at(-1)?.context.authenticatedAor;
    };
    expect(aorAt()).toBeUndefined();
    b.upstream().taken();
    registered(b, b.alice, "alice");
    expect(aorAt()).toBe("sip:alice@example.com");
    b.clock.advance(601_000);
    expect(aorAt()).toBeUndefined();
    b.upstream().taken();
    registered(b, b.alice, "alice");
    registered(b, b.alice, "alice", "0");
    expect(aorAt()).toBeUndefined();
  });
});

describe("createProxy with dialogs that cross the gateway twice", () => {
  /** A calls B by way of the server K, which records itself or not; gives both route sets. */
  function dialog(recordRoute: boolean) {
    const b = bench();
    const bobPath = pathOf(b, b.bob);
    const kRoute = "<sip:10.9.0.5:5070;transport=tcp;lr>";
    b.send(b.alice, request("INVITE", { callId: "d" }));
    const atServer = b.upstream().request();
    const onward = toBob(atServer, bobPath, recordRoute ? kRoute : undefined);
    b.send(b.upstream(), onward);
    b.upstream().taken();
    const atBob = b.bob.request();
    const bobSet = values(atBob, HeaderId.RecordRoute);
    b.send(b.bob, answer(atBob, 200));
    const back = b.upstream().response();
    const aliceSet = values(back, HeaderId.RecordRoute).reverse();
    return { ...b, bobSet, aliceSet, kRoute, atBob };
  }

  function pathOf(b: Bench, who: FakeFlow): string {
    b.send(who, request("REGISTER", { uri: "sip:example.com", to: "<sip:bob@example.com>" }));
    return values(b.upstream().request(), HeaderId.Path)[0] ?? "";
  }

  /** What the server makes of an INVITE: its Via, the contact of B, B's Path as Route, perhaps its Record-Route. */
  function toBob(atServer: SipRequest, path: string, kRoute: string | undefined): string {
    const own = kRoute === undefined ? "" : `Record-Route: ${kRoute}\r\n`;
    return atServer.bytes
      .toString("latin1")
      .replace("INVITE sip:bob@example.com", "INVITE sip:bob@192.0.2.20:9")
      .replace(
        "\r\n",
        `\r\nVia: SIP/2.0/TCP 10.9.0.5:5070;branch=z9hG4bKk1\r\n${own}Route: ${path}\r\n`,
      );
  }

  const bye = (uri: string, set: readonly string[]): string =>
    request("BYE", { uri, to: "<sip:x@example.com>;tag=b1", callId: "d", extra: routes(set) });

  it("marks the crossing that judged `own` and the other `pass`", () => {
    const { bobSet } = dialog(true);
    expect(bobSet.map((value) => /sluice=(\w+)/.exec(value)?.[1])).toEqual([
      "pass",
      "pass",
      undefined,
      "own",
      "own",
    ]);
  });

  it("brings a request of B by way of a recording server to A, who listens nowhere", () => {
    const { bob, alice, send, upstream, bobSet, kRoute } = dialog(true);
    alice.taken();
    send(bob, bye("sip:alice@192.0.2.10:9", bobSet));
    const atServer = upstream().request();
    expect(values(atServer, HeaderId.Route)[0]).toBe(kRoute);
    const left = values(atServer, HeaderId.Route).slice(1);
    expect(left).toHaveLength(2);
    send(
      upstream(),
      request("BYE", {
        uri: "sip:alice@192.0.2.10:9",
        via: "SIP/2.0/TCP 10.9.0.5:5070",
        to: "<sip:x@example.com>;tag=b1",
        extra: routes(left),
      }),
    );
    const delivered = alice.request();
    expect(delivered.method).toBe("BYE");
    expect(values(delivered, HeaderId.Route)).toEqual([]);
  });

  it("brings a request of A by way of a recording server to B", () => {
    const { bob, alice, send, upstream, aliceSet, kRoute } = dialog(true);
    send(alice, bye("sip:bob@192.0.2.20:9", aliceSet));
    const atServer = upstream().request();
    const set = values(atServer, HeaderId.Route);
    expect(set[0]).toBe(kRoute);
    send(
      upstream(),
      request("BYE", {
        uri: "sip:bob@192.0.2.20:9",
        via: "SIP/2.0/TCP 10.9.0.5:5070",
        to: "<sip:x@example.com>;tag=b1",
        extra: routes(set.slice(1)),
      }),
    );
    expect(bob.request().method).toBe("BYE");
  });

  it("takes both crossings in one go when the server did not record itself", () => {
    const { bob, alice, send, upstream, bobSet, aliceSet } = dialog(false);
    alice.taken();
    send(bob, bye("sip:alice@192.0.2.10:9", bobSet));
    expect(alice.request().method).toBe("BYE");
    send(alice, bye("sip:bob@192.0.2.20:9", aliceSet));
    expect(bob.request().method).toBe("BYE");
    expect(upstream().taken()).toEqual([]);
  });

  it("forwards the ACK of the 2xx over the same crossings", () => {
    const { bob, alice, send, aliceSet } = dialog(false);
    const to = "<sip:bob@example.com>;tag=b1";
    send(
      alice,
      request("ACK", { uri: "sip:bob@192.0.2.20:9", to, callId: "d", extra: routes(aliceSet) }),
    );
    expect(bob.request().method).toBe("ACK");
  });

  it("understands several Route values in one field", () => {
    const { bob, alice, send, bobSet } = dialog(false);
    alice.taken();
    const extra = [`Route: ${bobSet.join(", ")}, <sip:192.0.2.99;lr>`];
    send(bob, request("BYE", { to: "<sip:x@example.com>;tag=b1", callId: "d", extra }));
    expect(values(alice.request(), HeaderId.Route)).toEqual(["<sip:192.0.2.99;lr>"]);
  });

  it("refuses a client's request that leaves out the crossing which judged the offer", () => {
    const { bob, send, bobSet } = dialog(true);
    send(bob, bye("sip:alice@192.0.2.10:9", bobSet.slice(0, 3)));
    expect(bob.response().status).toBe(403);
  });

  it("does not let a client reach another one past the server with a token in a first request", () => {
    const { bob, alice, send, upstream, aliceSet } = dialog(true);
    const token = /sip:([\w-]+)/.exec(aliceSet.at(-1) ?? "")?.[1] ?? "";
    send(alice, request("MESSAGE", { extra: [`Route: <sip:${token}@10.0.0.1:5060;lr>`] }));
    expect(bob.taken()).toEqual([]);
    expect(upstream().takenLines()).toEqual(["MESSAGE sip:bob@example.com SIP/2.0"]);
  });

  it("refuses a token of another dialog, or of a Path, from a client", () => {
    const { bob, alice, send, upstream, aliceSet } = dialog(false);
    const token = /sip:([\w-]+)/.exec(aliceSet.at(-1) ?? "")?.[1] ?? "";
    const to = "<sip:x@example.com>;tag=made-up";
    alice.taken();
    for (const set of [aliceSet, [`<sip:${token}@10.0.0.1:5060;lr>`]]) {
      send(alice, request("MESSAGE", { to, callId: "other", extra: routes(set) }));
      expect(alice.response().status).toBe(403);
      send(alice, request("ACK", { to, callId: "other", extra: routes(set) }));
    }
    expect([...bob.taken(), ...upstream().taken()]).toEqual([]);
  });

  it.each([
    ["no entry of ours", []],
    ["an entry without a proof", ["<sip:10.0.0.1:5060;transport=tcp;lr>"]],
  ])("opens no connection to an address that a client names with %s", (_what, own) => {
    const b = bench();
    const to = "<sip:x@example.com>;tag=made-up";
    const extra = routes([...own, "<sip:192.0.2.99:5060;transport=tcp;lr>"]);
    b.send(b.alice, request("ACK", { to, extra }));
    b.send(b.alice, request("MESSAGE", { to, extra }));
    expect(
      b
        .upstream()
        .takenLines()
        .map((line) => line.split(" ")[0]),
    ).toEqual(["ACK", "MESSAGE"]);
    expect([...b.network.flows.values()].filter((flow) => flow.outgoing)).toHaveLength(1);
  });

  it("sends requests of A to the upstream when the server itself ends the dialog", () => {
    const b = bench();
    b.send(b.alice, request("INVITE", { callId: "d" }));
    const atServer = b.upstream().request();
    const set = values(atServer, HeaderId.RecordRoute);
    b.send(b.upstream(), answer(atServer, 200));
    b.alice.taken();
    b.send(b.alice, bye("sip:10.9.0.5:5070", set.toReversed()));
    expect(b.upstream().request().method).toBe("BYE");
    b.send(b.upstream(), request("BYE", { via: "SIP/2.0/TCP 10.9.0.5:5070", extra: routes(set) }));
    expect(b.alice.request().method).toBe("BYE");
  });

  it("refuses strict routing from a client: it would change the Request-URI after it was judged", () => {
    const b = bench();
    b.send(b.alice, request("MESSAGE", { extra: routes(["<sip:eve@example.com>"]) }));
    expect(b.alice.response().status).toBe(400);
  });

  it("undoes what a strict router did to our entry", () => {
    const b = bench();
    b.send(b.alice, request("INVITE"));
    const atServer = b.upstream().request();
    const [first = "", second = ""] = values(atServer, HeaderId.RecordRoute);
    b.alice.taken();
    b.send(
      b.upstream(),
      request("BYE", {
        uri: first.slice(1, -1),
        via: "SIP/2.0/TCP 10.9.0.5:5070",
        to: "<sip:x@example.com>;tag=b1",
        extra: routes([second, "<sip:alice@192.0.2.10:9>"]),
      }),
    );
    const got = b.alice.request();
    expect(got.requestUri).toBe("sip:alice@192.0.2.10:9");
    expect(values(got, HeaderId.Route)).toEqual([]);
  });
});

describe("createProxy from the server without a token", () => {
  const via = "SIP/2.0/TCP 10.9.0.5:5070";

  function fromServer(b: Bench, given: Parameters<typeof request>[1]): void {
    b.send(b.alice, request("OPTIONS"));
    b.upstream().taken();
    b.send(b.upstream(), request("MESSAGE", { via, ...given }));
  }

  it("goes to the address in the Request-URI, maddr first", () => {
    const b = bench();
    fromServer(b, { uri: "sip:carol@example.com:5099;maddr=192.0.2.77;transport=tcp" });
    expect(b.network.to({ address: "192.0.2.77", port: 5099 }).request().method).toBe("MESSAGE");
  });

  it("goes back to the server by the next Route (the gateway beside a proxy)", () => {
    const b = bench();
    fromServer(b, {
      extra: [
        "Route: <sip:10.0.0.1:5061;transport=tcp;lr>, <sip:back@10.9.0.5:5070;transport=tcp;lr>",
      ],
    });
    const back = b.upstream().request();
    expect(values(back, HeaderId.Route)).toEqual(["<sip:back@10.9.0.5:5070;transport=tcp;lr>"]);
  });

  it.each([
    ["a name that it does not resolve", "sip:carol@nowhere.example", 502],
    ["the broadcast address", "sip:carol@255.255.255.255", 502],
    ["the gateway itself", "sip:carol@10.0.0.1:5060", 404],
  ])("refuses %s", (_what, uri, status) => {
    const b = bench();
    fromServer(b, { uri });
    expect(b.upstream().response().status).toBe(status);
  });
});

describe("createProxy with the embedded registrar", () => {
  function embedded() {
    const b = bench({ options: { upstream: "embedded" } });
    const register = (who: FakeFlow, user: string): void => {
      const contact = `Contact: <sip:${user}@${who.remote.address}:9>`;
      b.send(
        who,
        request("REGISTER", {
          uri: "sip:example.com",
          to: `<sip:${user}@example.com>`,
          extra: [contact],
        }),
      );
      expect(who.response().status).toBe(200);
    };
    register(b.alice, "alice");
    register(b.bob, "bob");
    return { ...b, register };
  }

  it("delivers to the connection of the receiver's registration", () => {
    const { alice, bob, send, asked } = embedded();
    send(alice, request("MESSAGE", { body: "hi" }));
    const got = bob.request();
    expect(got.requestUri).toBe("sip:bob@192.0.2.20:9");
    send(bob, answer(got, 200));
    expect(alice.takenLines()).toEqual(["SIP/2.0 200 Reason"]);
    expect(asked.at(-1)?.context.authenticatedAor).toBe("sip:alice@example.com");
  });

  it("answers 404 when nobody has registered", () => {
    const { alice, send } = embedded();
    send(alice, request("MESSAGE", { uri: "sip:nobody@example.com" }));
    expect(alice.response().status).toBe(404);
  });

  it("forks to every device; the first 2xx wins and the others are cancelled", () => {
    const { alice, bob, network, register, send } = embedded();
    const phone = network.peer("tcp", "192.0.2.21:40003");
    register(phone, "bob");
    send(alice, request("INVITE"));
    const [atBob, atPhone] = [bob.request(), phone.request()];
    send(phone, answer(atPhone, 180));
    send(bob, answer(atBob, 200));
    expect(phone.takenLines()[0]).toMatch(/^CANCEL /);
    expect(alice.takenLines().map((line) => line.slice(8, 11))).toEqual(["100", "180", "200"]);
  });

  it("chooses the best refusal when every device refuses", () => {
    const { alice, bob, network, register, send } = embedded();
    const phone = network.peer("tcp", "192.0.2.21:40003");
    register(phone, "bob");
    send(alice, request("MESSAGE"));
    send(bob, answer(bob.request(), 503));
    expect(alice.taken()).toEqual([]);
    send(phone, answer(phone.request(), 486));
    expect(alice.takenLines()).toEqual(["SIP/2.0 486 Reason"]);
  });

  it("brings in-dialog requests to the other client both ways", () => {
    const { alice, bob, send } = embedded();
    send(alice, request("INVITE", { callId: "d" }));
    const atBob = bob.request();
    send(bob, answer(atBob, 200));
    alice.taken();
    const set = values(atBob, HeaderId.RecordRoute);
    const to = "<sip:x@example.com>;tag=b1";
    send(
      bob,
      request("BYE", { uri: "sip:alice@192.0.2.10:9", to, callId: "d", extra: routes(set) }),
    );
    expect(alice.request().method).toBe("BYE");
    send(
      alice,
      request("BYE", {
        uri: "sip:bob@192.0.2.20:9",
        to,
        callId: "d",
        extra: routes(set.toReversed()),
      }),
    );
    expect(bob.request().method).toBe("BYE");
  });
});
