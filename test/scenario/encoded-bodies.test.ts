/** Content-Encoding through the running gateway, there and back through the server (decision 036). */
import { deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SipClient } from "../support/sip-client.ts";
import type { SipText } from "../support/sip-text.ts";
import { openTwoCrossings, type TwoCrossings } from "../support/two-crossings.ts";

const RULES = {
  version: 1,
  rules: [
    {
      id: "no-programs",
      when: { url: { path_extension: ["exe"] } },
      then: { block: { reason: "No links to programs" } },
    },
    { id: "disarm", when: { url: { any: true } }, then: { rewrite: { links: { prefix: "_" } } } },
  ],
};

describe("a message whose body is compressed", () => {
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

  async function sends(coding: string, body: Buffer): Promise<SipText> {
    return alice.sends(bob.aor, body, { headers: [["Content-Encoding", coding]] });
  }

  it("arrives with its link disarmed, and is one incident", async () => {
    await stage.counts();
    expect((await sends("deflate", deflateSync("see http://evil.example/"))).status).toBe(200);
    const message = await bob.receives();
    expect(message.body.toString()).toBe("see _http://evil.example/");
    expect(message.header("content-encoding")).toBeUndefined();
    expect(await stage.counts()).toEqual({ incidents: 1, events: 1 });
  });

  it("is refused for a link to a program", async () => {
    expect((await sends("gzip", gzipSync("http://evil.example/a.exe"))).status).toBe(403);
    expect(bob.unread).toEqual([]);
  });

  it("arrives as what it says when there is nothing to stop in it", async () => {
    expect((await sends("deflate", deflateSync("hello bob"))).status).toBe(200);
    const message = await bob.receives();
    expect(message.body.toString()).toBe("hello bob");
    expect(message.header("content-length")).toBe("9");
    expect(message.header("content-encoding")).toBeUndefined();
  });

  it("is refused with 415 when it cannot be decoded to its end", async () => {
    expect((await sends("gzip", gzipSync("hello bob").subarray(0, -1))).status).toBe(415);
    expect((await sends("br", Buffer.from("hello"))).status).toBe(415);
    expect(bob.unread).toEqual([]);
  });
});
