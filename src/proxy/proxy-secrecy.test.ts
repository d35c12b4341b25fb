import { describe, expect, it } from "vitest";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { TransportName } from "../transport/flow.ts";
import type { UpstreamTarget } from "./proxy-options.ts";
import {
  answer,
  bench,
  request,
  routes,
  SPARE,
  UPSTREAM,
  values,
  type Bench,
  type FakeFlow,
} from "./proxy-bench.test-data.ts";

const REFUSED = ["SIP/2.0 480 Not Reachable Over TLS"];

function server(transport: TransportName, allowClear = false, remote = UPSTREAM): UpstreamTarget {
  return { transport, remote, host: "sip.example.com", allowClear };
}

const at = (transport: TransportName, port: number) =>
  ({ transport, address: "10.0.0.1", port }) as const;

/** Alice and Carol by TLS, Bob by TCP; the servers as given. */
function stage(upstream: readonly UpstreamTarget[] | "embedded") {
  const options = {
    upstream,
    clientListeners: [at("udp", 5060), at("tcp", 5060), at("tls", 5443)],
    serverListeners: [at("udp", 5062), at("tcp", 5062), at("tls", 5063)],
  };
  const made = bench({ options });
  const alice = made.network.peer("tls", "192.0.2.10:40001", 5443);
  const carol = made.network.peer("tls", "192.0.2.30:40003", 5443);
  return { ...made, alice, carol };
}

const opened = ({ network }: Bench): string[] =>
  [...network.flows.values()].filter((flow) => flow.outgoing).map((flow) => flow.transport);

/** Registers a client through the proxy and gives its Path. */
function pathOf({ send }: Bench, client: FakeFlow, uplink: FakeFlow | (() => FakeFlow)): string {
  send(client, request("REGISTER", { uri: "sip:example.com" }));
  const arrived = (typeof uplink === "function" ? uplink() : uplink).request();
  return values(arrived, HeaderId.Path)[0] ?? "";
}

describe("what came in by TLS", () => {
  it("goes on to a server by TLS", () => {
    const { alice, send, network } = stage([server("tls")]);
    send(alice, request("MESSAGE"));
    const got = network.to(UPSTREAM, "tls").request();
    expect(values(got, HeaderId.Via)[0]).toMatch(/^SIP\/2\.0\/TLS 10\.0\.0\.1:5063;alias;branch=/);
  });

  it.each(["udp", "tcp"] as const)("is refused rather than sent to a server by %s", (transport) => {
    const made = stage([server(transport)]);
    made.send(made.alice, request("MESSAGE"));
    expect(made.alice.takenLines()).toEqual(REFUSED);
    expect(opened(made)).toEqual([]);
  });

  it("goes on in clear to the server that the operator has named for it", () => {
    const { alice, send, network } = stage([server("tcp", true)]);
    send(alice, request("MESSAGE"));
    expect(network.to(UPSTREAM).request().method).toBe("MESSAGE");
  });

  it("passes by a server in clear to one by TLS, and does not fall back to the first", () => {
    const made = stage([server("tcp"), server("tls", false, SPARE)]);
    made.send(made.alice, request("MESSAGE"));
    const spare = made.network.to(SPARE, "tls");
    expect(spare.takenLines()).toHaveLength(1);
    expect(opened(made)).toEqual(["tls"]);
    spare.close();
    made.proxy.onClose(spare);
    expect(made.alice.takenLines()).toEqual(["SIP/2.0 503 Service Unavailable"]);
    expect(opened(made)).toEqual(["tls"]);
  });

  it("does not keep others from the server in clear", () => {
    const { alice, bob, send, network } = stage([server("tcp")]);
    send(alice, request("MESSAGE"));
    send(bob, request("MESSAGE"));
    expect(network.to(UPSTREAM).takenLines()).toHaveLength(1);
  });

  it("is not sent on to a client in clear, unless its server is named for it", () => {
    for (const [allowed, expected, answers] of [
      [false, 0, REFUSED],
      [true, 1, []],
    ] as const) {
      const made = stage([server("tls", allowed)]);
      const uplink = (): FakeFlow => made.network.to(UPSTREAM, "tls");
      const path = pathOf(made, made.bob, uplink);
      made.send(uplink(), request("MESSAGE", { extra: [`Route: ${path}`] }));
      expect(made.bob.takenLines()).toHaveLength(expected);
      expect(uplink().takenLines()).toEqual(answers);
    }
  });

  it("goes from client to client in clear only where every server permits it", () => {
    for (const [spareAllows, expected, answers] of [
      [false, [], REFUSED],
      [true, ["BYE sip:bob@example.com SIP/2.0"], []],
    ] as const) {
      const made = stage([server("tls", true), server("tls", spareAllows, SPARE)]);
      made.send(made.bob, request("INVITE"));
      const invite = made.network.to(UPSTREAM, "tls").request();
      const [, towardsBob = ""] = values(invite, HeaderId.RecordRoute);
      const { callId } = invite;
      const to = "<sip:bob@example.com>;tag=b1";
      made.bob.taken();
      const bye = { to, callId, cseq: "2 BYE", extra: routes([towardsBob]) };
      made.send(made.alice, request("BYE", bye));
      expect(made.bob.takenLines()).toEqual(expected);
      expect(made.alice.takenLines()).toEqual(answers);
    }
  });

  it("is not sent to a server in clear that a dialog's Route names", () => {
    const made = stage([server("tls")]);
    made.send(made.alice, request("INVITE"));
    const uplink = made.network.to(UPSTREAM, "tls");
    const invite = uplink.request();
    const recorded = values(invite, HeaderId.RecordRoute);
    made.send(uplink, answer(invite, 200));
    made.alice.taken();
    const set = ["<sip:10.9.9.9:5060;transport=tcp;lr>", ...recorded].toReversed();
    const to = "<sip:bob@example.com>;tag=b1";
    const { callId } = invite;
    made.send(made.alice, request("BYE", { to, callId, cseq: "2 BYE", extra: routes(set) }));
    expect(made.alice.takenLines()).toEqual(REFUSED);
    const ack = request("ACK", { to, callId, cseq: "1 ACK", extra: routes(set) });
    made.send(made.alice, ack);
    const clear = [...made.network.flows.values()].filter((flow) => flow.transport === "tcp");
    expect(clear.flatMap((flow) => flow.taken())).toEqual([]);
  });

  it("passes by a server in clear on a trunk, and leaves that server to others", () => {
    const upstream = [server("tcp"), server("tls", false, SPARE)];
    const from = {
      transport: "tls",
      remote: { address: "10.7.0.1", port: 5061 },
      host: "p",
    } as const;
    const routes = [
      { domain: "example.com", servers: upstream },
      { domain: "partner.example", servers: [from] },
    ];
    const options = {
      upstream: [...upstream, from],
      placement: { kind: "trunk", routes } as const,
      isServerSide: () => true,
    };
    const { network, send } = bench({ options });
    const partner = network.peer("tls", "10.7.0.1:40001", 5061);
    send(partner, request("MESSAGE"));
    expect(network.to(SPARE, "tls").takenLines()).toHaveLength(1);
    expect(partner.taken()).toEqual([]);
    send(network.peer("tcp", "10.7.0.1:40002", 5062), request("MESSAGE"));
    expect(network.to(UPSTREAM, "tcp").takenLines()).toHaveLength(1);
  });

  it("stays within TLS in the embedded registrar", () => {
    const made = stage("embedded");
    const contact = (port: number): string[] => [`Contact: <sip:bob@192.0.2.20:${port}>`];
    const to = "<sip:bob@example.com>";
    made.send(made.bob, request("REGISTER", { to, extra: contact(9) }));
    made.bob.taken();
    made.send(made.alice, request("MESSAGE"));
    expect(made.alice.takenLines()).toEqual(REFUSED);
    made.send(made.carol, request("REGISTER", { to, extra: contact(10) }));
    made.carol.taken();
    made.send(made.alice, request("MESSAGE"));
    expect(made.carol.takenLines()).toHaveLength(1);
    expect(made.bob.taken()).toEqual([]);
  });
});

describe("what came in clear", () => {
  it("goes on to a client by TLS", () => {
    const made = stage([server("tcp")]);
    const uplink = (): FakeFlow => made.network.to(UPSTREAM);
    const permitted = stage([server("tcp", true)]);
    const path = pathOf(permitted, permitted.carol, () => permitted.network.to(UPSTREAM));
    expect(path).toMatch(/^<sip:[\w-]+@10\.0\.0\.1:5062;transport=tcp;lr>$/);
    permitted.send(
      permitted.network.to(UPSTREAM),
      request("MESSAGE", { extra: [`Route: ${path}`] }),
    );
    expect(permitted.carol.takenLines()).toHaveLength(1);
    made.send(made.bob, request("MESSAGE"));
    expect(uplink().takenLines()).toHaveLength(1);
  });
});

describe("a sips: URI", () => {
  const uri = "sips:bob@example.com";

  it.each([
    ["its Request-URI", { uri }],
    ["its Route", { extra: ["Route: <sips:sip.example.com;lr>"] }],
  ])("in %s is never served in clear, permitted or not", (_where, given) => {
    const made = stage([server("tcp", true)]);
    made.send(made.alice, request("MESSAGE", given));
    expect(made.alice.takenLines()).toEqual(REFUSED);
    // Nor when the request itself came in clear.
    made.send(made.bob, request("MESSAGE", given));
    expect(made.bob.takenLines()).toEqual(REFUSED);
    expect(opened(made)).toEqual([]);
  });

  it("is served by TLS, with sips: in Record-Route and Path (RFC 3261 §16.6 step 4)", () => {
    const made = stage([server("tls")]);
    made.send(made.alice, request("INVITE", { uri }));
    const uplink = made.network.to(UPSTREAM, "tls");
    expect(values(uplink.request(), HeaderId.RecordRoute)).toEqual([
      expect.stringMatching(/^<sips:\.[\w-]+@10\.0\.0\.1:5063;lr;sluice=own>$/),
      expect.stringMatching(/^<sips:[\w-]+\.[\w-]+@10\.0\.0\.1:5443;lr;sluice=own>$/),
    ]);
    made.send(made.alice, request("REGISTER", { uri: "sips:example.com" }));
    expect(values(uplink.request(), HeaderId.Path)).toEqual([
      expect.stringMatching(/^<sips:[\w-]+@10\.0\.0\.1:5063;lr>$/),
    ]);
  });

  it("is not served by a client's flow in clear, whatever the server permits", () => {
    const made = stage([server("tls", true)]);
    const uplink = (): FakeFlow => made.network.to(UPSTREAM, "tls");
    const path = pathOf(made, made.bob, uplink);
    made.send(uplink(), request("MESSAGE", { uri, extra: [`Route: ${path}`] }));
    expect(made.bob.taken()).toEqual([]);
    expect(uplink().takenLines()).toEqual(REFUSED);
  });
});

describe("a Route that names the gateway by its TLS port", () => {
  it.each(["<sips:gw.example.com;lr>", "<sip:gw.example.com;transport=tls;lr>"])(
    "%s is taken off, the port being the usual one",
    (route) => {
      const options = {
        upstream: [server("tls")],
        clientListeners: [at("tls", 5061)],
        serverListeners: [at("tls", 5062)],
      };
      const { network, send } = bench({ options });
      const alice = network.peer("tls", "192.0.2.10:40001", 5061);
      send(alice, request("MESSAGE", { extra: [`Route: ${route}`] }));
      expect(network.to(UPSTREAM, "tls").request().find(HeaderId.Route)).toBe(-1);
    },
  );
});

describe("the name that a server must prove", () => {
  it("is the operator's, and for an address from the network that address", () => {
    const { alice, bob, send, network } = stage([server("tls", true)]);
    send(alice, request("MESSAGE"));
    expect(network.names).toEqual(["sip.example.com"]);
    const uplink = network.to(UPSTREAM, "tls");
    // The server sends to itself by way of us.
    send(uplink, request("MESSAGE", { uri: "sip:x@10.9.0.5:5070;transport=tls" }));
    send(uplink, request("MESSAGE", { uri: "sip:x@192.0.2.77;transport=tls" }));
    expect(network.names).toEqual(["sip.example.com", "sip.example.com", undefined]);
    expect(bob.taken()).toEqual([]);
  });
});

describe("a Contact that is a sips: URI", () => {
  it("gets nothing over a flow in clear", () => {
    const made = stage("embedded");
    const to = "<sip:bob@example.com>";
    const extra = ["Contact: <sips:bob@192.0.2.20:9>"];
    made.send(made.bob, request("REGISTER", { to, extra }));
    made.bob.taken();
    const other = made.network.peer("tcp", "192.0.2.40:40004");
    made.send(other, request("MESSAGE"));
    expect(other.takenLines()).toEqual(REFUSED);
    expect(made.bob.taken()).toEqual([]);
  });
});

describe("Record-Route where the transports differ", () => {
  it("has an entry for either listener, and the dialog comes back by both", () => {
    const made = stage([server("tcp", true)]);
    made.send(made.alice, request("INVITE"));
    const uplink = made.network.to(UPSTREAM);
    const invite = uplink.request();
    const recorded = values(invite, HeaderId.RecordRoute);
    expect(recorded).toEqual([
      expect.stringMatching(/^<sip:\.[\w-]+@10\.0\.0\.1:5062;transport=tcp;lr;sluice=own>$/),
      expect.stringMatching(/^<sip:[\w-]+\.[\w-]+@10\.0\.0\.1:5443;transport=tls;lr;sluice=own>$/),
    ]);
    made.send(uplink, answer(invite, 200));
    made.alice.taken();
    const { callId } = invite;
    const fromServer = request("BYE", {
      uri: "sip:alice@192.0.2.10:40001;transport=tls",
      to: "<sip:alice@example.com>;tag=a1",
      callId,
      cseq: "7 BYE",
      extra: routes(recorded),
    });
    made.send(uplink, fromServer);
    expect(made.alice.takenLines()).toEqual([
      "BYE sip:alice@192.0.2.10:40001;transport=tls SIP/2.0",
    ]);
    const to = "<sip:bob@example.com>;tag=b1";
    const set = routes(recorded.toReversed());
    made.send(made.alice, request("BYE", { to, callId, cseq: "2 BYE", extra: set }));
    expect(uplink.takenLines()).toHaveLength(1);
  });
});

describe("an address in a URI from the server", () => {
  it.each([
    ["sip:bob@192.0.2.77;transport=tls", "tls/192.0.2.77:5061"],
    ["sips:bob@192.0.2.77", "tls/192.0.2.77:5061"],
    ["sips:bob@192.0.2.77:5070;transport=tcp", "tls/192.0.2.77:5070"],
    ["sip:bob@192.0.2.77;transport=tcp", "tcp/192.0.2.77:5060"],
  ])("%s is reached by %s", (uri, expected) => {
    const made = stage([server("tls", true)]);
    made.send(made.bob, request("OPTIONS"));
    made.send(made.network.to(UPSTREAM, "tls"), request("MESSAGE", { uri }));
    const reached = [...made.network.flows.values()]
      .filter((flow) => flow.outgoing)
      .map(({ transport, remote }) => `${transport}/${remote.address}:${remote.port}`);
    expect(reached).toContain(expected);
  });
});
