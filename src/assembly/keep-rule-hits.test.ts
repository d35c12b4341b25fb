import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { RuleHits } from "../filter/rule-hits.ts";
import { keepRuleHits } from "./keep-rule-hits.ts";

let folder = "";
let file = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-hits-"));
  file = join(folder, "rule-hits.json");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function kept(hits: number): string {
  return JSON.stringify({ v: 1, since: 5, rules: { a: { hits, would: 0, errors: 0, last: 7 } } });
}

describe("keepRuleHits", () => {
  it("goes on from the file, and writes what was counted at the end", async () => {
    writeFileSync(file, kept(3));
    const clock = createManualClock();
    const warnings: string[] = [];
    const hits = new RuleHits(clock.now());
    const log = { warn: (message: string) => warnings.push(message) };
    const keeper = keepRuleHits({ clock, hits, log }, file);
    expect(hits.snapshot()).toEqual(JSON.parse(kept(3)));
    hits.restore(JSON.parse(kept(4)));
    await keeper[Symbol.asyncDispose]();
    expect(readFileSync(file, "utf8")).toBe(kept(4));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["rule-hits.json"]);
    expect(warnings).toEqual([]);
  });

  it("begins anew when the file is damaged, and says when it cannot be written", async () => {
    writeFileSync(file, '{"v":1,"si');
    const clock = createManualClock();
    const warnings: string[] = [];
    const hits = new RuleHits(clock.now());
    const log = { warn: (message: string) => warnings.push(message) };
    const keeper = keepRuleHits({ clock, hits, log }, file);
    expect(hits.snapshot().rules).toEqual({});
    rmSync(folder, { recursive: true });
    hits.restore(JSON.parse(kept(1)));
    await keeper[Symbol.asyncDispose]();
    expect(warnings).toEqual(["the counters of the rules could not be kept"]);
  });
});
