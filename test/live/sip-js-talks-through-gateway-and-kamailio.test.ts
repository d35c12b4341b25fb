import { readFileSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestAuthority } from "../support/certificates.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { SipClient } from "../support/sip-client.ts";
import { Kamailio } from "./peers/kamailio.ts";
import { isMissing, KAMAILIO } from "./peers/requirements.ts";
import { SipJsPhone } from "./peers/sip-js-phone.ts";

/** Over wss the way to the server is in clear by the operator's word; Kamailio's own TLS is another test's affair. */
const STAGES = [
  { kind: "ws", server: "udp" },
  { kind: "ws", server: "tcp" },
  { kind: "wss", server: "tcp" },
] as const;

describe.skipIf(isMissing([KAMAILIO])).each(STAGES)(
  "sip.js over $kind through the gateway and Kamailio by $server",
  ({ kind, server }) => {
    const stack = new AsyncDisposableStack();
    const before = getCACertificates("default");
    let gateway: GatewayProcess;
    let alice: SipJsPhone;
    let bob: SipJsPhone;
    let carol: SipClient;

    beforeAll(async () => {
      const authority = stack.use(new TestAuthority());
      // The runtime's WebSocket asks nobody else whom to believe; a browser has its store for it.
      setDefaultCACertificates([...before, readFileSync(authority.ca, "utf8")]);
      const kamailio = stack.use(await Kamailio.start({ auth: true }));
      gateway = stack.use(
        await GatewayProcess.start({
          listen: ["tcp://127.0.0.1:0", `${kind}://127.0.0.1:0`],
          tls: authority.issue({ names: "IP:127.0.0.1" }),
          upstream: [{ uri: kamailio.uri(server), allow_clear: true }],
          websocket: { ping: "1s" },
        }),
      );
      const { port } = gateway.at(kind);
      const common = { server: `${kind}://127.0.0.1:${port}/sip`, password: "secret" };
      alice = stack.use(await SipJsPhone.signOn({ ...common, name: "alice" }));
      bob = stack.use(await SipJsPhone.signOn({ ...common, name: "bob" }));
      carol = stack.use(
        await SipClient.signOn({
          name: "carol",
          transport: "tcp",
          gateway: gateway.at("tcp"),
          password: "secret",
        }),
      );
    });

    afterAll(async () => {
      await stack.disposeAsync();
      setDefaultCACertificates(before);
    });

    it("delivers from page to page, once", async () => {
      const text = "Grüße ✓\r\nfrom a page";
      expect(await alice.sends(bob.aor, text)).toMatchObject({ status: 200 });
      expect(await bob.receives()).toBe(text);
      expect(bob.unread).toEqual([]);
    });

    it("delivers from page to telephone and back", async () => {
      expect(await alice.sends(carol.aor, "to a telephone")).toMatchObject({ status: 200 });
      const received = await carol.receives();
      expect(received.text).toBe("to a telephone");
      expect(received.bytes.includes("Sluice-Mark")).toBe(false);
      expect((await carol.sends(alice.aor, "to a page")).status).toBe(200);
      expect(await alice.receives()).toBe("to a page");
    });

    it("disarms a link on its way to a page", async () => {
      expect((await carol.sends(bob.aor, "see http://plain.example.net/page now")).status).toBe(
        200,
      );
      expect(await bob.receives()).toMatch(
        /^\[.+\]\r?\nsee _http:\/\/plain\.example\.net\/page now$/,
      );
    });

    it("refuses a link to a program, and says so in the answer", async () => {
      const answer = await alice.sends(bob.aor, "get http://files.example.net/setup.exe");
      expect(answer.status).toBe(403);
      expect(answer.warning).toMatch(/^399 \S+ ".*Ref INC-/);
      expect(bob.unread).toEqual([]);
      const incidents = await gateway.incidents();
      expect(incidents[0]).toMatchObject({ action: "block", from: alice.aor, to: [bob.aor] });
    });

    it("answers 430 for a page that is gone and was not signed off", async () => {
      const { port } = gateway.at(kind);
      const options = { server: `${kind}://127.0.0.1:${port}`, password: "secret", name: "dave" };
      const dave = await SipJsPhone.signOn(options);
      expect((await carol.sends(dave.aor, "there?")).status).toBe(200);
      await dave.vanishes();
      expect((await carol.sends(dave.aor, "still there?")).status).toBe(430);
    });

    it("keeps quiet pages connected, by pings and by CRLF", async () => {
      // Without an answer sip.js ends the connection; meanwhile the gateway has pinged as well.
      for (const phone of [alice, bob]) {
        for (let i = 0; i < 3; i++) await phone.hearsKeepAlive();
      }
      expect([alice.registered, bob.registered]).toEqual([true, true]);
      expect(await bob.sends(alice.aor, "still here")).toMatchObject({ status: 200 });
      expect(await alice.receives()).toBe("still here");
    });
  },
);

describe("a certificate that is not believed", () => {
  it("keeps sip.js from connecting", async () => {
    using authority = new TestAuthority();
    await using gateway = await GatewayProcess.start({
      listen: ["wss://127.0.0.1:0"],
      tls: authority.issue({ names: "IP:127.0.0.1" }),
    });
    const { port } = gateway.at("wss");
    const options = { name: "eve", server: `wss://127.0.0.1:${port}`, password: "x" };
    await expect(SipJsPhone.signOn(options)).rejects.toThrow(/1006|WebSocket/);
  });
});
