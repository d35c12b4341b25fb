import { describe, expect, it } from "vitest";
import { HeaderId } from "../wire/sip/header-names.ts";
import {
  answer,
  bench,
  FORWARD,
  request,
  SPARE,
  UPSTREAM,
  values,
  type Bench,
  type FakeFlow,
} from "./proxy-bench.test-data.ts";
import type { PlacementOptions, ProxyOptions, UpstreamTarget } from "./proxy-options.ts";
import type { Seams } from "./seams.ts";

const A: UpstreamTarget = { transport: "tcp", remote: UPSTREAM, host: "sip.a.example" };
const B: UpstreamTarget = { transport: "tcp", remote: SPARE, host: SPARE.address };
const BACK = `<sip:sluice-back@${UPSTREAM.address}:${UPSTREAM.port};transport=tcp;lr>`;
const OURS = "<sip:10.0.0.1:5060;transport=tcp;lr>";

function stand(
  placement: PlacementOptions,
  upstream: readonly UpstreamTarget[],
  seams: Partial<Seams> = {},
): Bench & { readonly server: FakeFlow } {
  const addresses = upstream.map(({ remote }) => remote.address);
  const listener = { transport: "tcp", address: "10.0.0.1", port: 5060 } as const;
  const options: Partial<ProxyOptions> = {
    placement,
    upstream,
    serverListeners: [listener],
    clientListeners: [listener],
    isServerSide: (address) => addresses.includes(address),
  };
  const made = bench({ options, seams });
  return { ...made, server: made.network.peer("tcp", `${UPSTREAM.address}:33001`) };
}

const beside = (seams?: Partial<Seams>): ReturnType<typeof stand> =>
  stand({ kind: "beside" }, [A], seams);

const ROUTES = [
  { domain: "a.example", servers: [A] },
  { domain: "b.example", servers: [B] },
];

const trunk = (seams?: Partial<Seams>): ReturnType<typeof stand> =>
  stand({ kind: "trunk", routes: ROUTES }, [A, B], seams);

const VIA = { via: `SIP/2.0/TCP ${UPSTREAM.address}:${UPSTREAM.port}` };

describe("createProxy beside a proxy", () => {
  it("sends a request back by the second Route, with its own taken off", () => {
    const { server, send, upstream, asked } = beside();
    const identity = "P-Asserted-Identity: <sip:alice@example.com>, <tel:+123>";
    send(server, request("MESSAGE", { ...VIA, extra: [`Route: ${OURS}, ${BACK}`, identity] }));
    const got = upstream().request();
    expect(values(got, HeaderId.Route)).toEqual([BACK]);
    expect(got.value(HeaderId.PAssertedIdentity)).toContain("sip:alice@example.com");
    expect(asked[0]?.context).toMatchObject({
      side: "server",
      voucher: { kind: "asserted", aors: ["sip:alice@example.com"] },
    });
  });

  it.each([
    ["no second Route", `Route: ${OURS}`, "Second Route Missing"],
    ["a Route to a stranger", `Route: ${OURS}, <sip:192.0.2.99;lr>`, "Route Leads Elsewhere"],
    [
      "a Route to another port",
      `Route: ${OURS}, <sip:${UPSTREAM.address}:22;lr>`,
      "Route Leads Elsewhere",
    ],
  ])("refuses a request with %s", (_, route, reason) => {
    const { server, send } = beside();
    send(server, request("MESSAGE", { ...VIA, extra: [route] }));
    expect(server.takenLines()).toEqual([`SIP/2.0 403 ${reason}`]);
  });

  it.each(["maddr=192.0.2.99;", "", "maddr=sip.elsewhere.example;"])(
    "goes by the address that it knows to a proxy that is named in a Route with %s",
    (maddr) => {
      const { server, send, upstream, network } = beside();
      const route = `Route: ${OURS}, <sip:sip.a.example:5099;transport=tcp;${maddr}lr>`;
      const before = network.flows.size;
      send(server, request("MESSAGE", { ...VIA, extra: [route] }));
      expect(upstream().request().method).toBe("MESSAGE");
      expect(network.flows.size).toBe(before + 1);
    },
  );

  it("refuses strangers before anybody is asked, and registrations", () => {
    const { server, alice, send, asked } = beside();
    const extra = [`Route: ${OURS}, ${BACK}`];
    send(alice, request("MESSAGE", { extra }));
    send(server, request("REGISTER", { ...VIA, extra }));
    expect(alice.takenLines()).toEqual(["SIP/2.0 403 Only Servers Speak Here"]);
    expect(server.takenLines()).toEqual(["SIP/2.0 403 No Registration Through Here"]);
    expect(asked).toEqual([]);
  });

  it("drops a stranger's ACK", () => {
    const { alice, send, network } = beside();
    const to = "<sip:bob@example.com>;tag=b1";
    send(alice, request("ACK", { to, extra: [`Route: ${OURS}, ${BACK}`] }));
    expect(() => network.to(UPSTREAM)).toThrow("no such flow");
  });

  it("stays in a dialog only when it may carry messages", () => {
    const extra = [`Route: ${OURS}, ${BACK}`];
    const call = beside({ onRequest: () => FORWARD });
    call.send(call.server, request("INVITE", { ...VIA, extra }));
    expect(call.upstream().request().find(HeaderId.RecordRoute)).toBe(-1);
    const session = beside({ onRequest: () => ({ ...FORWARD, messaging: true }) });
    session.send(session.server, request("INVITE", { ...VIA, extra }));
    const recorded = values(session.upstream().request(), HeaderId.RecordRoute);
    expect(recorded).toHaveLength(2);
    // No client is reached from here: no entry bears a flow.
    for (const entry of recorded) expect(entry).toMatch(/^<sip:\.[\w-]{16}@10\.0\.0\.1:5060;/);
  });

  it("follows the Route set of a dialog, and asks the proxy where it ends", () => {
    const { server, send, upstream } = beside({
      onRequest: () => ({ ...FORWARD, messaging: true }),
    });
    const extra = [`Route: ${OURS}, ${BACK}`];
    send(server, request("INVITE", { ...VIA, extra, callId: "d1" }));
    const invite = upstream().request();
    send(upstream(), answer(invite, 200));
    server.taken();
    const recorded = values(invite, HeaderId.RecordRoute);
    const to = "<sip:bob@example.com>;tag=b1";
    const uri = "sip:bob@192.0.2.20:5060";
    const within = { ...VIA, to, uri, callId: "d1", cseq: "2 MESSAGE" };
    send(server, request("MESSAGE", { ...within, extra: [`Route: ${recorded.join(", ")}`] }));
    const got = upstream().request();
    expect(got.requestUri).toBe(uri);
    expect(got.find(HeaderId.Route)).toBe(-1);
  });

  it("answers 504 when the proxy does not go on", () => {
    const { server, send, clock } = beside();
    send(server, request("MESSAGE", { ...VIA, extra: [`Route: ${OURS}, ${BACK}`] }));
    clock.advance(20_100);
    expect(server.takenLines().at(-1)).toBe("SIP/2.0 504 Server Time-out");
  });
});

describe("createProxy on a trunk", () => {
  const toB = { ...VIA, uri: "sip:bob@B.Example.;user=ip", to: "<sip:bob@b.example>" };

  it("sends a request to the server of its domain, and says whose peer it came from", () => {
    const { server, send, network, asked } = trunk();
    send(server, request("MESSAGE", toB));
    expect(network.to(SPARE).request().requestUri).toBe("sip:bob@B.Example.;user=ip");
    expect(asked[0]?.context.voucher).toEqual({ kind: "peer", domains: ["a.example"] });
  });

  it.each([
    ["a domain without a route", "sip:bob@c.example", 404, "Domain Not Served Here"],
    ["an address instead of a domain", "sip:bob@192.0.2.20:5060", 404, "Domain Not Served Here"],
    ["a telephone number", "tel:+123", 404, "Domain Not Served Here"],
    ["the domain that it came from", "sip:carol@a.example", 482, "Loop Detected"],
  ])("refuses %s", (_, uri, status, reason) => {
    const { server, send } = trunk();
    send(server, request("MESSAGE", { ...toB, uri }));
    expect(server.takenLines()).toEqual([`SIP/2.0 ${status} ${reason}`]);
  });

  it.each([
    ["an address", "sip:bob@192.0.2.20:5060", 404, "Domain Not Served Here"],
    [
      "a server's address",
      `sip:x@${UPSTREAM.address}:22;transport=tcp`,
      404,
      "Domain Not Served Here",
    ],
    ["the domain that it came from", "sip:carol@a.example", 482, "Loop Detected"],
  ])("is not led astray by a made-up To tag: Request-URI with %s", (_, uri, status, reason) => {
    const { server, send, network } = trunk();
    send(server, request("MESSAGE", { ...toB, uri, to: "<sip:bob@b.example>;tag=zz" }));
    expect(server.takenLines()).toEqual([`SIP/2.0 ${status} ${reason}`]);
    expect(() => network.to(SPARE)).toThrow("no such flow");
  });

  it("refuses a preloaded Route that leads elsewhere, and strangers", () => {
    const { server, alice, send } = trunk();
    send(server, request("MESSAGE", { ...toB, extra: ["Route: <sip:192.0.2.99;lr>"] }));
    expect(server.takenLines()).toEqual(["SIP/2.0 403 Route Leads Elsewhere"]);
    send(alice, request("MESSAGE", { ...toB }));
    expect(alice.takenLines()).toEqual(["SIP/2.0 403 Only Servers Speak Here"]);
  });

  it("takes the next server of a domain when the first cannot be reached", () => {
    const third = { address: "10.9.0.7", port: 5070 };
    const spare = { transport: "tcp", remote: third, host: third.address } as const;
    const routes = [{ domain: "b.example", servers: [B, spare] }];
    const { server, send, network, proxy } = stand({ kind: "trunk", routes }, [A, B, spare]);
    send(server, request("MESSAGE", toB));
    const first = network.to(SPARE);
    first.close();
    proxy.onClose(first);
    expect(network.to(third).request().method).toBe("MESSAGE");
  });

  it("remembers for one domain which server could not be reached for another", () => {
    const third = { address: "10.9.0.7", port: 5070 };
    const spare = { transport: "tcp", remote: third, host: third.address } as const;
    const routes = [
      { domain: "b.example", servers: [B, spare] },
      { domain: "c.example", servers: [B, spare] },
    ];
    const { server, send, network, proxy } = stand({ kind: "trunk", routes }, [A, B, spare]);
    send(server, request("MESSAGE", toB));
    const first = network.to(SPARE);
    first.close();
    proxy.onClose(first);
    network.to(third).taken();
    send(server, request("MESSAGE", { ...toB, uri: "sip:carol@c.example" }));
    expect(network.to(third).request().requestUri).toBe("sip:carol@c.example");
  });

  it("carries a dialog both ways: by its Route set, else by the domain in To", () => {
    const { server, send, network } = trunk();
    send(server, request("INVITE", { ...toB, callId: "d2" }));
    const atB = network.to(SPARE);
    const invite = atB.request();
    const recorded = values(invite, HeaderId.RecordRoute);
    expect(recorded).toHaveLength(2);
    send(atB, answer(invite, 200));
    server.taken();
    const back = { via: "SIP/2.0/TCP 10.9.0.6:5070", callId: "d2", cseq: "1 BYE" };
    const to = "<sip:alice@a.example>;tag=a1";
    const uri = "sip:alice@192.0.2.10:5060";
    send(atB, request("BYE", { ...back, uri, to, extra: [`Route: ${recorded.join(", ")}`] }));
    const bye = network.to(UPSTREAM).request();
    expect(bye.requestUri).toBe(uri);
    expect(bye.find(HeaderId.Route)).toBe(-1);
  });

  it("sends its own notices to the server of their domain", async () => {
    const { proxy, network, send } = trunk();
    const notice = {
      from: "sip:sluice@a.example",
      contentType: "text/plain",
      encrypted: false,
      body: Buffer.from("x"),
    };
    const sent = proxy.sendMessage({ ...notice, to: "sip:bob@b.example" });
    const atB = network.to(SPARE);
    send(atB, answer(atB.request(), 200));
    expect(await sent).toEqual({ kind: "answered", status: 200 });
    const nowhere = proxy.sendMessage({ ...notice, to: "sip:bob@c.example" });
    expect(await nowhere).toEqual({ kind: "failed", reason: "unreachable" });
  });
});
