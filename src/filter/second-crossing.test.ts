import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { messageRequest, parsedBytes } from "../../test/support/parsed-request.ts";
import { createDomains } from "../policy/domains.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { createSecondCrossing, ownDeparture } from "./second-crossing.ts";

const KEY = Buffer.alloc(32, 1);
const FROM = "sip:alice@example.com";
const TO = "sip:bob@example.com";
const DOMAINS = createDomains(["example.com"], ["10.0.0.5"]);
const PASSED = { words: undefined };

/** What a back-to-back user agent makes of a message: content and parties, the rest is its own. */
function remade(request: SipRequest, from: string | RegExp = "", to = ""): SipRequest {
  const text = request.bytes
    .toString("latin1")
    .replace("call-1@", "other@")
    .replace("tag=a1", "tag=b2b")
    .replace("7 MESSAGE", "1 MESSAGE")
    .replace(from, to);
  return parsedBytes(Buffer.from(text, "latin1"));
}

describe("createSecondCrossing", () => {
  it("knows a message by its content and its parties, for 64 seconds and as often as it comes", () => {
    const clock = createManualClock();
    const crossing = createSecondCrossing(clock, KEY, DOMAINS);
    const request = messageRequest("hello");
    crossing.leaving(request, [], { now: clock.now(), from: FROM, to: TO });
    clock.advance(63_000);
    expect(crossing.saidOf(remade(request), clock.now())).toEqual(PASSED);
    expect(crossing.saidOf(remade(request), clock.now())).toEqual(PASSED);
    clock.advance(1000);
    expect(crossing.saidOf(remade(request), clock.now())).toBeUndefined();
  });

  it.each([
    ["content", "hello", "hallo"],
    ["content type", "text/plain", "text/html "],
    ["sender", "sip:alice@", "sip:mallo@"],
    ["sender's domain", "alice@example.com", "alice@example.org"],
    ["receiver", /bob@example.com/g, "rob@example.com"],
    ["method", /MESSAGE/g, "INVITE "],
  ])("does not know one with another %s", (_, from, to) => {
    const clock = createManualClock();
    const crossing = createSecondCrossing(clock, KEY, DOMAINS);
    const request = messageRequest("hello");
    crossing.leaving(request, [], { now: clock.now(), from: FROM, to: TO });
    const other = remade(request, from, to.trimEnd());
    expect(crossing.saidOf(other, clock.now())).toBeUndefined();
  });

  it("knows what left, not what came in", () => {
    const clock = createManualClock();
    const crossing = createSecondCrossing(clock, KEY, DOMAINS);
    const request = messageRequest("hello");
    const splices = [{ start: request.bodyStart, end: request.bytes.length, bytes: "hallo" }];
    crossing.leaving(request, splices, { now: clock.now(), from: FROM, to: TO });
    expect(crossing.saidOf(remade(request), clock.now())).toBeUndefined();
    expect(crossing.saidOf(remade(request, "hello", "hallo"), clock.now())).toEqual(PASSED);
  });

  it("knows the receiver by To where the Request-URI has become a device", () => {
    const clock = createManualClock();
    const crossing = createSecondCrossing(clock, KEY, DOMAINS);
    const request = messageRequest("hello");
    crossing.leaving(request, [], { now: clock.now(), from: FROM, to: TO });
    const routed = remade(request, "MESSAGE sip:bob@example.com", "MESSAGE sip:bob@192.0.2.9:5060");
    expect(crossing.saidOf(routed, clock.now())).toEqual(PASSED);
  });

  it("does not know by To what was judged for somebody else", () => {
    const clock = createManualClock();
    const crossing = createSecondCrossing(clock, KEY, DOMAINS);
    const request = messageRequest("hello");
    crossing.leaving(request, [], { now: clock.now(), from: FROM, to: "sip:x@else.example" });
    crossing.leaving(request, [], { now: clock.now(), from: FROM, to: "sip:x@example.com" });
    expect(crossing.saidOf(remade(request), clock.now())).toBeUndefined();
  });

  it("knows a receiver by each of its spellings", () => {
    const clock = createManualClock();
    const crossing = createSecondCrossing(clock, KEY, DOMAINS);
    const request = messageRequest("hello");
    crossing.leaving(request, [], { now: clock.now(), from: FROM, to: TO });
    for (const spelled of ["bob@10.0.0.5", "%62ob@Example.com."]) {
      const other = remade(request, /bob@example.com/g, spelled);
      expect(crossing.saidOf(other, clock.now())).toEqual(PASSED);
    }
  });

  it("knows a receiver in a domain whose name goes beyond latin1", () => {
    const clock = createManualClock();
    const domains = createDomains(["\u043f\u0440\u0438\u043c\u0435\u0440"], ["example.com"]);
    const crossing = createSecondCrossing(clock, KEY, domains);
    const request = messageRequest("hello");
    crossing.leaving(request, [], { now: clock.now(), from: FROM, to: TO });
    expect(crossing.saidOf(remade(request), clock.now())).toEqual(PASSED);
  });

  it("knows our own words to a device by To as well", () => {
    const clock = createManualClock();
    const crossing = createSecondCrossing(clock, KEY, DOMAINS);
    const request = remade(
      messageRequest("hello"),
      "MESSAGE sip:bob@example.com",
      "MESSAGE sip:bob@1.2.3.4",
    );
    crossing.leaving(request, [], ownDeparture(request, clock.now()));
    const routed = remade(request, "MESSAGE sip:bob@1.2.3.4", "MESSAGE sip:bob@5.6.7.8");
    expect(crossing.saidOf(routed, clock.now())).toEqual(PASSED);
  });

  it("has nothing to know an empty message by", () => {
    const clock = createManualClock();
    const crossing = createSecondCrossing(clock, KEY, DOMAINS);
    const request = messageRequest("");
    crossing.leaving(request, [], { now: clock.now(), from: FROM, to: TO });
    expect(crossing.saidOf(remade(request), clock.now())).toBeUndefined();
  });

  it("remembers tens of thousands of them, and no more than it has room for, whatever their length", () => {
    const clock = createManualClock();
    const crossing = createSecondCrossing(clock, KEY, DOMAINS);
    const request = messageRequest("hello");
    const to = (n: number): string => `sip:${"b".repeat(600)}${n}@example.com`;
    const asked = (n: number): SipRequest => remade(request, /sip:bob@example.com/g, to(n));
    for (let n = 0; n <= 220_000; n += 1)
      crossing.leaving(request, [], { now: clock.now(), from: FROM, to: to(n) });
    expect(crossing.saidOf(asked(0), clock.now())).toBeUndefined();
    expect(crossing.saidOf(asked(180_000), clock.now())).toEqual(PASSED);
    expect(crossing.saidOf(asked(220_000), clock.now())).toEqual(PASSED);
    crossing.close();
    expect(crossing.saidOf(asked(220_000), clock.now())).toBeUndefined();
  });
});
