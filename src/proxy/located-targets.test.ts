import { describe, expect, it } from "vitest";
import { failed, ok } from "../base/result.ts";
import type { LocatedServer, LocateProblem, ServerLocator } from "../dns/server-locator.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import { answer, bench, request, values } from "./proxy-bench.test-data.ts";

const VIA = "SIP/2.0/TCP 10.9.0.5:5070";
const ONE: LocatedServer = { transport: "tcp", address: "192.0.2.51", port: 5071 };
const TWO: LocatedServer = { transport: "udp", address: "192.0.2.52", port: 5072 };

/** A gateway whose name servers know `servers`, or have that problem; the answer comes when `tell` is called. */
function named(
  servers: readonly LocatedServer[] | LocateProblem,
  { transport = "tcp" }: { transport?: "tcp" | "tls" } = {},
) {
  const asked: unknown[] = [];
  const told = Promise.withResolvers<void>();
  const locate: ServerLocator["locate"] = async (name) => {
    asked.push(name);
    await told.promise;
    return typeof servers === "string" ? failed(servers) : ok({ servers, ttlMs: 60_000 });
  };
  const b = bench({ locator: { locate }, transport });
  // Opens the connection to the server.
  b.send(b.alice, request("OPTIONS"));
  b.upstream().taken();
  async function tell(): Promise<void> {
    told.resolve();
    for (let i = 0; i < 10; i += 1) await Promise.resolve();
  }
  const at = ({ transport, address, port }: LocatedServer) =>
    b.network.to({ address, port }, transport);
  return { ...b, asked, tell, at };
}

describe("createProxy with names from the server side", () => {
  const uri = "sip:carol@far.example;transport=tcp";

  it("looks the name up and sends the request to the first server", async () => {
    const b = named([ONE, TWO]);
    b.send(b.upstream(), request("MESSAGE", { via: VIA, uri }));
    await b.tell();
    expect(b.asked).toEqual([
      { host: "far.example", port: undefined, transport: "tcp", secure: false },
    ]);
    const got = b.at(ONE).request();
    expect(got.requestUri).toBe(uri);
    b.send(b.at(ONE), answer(got, 200));
    expect(b.upstream().takenLines()).toEqual(["SIP/2.0 200 Reason"]);
  });

  it("goes by the next Route where there is one", async () => {
    const b = named([ONE]);
    const extra = ["Route: <sip:edge.example:5071;lr>"];
    b.send(b.upstream(), request("MESSAGE", { via: VIA, uri, extra }));
    await b.tell();
    expect(b.asked).toEqual([
      { host: "edge.example", port: 5071, transport: undefined, secure: false },
    ]);
    expect(values(b.at(ONE).request(), HeaderId.Route)).toEqual(["<sip:edge.example:5071;lr>"]);
  });

  it("asks the next server when the connection fails, or it says 503 (RFC 3263 §4.3)", async () => {
    const lost = named([ONE, TWO]);
    lost.send(lost.upstream(), request("MESSAGE", { via: VIA, uri }));
    await lost.tell();
    const flow = lost.at(ONE);
    flow.open = false;
    lost.proxy.onClose(flow);
    expect(lost.at(TWO).request().method).toBe("MESSAGE");
    const busy = named([ONE, TWO]);
    busy.send(busy.upstream(), request("INVITE", { via: VIA, uri }));
    await busy.tell();
    busy.send(busy.at(ONE), answer(busy.at(ONE).request(), 503));
    expect(busy.at(TWO).request().method).toBe("INVITE");
  });

  it.each([
    ["no such name", "no-such-name", 502],
    ["no answer", "no-answer", 504],
    ["addresses of nobody", [{ ...ONE, address: "255.255.255.255" }], 502],
    ["the gateway itself", [{ ...ONE, address: "10.0.0.1", port: 5060 }], 404],
  ] as const)("answers where the name servers have %s", async (_what, servers, status) => {
    const b = named(servers);
    b.send(b.upstream(), request("MESSAGE", { via: VIA, uri }));
    await b.tell();
    expect(b.upstream().response().status).toBe(status);
  });

  it("answers 487 to a CANCEL that comes during the look-up, and sends nothing afterwards", async () => {
    const b = named([ONE]);
    const same = { via: VIA, branch: "z9hG4bKn", callId: "n", uri };
    b.send(b.upstream(), request("INVITE", same));
    b.send(b.upstream(), request("CANCEL", same));
    expect(b.upstream().takenLines().at(-1)).toBe("SIP/2.0 487 Request Terminated");
    await b.tell();
    expect(() => b.at(ONE)).toThrow("no such flow");
  });

  it("sends the ACK of a 2xx by name as well", async () => {
    const b = named([ONE]);
    const to = "<sip:carol@far.example>;tag=c1";
    b.send(b.upstream(), request("ACK", { via: VIA, uri, to }));
    await b.tell();
    expect(b.at(ONE).request().method).toBe("ACK");
  });

  it("looks up nothing for a client: its requests go to the server", () => {
    const b = named([ONE]);
    const extra = ["Route: <sip:edge.example;lr>"];
    b.send(b.alice, request("MESSAGE", { uri, extra }));
    expect(b.upstream().request().method).toBe("MESSAGE");
    expect(b.asked).toEqual([]);
  });

  it.each([
    ["sips:carol@far.example;transport=udp", 480],
    ["sip:carol@far.example;transport=sctp", 502],
    ["sip:carol@far.example;transport=ws", 430],
    ["sip:x7.invalid", 430],
    ["sip:c@[ff02::1]", 502],
  ])("asks no name server about %s", async (other, status) => {
    const b = named([ONE]);
    b.send(b.upstream(), request("MESSAGE", { via: VIA, uri: other }));
    expect(b.upstream().response().status).toBe(status);
    expect(b.asked).toEqual([]);
  });
});

describe("createProxy with names and TLS", () => {
  const TLS: LocatedServer = { transport: "tls", address: "192.0.2.53", port: 5061 };
  const lost = (b: ReturnType<typeof named>, at: LocatedServer): void => {
    const flow = b.at(at);
    flow.open = false;
    b.proxy.onClose(flow);
  };

  it.each([
    ["sips:carol@far.example", { transport: undefined, secure: true }],
    ["sips:carol@far.example;transport=tcp", { transport: "tcp", secure: true }],
    ["sip:carol@far.example;transport=TLS", { transport: "tls", secure: false }],
    ["sips:carol@x.example;maddr=far.example", { transport: undefined, secure: true }],
  ])("asks for %s, and the certificate must name that domain", async (other, asked) => {
    const b = named([TLS]);
    b.send(b.upstream(), request("MESSAGE", { via: VIA, uri: other }));
    await b.tell();
    expect(b.asked).toEqual([{ host: "far.example", port: undefined, ...asked }]);
    expect(b.at(TLS).request().requestUri).toBe(other);
    expect(b.network.names.at(-1)).toBe("far.example");
  });

  it("goes by TLS to the next Route of a sips: request, though that Route be sip:", async () => {
    const b = named([TLS]);
    const extra = ["Route: <sip:edge.example;lr>"];
    b.send(b.upstream(), request("MESSAGE", { via: VIA, uri: "sips:carol@far.example", extra }));
    await b.tell();
    expect(b.asked).toMatchObject([{ host: "edge.example", secure: true }]);
    expect(b.network.names.at(-1)).toBe("edge.example");
  });

  it("does not fall back to clear with what came by TLS", async () => {
    const b = named([TLS, ONE, TWO], { transport: "tls" });
    b.send(
      b.upstream(),
      request("MESSAGE", { via: "SIP/2.0/TLS 10.9.0.5:5070", uri: "sip:c@far.example" }),
    );
    await b.tell();
    expect(b.at(TLS).takenLines()).toHaveLength(1);
    lost(b, TLS);
    expect(b.upstream().takenLines()).toEqual(["SIP/2.0 430 Flow Failed"]);
    const clear = [...b.network.flows.values()].filter(({ encrypted }) => !encrypted);
    expect(clear.flatMap((flow) => flow.taken())).toEqual([]);
  });

  it("does with what came in clear", async () => {
    const b = named([TLS, ONE]);
    b.send(b.upstream(), request("MESSAGE", { via: VIA, uri: "sip:c@far.example" }));
    await b.tell();
    lost(b, TLS);
    expect(b.at(ONE).takenLines()).toHaveLength(1);
  });

  it("never does so for a sips: URI, were the name servers to say it", async () => {
    const b = named([ONE, TWO]);
    b.send(b.upstream(), request("MESSAGE", { via: VIA, uri: "sips:carol@far.example" }));
    await b.tell();
    expect(b.upstream().takenLines()).toEqual(["SIP/2.0 480 Not Reachable Over TLS"]);
    expect(b.at(ONE).taken()).toEqual([]);
  });
});

describe("createProxy with upstreams whose names mean other addresses", () => {
  it("sends new requests there, and answers to the old ones still pass", () => {
    const b = bench();
    b.send(b.alice, request("MESSAGE"));
    const before = b.upstream();
    const got = before.request();
    const remote = { address: "10.9.0.77", port: 5070 };
    b.proxy.replaceUpstreams([{ transport: "tcp", remote, host: "sip.example.com" }]);
    b.send(b.alice, request("MESSAGE"));
    expect(before.taken()).toEqual([]);
    const after = b.network.to(remote);
    b.send(after, answer(after.request(), 202));
    b.send(before, answer(got, 200));
    expect(b.alice.takenLines()).toEqual(["SIP/2.0 202 Reason", "SIP/2.0 200 Reason"]);
    b.send(after, request("OPTIONS", { via: "SIP/2.0/TCP 10.9.0.77:5070" }));
    expect(b.asked.at(-1)?.context.side).toBe("server");
  });

  it("takes for the server who was a client before its name meant him", () => {
    const b = bench();
    const remote = { address: "10.9.0.78", port: 5070 };
    const peer = b.network.peer("udp", "10.9.0.78:5070", 5061);
    const options = (): string => request("OPTIONS", { via: "SIP/2.0/UDP 10.9.0.78:5070" });
    b.send(peer, options());
    expect(b.asked.at(-1)?.context.side).toBe("client");
    b.proxy.replaceUpstreams([{ transport: "udp", remote, host: "sip.example.com" }]);
    b.send(peer, options());
    expect(b.asked.at(-1)?.context.side).toBe("server");
  });
});
