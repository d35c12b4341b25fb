import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SipClient } from "../support/sip-client.ts";
import type { DialogState } from "../support/sip-dialog.ts";
import type { SipText } from "../support/sip-text.ts";
import { waitUntil } from "../support/wait-until.ts";
import { openBesideStage, type BesideStage } from "./peers/beside-kamailio.ts";
import { allOf, statusesBeside } from "./peers/large-messages.ts";
import { statusesOfRelaying } from "./peers/relaying.ts";
import { isMissing, KAMAILIO } from "./peers/requirements.ts";

const PROGRAM = "http://b.example.net/setup.exe";
const AUDIO = "m=audio 4000 RTP/AVP 0\r\n";
const MESSAGES = "m=message 2855 TCP/MSRP *\r\na=path:msrp://127.0.0.3:2855/x;tcp\r\n";
const HEAD = "v=0\r\no=- 0 0 IN IP4 127.0.0.3\r\ns=-\r\nc=IN IP4 127.0.0.3\r\nt=0 0\r\n";
const CALL = `${HEAD}${AUDIO}`;

describe.skipIf(isMissing([KAMAILIO]))("attackers of the gateway beside Kamailio", () => {
  let stage: BesideStage;
  let mallory: SipClient;

  beforeAll(async () => {
    stage = await openBesideStage("tcp", ["WITH_AUTH"]);
    mallory = await strangerFrom("127.0.0.5", "tcp");
  });

  afterAll(async () => {
    await mallory.close();
    await stage[Symbol.asyncDispose]();
  });

  const strangerFrom = async (address: string, transport: "udp" | "tcp"): Promise<SipClient> => {
    const { host, port } = stage.kamailio;
    const at = { gateway: { address: host, port }, address };
    return SipClient.open({ name: "alice", transport, ...at });
  };
  const routeToKamailio = (): string =>
    `<sip:${stage.kamailio.host}:${stage.kamailio.port};transport=tcp;lr>`;
  /** A dialog that never was, from alice to bob. */
  const madeUp = (target: string, routes: readonly string[]): DialogState => ({
    callId: randomUUID(),
    from: `<${stage.alice.aor}>;tag=1`,
    to: `<${stage.bob.aor}>;tag=2`,
    target,
    routes,
  });
  const passedGateway = (message: SipText): boolean => {
    const { address, port } = stage.gateway.at("tcp");
    return message.all("via").some((via) => via.includes(`${address}:${port}`));
  };

  it("a made-up To tag is no password, and makes nobody somebody else", async () => {
    const { alice, bob } = stage;
    const headers = [["P-Asserted-Identity", `<${alice.aor}>`]] as const;
    for (const target of [bob.aor, phoneOf(bob)]) {
      for (const routes of [[], [routeToKamailio()]]) {
        const state = madeUp(target, routes);
        const answer = await mallory.withinDialog(state, "MESSAGE", { body: "pay!", headers });
        expect([target, routes.length, answer.status]).toEqual([target, routes.length, 407]);
      }
    }
    expect(bob.unread).toEqual([]);
  });

  it("an asserted identity does not reach the other side by another method either", async () => {
    const { alice, bob } = stage;
    const headers = [["P-Asserted-Identity", `<${alice.aor}>`]] as const;
    const state = madeUp(phoneOf(bob), [routeToKamailio()]);
    expect((await mallory.withinDialog(state, "OPTIONS", { headers })).status).toBe(200);
    const options = await bob.receivesRequest("OPTIONS");
    expect(options.header("p-asserted-identity")).toBeUndefined();
  });

  it.each(["INFO", "PRACK", "NOTIFY", "REFER", "PUBLISH", "OPTIONS", "SUBSCRIBE", "BYE", "FOO"])(
    "a message is none the less one in %s, in a made-up dialog and without one",
    async (method) => {
      const { alice, bob } = stage;
      const state = madeUp(phoneOf(bob), [routeToKamailio()]);
      expect((await mallory.withinDialog(state, method, { body: PROGRAM })).status).toBe(403);
      expect((await alice.requests(method, bob.aor, { body: PROGRAM })).status).toBe(403);
      expect(bob.arrived.filter((request) => request.text === PROGRAM)).toEqual([]);
    },
  );

  it("an ACK cannot turn a call into a session of messages", async () => {
    const { alice, bob } = stage;
    const { response, dialog } = await alice.invites(bob.aor, { sdp: CALL });
    expect(response.status).toBe(200);
    const again = await alice.withinDialog(dialog.state, "INVITE", {});
    const sdp = `${CALL}${MESSAGES}`;
    const { address, port } = alice.local;
    alice.raw(
      [
        `ACK ${dialog.state.target} SIP/2.0`,
        `Via: SIP/2.0/TCP ${address}:${port};branch=z9hG4bK${randomUUID()}`,
        "Max-Forwards: 70",
        ...dialog.state.routes.map((route) => `Route: ${route}`),
        `From: ${dialog.state.from}`,
        `To: ${dialog.state.to}`,
        `Call-ID: ${dialog.state.callId}`,
        `CSeq: ${again.header("cseq")?.split(" ")[0]} ACK`,
        "Content-Type: application/sdp",
        `Content-Length: ${sdp.length}`,
        "",
        sdp,
      ].join("\r\n"),
    );
    await waitUntil("the second ACK", () => bob.arrived.some(isAckWithBody));
    const ack = bob.arrived.find(isAckWithBody);
    expect(ack?.text).toContain("m=audio 4000");
    expect(ack?.text).not.toContain("m=message 2855");
  });

  it.each<[string, string, readonly (readonly [string, string])[]]>([
    ["behind a NUL", `${CALL}a=x:\0\r\n${MESSAGES}`, []],
    ["at the very beginning", `${MESSAGES}${CALL}`, []],
    ["in base64", Buffer.from(CALL).toString("base64"), [["Content-Transfer-Encoding", "base64"]]],
    ["with another type besides", CALL, [["c", "text/plain"]]],
    ["of a length that nobody reads", `${CALL}${"a=x\r\n".repeat(7000)}`, []],
  ])("no offer stays with Kamailio that hides something: %s", async (_, sdp, headers) => {
    const { alice, bob } = stage;
    const before = bob.arrived.length;
    const { response } = await alice.invites(bob.aor, { sdp, headers });
    const invites = bob.arrived.slice(before).filter(({ method }) => method === "INVITE");
    expect(response.status >= 300 || invites.every(passedGateway)).toBe(true);
  });

  it("the gateway's address in a datagram proves nothing", async () => {
    const { bob } = stage;
    await using spoof = await strangerFrom(stage.gateway.at("udp").address, "udp");
    const answer = await spoof.sends(bob.aor, PROGRAM);
    expect(answer.startLine).toBe("SIP/2.0 403 Not By This Transport");
    expect(bob.unread).toEqual([]);
  });

  it("a datagram that does not say how long it is has a body all the same", async () => {
    const { bob } = stage;
    await using eve = await strangerFrom("127.0.0.5", "udp");
    const { address, port } = eve.local;
    const branch = `z9hG4bK${randomUUID()}`;
    eve.raw(
      [
        `OPTIONS ${bob.aor} SIP/2.0`,
        `Via: SIP/2.0/UDP ${address}:${port};branch=${branch}`,
        "Max-Forwards: 70",
        "From: <sip:eve@c.test>;tag=1",
        `To: <${bob.aor}>`,
        `Call-ID: ${randomUUID()}`,
        "CSeq: 1 OPTIONS",
        "Content-Type: text/plain",
        "",
        PROGRAM,
      ].join("\r\n"),
    );
    expect((await eve.answerTo(branch)).status).toBe(403);
  });

  it("nothing is relayed elsewhere for a stranger", async () => {
    const { host, port } = stage.kamailio;
    const at = { address: host, port };
    const routes = [routeToKamailio()];
    const statuses = await statusesOfRelaying({ at, transport: "tcp", name: "bob", routes });
    const refused = "SIP/2.0 403 No Relaying";
    expect(statuses).toEqual([refused, refused, refused]);
  });

  it("a long message is carried or refused, and nobody else's suffer", async () => {
    const { alice, bob } = stage;
    const statuses = await statusesBeside([alice, bob], [bob, alice]);
    expect(statuses).toEqual({ large: allOf(200, 4), small: allOf(200, 20) });
    const tooLarge = alice.sends(bob.aor, "a ".repeat(70_000));
    const small = await bob.sends(alice.aor, "meanwhile");
    expect([(await tooLarge).status, small.status]).toEqual([513, 200]);
  });
});

function phoneOf({ name, local }: SipClient): string {
  return `sip:${name}@${local.address}:${local.port};transport=tcp`;
}

function isAckWithBody({ method, text }: SipText): boolean {
  return method === "ACK" && text !== "";
}
