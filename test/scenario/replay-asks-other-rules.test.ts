import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openIncidentReader } from "../../src/journal/incident-queries.ts";
import { runSluice } from "../support/cli.ts";
import { openTwoCrossings, type TwoCrossings } from "../support/two-crossings.ts";
import { writeRules } from "../support/write-config.ts";

const THEN = {
  version: 1,
  rules: [
    { id: "no-programs", when: { url: { path_extension: ["exe", "pdf"] } }, then: "block" },
    { id: "links", when: { url: { any: true } }, then: { rewrite: { links: { prefix: "_" } } } },
  ],
};

/** Looser for pdf, stricter for one host. */
const NOW = {
  version: 1,
  rules: [
    { id: "no-programs", when: { url: { path_extension: ["exe"] } }, then: "block" },
    { id: "bad-host", when: { url: { host: { suffix: "bad.example" } } }, then: "block" },
    { id: "links", when: { url: { any: true } }, then: { rewrite: { links: { prefix: "_" } } } },
  ],
};

describe("sluice replay", () => {
  let stage: TwoCrossings;
  let candidate = "";

  beforeAll(async () => {
    stage = await openTwoCrossings(THEN);
    const alice = await stage.signOn("alice");
    const bob = await stage.signOn("bob");
    await alice.sends(bob.aor, "http://a.example/setup.exe?token=zzsecret");
    await alice.sends(bob.aor, "http://b.example/plan.pdf zzsecret");
    await alice.sends(bob.aor, "see http://www.bad.example/");
    await alice.sends(bob.aor, "see http://good.example/");
    candidate = await writeRules(stage.gateway.dir, "candidate.yaml", NOW);
  });

  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  const expected = [
    ["block", "no-programs", "rewrite", "links", "looser"],
    ["rewrite", "links", "block", "bad-host", "stricter"],
  ];
  const sum =
    "4 incidents, 2 the same, 0 by another rule, 1 looser (0 would pass), 1 stricter, 0 unknown\n";

  function changes(stdout: string): readonly unknown[] {
    const rows = JSON.parse(stdout) as Record<string, unknown>[];
    return rows
      .map((row) => [
        row["then_action"],
        row["then_rule"],
        row["now_action"],
        row["now_rule"],
        row["change"],
      ])
      .toSorted((a, b) => (String(a) < String(b) ? -1 : 1));
  }

  it("asks candidate rules about what a running gateway has stopped and changed", async () => {
    const asked = await stage.gateway.cli("-o", "json", "replay", "--rules", candidate);
    expect(asked.code).toBe(0);
    expect(changes(asked.stdout)).toEqual(expected);
    expect(asked.stderr).toBe(sum);
    const own = await stage.gateway.cli("-o", "json", "replay");
    expect(changes(own.stdout)).toEqual([]);
  });

  it("does so as well when the gateway has ended, from a store that holds no text", async () => {
    const { dir, configFile } = stage.gateway;
    await stage.gateway.stop();
    const args = ["--config", configFile, "-o", "json", "replay", "--all", "--rules", candidate];
    const asked = await runSluice(args);
    expect(asked.code).toBe(0);
    expect(asked.stderr).toBe(sum);
    expect(changes(asked.stdout)).toHaveLength(4);
    const store = openIncidentReader(join(dir, "data", "sluice.db"));
    const features = store.list({ features: true }).map((row) => row.features);
    store.close();
    expect(features).toHaveLength(4);
    expect(JSON.stringify(features)).not.toContain("zzsecret");
  });
});
