import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { writeTemporaryFiles, type TemporaryFiles } from "../config/temporary-files.test-data.ts";
import { createRulesDesk } from "./rules-desk.ts";
import type { LoadJob, RulesAnswer } from "./rules-job.ts";

const RULES = `version: 1
rules:
  - id: no-links
    when: { url: { any: true } }
    then: block
    tests: [{ given: { text: "http://a.example/" }, expect: { action: block } }]
`;

function jobIn(files: TemporaryFiles): LoadJob {
  return {
    kind: "load",
    paths: [files.path("a.yaml")],
    domains: [],
    copies: files.path("copies"),
    now: 0,
    known: [],
    look: undefined,
  };
}

function problemOf(answer: RulesAnswer): string {
  return answer.kind === "bad" ? (answer.problems[0]?.message ?? "none") : answer.kind;
}

describe("createRulesDesk", () => {
  it("has rules read and tested in a thread, and goes on with another when that one dies", async () => {
    using files = writeTemporaryFiles({ "a.yaml": RULES });
    const clock = createManualClock();
    await using desk = createRulesDesk(clock);
    const good = await desk.ask(jobIn(files));
    expect(good.kind === "good" && good.rules.sources.map((one) => one.ruleLines)).toEqual([[3]]);

    const asked = desk.ask(jobIn(files));
    clock.advance(60_000);
    expect(problemOf(await asked)).toBe("the rules could not be read: it took longer than 60 s");

    // Nobody asks so; it stands for whatever may kill the next thread.
    const deadly = { ...jobIn(files), domains: undefined } as unknown as LoadJob;
    expect(problemOf(await desk.ask(deadly))).toMatch(/^the rules could not be read: /);
  }, 60_000);

  it("starts no thread for what is asked when the gateway stops", async () => {
    using files = writeTemporaryFiles({ "a.yaml": RULES });
    const desk = createRulesDesk(createManualClock());
    const asked = desk.ask(jobIn(files));
    await desk[Symbol.asyncDispose]();
    const late = await desk.ask(jobIn(files));
    for (const answer of [await asked, late]) {
      expect(answer).toMatchObject({ kind: "bad", problems: [] });
    }
  });
});
