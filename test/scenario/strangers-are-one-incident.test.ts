import { describe, expect, it } from "vitest";
import { EICAR } from "../support/eicar.ts";
import type { SipClient } from "../support/sip-client.ts";
import { openTwoCrossings } from "../support/two-crossings.ts";
import { waitUntil } from "../support/wait-until.ts";

const RULES = {
  version: 1,
  templates: { no: { en: "Not delivered. Ref {incident.id}" } },
  rules: [
    {
      id: "infected",
      on: "file",
      when: { scan: { verdict: ["infected"] } },
      then: { quarantine: {}, notify: { sender: "no", recipient: "no" } },
    },
    {
      id: "no-programs",
      when: { url: { path_extension: ["exe"] } },
      then: { block: { reason: "Program" }, notify: { sender: "no", recipient: "no" } },
    },
  ],
};

const FLOOD = 1000;

/** A MESSAGE under a name that nobody has proven. */
function forged(client: SipClient, n: number): string {
  const body = "http://evil.example/a.exe";
  return [
    "MESSAGE sip:bob@example.test SIP/2.0",
    `Via: SIP/2.0/TCP ${client.local.address}:${client.local.port};branch=z9hG4bKf${n};rport`,
    "Max-Forwards: 70",
    `From: <sip:user${n}@example.test>;tag=t${n}`,
    "To: <sip:bob@example.test>",
    `Call-ID: forged-${n}`,
    "CSeq: 1 MESSAGE",
    "Content-Type: text/plain",
    `Content-Length: ${body.length}`,
    "",
    body,
  ].join("\r\n");
}

describe("what strangers send", () => {
  it("is one incident under a flood of forged names, and nobody is told or kept", async () => {
    await using stage = await openTwoCrossings(RULES);
    const bob = await stage.signOn("bob");
    const mallory = await stage.open("mallory");
    for (let n = 0; n < FLOOD; n += 1) mallory.raw(forged(mallory, n));
    for (let n = 0; n < FLOOD; n += 1) {
      const answer = await mallory.answerTo(`z9hG4bKf${n}`);
      if (answer.status !== 403) throw new Error(answer.startLine);
    }
    const file = await mallory.sends("sip:bob@example.test", EICAR, {
      contentType: "application/octet-stream",
    });
    expect(file.status).toBe(403);

    const incidents = await waitUntil("the whole count", async () => {
      const found = await stage.gateway.incidents();
      return found.some((incident) => incident["count"] === FLOOD) && found;
    });
    expect(incidents).toHaveLength(2);
    const lines = (await stage.gateway.events()).filter((event) => event["rule"] === "no-programs");
    expect(lines.length).toBeLessThan(FLOOD / 10);
    const kept = await stage.gateway.cli("quarantine", "list", "-o", "json");
    expect(JSON.parse(kept.stdout)).toEqual([]);

    // The same from somebody who has signed on: a notice to both sides. Theirs comes first if there ever was one.
    const alice = await stage.signOn("alice");
    const refused = await alice.sends(bob.aor, "http://evil.example/b.exe");
    expect(refused.status).toBe(403);
    const reference = /INC-[0-9A-Z]{8}/.exec(refused.header("warning") ?? "")?.[0] ?? "none";
    expect((await bob.receivesNotice()).text).toContain(reference);
    expect((await alice.receivesNotice()).text).toContain(reference);
    expect(stage.server.arrived.filter((one) => one.method === "MESSAGE")).toHaveLength(2);
  });
});
