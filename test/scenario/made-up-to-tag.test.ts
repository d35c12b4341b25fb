import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SipClient } from "../support/sip-client.ts";
import type { SipText } from "../support/sip-text.ts";
import { openTwoCrossings, type TwoCrossings } from "../support/two-crossings.ts";

/** What stays inside may not hold the word; what goes out is another department's affair. */
const RULES = {
  version: 1,
  rules: [
    {
      id: "not-among-us",
      when: { direction: ["internal", "inbound"], text: { phrase: ["swordfish"] } },
      then: { block: { reason: "Not among us" } },
    },
    {
      id: "not-to-bob",
      when: { to: { aor: "sip:bob@example.test" }, text: { phrase: ["herring"] } },
      then: { block: { reason: "Not to Bob" } },
    },
  ],
};

const MADE_UP = "<sip:someone@elsewhere.org>;tag=made-up";

describe("a To field with a made-up tag", () => {
  let stage: TwoCrossings;
  let alice: SipClient;
  let bob: SipClient;

  beforeAll(async () => {
    stage = await openTwoCrossings(RULES);
    alice = await stage.signOn("alice");
    bob = await stage.signOn("bob");
  });

  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  /** A MESSAGE that looks as if it belonged to a dialog with somebody far away. */
  async function sendsAs(target: string, body: string): Promise<SipText> {
    const from = `<${alice.aor}>;tag=a1`;
    const state = { callId: randomUUID(), from, to: MADE_UP, target, routes: [] };
    return alice.withinDialog(state, "MESSAGE", { body });
  }

  it.each([
    ["the direction", "swordfish"],
    ["the receiver", "herring"],
  ])("does not choose %s that the rules see", async (_, word) => {
    expect((await sendsAs(bob.aor, word)).status).toBe(403);
    expect(bob.unread).toEqual([]);
  });

  it("does not choose the direction for what the server delivers under its own address", async () => {
    const { address, port } = stage.server.local;
    const at = `sip:bob@${address}:${port}`;
    expect((await sendsAs(at, "swordfish")).status).toBe(403);
  });

  it("leaves a text inside a session to the user whom it was opened to", async () => {
    const { dialog } = await alice.invites(bob.aor);
    expect((await dialog.sends("a herring")).status).toBe(403);
    expect((await dialog.sends("a swordfish")).status).toBe(403);
    expect((await dialog.sends("a trout")).status).toBe(200);
    const back = bob.dialogOf(await bob.receivesRequest("INVITE"));
    expect((await back.sends("a herring")).status).toBe(200);
    expect((await back.sends("a swordfish")).status).toBe(403);
  });

  it("does not borrow the session's proof for another receiver", async () => {
    const { dialog } = await alice.invites(bob.aor);
    const state = { ...dialog.state, target: bob.aor, to: MADE_UP };
    const answer = await alice.withinDialog(state, "MESSAGE", { body: "herring" });
    expect(answer.status).toBe(403);
  });
});
