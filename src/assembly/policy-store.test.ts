import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { writeTemporaryFiles, type TemporaryFiles } from "../config/temporary-files.test-data.ts";
import { NOTHING_GIVEN } from "../config/given.ts";
import { judgeGiven } from "./judge-given.ts";
import { inlineTestSettings } from "./judge-settings.ts";
import { createPolicyStore, type PolicyStore, type ReloadResult } from "./policy-store.ts";
import { runInlineTest } from "./run-inline-test.ts";
import { runRulesJob, type RulesJob } from "./rules-job.ts";
import { fileProblem } from "../config/read-yaml-file.ts";
import { formatProblem } from "../config/format-problem.ts";

const RULES = (id: string, more = "") => `version: 1
lists:
  bad: { type: domain, file: bad.txt, refresh: watch }
rules:
  - id: ${id}
    when: { url: { host: { in_list: bad } } }
    then: block
${more}`;

const TEN = Array.from({ length: 10 }, (_, index) => `host-${index}.example\n`).join("");

/** A store whose desk does its jobs here, through the clone that a thread would make; or is as good as dead. */
function storeIn(files: TemporaryFiles, dead = false) {
  const clock = createManualClock();
  const jobs: RulesJob["kind"][] = [];
  const created = createPolicyStore(
    { rules: [files.path("r")], domains: [], data: { dir: files.path("data") } },
    {
      clock,
      judgeGiven: runInlineTest,
      desk: {
        async ask(job) {
          jobs.push(job.kind);
          if (dead) {
            const problem = fileProblem("", "the thread ended");
            return { kind: "bad", problems: [problem], digest: undefined, places: undefined };
          }
          const asked = structuredClone(job);
          return structuredClone(runRulesJob(asked, runInlineTest));
        },
        async [Symbol.asyncDispose]() {},
      },
    },
  );
  if (!created.ok) throw new Error(created.problem.map(formatProblem).join("\n"));
  return { store: created.value, clock, jobs };
}

function actionOf(store: PolicyStore, host: string): string {
  const given = { ...NOTHING_GIVEN, text: `http://${host}/` };
  const { action, rule } = judgeGiven(store.current, given, inlineTestSettings([]));
  return `${action} ${rule ?? "-"}`;
}

function problemsOf(files: TemporaryFiles, result: ReloadResult | undefined): readonly string[] {
  if (result === undefined) return ["nothing new"];
  return result.ok ? ["ok"] : files.shown(result.problem);
}

describe("createPolicyStore", () => {
  it("puts changed rules in force as a whole, and keeps the old ones when they are broken", async () => {
    using files = writeTemporaryFiles({ "r/a.yaml": RULES("one"), "r/bad.txt": TEN });
    const { store, clock } = storeIn(files);
    expect(actionOf(store, "a.host-1.example")).toBe("block one");
    writeFileSync(files.path("r/a.yaml"), RULES("two"));
    clock.advance(5000);
    expect(problemsOf(files, await store.reload())).toEqual(["ok"]);
    expect(store.current.generation).toBe(2);
    expect(store.current.rules.map(({ id, line }) => [id, line])).toEqual([["two", 5]]);
    expect(actionOf(store, "a.host-1.example")).toBe("block two");
    expect(actionOf(store, "example")).toBe("allow -");

    writeFileSync(
      files.path("r/a.yaml"),
      RULES("three", "    tests: [{ given: { text: a }, expect: { action: block } }]\n"),
    );
    expect(problemsOf(files, await store.reload())[0]).toContain("r/a.yaml:8:");
    expect(store.lastFailure?.problems).toHaveLength(1);
    expect(store.current.generation).toBe(2);
    expect(actionOf(store, "a.host-1.example")).toBe("block two");
    expect(store.counters).toMatchObject({ reloads: 1, failedReloads: 1 });
  });

  it.each<[string, (files: TemporaryFiles) => void, string]>([
    [
      "a typo",
      (f) => writeFileSync(f.path("r/a.yaml"), RULES("x", "    whn: {}\n")),
      "r/a.yaml:8:5: unknown key",
    ],
    [
      "a key twice",
      (f) => writeFileSync(f.path("r/a.yaml"), RULES("x", "    then: allow\n")),
      "r/a.yaml:8:5: duplicate key",
    ],
    [
      "aliases that multiply",
      (f) =>
        writeFileSync(
          f.path("r/a.yaml"),
          `version: 1\na: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi"
            .split("")
            .map((k, i) => `${k}: &${k} [${`*${"abcdefgh"[i]},`.repeat(9)}]`)
            .join("\n")}\n`,
        ),
      "r/a.yaml:",
    ],
    [
      "bytes that are no UTF-8",
      (f) => writeFileSync(f.path("r/a.yaml"), Buffer.from("version: 1 # \xfc\n", "latin1")),
      "r/a.yaml:1:14: not UTF-8 text",
    ],
    [
      "half a file",
      (f) => writeFileSync(f.path("r/a.yaml"), RULES("x").slice(0, -30)),
      "r/a.yaml:",
    ],
    [
      "100,000 rules",
      (f) =>
        writeFileSync(
          f.path("r/a.yaml"),
          `version: 1\nrules:\n${"  - { id: a, when: { from: { user: x } }, then: block }\n".repeat(100_000)}`,
        ),
      "r/a.yaml:1:1: the file is larger than 4 MiB",
    ],
    [
      "a link in a circle",
      (f) => {
        rmSync(f.path("r/a.yaml"));
        symlinkSync("b.yaml", f.path("r/a.yaml"));
        symlinkSync("a.yaml", f.path("r/b.yaml"));
      },
      "r/a.yaml:1:1: r/a.yaml cannot be read: its symbolic links lead in a circle",
    ],
    [
      "a folder in its place",
      (f) => {
        rmSync(f.path("r/a.yaml"));
        mkdirSync(f.path("r/a.yaml"));
      },
      "r/a.yaml:1:1: r/a.yaml is a folder",
    ],
    [
      "a list that is damaged",
      (f) => writeFileSync(f.path("r/bad.txt"), "a.example\nco.uk\n"),
      "r/bad.txt:2:1: ",
    ],
  ])(
    "changes nothing for %s, on request and by itself, and says where",
    async (_, spoil, expected) => {
      using files = writeTemporaryFiles({ "r/a.yaml": RULES("one"), "r/bad.txt": TEN });
      const { store } = storeIn(files);
      spoil(files);
      const looked = problemsOf(files, await store.look());
      const problems = problemsOf(files, await store.reload());
      expect(problems[0]?.startsWith(expected)).toBe(true);
      // A look leaves lists to their own refresh.
      expect(looked).toEqual(expected.startsWith("r/bad.txt") ? ["nothing new"] : problems);
      expect(store.current.generation).toBe(1);
      expect(actionOf(store, "a.host-1.example")).toBe("block one");
      expect(store.lastFailure?.problems.length).toBeGreaterThan(0);
    },
  );

  it("sees by itself what changed, once, and takes no file for rules that is only half written", async () => {
    using files = writeTemporaryFiles({ "r/a.yaml": RULES("one"), "r/bad.txt": TEN });
    const { store } = storeIn(files);
    expect(problemsOf(files, await store.look())).toEqual(["nothing new"]);
    writeFileSync(files.path("r/a.yaml"), "");
    expect(problemsOf(files, await store.look())).toEqual([
      "r/a.yaml:1:1: r/a.yaml is gone or empty, its rules stay in force (sluice reload puts the others in force without it)",
    ]);
    expect(problemsOf(files, await store.look())).toEqual(["nothing new"]);
    writeFileSync(files.path("r/new.yaml"), RULES("two").replaceAll("bad:", "worse:"));
    renameSync(files.path("r/new.yaml"), files.path("r/a.yaml"));
    expect(problemsOf(files, await store.look()).join()).toContain('there is no list "bad"');
    writeFileSync(files.path("r/a.yaml"), RULES("two"));
    expect(problemsOf(files, await store.look())).toEqual(["ok"]);
    expect(actionOf(store, "host-1.example")).toBe("block two");
    writeFileSync(files.path("r/a.yaml"), "");
    expect(problemsOf(files, await store.reload())).toEqual(["ok"]);
    expect(store.current.rules).toEqual([]);
  });

  it("takes rules whose list comes after them, as copying a folder may do", async () => {
    using files = writeTemporaryFiles({ "r/a.yaml": RULES("one"), "r/bad.txt": TEN });
    const { store } = storeIn(files);
    const more = RULES("two")
      .replace("bad: {", "worse: {")
      .replace("bad.txt, refresh: watch", "lists/worse.txt");
    writeFileSync(files.path("r/b.yaml"), more.replace("in_list: bad", "in_list: worse"));
    expect(problemsOf(files, await store.look())[0]).toContain("r/lists/worse.txt does not exist");
    expect(problemsOf(files, await store.look())).toEqual(["nothing new"]);
    expect(store.places).toContainEqual({
      folder: files.path("r/lists"),
      rules: false,
      names: ["worse.txt"],
    });
    mkdirSync(files.path("r/lists"));
    writeFileSync(files.path("r/lists/worse.txt"), "worse.example\n");
    expect(problemsOf(files, await store.look())).toEqual(["ok"]);
    expect(actionOf(store, "worse.example")).toBe("block two");
    expect(problemsOf(files, await store.look())).toEqual(["nothing new"]);
  });

  it("reads lists again without compiling rules, and sees them in messages at once", async () => {
    using files = writeTemporaryFiles({ "r/a.yaml": RULES("one"), "r/bad.txt": TEN });
    const { store, clock, jobs } = storeIn(files);
    const policy = store.current;
    writeFileSync(files.path("r/bad.txt"), `${TEN}new.example\n`);
    clock.advance(1000);
    const changes = await store.refresh({ watched: true });
    expect(changes).toMatchObject([{ name: "bad", outcome: "new", entries: 11 }]);
    expect(store.current).toBe(policy);
    expect(actionOf(store, "www.new.example")).toBe("block one");
    expect(jobs).toEqual(["refresh"]);
    expect(store.lists).toMatchObject([
      { name: "bad", entries: 11, trouble: undefined, loadedAt: clock.now() },
    ]);
    expect(await store.refresh({})).toMatchObject([{ outcome: "same", isNews: false }]);
    expect(await store.refresh({ names: ["other"] })).toEqual([]);
  });

  it("does not believe a list that lost more than half, until somebody says so", async () => {
    using files = writeTemporaryFiles({ "r/a.yaml": RULES("one"), "r/bad.txt": TEN });
    const { store } = storeIn(files);
    writeFileSync(files.path("r/bad.txt"), "host-1.example\n");
    expect(await store.refresh({})).toMatchObject([{ outcome: "kept", entries: 10, isNews: true }]);
    expect(await store.refresh({})).toMatchObject([{ outcome: "kept", isNews: false }]);
    expect(actionOf(store, "host-9.example")).toBe("block one");
    expect(store.lists[0]?.trouble).toContain("has 1 entries, less than half of the 10 in force");
    expect(store.counters.listRefusals).toBe(1);
    expect(problemsOf(files, await store.reload())).toEqual(["ok"]);
    expect(actionOf(store, "host-9.example")).toBe("block one");
    expect(await store.refresh({ allowShrink: true })).toMatchObject([{ outcome: "new" }]);
    expect(actionOf(store, "host-9.example")).toBe("allow -");
    expect(store.lists[0]?.trouble).toBe(undefined);
  });

  it("keeps a list whose file is gone or damaged, and says so", async () => {
    using files = writeTemporaryFiles({ "r/a.yaml": RULES("one"), "r/bad.txt": TEN });
    const { store } = storeIn(files);
    rmSync(files.path("r/bad.txt"));
    expect(await store.refresh({})).toMatchObject([{ outcome: "failed", entries: 10 }]);
    expect(actionOf(store, "host-1.example")).toBe("block one");
    expect(store.lists[0]?.trouble).toContain("bad.txt does not exist");
    writeFileSync(files.path("r/a.yaml"), RULES("two"));
    expect(problemsOf(files, await store.look())).toEqual(["ok"]);
    expect(actionOf(store, "host-1.example")).toBe("block two");
    expect(problemsOf(files, await store.reload())[0]).toContain("bad.txt does not exist");
    writeFileSync(files.path("r/bad.txt"), TEN);
    expect(await store.refresh({})).toMatchObject([{ outcome: "same", isNews: true }]);
    expect(store.lists[0]?.trouble).toBe(undefined);
  });

  it("keeps rules and lists when there is nobody to read them, and says so", async () => {
    using files = writeTemporaryFiles({ "r/a.yaml": RULES("one"), "r/bad.txt": TEN });
    const { store } = storeIn(files, true);
    expect(await store.refresh({})).toMatchObject([
      { outcome: "failed", entries: 10, problem: expect.stringContaining("the thread ended") },
    ]);
    expect((await store.reload()).ok).toBe(false);
    expect(store.lastFailure?.problems[0]?.message).toBe("the thread ended");
    expect(actionOf(store, "host-1.example")).toBe("block one");
  });

  it("does two reloads one after the other, and the newest files win", async () => {
    using files = writeTemporaryFiles({ "r/a.yaml": RULES("one"), "r/bad.txt": TEN });
    const { store, jobs } = storeIn(files);
    const first = store.reload();
    writeFileSync(files.path("r/a.yaml"), RULES("two"));
    const others = [store.reload(), store.reload(), store.reload()];
    await Promise.all([first, ...others]);
    expect(actionOf(store, "host-1.example")).toBe("block two");
    expect(jobs.length).toBeLessThanOrEqual(2);
  });
});
