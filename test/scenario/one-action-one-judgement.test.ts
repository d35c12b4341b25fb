import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { contentDigest } from "../../src/filter/content-digest.ts";
import { createMarks } from "../../src/filter/mark.ts";
import { parsedBytes } from "../support/parsed-request.ts";
import type { SipClient } from "../support/sip-client.ts";
import type { Answering, CopyChanges } from "../support/sip-server.ts";
import type { SipText } from "../support/sip-text.ts";
import { openTwoCrossings, type TwoCrossings } from "../support/two-crossings.ts";

const RULES = {
  version: 1,
  templates: { off: { en: "[link off, {incident.short}]" } },
  rules: [
    {
      id: "no-programs",
      when: { url: { path_extension: ["exe"] } },
      then: { block: { reason: "Program" }, notify: { sender: "off" } },
    },
    {
      id: "disarm",
      when: { url: { zone: "internet" } },
      then: {
        rewrite: { links: { prefix: "_" } },
        notice: { template: "off", position: "prepend" },
        notify: { recipient: "off" },
      },
    },
  ],
};

const DISARMED = /^\[link off, INC-[0-9A-Z]{8}\][^]*_http:\/\/\w+\.example\/x$/;
const ONE = { incidents: 1, events: 1 };
const NOTHING = { incidents: 0, events: 0 };

let number = 0;

/** A text with a link to a host that no other test has: what belongs together would else be counted together. */
function text(): string {
  number += 1;
  return `see http://host${number}.example/x`;
}

describe.each(["udp", "tcp"] as const)("a message that crosses twice, over %s", (transport) => {
  let stage: TwoCrossings;
  let alice: SipClient;
  let bob: SipClient;

  beforeAll(async () => {
    stage = await openTwoCrossings(RULES, { transport });
    alice = await stage.signOn("alice", { password: "secret" });
    bob = await stage.signOn("bob");
  });

  afterEach(() => {
    stage.server.answering = "forward";
    if (bob.unread.length > 0) throw new Error(`bob got one too many: ${bob.unread[0]?.text}`);
  });

  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  /** Sends, and gives the message as it went to the server, mark and all, and as it went to bob. */
  async function sent(body: string): Promise<{ kept: SipText; received: SipText }> {
    expect((await alice.sends(bob.aor, body)).status).toBe(200);
    const received = await bob.receives();
    const kept = stage.server.arrived.findLast((request) => request.method === "MESSAGE");
    if (kept === undefined) throw new Error("no MESSAGE at the server");
    await stage.counts();
    return { kept, received };
  }

  it("is one decision on all devices of the receiver", async () => {
    const carol = [await stage.signOn("carol"), await stage.signOn("carol")];
    expect((await alice.sends("sip:carol@example.test", text())).status).toBe(200);
    for (const device of carol) expect((await device.receives()).text).toMatch(DISARMED);
    expect(await stage.counts()).toEqual(ONE);
    expect(carol.flatMap((device) => device.unread)).toEqual([]);
  });

  it.each<Answering>(["forward", "b2bua"])(
    "is one decision, one line and one notice (the server: %s)",
    async (answering) => {
      stage.server.answering = answering;
      expect((await alice.sends(bob.aor, text())).status).toBe(200);
      const got = await bob.receives();
      expect(got.text).toMatch(DISARMED);
      expect(got.header("sluice-mark")).toBeUndefined();
      expect((await bob.receivesNotice()).text).toMatch(/^\[link off/);
      expect(await stage.counts()).toEqual(ONE);
      expect((await alice.sends(bob.aor, `hello ${answering}`)).status).toBe(200);
      expect((await bob.receives()).text).toBe(`hello ${answering}`);
      expect(await stage.counts()).toEqual({ incidents: 0, events: 1 });
    },
  );

  it.each<Answering>(["forward", "b2bua"])(
    "is one decision when it comes again with credentials (the server: %s)",
    async (answering) => {
      const { server } = stage;
      server.answering = "challenge";
      const before = server.arrived.length;
      const sending = alice.sends(bob.aor, text());
      await server.requests.next("the first try", (request) => request.method === "MESSAGE");
      server.answering = answering;
      expect((await sending).status).toBe(200);
      expect((await bob.receives()).text).toMatch(DISARMED);
      expect(server.arrived.length - before).toBeGreaterThan(1);
      expect(await stage.counts()).toEqual(ONE);
    },
  );

  it("is one decision however often it comes again", async () => {
    const { address, port } = alice.local;
    const body = text();
    const branch = `z9hG4bKagain-${transport}`;
    const request = [
      `MESSAGE ${bob.aor} SIP/2.0`,
      `Via: SIP/2.0/${transport.toUpperCase()} ${address}:${port};branch=${branch};rport`,
      "Max-Forwards: 70",
      `From: <${alice.aor}>;tag=a`,
      `To: <${bob.aor}>`,
      `Call-ID: again-${transport}`,
      "CSeq: 1 MESSAGE",
      "Content-Type: text/plain",
      `Content-Length: ${body.length}`,
      "",
      body,
    ].join("\r\n");
    for (let i = 0; i < 5; i += 1) alice.raw(request);
    expect((await alice.answerTo(branch)).status).toBe(200);
    // RFC 3261 §17.2.2: over UDP the answer is kept for those that come late; over TCP none does.
    if (transport === "udp") alice.raw(request);
    expect((await bob.receives()).text).toMatch(DISARMED);
    expect(await stage.counts()).toEqual(ONE);
  });

  it("is judged once more, and not changed once more, when a store sends it later", async () => {
    stage.server.answering = "store";
    expect((await alice.sends(bob.aor, text())).status).toBe(202);
    const kept = stage.server.stored.find((request) => request.text.includes("_http://"));
    expect(await stage.counts()).toEqual(ONE);
    if (kept === undefined) throw new Error("nothing was kept");
    // The blank tells it from what is remembered for a minute.
    const body = Buffer.from(`${kept.text} `);
    expect((await stage.server.sendsAnew(kept, { body })).status).toBe(200);
    expect((await bob.receives()).body).toEqual(body);
    expect(await stage.counts()).toEqual({ incidents: 0, events: 1 });
    await stage.server.deliversStored();
    await bob.receives();
  });

  it("passes without a word when a store sends it within the minute", async () => {
    stage.server.answering = "store";
    await alice.sends(bob.aor, text());
    await stage.counts();
    await stage.server.deliversStored();
    expect((await bob.receives()).text).toMatch(DISARMED);
    expect(await stage.counts()).toEqual(NOTHING);
  });

  describe("and that the server sends once more", () => {
    const FORBIDDEN = Buffer.from("get http://evil.example/a.exe");

    /** The mark that the gateway would have given to a message with that body so many seconds ago. */
    async function markOf(kept: SipText, body: Buffer, secondsAgo = 0): Promise<string> {
      const key = await readFile(join(stage.gateway.dir, "data", "keys", "mark.key"));
      const head = kept.bytes.toString("latin1", 0, kept.bytes.length - kept.body.length);
      const sized = head.replace(/(Content-Length: *)\d+/i, `$1${body.length}`);
      const request = parsedBytes(Buffer.concat([Buffer.from(sized, "latin1"), body]));
      const madeAt = Date.now() - secondsAgo * 1000;
      const { bytes } = createMarks(key).add(request, contentDigest(request, []), madeAt);
      return bytes.toString().trim();
    }

    function replacing(pattern: RegExp, line: string): CopyChanges {
      return { headers: (lines) => lines.map((old) => (pattern.test(old) ? line : old)) };
    }

    it("passes while its mark is young", async () => {
      const { kept, received } = await sent(text());
      expect((await stage.server.sendsAgain(kept)).status).toBe(200);
      expect((await bob.receives()).body).toEqual(received.body);
      expect(await stage.counts()).toEqual(NOTHING);
    });

    it("passes by a mark of a minute ago, and is judged with an older one", async () => {
      const { kept } = await sent("hello");
      const young = replacing(/^Sluice-Mark:/, await markOf(kept, FORBIDDEN, 60));
      expect((await stage.server.sendsAgain(kept, { ...young, body: FORBIDDEN })).status).toBe(200);
      expect((await bob.receives()).body).toEqual(FORBIDDEN);
      expect(await stage.counts()).toEqual(NOTHING);
      const old = replacing(/^Sluice-Mark:/, await markOf(kept, FORBIDDEN, 66));
      expect((await stage.server.sendsAgain(kept, { ...old, body: FORBIDDEN })).status).toBe(403);
      expect(await stage.counts()).toEqual(ONE);
    });

    it.each<[string, RegExp, string]>([
      ["another receiver", /^To:/, "To: <sip:carol@example.test>"],
      ["another sender", /^From:/, "From: <sip:mallory@example.test>;tag=m"],
      ["another call", /^Call-ID:/, "Call-ID: another"],
      ["another number", /^CSeq:/, "CSeq: 99 MESSAGE"],
      ["a mark that somebody made up", /^Sluice-Mark:/, `Sluice-Mark: 1.abc.${"A".repeat(43)}`],
      ["no mark", /^Sluice-Mark:/, "X-Lost: mark"],
    ])("is judged with %s", async (_, field, line) => {
      const { kept } = await sent("hello");
      const mark = await markOf(kept, FORBIDDEN);
      const headers = (lines: readonly string[]): readonly string[] =>
        lines
          .map((old) => (old.startsWith("Sluice-Mark:") ? mark : old))
          .map((old) => (field.test(old) ? line : old));
      const answer = await stage.server.sendsAgain(kept, { headers, body: FORBIDDEN });
      expect(answer.status).toBe(403);
    });

    it("is judged with another body", async () => {
      const { kept } = await sent("hello");
      expect((await stage.server.sendsAgain(kept, { body: FORBIDDEN })).status).toBe(403);
    });
  });

  it("is judged when a client brings the mark of its own last message", async () => {
    const { kept } = await sent("hello once more");
    const mark = kept.header("sluice-mark") ?? "";
    await alice.sends(bob.aor, "hello again", { headers: [["Sluice-Mark", mark]] });
    expect((await bob.receives()).all("sluice-mark")).toEqual([]);
    expect(await stage.counts()).toEqual({ incidents: 0, events: 1 });
  });
});
