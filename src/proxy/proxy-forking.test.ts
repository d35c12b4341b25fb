/** RFC 3261 §16.7 (the choice among answers) and §16.10, where a request goes to several devices. */
import { describe, expect, it } from "vitest";
import { HeaderId } from "../wire/sip/header-names.ts";
import { answer, bench, read, request, values, type FakeFlow } from "./proxy-bench.test-data.ts";

/** Bob has three devices. */
function devices() {
  const b = bench({ options: { upstream: "embedded" } });
  const all = ["192.0.2.20:40002", "192.0.2.21:40003", "192.0.2.22:40004"].map((remote) =>
    b.network.peer("tcp", remote),
  ) as [FakeFlow, FakeFlow, FakeFlow];
  for (const device of all) {
    const extra = [`Contact: <sip:bob@${device.remote.address}:9>`];
    b.send(device, request("REGISTER", { to: "<sip:bob@example.com>", extra }));
    device.taken();
  }
  b.asked.length = 0;
  return { ...b, all };
}

/** What Alice sees when the devices answer a MESSAGE or INVITE like this, in their order. */
function outcome(method: string, answers: readonly (readonly [number, ...string[]])[]): string[] {
  const { all, alice, send } = devices();
  send(alice, request(method));
  alice.taken();
  for (const [i, device] of all.entries()) {
    const [status, ...extra] = answers[i] ?? [404];
    send(device, answer(device.request(), status, extra));
  }
  return alice.taken();
}

const statusOf = (texts: readonly string[]): number[] =>
  texts.map((text) => Number(text.slice(8, 11)));

describe("createProxy choosing among the answers of several devices", () => {
  it("asks the filter once, before it forks", () => {
    const { all, alice, send, asked } = devices();
    send(alice, request("MESSAGE"));
    expect(asked).toHaveLength(1);
    expect(all.map((device) => device.takenLines().length)).toEqual([1, 1, 1]);
  });

  it.each([
    ["6xx before everything", [404, 603, 302], 603],
    ["the lowest class", [503, 404, 302], 302],
    ["one that says how to ask again, among 4xx", [404, 415, 486], 415],
    ["the first of equals", [486, 480, 404], 486],
  ] as const)("prefers %s", (_what, statuses, expected) => {
    const got = outcome(
      "MESSAGE",
      statuses.map((status) => [status]),
    );
    expect(statusOf(got)).toEqual([expected]);
  });

  it("cancels the others at a 6xx, and waits for them before it answers an INVITE", () => {
    const { all, alice, send } = devices();
    send(alice, request("INVITE"));
    alice.taken();
    const invites = all.map((device) => device.request());
    const [first, second, third] = all;
    send(second, answer(invites[1]!, 180));
    send(third, answer(invites[2]!, 180));
    send(first, answer(invites[0]!, 603));
    expect(second.takenLines()[0]).toMatch(/^CANCEL /);
    expect(third.takenLines()[0]).toMatch(/^CANCEL /);
    expect(statusOf(alice.taken())).toEqual([180, 180]);
    send(second, answer(invites[1]!, 487));
    send(third, answer(invites[2]!, 487));
    expect(statusOf(alice.taken())).toEqual([603]);
  });

  it("puts the challenges of all devices together (RFC 3261 §16.7 step 7)", () => {
    const [text = ""] = outcome("MESSAGE", [
      [401, 'WWW-Authenticate: Digest realm="one", nonce="1"'],
      [
        407,
        'Proxy-Authenticate: Digest realm="two", nonce="2"',
        'Proxy-Authenticate: NTLM realm="x"',
      ],
      [401, 'WWW-Authenticate: Digest realm="three", nonce="3"'],
    ]);
    const got = read(text);
    expect(statusOf([text])).toEqual([401]);
    expect(values(got, HeaderId.WwwAuthenticate)).toEqual([
      'Digest realm="one", nonce="1"',
      'Digest realm="three", nonce="3"',
    ]);
    expect(values(got, HeaderId.ProxyAuthenticate)).toEqual([
      'Digest realm="two", nonce="2"',
      'NTLM realm="x"',
    ]);
  });

  it("adds no challenge to an answer that is none", () => {
    const [text = ""] = outcome("MESSAGE", [
      [401, 'WWW-Authenticate: Digest realm="one", nonce="1"'],
      [603],
      [404],
    ]);
    expect(statusOf([text])).toEqual([603]);
    expect(text).not.toContain("Authenticate");
  });

  it("makes 500 of the 503 of a device: it says nothing about the gateway (RFC 3261 §16.7)", () => {
    expect(statusOf(outcome("MESSAGE", [[503, "Retry-After: 99"], [503], [503]]))).toEqual([500]);
  });

  it("passes the 503 of the server, for every further request would meet the same", () => {
    const { alice, send, upstream } = bench();
    send(alice, request("MESSAGE"));
    send(upstream(), answer(upstream().request(), 503, ["Retry-After: 9"]));
    const [text = ""] = alice.taken();
    expect(statusOf([text])).toEqual([503]);
    expect(text).toContain("Retry-After: 9\r\n");
  });

  it("passes the late 2xx of another device, and its repetitions (RFC 6026)", () => {
    const { all, alice, send } = devices();
    send(alice, request("INVITE"));
    alice.taken();
    const invites = all.map((device) => device.request());
    const [first, second, third] = all;
    send(second, answer(invites[1]!, 180));
    send(first, answer(invites[0]!, 200));
    const late = answer(invites[1]!, 200).replace("tag=b1", "tag=b2");
    send(second, late);
    send(second, late);
    send(third, answer(invites[2]!, 486));
    const got = alice.taken();
    expect(statusOf(got)).toEqual([180, 200, 200, 200]);
    expect(got[2]).toContain("tag=b2");
    expect(second.takenLines()[0]).toMatch(/^CANCEL /);
  });

  it("cancels a device that has not answered yet as soon as it does", () => {
    const { all, alice, send } = devices();
    send(alice, request("INVITE"));
    const invites = all.map((device) => device.request());
    const [first, second] = all;
    send(first, answer(invites[0]!, 200));
    expect(second.taken()).toEqual([]);
    send(second, answer(invites[1]!, 180));
    expect(second.takenLines()[0]).toMatch(/^CANCEL /);
    expect(statusOf(alice.taken())).toEqual([100, 200]);
  });

  it("answers with what the others say when the connection of one device is lost", () => {
    const { all, alice, send, proxy } = devices();
    send(alice, request("MESSAGE"));
    const [first, second, third] = all;
    first.open = false;
    proxy.onClose(first);
    send(second, answer(second.request(), 404));
    send(third, answer(third.request(), 200));
    expect(statusOf(alice.taken())).toEqual([200]);
  });
});
