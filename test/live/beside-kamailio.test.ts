import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SipClient } from "../support/sip-client.ts";
import type { TestTransport } from "../support/sip-socket.ts";
import { waitUntil } from "../support/wait-until.ts";
import { openBesideStage, type BesideStage } from "./peers/beside-kamailio.ts";
import { isMissing, KAMAILIO } from "./peers/requirements.ts";

const STAGES: readonly { title: string; transport: TestTransport; defines: readonly string[] }[] = [
  { title: "udp, senders unproven", transport: "udp", defines: [] },
  { title: "tcp, senders proven by digest", transport: "tcp", defines: ["WITH_AUTH"] },
];

const CALL = [
  "v=0",
  "o=- 0 0 IN IP4 127.0.0.3",
  "s=-",
  "c=IN IP4 127.0.0.3",
  "t=0 0",
  "m=audio 4000 RTP/AVP 0",
  "",
].join("\r\n");

describe.skipIf(isMissing([KAMAILIO])).each(STAGES)(
  "the gateway beside Kamailio: $title",
  ({ transport, defines }) => {
    let stage: BesideStage;

    beforeAll(async () => {
      stage = await openBesideStage(transport, defines);
    });

    afterAll(async () => {
      await stage[Symbol.asyncDispose]();
    });

    it("passes plain text byte for byte and records it once", async () => {
      const { alice, bob, gateway } = stage;
      const callId = randomUUID();
      const body = Buffer.from("Grüße,  two blanks\r\n\r\nlast line ✓");
      expect((await alice.sends(bob.aor, body, { callId })).status).toBe(200);
      const received = await bob.receives();
      expect(received.body.equals(body)).toBe(true);
      expect(received.bytes.includes("Sluice-Mark")).toBe(false);
      expect(received.header("route")).toBeUndefined();
      const events = await gateway.eventsOf(callId);
      expect(events).toHaveLength(1);
      expect(events[0]).toMatchObject({ action: "allow", from: alice.aor, to: [bob.aor] });
    });

    it("disarms a link", async () => {
      const { alice, bob, gateway } = stage;
      const callId = randomUUID();
      expect((await alice.sends(bob.aor, "see http://b.example.net/x", { callId })).status).toBe(
        200,
      );
      expect((await bob.receives()).text).toContain("see _http://b.example.net/x");
      const events = await gateway.eventsOf(callId);
      expect(events.filter((event) => event["type"] === "message")).toHaveLength(1);
    });

    it("refuses a link to a program; a sender whom Kamailio vouches for gets a notice", async () => {
      const { alice, bob } = stage;
      const answer = await alice.sends(bob.aor, "http://b.example.net/setup.exe");
      expect(answer.status).toBe(403);
      expect(answer.header("warning")).toMatch(/Ref INC-/);
      expect(bob.unread).toEqual([]);
      if (defines.includes("WITH_AUTH")) await alice.receivesNotice();
    });

    it("stays in the way of a session of messages, both ways and to its end", async () => {
      const { alice, bob } = stage;
      const { response, dialog } = await alice.invites(bob.aor);
      expect(response.status).toBe(200);
      expect(dialog.state.routes.join()).toContain("sluice=own");
      const back = bob.dialogOf(await bob.receivesRequest("INVITE"));
      expect((await dialog.sends("hello bob")).status).toBe(200);
      expect((await bob.receives()).text).toBe("hello bob");
      expect((await back.sends("look: www.d.example.net")).status).toBe(200);
      expect((await alice.receives()).text).toContain("look: _www.d.example.net");
      expect((await dialog.sends("http://d.example.net/x.bat")).status).toBe(403);
      expect((await back.ends()).status).toBe(200);
      await alice.receivesRequest("BYE");
      expect(bob.unread).toEqual([]);
    });

    it("never sees a call, and keeps its messages in sight", async () => {
      const { alice, bob } = stage;
      const { response, dialog } = await alice.invites(bob.aor, { sdp: CALL });
      expect(response.status).toBe(200);
      const invite = await bob.receivesRequest("INVITE");
      expect(invite.all("via")).toHaveLength(2);
      expect(invite.all("record-route").join()).not.toContain("sluice=");
      expect((await dialog.sends("see http://call.example.net/")).status).toBe(200);
      expect((await bob.receives()).text).toContain("_http://call.example.net/");
      expect((await dialog.ends()).status).toBe(200);
      await bob.receivesRequest("BYE");
    });

    it("follows a session whose offer is left to the other side", async () => {
      const { alice, bob } = stage;
      const answer = await alice.requests("INVITE", bob.aor, {
        headers: [["Contact", alice.contact]],
      });
      expect(answer.status).toBe(200);
      expect(answer.all("record-route").join()).toContain("sluice=own");
      await bob.receivesRequest("INVITE");
    });

    it("is not gone round by a sender who names it in a Route of his own", async () => {
      const { alice, bob, kamailio, gateway } = stage;
      const { address, port } = gateway.at(transport);
      const first = `<sip:${kamailio.host}:${kamailio.port};transport=${transport};lr>`;
      const second = `<sip:${address}:${port};transport=${transport};lr>`;
      const headers = [["Route", `${first}, ${second}`]] as const;
      const answer = await alice.sends(bob.aor, "http://r.example.net/x.exe", { headers });
      expect(answer.status).toBe(403);
      const madeUp = {
        callId: randomUUID(),
        from: `<${alice.aor}>;tag=1`,
        to: `<${bob.aor}>;tag=2`,
        target: bob.aor,
        routes: [first, second],
      };
      const body = "http://r.example.net/y.exe";
      const within = await alice.withinDialog(madeUp, "MESSAGE", { body });
      expect(within.status).toBe(403);
      expect(bob.unread).toEqual([]);
    });

    it("takes an offer for a session of messages however it is written", async () => {
      const { alice, bob } = stage;
      for (const line of ["\rm=message 5060 sip null", " M = message 5060 sip null"]) {
        const sdp = `${CALL}${line}\r\n`;
        const { response } = await alice.invites(bob.aor, { sdp });
        expect([line, response.status < 300]).toEqual([line, false]);
      }
    });

    it("speaks with nobody but Kamailio", async () => {
      const { gateway, kamailio, bob } = stage;
      await using mallory = await SipClient.open({
        name: "mallory",
        transport,
        gateway: gateway.at(transport),
        address: "127.0.0.4",
      });
      const route = `<sip:sluice-back@${kamailio.host}:${kamailio.port};transport=${transport};lr>`;
      const answer = await mallory.sends(bob.aor, "hello", { headers: [["Route", route]] });
      expect(answer.status).toBe(403);
      expect(answer.startLine).toContain("Only Servers Speak Here");
      expect(bob.unread).toEqual([]);
    });
  },
);

describe.skipIf(isMissing([KAMAILIO]))("Kamailio when the gateway beside it is gone", () => {
  it("delivers nothing and tells the sender", { timeout: 60_000 }, async () => {
    await using stage = await openBesideStage("tcp");
    await stage.gateway.stop();
    const answer = await stage.alice.sends(stage.bob.aor, "anybody there?");
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(stage.bob.unread).toEqual([]);
  });

  it("delivers unjudged where the operator has chosen so", { timeout: 60_000 }, async () => {
    await using stage = await openBesideStage("tcp", ["WITH_FAIL_OPEN"]);
    const { alice, bob } = stage;
    await waitUntil("Kamailio to find the gateway", async () => {
      const answer = await alice.sends(bob.aor, "http://open.example.net/a.exe");
      return answer.status === 403;
    });
    await stage.gateway.stop();
    const sentAgain = async (): Promise<boolean> => {
      const answer = await alice.sends(bob.aor, "http://open.example.net/b.exe");
      return answer.status === 200;
    };
    // One that leaves by the connection that is just being closed waits for Kamailio's timer, 25 s.
    await waitUntil("Kamailio to notice", sentAgain, 40_000);
    const unjudged = await bob.receives(10_000, ({ text }) => text.includes("b.exe"));
    expect(unjudged.text).toBe("http://open.example.net/b.exe");
  });
});
