import { describe, expect, it } from "vitest";
import { answer, bench, read, request, type FakeFlow } from "./proxy-bench.test-data.ts";

/** With 50 calls that ring, all from the same address. */
function ringing() {
  const b = bench({ options: { inFlight: 400 } });
  const again = b.network.peer("tcp", "192.0.2.10:40077");
  const calls = (who: FakeFlow, count: number): void => {
    for (let n = 0; n < count; n += 1) b.send(who, request("INVITE"));
  };
  calls(b.alice, 30);
  calls(again, 20);
  const rung = b.upstream().taken();
  for (const text of rung) {
    const invite = read(text);
    if (invite.kind === "request") b.send(b.upstream(), answer(invite, 180));
  }
  b.alice.taken();
  again.taken();
  return { ...b, again, rung };
}

describe("calls that wait", () => {
  it("are of one address no more than its share", () => {
    const { alice, again, bob, send, warnings } = ringing();
    for (const who of [alice, again]) {
      send(who, request("INVITE"));
      expect(who.takenLines()).toEqual(["SIP/2.0 503 Service Unavailable"]);
    }
    send(alice, request("INVITE", { to: "<sip:bob@example.com>;tag=made-up" }));
    expect(alice.takenLines()).toEqual(["SIP/2.0 503 Service Unavailable"]);
    expect(warnings).toEqual(["a source has its share of limits.in_flight in unanswered calls"]);
    send(bob, request("INVITE"));
    expect(bob.takenLines()).toEqual(["SIP/2.0 100 Trying"]);
    send(alice, request("MESSAGE"));
    expect(alice.takenLines()).toEqual([]);
  });

  it("make room when they are answered", () => {
    const { alice, send, upstream, rung } = ringing();
    const invite = read(rung[0] ?? "");
    if (invite.kind === "request") send(upstream(), answer(invite, 486));
    alice.taken();
    send(alice, request("INVITE"));
    expect(alice.takenLines()).toEqual(["SIP/2.0 100 Trying"]);
  });

  it("are cancelled when the connection of their sender is gone", () => {
    const { alice, proxy, upstream, rung, send } = ringing();
    upstream().taken();
    alice.open = false;
    proxy.onClose(alice);
    const cancels = upstream().takenLines();
    expect(cancels).toEqual(Array(30).fill("CANCEL sip:bob@example.com SIP/2.0"));
    for (const text of rung.slice(0, 30)) {
      const invite = read(text);
      if (invite.kind === "request") send(upstream(), answer(invite, 487));
    }
    expect(proxy.unfinished).toBe(20);
  });

  it("end after ten minutes, however often it rings", () => {
    const { clock, upstream, rung, send } = ringing();
    upstream().taken();
    const invite = read(rung[0] ?? "");
    const ring = (): void => {
      if (invite.kind === "request") send(upstream(), answer(invite, 180));
    };
    const cancelled = (): number => {
      const branch = /branch=([^\r]*)/.exec(rung[0] ?? "")?.[1] ?? "";
      return upstream()
        .taken()
        .filter((text) => text.includes(branch)).length;
    };
    for (let minute = 0; minute < 9; minute += 1) {
      clock.advance(60_000);
      ring();
    }
    expect(cancelled()).toBe(0);
    clock.advance(59_000);
    ring();
    expect(cancelled()).toBe(0);
    clock.advance(2000);
    expect(cancelled()).toBe(1);
  });
});
