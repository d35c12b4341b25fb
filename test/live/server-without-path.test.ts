import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../support/free-port.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { uriOf } from "../support/sip-dialog.ts";
import { SipClient, type SipClientOptions } from "../support/sip-client.ts";
import type { TestTransport } from "../support/sip-socket.ts";
import { Kamailio, type KamailioOptions } from "./peers/kamailio.ts";
import { isMissing, KAMAILIO } from "./peers/requirements.ts";

interface Stage extends Required<Pick<KamailioOptions, "withoutPath">> {
  readonly auth?: boolean;
  readonly title: string;
  readonly transport: TestTransport;
  readonly path: string;
}

const STAGES: readonly Stage[] = [
  { title: "udp, path: never", transport: "udp", path: "never", withoutPath: "unheeded" },
  { title: "tcp, path: never", transport: "tcp", path: "never", withoutPath: "unheeded" },
  { title: "udp, learnt", transport: "udp", path: "always", withoutPath: "refused" },
  { title: "tcp, learnt", transport: "tcp", path: "always", withoutPath: "refused", auth: true },
];

describe.skipIf(isMissing([KAMAILIO])).each(STAGES)(
  "in front of a Kamailio that knows no Path: $title",
  ({ transport, path, withoutPath, auth }) => {
    const stack = new AsyncDisposableStack();
    let kamailio: Kamailio;
    let gateway: GatewayProcess;
    let alice: SipClient;
    let bob: SipClient;

    const options = (name: string): SipClientOptions => ({
      name,
      transport,
      gateway: gateway.at(transport),
      address: "127.0.0.3",
      password: "secret",
    });

    beforeAll(async () => {
      kamailio = stack.use(await Kamailio.start({ withoutPath, auth: auth === true }));
      // Ports that it gets again after a restart.
      const ports = [await freePort("127.0.0.1"), await freePort("127.0.0.1")];
      gateway = stack.use(
        await GatewayProcess.start({
          listen: [`${transport}://127.0.0.1:${ports[0]}`],
          upstream: [kamailio.uri(transport)],
          upstream_from: [`${transport}://127.0.0.1:${ports[1]}`],
          path,
        }),
      );
      alice = stack.use(await SipClient.signOn(options("alice")));
      bob = stack.use(await SipClient.signOn(options("bob")));
    });

    afterAll(async () => {
      await stack.disposeAsync();
    });

    it("shows a client its own Contact, and every device of its user", async () => {
      await using second = await SipClient.signOn(options("bob"));
      const answer = await second.register(300);
      expect(answer.status).toBe(200);
      const contacts = answer.all("contact").join();
      expect(contacts).toContain(`${second.contact};expires=300`);
      expect(contacts).toContain(bob.contact);
      expect(contacts).not.toContain("127.0.0.1");
      await second.register(0);
      const left = await bob.requests("REGISTER", "sip:example.test", { to: bob.aor });
      expect(left.all("contact").map((value) => uriOf(value))).toEqual([uriOf(bob.contact)]);
    });

    it("delivers messages to the client's own address, by its flow", async () => {
      expect((await alice.sends(bob.aor, "hello bob")).status).toBe(200);
      const received = await bob.receives();
      expect(received.text).toBe("hello bob");
      expect(received.requestUri).toBe(uriOf(bob.contact));
      // Two crossings: Kamailio has not gone round the gateway.
      expect(received.all("via").filter((via) => via.includes("127.0.0.1"))).toHaveLength(2);
      expect((await bob.sends(alice.aor, "http://p.example.net/x.exe")).status).toBe(403);
      expect(alice.unread).toEqual([]);
    });

    it("filters both directions of a dialog and lets it end", async () => {
      const { response, dialog } = await alice.invites(bob.aor);
      expect(response.status).toBe(200);
      const back = bob.dialogOf(await bob.receivesRequest("INVITE"));
      expect((await dialog.sends("hello bob")).status).toBe(200);
      expect((await bob.receives()).text).toBe("hello bob");
      expect((await back.sends("look: www.p.example.net")).status).toBe(200);
      expect((await alice.receives()).text).toContain("look: _www.p.example.net");
      expect((await dialog.ends()).status).toBe(200);
      await bob.receivesRequest("BYE");
    });

    it("after a restart reaches clients by UDP, and says 430 for lost connections", async () => {
      await gateway.kill();
      await gateway.restart();
      await using carol = await SipClient.signOn(options("carol"));
      const answer = await carol.sends(bob.aor, "are you there?");
      expect(answer.status).toBe(transport === "udp" ? 200 : 430);
      const texts = bob.unread.map(({ text }) => text);
      expect(texts).toEqual(transport === "udp" ? ["are you there?"] : []);
    });
  },
);
