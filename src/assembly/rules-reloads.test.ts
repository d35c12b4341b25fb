import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { createMemoryJournal } from "../../test/support/memory-journal.ts";
import { failed, ok } from "../base/result.ts";
import { fileProblem } from "../config/read-yaml-file.ts";
import type { ListChange } from "./list-book.ts";
import type { PolicyStore, ReloadResult } from "./policy-store.ts";
import { createRulesReloads } from "./rules-reloads.ts";

const PLACE = { folder: import.meta.dirname, rules: true, names: ["bad.txt"] };

const SHRUNK: ListChange = {
  name: "bad",
  outcome: "kept",
  entries: 10,
  problem: "bad.txt has 1 entries",
  isNews: true,
};

function rig(given: {
  readonly look?: ReloadResult;
  readonly changes?: readonly ListChange[];
  readonly watchRules?: boolean;
  readonly watchedList?: boolean;
}) {
  const clock = createManualClock();
  const journal = createMemoryJournal();
  const logged: string[] = [];
  const asked: string[] = [];
  const log = (level: string) => (message: string) => void logged.push(`${level} ${message}`);
  let tell: ((name: string | null) => void) | undefined;
  const policies = {
    current: { generation: 4 },
    lists: given.watchedList === true ? [{ watched: true }] : [],
    places: [PLACE],
    async reload() {
      asked.push("reload");
      return ok({ warnings: [] });
    },
    async look() {
      asked.push("look");
      return given.look;
    },
    async refresh(which: unknown) {
      asked.push(`refresh ${JSON.stringify(which)}`);
      return given.changes ?? [];
    },
    // What is asked of it stands above.
  } as unknown as PolicyStore;
  const reloads = createRulesReloads(
    {
      clock,
      policies,
      journal,
      log: { info: log("info"), warn: log("warn"), error: log("error") },
      openFolder(_, onEvent) {
        tell = onEvent;
        return { [Symbol.dispose]: () => (tell = undefined) };
      },
    },
    { watchRules: given.watchRules ?? true },
  );
  return {
    reloads,
    asked,
    logged,
    isWatching: () => tell !== undefined,
    reasons: () => journal.operations.map((one) => one.reason),
    details: () => journal.operations.map((one) => one.details),
    /** A file changes and comes to rest. */
    change: async (name: string) => {
      tell?.(name);
      clock.advance(200);
      await new Promise(setImmediate);
    },
  };
}

describe("createRulesReloads", () => {
  it("records a reload that was asked for", async () => {
    const { reloads, reasons, details } = rig({});
    expect(await reloads.reload()).toEqual({ ok: true, generation: 4, problems: [] });
    expect(reasons()).toEqual(["new rules are in force"]);
    expect(details()).toEqual([{ generation: 4, problems: [] }]);
  });

  it("looks at lists, then at rules, when a file has changed, and tells what is wrong", async () => {
    const { change, asked, reasons, logged } = rig({
      look: failed([fileProblem("r/a.yaml", "unknown key")]),
    });
    await change("a.yaml");
    expect(asked).toEqual(['refresh {"watched":true}', "look"]);
    expect(reasons()).toEqual(["the rules were not loaded, the old ones stay"]);
    expect(logged).toEqual(["error changed rules not loaded, the old ones stay in force"]);
  });

  it("says nothing when a change was none", async () => {
    const { change, asked, reasons, logged } = rig({});
    await change("a.yaml");
    expect(asked).toHaveLength(2);
    expect([...reasons(), ...logged]).toEqual([]);
  });

  it("records a list that was not taken, and only news", async () => {
    const { reloads, reasons, details, logged } = rig({
      changes: [SHRUNK, { ...SHRUNK, name: "other", isNews: false }],
    });
    await reloads.refresh({ names: ["bad"] });
    expect(reasons()).toEqual(["list bad was not taken, the old one stays"]);
    expect(details()).toEqual([{ list: "bad", entries: 10, problem: "bad.txt has 1 entries" }]);
    expect(logged).toEqual(["error list bad was not taken, the old one stays"]);
  });

  it("leaves rules alone when it shall, and watches lists that ask for it", async () => {
    expect(rig({ watchRules: false }).isWatching()).toBe(false);
    const { change, asked, reloads, isWatching } = rig({ watchRules: false, watchedList: true });
    await change("bad.txt");
    expect(asked).toEqual(['refresh {"watched":true}']);
    reloads[Symbol.dispose]();
    expect(isWatching()).toBe(false);
  });
});
