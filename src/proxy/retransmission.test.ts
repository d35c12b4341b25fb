import { describe, expect, it } from "vitest";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { answer, bench, request, SPARE, UPSTREAM, type Bench } from "./proxy-bench.test-data.ts";
import type { RequestOutcome, Seams } from "./seams.ts";

/** What leaves is written anew for each retransmission: to the byte what left first, whatever has happened in between. */

const HOST = "sip.example.com";

/** A server that is reached by UDP. */
function overUdp(given: Parameters<typeof bench>[0] = {}): Bench {
  return bench({ transport: "udp", ...given });
}

/** The first sending, and all that follow it until the transaction ends; other things happen meanwhile. */
function sendings(b: Bench, text: string): string[] {
  b.send(b.alice, text);
  const first = b.upstream().taken();
  b.proxy.replaceUpstreams([{ transport: "udp", remote: SPARE, host: HOST }]);
  // Its head is shorter and has fewer fields: what is read of it must not be taken for this one's.
  b.send(b.bob, request("MESSAGE", { via: "SIP/2.0/TCP 192.0.2.20:40002", body: "other" }));
  b.proxy.replaceUpstreams([{ transport: "udp", remote: UPSTREAM, host: HOST }]);
  b.clock.advance(31_000);
  return [...first, ...b.upstream().taken()];
}

const FOLDED = ["Subject: one\r\n  two", "Content-Type : text/plain;\r\n charset=utf-8"];
const AS_IT_IS: Partial<Seams> = {};
const MANY = Array.from({ length: 120 }, (_, index) => `X-Field-${index}: ${"v".repeat(40)}`);

const edited: Seams["onRequest"] = (message): RequestOutcome => {
  const splices: Splice[] = [
    { start: message.bodyStart, end: message.bytes.length, bytes: Buffer.from("other words") },
  ];
  const length = message.find(HeaderId.ContentLength);
  if (length >= 0) {
    const [start, end] = [message.valueStart(length), message.valueEnd(length)];
    splices.push({ start, end, bytes: "11" });
  }
  const at = message.lineStart(message.find(HeaderId.CallId));
  return {
    kind: "forward",
    splices,
    towardsServer: [{ start: at, end: at, bytes: "Sluice-Mark: m\r\n" }],
  };
};

const EDITED: Partial<Seams> = { onRequest: edited };

describe("a request that is sent again", () => {
  it.each([
    ["a MESSAGE", "MESSAGE", { body: "hello" }, AS_IT_IS],
    ["a MESSAGE with folds", "MESSAGE", { body: "hello", extra: FOLDED }, AS_IT_IS],
    ["a MESSAGE with a long head", "MESSAGE", { body: "hello", extra: MANY }, AS_IT_IS],
    ["an edited MESSAGE", "MESSAGE", { body: "hello", extra: FOLDED }, EDITED],
    ["an edited INVITE", "INVITE", { body: "hello", extra: MANY }, EDITED],
    [
      "an edited datagram without a length",
      "MESSAGE",
      { body: "hello", contentLength: false },
      EDITED,
    ],
    ["an INVITE", "INVITE", {}, AS_IT_IS],
    ["a SUBSCRIBE", "SUBSCRIBE", { uri: "sip:bob@example.com;x=1" }, AS_IT_IS],
    ["a REGISTER with Path", "REGISTER", { extra: ["Contact: <sip:a@10.1.1.1>"] }, AS_IT_IS],
  ])("is %s to the byte", (_, method, given, seams) => {
    const b = overUdp({ seams });
    const text = request(method, given);
    const callId = /Call-ID: (.*)/.exec(text)?.[1] ?? "";
    const all = sendings(b, text).filter((sent) => sent.includes(`Call-ID: ${callId}\r\n`));
    expect(all.length).toBeGreaterThan(5);
    expect(new Set(all).size).toBe(1);
    const edits = seams === EDITED ? ["Sluice-Mark: m\r\n", "\r\n\r\nother words"] : [];
    for (const edit of edits) expect(all[0]).toContain(edit);
  });

  it("is a REGISTER with the alias that it left with", () => {
    const b = overUdp({ options: { path: "never" } });
    const contact = "Contact: <sip:alice@192.168.1.7:5060>";
    const to = "<sip:alice@example.com>";
    const text = request("REGISTER", { to, uri: "sip:example.com", extra: [contact] });
    const all = sendings(b, text).filter((sent) => sent.startsWith("REGISTER"));
    expect(all.length).toBeGreaterThan(5);
    expect(new Set(all).size).toBe(1);
    expect(all[0]).not.toContain("192.168.1.7");
  });

  it("is acknowledged and cancelled as what has left", () => {
    for (const status of [180, 486]) {
      const b = overUdp({ seams: EDITED });
      const text = request("INVITE", { body: "hello", extra: MANY, branch: "z9hG4bKcall" });
      b.send(b.alice, text);
      const invite = b.upstream().request();
      b.send(b.bob, request("MESSAGE", { via: "SIP/2.0/TCP 192.0.2.20:40002", body: "other" }));
      b.upstream().taken();
      b.send(b.upstream(), answer(invite, status));
      if (status === 180) {
        const cancel = text.replace(/^INVITE/, "CANCEL").replace("1 INVITE", "1 CANCEL");
        b.send(b.alice, cancel.replace(/\r\n\r\nhello$/, "\r\n\r\n").replace(": 5\r\n", ": 0\r\n"));
      }
      const next = b.upstream().request();
      expect(next.method).toBe(status === 180 ? "CANCEL" : "ACK");
      for (const id of [HeaderId.Via, HeaderId.From, HeaderId.CallId]) {
        expect(next.value(id)).toBe(invite.value(id));
      }
      expect(next.requestUri).toBe(invite.requestUri);
      expect(next.cseq.number).toBe(invite.cseq.number);
    }
  });
});
