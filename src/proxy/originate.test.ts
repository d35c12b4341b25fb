import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { topmostVia } from "../wire/sip/via.ts";
import type { OriginationEnd, OwnMessage } from "./origination.ts";
import {
  answer,
  bench,
  request,
  SPARE,
  UPSTREAM,
  values,
  type Bench,
  type FakeFlow,
} from "./proxy-bench.test-data.ts";

const NOTICE: OwnMessage = {
  from: "sip:sluice@example.com",
  to: "sip:bob@example.com",
  contentType: "text/plain; charset=UTF-8",
  encrypted: false,
  body: Buffer.from("Datei „x“ gesperrt"),
};
const ACCOUNT = { user: "sluice", password: "s3cret" };

/** What has become of it so far. */
async function stateOf(end: Promise<OriginationEnd>): Promise<OriginationEnd | "under way"> {
  await new Promise((resolve) => setImmediate(resolve));
  return Promise.race([end, Promise.resolve("under way" as const)]);
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe("Proxy.sendMessage to the upstream", () => {
  it("sends a MESSAGE of our own like a client's, and says how it was answered", async () => {
    const { proxy, send, upstream } = bench();
    const end = proxy.sendMessage(NOTICE);
    const [text = ""] = upstream().sent;
    expect(text).toMatch(
      new RegExp(
        [
          String.raw`^MESSAGE sip:bob@example\.com SIP/2\.0`,
          String.raw`Via: SIP/2\.0/TCP 10\.0\.0\.1:5061;branch=z9hG4bK[\w.]+`,
          "Max-Forwards: 70",
          String.raw`From: <sip:sluice@example\.com>;tag=[0-9a-f]{16}`,
          String.raw`To: <sip:bob@example\.com>`,
          String.raw`Call-ID: [0-9a-f]{32}@example\.com`,
          "CSeq: 1 MESSAGE",
          "Content-Type: text/plain; charset=UTF-8",
          `Content-Length: ${NOTICE.body.length}`,
          "\r\n",
        ].join("\r\n"),
      ),
    );
    const got = upstream().request();
    expect(got.body.toString("utf8")).toBe("Datei „x“ gesperrt");
    expect(await stateOf(end)).toBe("under way");
    send(upstream(), answer(got, 202));
    expect(await end).toEqual({ kind: "answered", status: 202 });
  });

  it("gives every message a Call-ID, a tag and a branch of its own", () => {
    const { proxy, upstream } = bench();
    void proxy.sendMessage(NOTICE);
    const first = upstream().request();
    void proxy.sendMessage(NOTICE);
    const second = upstream().request();
    expect(second.callId).not.toBe(first.callId);
    expect(second.fromTag).not.toBe(first.fromTag);
    expect(topmostVia(second).branch).not.toBe(topmostVia(first).branch);
  });

  it("lets the filter mark what leaves towards the server", () => {
    const asked: SipRequest[] = [];
    const onOriginate = (own: SipRequest) => {
      asked.push(own);
      const at = own.bodyStart - 2;
      return [{ start: at, end: at, bytes: "Sluice-Mark: m\r\n" }];
    };
    const { proxy, upstream } = bench({ seams: { onOriginate } });
    void proxy.sendMessage(NOTICE);
    const got = upstream().request();
    expect(got.value(HeaderId.SluiceMark)).toBe("m");
    expect(got.body.equals(NOTICE.body)).toBe(true);
    expect(asked.map((own) => own.callId)).toEqual([got.callId]);
  });

  it("sends it unmarked when the filter fails on it, to be judged when it comes back", () => {
    const onOriginate = (): never => {
      throw new Error("broken");
    };
    const { proxy, upstream } = bench({ seams: { onOriginate } });
    void proxy.sendMessage(NOTICE);
    expect(upstream().request().find(HeaderId.SluiceMark)).toBe(-1);
  });

  it("brings it on to its receiver when the server sends it back, without taking it for a loop", () => {
    const { proxy, bob, send, upstream } = bench();
    send(bob, request("REGISTER", { uri: "sip:example.com", to: "<sip:bob@example.com>" }));
    const path = values(upstream().request(), HeaderId.Path)[0] ?? "";
    void proxy.sendMessage(NOTICE);
    const own = upstream().request().bytes.toString("latin1");
    const via = "Via: SIP/2.0/TCP 10.9.0.5:5070;branch=z9hG4bKk9";
    bob.taken();
    send(upstream(), own.replace("\r\n", `\r\n${via}\r\nRoute: ${path}\r\n`));
    expect(bob.request().body.equals(NOTICE.body)).toBe(true);
  });

  it("goes to the next upstream when the first is lost", async () => {
    const targets = [UPSTREAM, SPARE].map((remote) => ({
      transport: "tcp" as const,
      remote,
      host: remote.address,
    }));
    const { proxy, network, send } = bench({ options: { upstream: targets } });
    const end = proxy.sendMessage(NOTICE);
    const first = network.to(UPSTREAM);
    first.open = false;
    proxy.onClose(first);
    const second = network.to(SPARE);
    send(second, answer(second.request(), 200));
    expect(await end).toEqual({ kind: "answered", status: 200 });
  });

  it("goes nowhere else when the first is lost while it sees to it", async () => {
    const targets = [UPSTREAM, SPARE].map((remote) => ({
      transport: "tcp" as const,
      remote,
      host: remote.address,
    }));
    const { proxy, network, send } = bench({ options: { upstream: targets } });
    const end = proxy.sendMessage(NOTICE);
    const first = network.to(UPSTREAM);
    send(first, answer(first.request(), 100));
    first.open = false;
    proxy.onClose(first);
    expect(await end).toEqual({ kind: "failed", reason: "unreachable" });
  });

  it("about what came in by TLS stays here where it could leave in clear only", async () => {
    const { proxy, network } = bench();
    const end = proxy.sendMessage({ ...NOTICE, encrypted: true });
    expect(await end).toEqual({ kind: "failed", reason: "withheld" });
    expect([...network.flows.values()].filter(({ outgoing }) => outgoing)).toEqual([]);
  });

  it.each([
    ["leaves in clear where that is permitted", { allowClear: true }, UPSTREAM, "tcp"],
    ["passes by a server in clear", {}, SPARE, "tls"],
  ] as const)("about what came in by TLS %s", async (_, given, expected, transport) => {
    const upstream = [
      { transport: "tcp", remote: UPSTREAM, host: "one.example.com", ...given },
      { transport: "tls", remote: SPARE, host: "two.example.com" },
    ] as const;
    const { proxy, network, send } = bench({ options: { upstream } });
    const end = proxy.sendMessage({ ...NOTICE, encrypted: true });
    const flow = network.to(expected, transport);
    send(flow, answer(flow.request(), 200));
    expect(await end).toEqual({ kind: "answered", status: 200 });
  });

  it("about what came in by TLS goes to no client in clear", async () => {
    const { proxy, send, bob } = bench({ options: { upstream: "embedded" } });
    const extra = ["Contact: <sip:bob@192.0.2.20:40002;transport=tcp>"];
    send(bob, request("REGISTER", { to: "<sip:bob@example.com>", extra }));
    bob.taken();
    const end = proxy.sendMessage({ ...NOTICE, encrypted: true });
    expect(await end).toEqual({ kind: "failed", reason: "withheld" });
    expect(bob.taken()).toEqual([]);
  });

  it("says unreachable when no upstream is left", async () => {
    const { proxy, upstream } = bench();
    const end = proxy.sendMessage(NOTICE);
    const way = upstream();
    way.open = false;
    proxy.onClose(way);
    expect(await end).toEqual({ kind: "failed", reason: "unreachable" });
    expect(proxy.unfinished).toBe(0);
  });

  it.each(["tcp", "udp"] as const)("gives up after 32 s over %s", async (transport) => {
    const { proxy, clock, upstream } = bench({ transport });
    const end = proxy.sendMessage(NOTICE);
    clock.advance(31_900);
    expect(await stateOf(end)).toBe("under way");
    const [first = "", ...repeated] = upstream().taken();
    expect(repeated.length).toBe(transport === "udp" ? 10 : 0);
    expect(repeated.every((text) => text === first)).toBe(true);
    clock.advance(300);
    expect(await end).toEqual({ kind: "failed", reason: "timeout" });
    expect(proxy.unfinished).toBe(0);
    clock.advance(60_000);
    expect(upstream().taken()).toEqual([]);
    expect(clock.scheduledCalls).toBe(0);
  });

  it.each([
    ["a line break in the address", { to: "sip:bob@example.com\r\nX: y" }],
    ["header fields in the address", { to: "sip:bob@example.com?Route=x" }],
    ["an address of another scheme", { to: "tel:+4930123" }],
    ["no address", { to: "" }],
    ["a line break in the type", { contentType: "text/plain\r\nX: y" }],
  ])("sends nothing for %s", async (_what, wrong) => {
    const { proxy, network } = bench();
    const end = await proxy.sendMessage({ ...NOTICE, ...wrong });
    expect(end).toEqual({ kind: "failed", reason: "unreachable" });
    expect([...network.flows.values()].flatMap((flow) => flow.sent)).toEqual([]);
    expect(proxy.unfinished).toBe(0);
  });

  it("adds nothing to a connection that is full", async () => {
    const { proxy, upstream, send, alice } = bench();
    send(alice, request("OPTIONS"));
    upstream().taken();
    upstream().congested = true;
    expect(await proxy.sendMessage(NOTICE)).toEqual({ kind: "failed", reason: "unreachable" });
    expect(upstream().taken()).toEqual([]);
  });

  it("keeps at most a thousand under way", async () => {
    const { proxy, upstream } = bench();
    for (let i = 0; i < 1000; i += 1) void proxy.sendMessage(NOTICE);
    expect(await proxy.sendMessage(NOTICE)).toEqual({ kind: "failed", reason: "unreachable" });
    expect(upstream().taken()).toHaveLength(1000);
  });
});

describe("Proxy.sendMessage with a challenge", () => {
  const CHALLENGE = 'Digest realm="example.com", nonce="n1", qop="auth", algorithm=SHA-256';

  function challenged(extra: readonly string[], account: typeof ACCOUNT | undefined = ACCOUNT) {
    const b = bench({ options: { account } });
    const end = b.proxy.sendMessage(NOTICE);
    const first = b.upstream().request();
    b.send(b.upstream(), answer(first, extra[0]?.startsWith("WWW") === true ? 401 : 407, extra));
    return { ...b, end, first };
  }

  it("reports a 407 when it has no credentials", async () => {
    const b = bench();
    const end = b.proxy.sendMessage(NOTICE);
    b.send(b.upstream(), answer(b.upstream().request(), 407, [`Proxy-Authenticate: ${CHALLENGE}`]));
    expect(await end).toEqual({ kind: "answered", status: 407 });
    expect(b.upstream().taken()).toEqual([]);
  });

  it.each([
    ["Proxy-Authenticate", HeaderId.ProxyAuthorization],
    ["WWW-Authenticate", HeaderId.Authorization],
  ])("answers %s once, in the same call with the next number", async (field, id) => {
    const { end, first, send, upstream } = challenged([`${field}: ${CHALLENGE}`]);
    await settled();
    const second = upstream().request();
    expect(second.callId).toBe(first.callId);
    expect(second.value(HeaderId.From)).toBe(first.value(HeaderId.From));
    expect([first.cseq.number, second.cseq.number]).toEqual([1, 2]);
    expect(topmostVia(second).branch).not.toBe(topmostVia(first).branch);
    const credentials = second.value(id) ?? "";
    const cnonce = /cnonce="(\w{32})"/.exec(credentials)?.[1] ?? "";
    const sha = (text: string) => createHash("sha256").update(text).digest("hex");
    const ha1 = sha("sluice:example.com:s3cret");
    const ha2 = sha("MESSAGE:sip:bob@example.com");
    expect(credentials).toContain(
      `response="${sha(`${ha1}:n1:00000001:${cnonce}:auth:${ha2}`)}", algorithm=SHA-256`,
    );
    send(upstream(), answer(second, 200));
    expect(await end).toEqual({ kind: "answered", status: 200 });
  });

  it("takes a second challenge for a refusal of its password", async () => {
    const { end, send, upstream } = challenged([`Proxy-Authenticate: ${CHALLENGE}`]);
    await settled();
    send(
      upstream(),
      answer(upstream().request(), 407, [`Proxy-Authenticate: ${CHALLENGE.replace("n1", "n2")}`]),
    );
    expect(await end).toEqual({ kind: "answered", status: 407 });
    expect(upstream().taken()).toEqual([]);
  });

  it("answers a stale nonce once more, and only for the realm that it has answered", async () => {
    const stale = (nonce: string, realm = "example.com") =>
      `Proxy-Authenticate: Digest realm="${realm}", nonce="${nonce}", stale=true`;
    const { end, send, upstream } = challenged([`Proxy-Authenticate: ${CHALLENGE}`]);
    await settled();
    send(upstream(), answer(upstream().request(), 407, [stale("n2"), stale("n3", "evil.example")]));
    await settled();
    const third = upstream().request();
    expect(third.cseq.number).toBe(3);
    expect(values(third, HeaderId.ProxyAuthorization)).toHaveLength(1);
    expect(third.value(HeaderId.ProxyAuthorization)).toContain('nonce="n2"');
    send(upstream(), answer(third, 407, [stale("n4")]));
    expect(await end).toEqual({ kind: "answered", status: 407 });
    expect(upstream().taken()).toEqual([]);
  });

  it.each([
    ["a challenge without end", [`Digest realm="r", nonce="${"n".repeat(20_000)}"`]],
    ["nothing that it can do", ["NTLM", 'Digest realm="r", nonce="n", algorithm=MD5-sess']],
    ["a challenge in two readings", ['Digest realm="r", nonce="n", realm="s"']],
  ])("does not answer %s", async (_what, fields) => {
    const { end, upstream } = challenged(fields.map((field) => `Proxy-Authenticate: ${field}`));
    expect(await end).toEqual({ kind: "answered", status: 407 });
    expect(upstream().taken()).toEqual([]);
  });

  it("writes no field that a challenge smuggles in", async () => {
    const { upstream } = challenged(['Proxy-Authenticate: Digest realm="r\r\n Via: x", nonce="n"']);
    await settled();
    const second = upstream().request();
    expect(values(second, HeaderId.Via)).toHaveLength(1);
    expect(second.value(HeaderId.ProxyAuthorization)).toContain('realm="r Via: x"');
  });

  it("answers four of a hundred realms", async () => {
    const many = Array.from(
      { length: 100 },
      (_, i) => `Proxy-Authenticate: Digest realm="r${i}", nonce="n"`,
    );
    const { upstream } = challenged(many);
    await settled();
    expect(values(upstream().request(), HeaderId.ProxyAuthorization)).toHaveLength(4);
  });

  it("ends within 32 s, challenges included", async () => {
    const b = bench({ options: { account: ACCOUNT } });
    const end = b.proxy.sendMessage(NOTICE);
    b.clock.advance(30_000);
    b.send(b.upstream(), answer(b.upstream().request(), 407, [`Proxy-Authenticate: ${CHALLENGE}`]));
    await settled();
    expect(b.upstream().request().cseq.number).toBe(2);
    b.clock.advance(2200);
    expect(await end).toEqual({ kind: "failed", reason: "timeout" });
  });

  it("never gives its credentials to a client", async () => {
    const b = bench({ options: { upstream: "embedded", account: ACCOUNT } });
    register(b, b.bob, "bob");
    const end = b.proxy.sendMessage(NOTICE);
    b.send(b.bob, answer(b.bob.request(), 401, [`WWW-Authenticate: ${CHALLENGE}`]));
    expect(await end).toEqual({ kind: "answered", status: 401 });
    expect(b.bob.taken()).toEqual([]);
  });
});

function register(b: Bench, who: FakeFlow, user: string, extra: readonly string[] = []): void {
  const contact = `Contact: <sip:${user}@${who.remote.address}:9>`;
  const to = `<sip:${user}@example.com>`;
  b.send(who, request("REGISTER", { uri: "sip:example.com", to, extra: [contact, ...extra] }));
  expect(who.response().status).toBe(200);
}

describe("Proxy.sendMessage with the embedded registrar", () => {
  function embedded() {
    let asked = 0;
    const onOriginate = () => {
      asked += 1;
      return [];
    };
    const b = bench({ options: { upstream: "embedded" }, seams: { onOriginate } });
    return { ...b, originated: () => asked };
  }

  it("goes to every device of the user, by its contact and its Path, and unmarked", async () => {
    const b = embedded();
    const phone = b.network.peer("tcp", "192.0.2.21:40003");
    register(b, b.bob, "bob");
    register(b, phone, "bob", ["Path: <sip:edge.example.com;lr>"]);
    const end = b.proxy.sendMessage(NOTICE);
    const [atBob, atPhone] = [b.bob.request(), phone.request()];
    expect(atBob.requestUri).toBe("sip:bob@192.0.2.20:9");
    expect(values(atPhone, HeaderId.Route)).toEqual(["<sip:edge.example.com;lr>"]);
    expect(b.originated()).toBe(0);
    b.send(b.bob, answer(atBob, 486));
    expect(await stateOf(end)).toBe("under way");
    b.send(phone, answer(atPhone, 200));
    expect(await end).toEqual({ kind: "answered", status: 200 });
  });

  it("reports the best refusal when every device refuses", async () => {
    const b = embedded();
    const phone = b.network.peer("tcp", "192.0.2.21:40003");
    register(b, b.bob, "bob");
    register(b, phone, "bob");
    const end = b.proxy.sendMessage(NOTICE);
    b.send(b.bob, answer(b.bob.request(), 503));
    b.send(phone, answer(phone.request(), 480));
    expect(await end).toEqual({ kind: "answered", status: 480 });
  });

  it("is as good as answered 404 when the user has no device", async () => {
    const b = embedded();
    expect(await b.proxy.sendMessage(NOTICE)).toEqual({ kind: "answered", status: 404 });
  });
});

describe("Proxy.drain with requests of our own", () => {
  it("waits for their answers, and sends none afterwards", async () => {
    const { proxy, send, upstream } = bench();
    const end = proxy.sendMessage(NOTICE);
    expect(proxy.unfinished).toBe(1);
    let drained = false;
    const draining = proxy.drain(10_000).then(() => (drained = true));
    await settled();
    expect(drained).toBe(false);
    send(upstream(), answer(upstream().request(), 200));
    await draining;
    expect(await end).toEqual({ kind: "answered", status: 200 });
    expect(proxy.unfinished).toBe(0);
    expect(await proxy.sendMessage(NOTICE)).toEqual({ kind: "failed", reason: "unreachable" });
    expect(upstream().taken()).toEqual([]);
  });

  it("gives them up when the grace is over", async () => {
    const { proxy, clock } = bench();
    const end = proxy.sendMessage(NOTICE);
    const draining = proxy.drain(5000);
    clock.advance(5000);
    await draining;
    expect(await end).toEqual({ kind: "failed", reason: "unreachable" });
    expect(proxy.unfinished).toBe(0);
  });

  it("sends nothing any more once an idle gateway has been drained", async () => {
    const { proxy, network } = bench();
    await proxy.drain(5000);
    expect(await proxy.sendMessage(NOTICE)).toEqual({ kind: "failed", reason: "unreachable" });
    expect(network.flows.size).toBe(2);
  });
});
