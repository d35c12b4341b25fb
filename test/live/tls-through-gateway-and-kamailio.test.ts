import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestAuthority } from "../support/certificates.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { SipClient } from "../support/sip-client.ts";
import { waitUntil } from "../support/wait-until.ts";
import { ConnectionLedger } from "./peers/connections.ts";
import { Kamailio } from "./peers/kamailio.ts";
import { isMissing, KAMAILIO, KAMAILIO_TLS } from "./peers/requirements.ts";

const SKIP = isMissing([KAMAILIO, KAMAILIO_TLS]);

/** Two clients, the gateway, Kamailio: TLS on every hop, and Kamailio wants to see the gateway's certificate. */
describe.skipIf(SKIP)("TLS through the gateway and Kamailio", () => {
  const stack = new AsyncDisposableStack();
  let kamailio: Kamailio;
  let gateway: GatewayProcess;
  let alice: SipClient;
  let bob: SipClient;

  beforeAll(async () => {
    const authority = stack.use(new TestAuthority());
    const ca = authority.ca;
    const ours = authority.issue({ names: "IP:127.0.0.1" });
    const theirs = authority.issue({ names: "IP:127.0.0.2" });
    kamailio = stack.use(await Kamailio.start({ recordRoute: true, tls: { ...theirs, ca } }));
    gateway = stack.use(
      await GatewayProcess.start({
        listen: ["tls://127.0.0.1:0"],
        upstream: [kamailio.uri("tls")],
        tls: { ...ours, ca },
      }),
    );
    const tls = { ca: readFileSync(ca) };
    const common = { transport: "tls", gateway: gateway.at("tls"), tls } as const;
    alice = stack.use(await SipClient.signOn({ ...common, name: "alice" }));
    bob = stack.use(await SipClient.signOn({ ...common, name: "bob" }));
  });

  afterAll(async () => {
    await stack.disposeAsync();
  });

  it("delivers a message, by TLS on each of its four hops", async () => {
    const answer = await alice.sends(bob.aor, "hello");
    expect(answer.status).toBe(200);
    const got = await bob.receives();
    expect(got.body.toString()).toBe("hello");
    const hops = got
      .all("via")
      .flatMap((via) => via.split(","))
      .map((via) => via.trim().split(" ")[0]);
    expect(hops).toEqual(["SIP/2.0/TLS", "SIP/2.0/TLS", "SIP/2.0/TLS", "SIP/2.0/TLS"]);
    expect(got.bytes.includes("Sluice-Mark")).toBe(false);
  });

  it("refuses a link to a program", async () => {
    const answer = await alice.sends(bob.aor, "get http://files.example.net/setup.exe");
    expect(answer.status).toBe(403);
    expect(bob.unread).toEqual([]);
  });

  it("keeps a dialog on the way by which it came about, in both directions", async () => {
    const { response, dialog } = await alice.invites(bob.aor);
    expect(response.status).toBe(200);
    const other = bob.dialogOf(await bob.receivesRequest("INVITE"));
    expect((await dialog.sends("there")).status).toBe(200);
    expect((await bob.receives()).body.toString()).toBe("there");
    expect((await other.sends("and back")).status).toBe(200);
    expect((await alice.receives()).body.toString()).toBe("and back");
    const transports = other.state.routes.map((route) => /transport=(\w+)/.exec(route)?.[1]);
    expect(new Set(transports)).toEqual(new Set(["tls"]));
    expect((await other.ends()).status).toBe(200);
    await alice.receivesRequest("BYE");
  });
});

describe.skipIf(SKIP || isMissing([ConnectionLedger.needs]))(
  "a Kamailio that takes aliases",
  () => {
    it.each([
      [true, "over the connection that the gateway has opened", 0],
      [false, "over one of its own, when it is not configured so", 1],
    ])("(%s) reaches the gateway %s (RFC 5923)", async (takesAliases, _how, opened) => {
      using authority = new TestAuthority();
      const { ca } = authority;
      const theirs = { ...authority.issue({ names: "IP:127.0.0.2" }), ca };
      await using kamailio = await Kamailio.start({ takesAliases, tls: theirs });
      await using gateway = await GatewayProcess.start({
        listen: ["tls://127.0.0.1:0"],
        upstream: [kamailio.uri("tls")],
        tls: { ...authority.issue({ names: "IP:127.0.0.1" }), ca },
      });
      const port = gateway.ready.upstreamFrom.tls?.port ?? 0;
      await using ledger = await ConnectionLedger.watch(`port ${port}`);
      const tls = { ca: readFileSync(ca) };
      const common = { transport: "tls", gateway: gateway.at("tls"), tls } as const;
      await using alice = await SipClient.signOn({ ...common, name: "alice" });
      await using bob = await SipClient.signOn({ ...common, name: "bob" });
      for (const text of ["one", "two"]) {
        expect((await alice.sends(bob.aor, text)).status).toBe(200);
        expect((await bob.receives()).text).toBe(text);
      }
      expect(ledger.to(port, port)).toBe(opened);
    });
  },
);

describe.skipIf(SKIP)("a Kamailio that cannot prove its name", () => {
  it.each([
    ["another address", "IP:127.0.0.3", "its certificate names 127.0.0.3, not 127.0.0.2"],
    ["a host, when the upstream is an address", "DNS:sip.example.test", "its certificate names"],
  ])(
    "gets nothing of what clients send: its certificate is for %s",
    async (_for, names, reason) => {
      using authority = new TestAuthority();
      const { ca } = authority;
      await using kamailio = await Kamailio.start({ tls: { ...authority.issue({ names }), ca } });
      await using gateway = await GatewayProcess.start({
        listen: ["tls://127.0.0.1:0"],
        upstream: [kamailio.uri("tls")],
        tls: { ...authority.issue({ names: "IP:127.0.0.1" }), ca },
      });
      await using alice = await SipClient.open({
        name: "alice",
        transport: "tls",
        gateway: gateway.at("tls"),
        tls: { ca: readFileSync(ca) },
      });
      expect((await alice.register()).status).toBe(503);
      await waitUntil("the log", () => gateway.stderr.includes(reason));
    },
  );
});
