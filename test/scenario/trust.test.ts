import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ASSERTED_FIELDS } from "../../src/proxy/trusted-fields.ts";
import type { SipClient } from "../support/sip-client.ts";
import type { SipText } from "../support/sip-text.ts";
import { openTwoCrossings, type TwoCrossings } from "../support/two-crossings.ts";

const RULES = {
  version: 1,
  rules: [
    {
      id: "no-programs",
      when: { url: { path_extension: ["exe"] } },
      then: { block: { reason: "Program" } },
    },
    {
      id: "not-from-outside",
      when: { direction: "inbound", text: { phrase: ["swordfish"] } },
      then: { block: { reason: "Not from outside" } },
    },
    {
      id: "not-to-the-outside",
      when: { direction: "outbound", text: { phrase: ["herring"] } },
      then: { block: { reason: "Not to the outside" } },
    },
  ],
};

const TRUSTED = "127.0.0.9";
const KEPT = ["P-Preferred-Identity", "Diversion", "X-Sluice", "Remote-Party", "ms-asserted"];
const ASSERTED = ASSERTED_FIELDS.map(({ name }) => name);
const OWN = ["Sluice-Mark", "Sluice-Anything", "SLUICE-x"];

function lines(names: readonly string[]): readonly (readonly [string, string])[] {
  return names.map((name) => [name, "<sip:ceo@example.test>"]);
}

/** Those of the names that a message bears. */
function borne(message: SipText | undefined, names: readonly string[]): readonly string[] {
  return names.filter((name) => (message?.all(name) ?? []).includes("<sip:ceo@example.test>"));
}

describe("what a peer says of itself", () => {
  let stage: TwoCrossings;
  let alice: SipClient;
  let bob: SipClient;

  beforeAll(async () => {
    stage = await openTwoCrossings(RULES, { settings: { trusted: [TRUSTED] } });
    alice = await stage.signOn("alice");
    bob = await stage.signOn("bob");
  });

  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  it("is taken off an untrusted client's requests, and nothing else is", async () => {
    await alice.sends(bob.aor, "hello", { headers: lines([...ASSERTED, ...OWN, ...KEPT]) });
    const atServer = stage.server.arrived.at(-1);
    expect(borne(atServer, [...ASSERTED, ...OWN])).toEqual([]);
    expect(borne(atServer, KEPT)).toEqual(KEPT);
    await bob.receives();
  });

  it("is taken off an untrusted client's answers as well", async () => {
    bob.answersWith.push(
      ...lines([...ASSERTED, ...OWN, ...KEPT]).map(([name, value]) => `${name}: ${value}`),
    );
    const answer = await alice.sends(bob.aor, "hello");
    expect(borne(answer, [...ASSERTED, ...OWN])).toEqual([]);
    expect(borne(answer, KEPT)).toEqual(KEPT);
    bob.answersWith.splice(0);
    await bob.receives();
  });

  it("stands when a trusted client says it, but for what only gateways say", async () => {
    const peer = await stage.signOn("peer", { address: TRUSTED });
    await peer.sends(bob.aor, "hello", { headers: lines([...ASSERTED, ...OWN]) });
    expect(borne(stage.server.arrived.at(-1), [...ASSERTED, ...OWN])).toEqual(ASSERTED);
    await bob.receives();
    peer.answersWith.push(
      ...lines([...ASSERTED, ...OWN]).map(([name, value]) => `${name}: ${value}`),
    );
    expect(borne(await alice.sends(peer.aor, "hello"), [...ASSERTED, ...OWN])).toEqual(ASSERTED);
  });

  it("stands when the server says it", async () => {
    await alice.sends(bob.aor, "once");
    await bob.receives();
    const sent = stage.server.arrived.at(-1);
    if (sent === undefined) throw new Error("nothing at the server");
    const added = lines([...ASSERTED, "Sluice-Anything"]).map(
      ([name, value]) => `${name}: ${value}`,
    );
    await stage.server.sendsAgain(sent, { headers: (old) => [...old, ...added] });
    const got = await bob.receives();
    expect(borne(got, [...ASSERTED, ...OWN])).toEqual(ASSERTED);
  });

  it("makes nobody an insider who only says so, and no insider an outsider", async () => {
    const mallory = await stage.open("alice");
    expect((await mallory.sends(bob.aor, "swordfish")).status).toBe(403);
    expect((await mallory.sends("sip:x@elsewhere.org", "herring")).status).toBe(403);
    expect((await alice.sends(bob.aor, "swordfish")).status).toBe(200);
    await bob.receives();
    const disguised = await stage.open("eve", { domain: "elsewhere.org" });
    expect((await disguised.sends(bob.aor, "swordfish")).status).toBe(403);
  });

  it("leaves challenges and credentials between a client and its server", async () => {
    stage.server.answering = "challenge";
    const answer = await alice.sends(bob.aor, "hello");
    stage.server.answering = "forward";
    expect(answer.status).toBe(407);
    expect(answer.header("proxy-authenticate")).toBe('Digest realm="example.test", nonce="n1"');
    const credentials = 'Digest username="alice", realm="another", nonce="n", response="00"';
    await alice.sends(bob.aor, "hello", { headers: [["Proxy-Authorization", credentials]] });
    expect(stage.server.arrived.at(-1)?.all("proxy-authorization")).toEqual([credentials]);
    await bob.receives();
    // What is refused here is never a challenge, however a sender asks for one.
    const refused = await alice.sends(bob.aor, "http://evil.example/a.exe");
    expect(refused.status).toBe(403);
    expect(refused.all("www-authenticate")).toEqual([]);
    expect(refused.all("proxy-authenticate")).toEqual([]);
  });

  it.each(["MESSAGE", "OPTIONS", "INVITE", "REGISTER"])(
    "learns nothing from the gateway's own answers to %s about who exists",
    async (method) => {
      const asked = stage.server.arrived.length;
      const answers: string[] = [];
      for (const name of ["bob", "nobody"]) {
        const answer = await alice.requests(method, `sip:${name}@example.test`, {
          headers: [["Proxy-Require", "something"]],
        });
        answers.push(withoutWhatIsUnique(answer));
        const blocked = await alice.sends(`sip:${name}@example.test`, "http://e.example/a.exe");
        answers.push(withoutWhatIsUnique(blocked));
      }
      expect(answers.slice(0, 2)).toEqual(answers.slice(2));
      expect(stage.server.arrived).toHaveLength(asked);
    },
  );
});

function withoutWhatIsUnique(answer: SipText): string {
  return answer.headers
    .filter(({ name }) => !["via", "to", "call-id", "cseq"].includes(name))
    .reduce((text, { raw }) => `${text}\n${raw}`, answer.startLine)
    .replaceAll(/INC-[0-9A-Z]{8}/g, "INC");
}
