import { describe, expect, it } from "vitest";
import type { TransportName } from "../transport/flow.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import { topmostVia } from "../wire/sip/via.ts";
import {
  answer,
  bench,
  request,
  values,
  UPSTREAM,
  type Bench,
  type FakeFlow,
} from "./proxy-bench.test-data.ts";

const VIA = "SIP/2.0/WS df7jal23ls0d.invalid";
const CONTACT = "sip:bob@df7jal23ls0d.invalid;transport=ws";
const FROM_SERVER = "SIP/2.0/TCP 10.9.0.5:5070";
/** All browsers behind one reverse proxy. */
const PROXY = "192.0.2.80";

/** What came by wss may go on in clear: the ways of the gateway are the same then. */
const CLEAR = {
  upstream: [{ transport: "tcp", remote: UPSTREAM, host: "sip.example.com", allowClear: true }],
} as const;

function listening(transport: TransportName, port: number): Parameters<typeof bench>[0] {
  return {
    options: {
      ...CLEAR,
      clientListeners: [
        { transport: "tcp", address: "10.0.0.1", port: 5060 },
        { transport, address: "10.0.0.1", port },
      ],
    },
  };
}

function browser(b: Bench, port: number, transport: TransportName = "ws"): FakeFlow {
  return b.network.peer(transport, `${PROXY}:${port}`, 80);
}

/** Registers over the flow and gives the Path that the server was told. */
function pathOf(b: Bench, flow: FakeFlow): string {
  const contact = `Contact: <${CONTACT}>;+sip.instance="<urn:uuid:1>";reg-id=1`;
  b.send(flow, request("REGISTER", { uri: "sip:example.com", via: VIA, extra: [contact] }));
  const got = b.upstream().request();
  b.send(b.upstream(), answer(got, 200, [contact]));
  flow.taken();
  return values(got, HeaderId.Path)[0] ?? "";
}

describe("createProxy with clients on WebSockets", () => {
  it("leaves the client's contact as it is, and says where the request came from", () => {
    const b = bench();
    const bob = browser(b, 1001);
    b.send(bob, request("REGISTER", { via: VIA, extra: [`Contact: <${CONTACT}>`] }));
    const got = b.upstream().request();
    expect(values(got, HeaderId.Contact)).toEqual([`<${CONTACT}>`]);
    expect(values(got, HeaderId.Via)[1]).toMatch(
      /^SIP\/2\.0\/WS df7jal23ls0d\.invalid;.*received=192\.0\.2\.80$/,
    );
    expect(values(got, HeaderId.Path)[0]).toMatch(
      /^<sip:[\w-]+@10\.0\.0\.1:5061;transport=tcp;lr>$/,
    );
    b.send(b.upstream(), answer(got, 200));
    expect(bob.takenLines()).toEqual(["SIP/2.0 200 Reason"]);
  });

  it.each([
    ["ws", "WS"],
    ["wss", "WSS"],
  ] as const)("reaches a client on the %s connection of its REGISTER", (transport, inVia) => {
    const b = bench({ options: CLEAR });
    const bob = browser(b, 1001, transport);
    const other = browser(b, 1002, transport);
    const route = `Route: ${pathOf(b, bob)}`;
    b.send(b.upstream(), request("MESSAGE", { uri: CONTACT, via: FROM_SERVER, extra: [route] }));
    const delivered = bob.request();
    expect(delivered.requestUri).toBe(CONTACT);
    expect(values(delivered, HeaderId.Via)[0]).toMatch(
      new RegExp(`^SIP/2\\.0/${inVia} 10\\.0\\.0\\.1:80;`),
    );
    expect(values(delivered, HeaderId.Route)).toEqual([]);
    expect(other.taken()).toEqual([]);
    b.send(bob, answer(delivered, 200));
    expect(b.upstream().takenLines()).toEqual(["SIP/2.0 200 Reason"]);
  });

  it.each(["ws", "wss"] as const)(
    "records itself on the %s side as RFC 7118 §5.2.2 has it",
    (transport) => {
      const b = bench({ options: CLEAR });
      const bob = browser(b, 1001, transport);
      b.send(bob, request("INVITE", { via: VIA, extra: [`Contact: <${CONTACT}>`] }));
      const routes = values(b.upstream().request(), HeaderId.RecordRoute);
      expect(routes[0]).toMatch(/^<sip:\.[\w-]+@10\.0\.0\.1:5061;transport=tcp;lr;sluice=own>$/);
      expect(routes[1]).toMatch(/^<sip:[\w-]+\.[\w-]+@10\.0\.0\.1:80;transport=ws;lr;sluice=own>$/);
    },
  );

  it("keeps what came by wss out of the clear, as what came by TLS", () => {
    const b = bench();
    const bob = browser(b, 1001, "wss");
    b.send(bob, request("MESSAGE", { via: VIA }));
    expect(bob.response().status).toBe(480);
  });

  it("answers 430 when the connection of the REGISTER is gone", () => {
    const b = bench();
    const bob = browser(b, 1001);
    const route = `Route: ${pathOf(b, bob)}`;
    bob.open = false;
    b.proxy.onClose(bob);
    browser(b, 1002);
    b.send(b.upstream(), request("MESSAGE", { uri: CONTACT, via: FROM_SERVER, extra: [route] }));
    expect(b.upstream().response().status).toBe(430);
  });

  it.each([
    CONTACT,
    "sip:bob@df7jal23ls0d.invalid",
    "sip:bob@DF7JAL23LS0D.INVALID.:5060;transport=tcp",
    "sip:bob@example.com;maddr=df7jal23ls0d.invalid",
    "sip:bob@192.0.2.80:1001;transport=ws",
    "sip:bob@192.0.2.80:1001;transport=WSS",
  ])("opens nothing and asks nobody to reach %s without a flow", (uri) => {
    const b = bench();
    b.send(b.alice, request("OPTIONS"));
    b.upstream().taken();
    const before = b.network.flows.size;
    b.send(b.upstream(), request("MESSAGE", { uri, via: FROM_SERVER }));
    expect(b.upstream().response().status).toBe(430);
    expect(b.network.flows.size).toBe(before);
  });

  it("takes a WebSocket for a client's, whatever address it comes from", () => {
    const b = bench({ options: { isServerSide: (address) => address === PROXY } });
    b.send(browser(b, 1001), request("MESSAGE", { via: VIA }));
    expect(b.asked[0]?.context).toMatchObject({ side: "client", transport: "ws" });
  });

  it("takes an answer from the WebSocket that was asked, not from another behind the same reverse proxy", () => {
    const b = bench();
    const bob = browser(b, 1001);
    const mallory = browser(b, 1002);
    const route = `Route: ${pathOf(b, bob)}`;
    b.send(b.upstream(), request("MESSAGE", { uri: CONTACT, via: FROM_SERVER, extra: [route] }));
    const delivered = bob.request();
    b.send(mallory, answer(delivered, 200));
    expect(b.upstream().taken()).toEqual([]);
    b.send(bob, answer(delivered, 486));
    expect(b.upstream().takenLines()).toEqual(["SIP/2.0 486 Reason"]);
  });

  it.each([
    ["ws", 80],
    ["wss", 443],
  ] as const)(
    "knows itself in a Route without a port where it listens by %s at %i",
    (transport, port) => {
      const b = bench(listening(transport, port));
      const flow = b.network.peer(transport, `${PROXY}:1001`, port);
      const route = `Route: <sip:gw.example.com;transport=ws;lr>`;
      b.send(flow, request("MESSAGE", { via: VIA, extra: [route] }));
      const got = b.upstream().request();
      expect(values(got, HeaderId.Route)).toEqual([]);
      expect(topmostVia(got).port).toBe(5061);
    },
  );

  it("answers the keep-alive of RFC 5626", () => {
    const b = bench();
    const bob = browser(b, 1001);
    b.proxy.onFrame(bob, { kind: "ping" });
    expect(bob.taken()).toEqual(["\r\n"]);
  });
});
