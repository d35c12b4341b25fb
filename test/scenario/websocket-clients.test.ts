import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestAuthority } from "../support/certificates.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { SipClient } from "../support/sip-client.ts";
import type { TestTransport } from "../support/sip-socket.ts";
import { SHIPPED_RULES, writeRules } from "../support/write-config.ts";

/** What came encrypted does not leave in clear, so each kind has a companion of its own sort. */
const KINDS = [
  { kind: "ws", stream: "tcp" },
  { kind: "wss", stream: "tls" },
] as const;

const BROWSERS = {
  version: 1,
  rules: [
    {
      id: "from-browsers",
      on: "message",
      when: { transport: ["ws", "wss"], text: { phrase: "not from a browser" } },
      then: { block: { reason: "Not from a browser" } },
    },
  ],
};

describe.each(KINDS)("two clients on $kind, and one on $stream", ({ kind, stream }) => {
  const stack = new AsyncDisposableStack();
  const authority = stack.use(new TestAuthority());
  let gateway: GatewayProcess;
  let alice: SipClient;
  let bob: SipClient;
  let carol: SipClient;

  async function signOn(name: string, transport: TestTransport): Promise<SipClient> {
    const tls = { ca: readFileSync(authority.ca) };
    return stack.use(
      await SipClient.signOn({ name, transport, gateway: gateway.at(transport), tls }),
    );
  }

  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), "sluice-rules-"));
    stack.defer(() => rm(dir, { recursive: true }));
    gateway = stack.use(
      await GatewayProcess.start({
        rules: [SHIPPED_RULES, await writeRules(dir, "browsers.yaml", BROWSERS)],
        listen: [`${stream}://127.0.0.1:0`, `${kind}://127.0.0.1:0`],
        tls: authority.issue({ names: "IP:127.0.0.1" }),
      }),
    );
    alice = await signOn("alice", kind);
    bob = await signOn("bob", kind);
    carol = await signOn("carol", stream);
  });

  afterAll(async () => {
    await stack.disposeAsync();
  });

  it("delivers from one to the other, byte for byte", async () => {
    const text = "Grüße ✓\r\nfrom a browser";
    expect((await alice.sends(bob.aor, text)).status).toBe(200);
    const received = await bob.receives();
    expect(received.text).toBe(text);
    const { port } = gateway.at(kind);
    const via = `SIP/2.0/${kind.toUpperCase()} 127.0.0.1:${port};branch=`;
    expect(received.header("via")?.slice(0, via.length)).toBe(via);
  });

  it("delivers to the other kind of client and back", async () => {
    expect((await alice.sends(carol.aor, "to a telephone")).status).toBe(200);
    expect((await carol.receives()).text).toBe("to a telephone");
    expect((await carol.sends(alice.aor, "to a browser")).status).toBe(200);
    expect((await alice.receives()).text).toBe("to a browser");
  });

  it("disarms a link and refuses one to a program", async () => {
    expect((await alice.sends(bob.aor, "see http://plain.example.net/page")).status).toBe(200);
    expect((await bob.receives()).text).toContain("see _http://plain.example.net/page");
    const refused = await alice.sends(bob.aor, "get http://files.example.net/setup.exe");
    expect(refused.status).toBe(403);
    expect(bob.unread).toEqual([]);
  });

  it("holds a dialog between the two kinds of client, filtered in both directions", async () => {
    const { response, dialog } = await carol.invites(bob.aor);
    expect(response.status).toBe(200);
    const invite = await bob.receivesRequest("INVITE");
    expect(invite.header("record-route")).toMatch(/^<sip:[^>]+;transport=ws;lr;sluice=own>/);
    const back = bob.dialogOf(invite);
    expect((await dialog.sends("hello bob")).status).toBe(200);
    expect((await bob.receives()).text).toBe("hello bob");
    expect((await back.sends("look: www.dialog.example.net")).status).toBe(200);
    expect((await carol.receives()).text).toContain("look: _www.dialog.example.net");
    expect((await back.ends()).status).toBe(200);
  });

  it("refuses two messages in one WebSocket message, and goes on", async () => {
    const one = (branch: string): string =>
      [
        "MESSAGE sip:bob@example.test SIP/2.0",
        `Via: SIP/2.0/${kind.toUpperCase()} ${alice.local.address};branch=${branch}`,
        "Max-Forwards: 70",
        "From: <sip:alice@example.test>;tag=1",
        "To: <sip:bob@example.test>",
        `Call-ID: ${branch}`,
        "CSeq: 1 MESSAGE",
        "Content-Type: text/plain",
        "Content-Length: 5",
        "",
        "hello",
      ].join("\r\n");
    alice.raw(one("z9hG4bKfirst") + one("z9hG4bKsecond"));
    const refused = await alice.answerTo("z9hG4bKfirst");
    expect(refused.startLine).toBe("SIP/2.0 400 More Than One Message");
    alice.raw(one("z9hG4bKthird"));
    expect((await alice.answerTo("z9hG4bKthird")).status).toBe(200);
    expect((await bob.receives()).header("call-id")).toBe("z9hG4bKthird");
    expect(bob.unread).toEqual([]);
  });

  it("gives a message its Content-Length, which browsers may leave out", async () => {
    const lines = [
      `MESSAGE ${carol.aor} SIP/2.0`,
      `Via: SIP/2.0/${kind.toUpperCase()} ${alice.local.address};branch=z9hG4bKbare`,
      "Max-Forwards: 70",
      "From: <sip:alice@example.test>;tag=1",
      `To: <${carol.aor}>`,
      "Call-ID: bare",
      "CSeq: 1 MESSAGE",
      "Content-Type: text/plain",
    ];
    alice.raw(`${lines.join("\r\n")}\r\n\r\nno length`);
    expect((await alice.answerTo("z9hG4bKbare")).status).toBe(200);
    const received = await carol.receives();
    expect([received.text, received.header("content-length")]).toEqual(["no length", "9"]);
  });

  it("does not look for a client that is gone", async () => {
    const dave = await signOn("dave", kind);
    expect((await alice.sends(dave.aor, "there?")).status).toBe(200);
    await dave.close();
    expect((await alice.sends(dave.aor, "still there?")).status).toBe(404);
    expect((await alice.register()).status).toBe(200);
  });

  it("lets a rule ask what a message came in over", async () => {
    const refused = await alice.sends(bob.aor, "not from a browser");
    expect(refused.status).toBe(403);
    expect((await carol.sends(bob.aor, "not from a browser")).status).toBe(200);
    expect((await bob.receives()).text).toBe("not from a browser");
  });

  it("ends with a farewell to its clients", async () => {
    expect(await gateway.stop()).toBe(0);
    expect([alice.connected, bob.connected]).toEqual([false, false]);
  });
});
