import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { readNdjson } from "../support/cli.ts";
import { openTwoCrossings, type TwoCrossings } from "../support/two-crossings.ts";

function rules(blocked: string): unknown {
  return {
    version: 1,
    rules: [
      { id: "watched", mode: "monitor", when: { url: { any: true } }, then: "block" },
      { id: blocked, when: { text: { phrase: "swordfish" } }, then: "block" },
      { id: "idle", when: { text: { phrase: "nobody says this" } }, then: "block" },
    ],
  };
}

describe("the counters of the rules", () => {
  let stage: TwoCrossings;

  beforeAll(async () => {
    stage = await openTwoCrossings(rules("blocked"));
    const alice = await stage.signOn("alice");
    const bob = await stage.signOn("bob");
    await alice.sends(bob.aor, "swordfish at http://a.example/");
    await alice.sends(bob.aor, "lunch at http://a.example/");
    await alice.sends(bob.aor, "swordfish");
  });

  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  async function counted(...args: readonly string[]): Promise<readonly unknown[]> {
    const { code, stdout } = await stage.gateway.cli("-o", "ndjson", "rules", "hits", ...args);
    expect(code).toBe(0);
    return readNdjson(stdout).map(({ id, mode, hits, would }) => [id, mode, hits, would]);
  }

  const COUNTED = [
    ["watched", "monitor", 0, 2],
    ["blocked", "enforce", 2, 0],
    ["idle", "enforce", 0, 0],
  ];

  it("say how often each rule has matched, once for a message that crosses twice", async () => {
    expect(await counted()).toEqual(COUNTED);
    expect(await counted("--unused")).toEqual([["idle", "enforce", 0, 0]]);
  });

  it("outlive a restart", async () => {
    await stage.gateway.stop();
    await stage.gateway.restart();
    expect(await counted()).toEqual(COUNTED);
  });

  it("outlive a reload, also of a rule that is no more", async () => {
    const config = parse(await readFile(stage.gateway.configFile, "utf8")) as { rules: [string] };
    await writeFile(config.rules[0], stringify(rules("renamed")));
    expect((await stage.gateway.cli("reload")).code).toBe(0);
    expect(await counted()).toEqual([
      ["watched", "monitor", 0, 2],
      ["renamed", "enforce", 0, 0],
      ["idle", "enforce", 0, 0],
      ["blocked", "gone", 2, 0],
    ]);
  });
});
