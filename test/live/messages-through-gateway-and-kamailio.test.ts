import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GatewayProcess } from "../support/gateway-process.ts";
import { NoticeAccount } from "../support/notice-account.ts";
import { SipClient } from "../support/sip-client.ts";
import type { TestTransport } from "../support/sip-socket.ts";
import type { SipText } from "../support/sip-text.ts";
import { Kamailio, type KamailioOptions } from "./peers/kamailio.ts";
import { isMissing, KAMAILIO } from "./peers/requirements.ts";

const TRANSPORTS: readonly TestTransport[] = ["udp", "tcp"];
const SERVERS: readonly (KamailioOptions & { readonly title: string })[] = [
  { title: "a plain registrar" },
  { title: "a server that record-routes", recordRoute: true },
  { title: "a server that asks for digest credentials", auth: true },
];
const STAGES = SERVERS.flatMap((server) =>
  TRANSPORTS.map((transport) => ({
    ...server,
    transport,
    title: `${transport}, ${server.title}`,
  })),
);

const INCIDENT = /INC-[0-9A-HJKMNP-TV-Z]{8}/;

describe.skipIf(isMissing([KAMAILIO])).each(STAGES)(
  "messages through the gateway and Kamailio: $title",
  ({ transport, ...server }) => {
    const stack = new AsyncDisposableStack();
    let gateway: GatewayProcess;
    let alice: SipClient;
    let bob: SipClient;

    beforeAll(async () => {
      const kamailio = stack.use(await Kamailio.start(server));
      const account = stack.use(await NoticeAccount.create());
      gateway = stack.use(
        await GatewayProcess.start({
          upstream: [kamailio.uri(transport)],
          account: account.settings,
        }),
      );
      const common = { transport, gateway: gateway.at(transport), password: "secret" };
      alice = stack.use(await SipClient.signOn({ ...common, name: "alice" }));
      bob = stack.use(await SipClient.signOn({ ...common, name: "bob" }));
    });

    afterAll(async () => {
      await stack.disposeAsync();
    });

    /** The incident that a text quotes, looked up as an operator would. */
    async function incidentIn(text: string): Promise<Readonly<Record<string, unknown>>> {
      const id = INCIDENT.exec(text)?.[0];
      const found = (await gateway.incidents()).filter((incident) => incident["id"] === id);
      expect(found).toHaveLength(1);
      return found[0] ?? {};
    }

    async function expectOneEvent(
      callId: string,
      expected: Record<string, unknown>,
    ): Promise<void> {
      // A notice that followed has a line of its own, of its own type.
      const all = await gateway.eventsOf(callId);
      const events = all.filter((event) => event["type"] !== "notify");
      expect(events).toHaveLength(1);
      expect(events[0]).toMatchObject(expected);
    }

    function warningOf(response: SipText): string {
      return response.header("warning") ?? "";
    }

    it("delivers plain text byte for byte", async () => {
      const callId = randomUUID();
      const body = Buffer.from(
        "Grüße,  two blanks\ta tab, no link; 1.2.3 and a.b\r\n\r\nlast line ✓",
      );
      const before = (await gateway.incidents()).length;
      const answer = await alice.sends(bob.aor, body, { callId });
      expect(answer.status).toBe(200);
      const received = await bob.receives();
      expect(received.body.equals(body)).toBe(true);
      expect(received.header("content-type")).toBe("text/plain");
      expect(received.bytes.includes("Sluice-Mark")).toBe(false);
      expect(await gateway.incidents()).toHaveLength(before);
      await expectOneEvent(callId, { action: "allow", delivery: "delivered", incident: null });
    });

    it("disarms a link, says so to the receiver and records one incident", async () => {
      const callId = randomUUID();
      const answer = await alice.sends(bob.aor, "see http://plain.example.net/page now", {
        callId,
      });
      expect(answer.status).toBe(200);
      const { text } = await bob.receives();
      expect(text).toMatch(/^\[.+\]\r?\nsee _http:\/\/plain\.example\.net\/page now$/);
      const incident = await incidentIn(text);
      expect(incident).toMatchObject({ action: "rewrite", count: 1, from: alice.aor });
      await expectOneEvent(callId, { action: "rewrite", incident: incident["id"] });
    });

    it("refuses a link to a program in the words of plain SIP", async () => {
      const callId = randomUUID();
      const text = "get HTTP://files.example.net/setup.EXE?x=1";
      const answer = await alice.sends(bob.aor, text, { callId });
      expect(answer.status).toBe(403);
      expect(warningOf(answer)).toMatch(/^399 \S+ ".*Ref INC-/);
      const incident = await incidentIn(warningOf(answer));
      expect(incident).toMatchObject({ action: "block", count: 1 });
      expect((await alice.receivesNotice()).text).toContain(String(incident["id"]));
      await expectOneEvent(callId, { action: "block", delivery: "refused", status: 403 });
      expect(bob.unread).toEqual([]);
    });

    it("refuses a link to a program in the words of the LCS dialect", async () => {
      const callId = randomUUID();
      await using carol = await SipClient.signOn({
        name: "carol",
        transport,
        gateway: gateway.at(transport),
        password: "secret",
        epid: "0a0b0c0d0e",
      });
      const answer = await carol.sends(bob.aor, "http://lcs.example.net/a.scr", { callId });
      expect(answer.status).toBe(606);
      expect(warningOf(answer)).toMatch(/^309 \S+ "/);
      expect(answer.header("ms-diagnostics")).toMatch(INCIDENT);
      const incident = await incidentIn(warningOf(answer));
      expect(incident).toMatchObject({ action: "block", count: 1, from: carol.aor });
      await expectOneEvent(callId, { action: "block", status: 606 });
      expect(bob.unread).toEqual([]);
    });

    it("sees the target of a link in HTML", async () => {
      const callId = randomUUID();
      const body = '<html><body><A HREF="http://html.example.net/x">your bank</A></body></html>';
      const contentType = "text/html; charset=utf-8";
      const answer = await alice.sends(bob.aor, body, { callId, contentType });
      expect(answer.status).toBe(200);
      const { text } = await bob.receives();
      expect(text).toContain('HREF="_http://html.example.net/x"');
      expect(text).not.toContain('"http://');
      expect(await incidentIn(text)).toMatchObject({ action: "rewrite", count: 1 });
      const program = '<a href="https://html.example.net/tool.exe">a picture</a>';
      const refused = await alice.sends(bob.aor, program, { contentType });
      expect(refused.status).toBe(403);
      expect(bob.unread).toEqual([]);
    });

    it("filters both directions of a dialog and lets it end", async () => {
      const { response, dialog } = await alice.invites(bob.aor);
      expect(response.status).toBe(200);
      const back = bob.dialogOf(await bob.receivesRequest("INVITE"));
      expect((await dialog.sends("hello bob")).status).toBe(200);
      expect((await bob.receives()).text).toBe("hello bob");
      expect((await back.sends("look: www.dialog.example.net")).status).toBe(200);
      expect((await alice.receives()).text).toContain("look: _www.dialog.example.net");
      expect((await back.sends("http://dialog.example.net/x.bat")).status).toBe(403);
      expect((await dialog.ends()).status).toBe(200);
      expect(bob.arrived.map((request) => request.method)).toContain("ACK");
      expect(alice.unread).toEqual([]);
    });
  },
);
