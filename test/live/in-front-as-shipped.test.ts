import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../support/free-port.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { SipClient } from "../support/sip-client.ts";
import type { TestTransport } from "../support/sip-socket.ts";
import { Kamailio } from "./peers/kamailio.ts";
import { allOf, statusesBeside } from "./peers/large-messages.ts";
import { statusesOfRelaying } from "./peers/relaying.ts";
import { isMissing, KAMAILIO } from "./peers/requirements.ts";

const TRANSPORTS: readonly TestTransport[] = ["udp", "tcp"];
const SERVER = "127.0.0.2";

describe.skipIf(isMissing([KAMAILIO])).each(TRANSPORTS)(
  "the gateway in front of Kamailio as it is shipped: %s",
  (transport) => {
    const stack = new AsyncDisposableStack();
    let alice: SipClient;
    let bob: SipClient;
    let kamailio: Kamailio;
    let gateway: GatewayProcess;

    beforeAll(async () => {
      const at = { address: SERVER, port: await freePort(SERVER) };
      const shipped = {
        file: "kamailio-in-front.cfg",
        at,
        replace: [["0.0.0.0:5060", `${SERVER}:${at.port}`]] as const,
      };
      kamailio = stack.use(await Kamailio.start({ shipped }));
      gateway = stack.use(await GatewayProcess.start({ upstream: [kamailio.uri(transport)] }));
      const common = { transport, gateway: gateway.at(transport), address: "127.0.0.3" };
      alice = stack.use(await SipClient.signOn({ ...common, name: "alice" }));
      bob = stack.use(await SipClient.signOn({ ...common, name: "bob" }));
    });

    afterAll(async () => {
      await stack.disposeAsync();
    });

    it("carries messages both ways, and stops a program", async () => {
      expect((await alice.sends(bob.aor, "hello bob")).status).toBe(200);
      expect((await bob.receives()).text).toBe("hello bob");
      expect((await bob.sends(alice.aor, "see http://f.example.net/")).status).toBe(200);
      expect((await alice.receives()).text).toContain("see _http://f.example.net/");
      expect((await alice.sends(bob.aor, "http://f.example.net/x.exe")).status).toBe(403);
      expect(bob.unread).toEqual([]);
    });

    it("carries a session of messages both ways and to its end", async () => {
      const { response, dialog } = await alice.invites(bob.aor);
      expect(response.status).toBe(200);
      const back = bob.dialogOf(await bob.receivesRequest("INVITE"));
      expect((await dialog.sends("hello bob")).status).toBe(200);
      expect((await bob.receives()).text).toBe("hello bob");
      expect((await back.sends("http://f.example.net/x.bat")).status).toBe(403);
      expect((await back.ends()).status).toBe(200);
      await alice.receivesRequest("BYE");
      expect(alice.unread).toEqual([]);
    });

    it("relays elsewhere for nobody but its users", async () => {
      const routes = [`<sip:${kamailio.host}:${kamailio.port};transport=${transport};lr>`];
      const at = gateway.at(transport);
      const statuses = await statusesOfRelaying({ at, transport, name: "bob", routes });
      const refused = "SIP/2.0 403 No Relaying";
      expect(statuses).toEqual([refused, refused, refused]);
      const headers = [["Route", `${routes.join()}, <sip:127.0.0.7:5060;lr>`]] as const;
      const preloaded = await alice.sends("sip:carol@foreign.test", "hello", { headers });
      expect(preloaded.startLine).toBe("SIP/2.0 403 Preloaded Route");
    });

    it("registers nobody of another domain", async () => {
      const parts = { to: "sip:bob@foreign.test", headers: [["Contact", alice.contact]] as const };
      for (const uri of ["sip:foreign.test", "sip:example.test"]) {
        const answer = await alice.requests("REGISTER", uri, parts);
        expect(answer.startLine).toBe("SIP/2.0 403 Not Our Domain");
      }
    });

    // Of what does not fit into one datagram there is nothing to show over UDP.
    it.each(TRANSPORTS.filter((one) => one === transport && one === "tcp"))(
      "takes messages as large as the gateway does, and nobody else's suffer (%s)",
      async () => {
        const statuses = await statusesBeside([alice, bob], [bob, alice]);
        expect(statuses).toEqual({ large: allOf(200, 4), small: allOf(200, 20) });
      },
    );
  },
);
