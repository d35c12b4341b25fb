import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLookInThread } from "../../test/support/look-in-thread.ts";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { ok } from "../base/result.ts";
import { createMemorySource } from "./memory-source.ts";
import { createScanDesk } from "./scan-desk.ts";
import type { EngineStatus, ScanDesk, ScanReport, ScanSource } from "./scan-engine.ts";
import { ScriptedEngine, settle } from "./scripted-engine.test-data.ts";

function file(n: number): ScanSource {
  return createMemorySource(Buffer.from(`file ${n}`));
}

const WORDS = createMemorySource(Buffer.from("harmless words"));

describe("askEngines", () => {
  let clock: ManualClock;
  let desk: ScanDesk | undefined;
  let changes: EngineStatus[];

  beforeEach(() => {
    clock = createManualClock();
    desk = undefined;
    changes = [];
  });

  afterEach(async () => {
    await desk?.[Symbol.asyncDispose]();
    if (clock.scheduledCalls > 0) throw new Error("a timer is left");
  });

  async function deskOf(
    combination: "worst" | "majority" | "first_available",
    ...engines: readonly ScriptedEngine[]
  ): Promise<ScanDesk> {
    const onChange = (status: EngineStatus): void => void changes.push(status);
    const made = createScanDesk(
      { looker: createLookInThread(), clock, engines, onChange },
      { timeoutMs: 60_000, combination },
    );
    desk = made;
    await settle();
    return made;
  }

  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100);
      await settle();
    }
  }

  function told({ verdict, results }: ScanReport): string {
    return `${results.map((one) => `${one.engine} ${one.kind}`).join(", ")}: ${verdict.kind}`;
  }

  it("asks the first of a chain alone, and the next where it fails, without waiting for it", async () => {
    const [a, b] = [new ScriptedEngine("a", false), new ScriptedEngine("b", false)];
    const chain = await deskOf("first_available", a, b);
    expect(told(await chain.scan(WORDS))).toBe("a clean: clean");
    a.says = "bad-reply";
    expect(told(await chain.scan(WORDS))).toBe("a error, b clean: clean");
    b.says = "infected";
    expect(told(await chain.scan(WORDS))).toBe("a error, b infected: infected");
    a.says = "unscannable";
    expect(told(await chain.scan(WORDS))).toBe("a unscannable: unscannable");
    expect([a.scans, b.scans]).toEqual([4, 2]);
  });

  it("leaves half of the time to the second of two when the first hangs", async () => {
    const [a, b] = [new ScriptedEngine("a", false), new ScriptedEngine("b", false)];
    const chain = await deskOf("first_available", a, b);
    a.says = "hangs";
    const report = chain.scan(WORDS);
    await pass(29_900);
    expect(b.scans).toBe(0);
    await pass(200);
    expect(told(await report)).toBe("a error, b clean: clean");
  });

  it("fails when nobody in the chain answers, and keeps to scan.timeout", async () => {
    const [a, b] = [new ScriptedEngine("a", false), new ScriptedEngine("b", false)];
    const chain = await deskOf("first_available", a, b);
    a.says = "hangs";
    b.says = "hangs";
    const report = chain.scan(WORDS);
    await pass(60_100);
    expect(told(await report)).toBe("a error, b error: error");
  });

  it("always asks a required engine beside the chain, and fails without its answer", async () => {
    const required = new ScriptedEngine("r");
    const chain = await deskOf(
      "first_available",
      new ScriptedEngine("a", false),
      required,
      new ScriptedEngine("b", false),
    );
    required.says = "infected";
    expect(told(await chain.scan(WORDS))).toBe("a clean, r infected: infected");
    required.says = "hangs";
    const report = chain.scan(WORDS);
    await pass(60_100);
    expect(told(await report)).toBe("a clean, r error: error");
  });

  it("sends an engine no file beyond what it takes, and calls it too large", async () => {
    const engine = new ScriptedEngine("a");
    engine.maxBytes = WORDS.size;
    const alone = await deskOf("worst", engine);
    expect(told(await alone.scan(WORDS))).toBe("a clean: clean");
    const longer = createMemorySource(Buffer.from("harmless words."));
    expect((await alone.scan(longer)).verdict).toMatchObject({
      kind: "unscannable",
      reason: "too-large",
    });
    expect(engine.scans).toBe(1);
  });

  it("tells of a warning that an engine has learned of while it was up, once", async () => {
    const engine = new ScriptedEngine("a");
    engine.ping = async () => ok("there");
    engine.signaturesAt = 7;
    const alone = await deskOf("worst", engine);
    engine.warning = "has old signatures";
    await pass(10_000);
    expect(changes.map(({ state, warning }) => [state, warning])).toEqual([
      ["up", ""],
      ["up", "has old signatures"],
    ]);
    expect(alone.status()).toMatchObject([
      { detail: "script 1 (has old signatures)", signaturesAt: 7 },
    ]);
  });

  it("waits for an engine that is just down only where the scan fails without it", async () => {
    const [a, b, c] = ["a", "b", "c"].map((name) => new ScriptedEngine(name, name === "c"));
    if (a === undefined || b === undefined || c === undefined) throw new Error("three engines");
    const chain = await deskOf("first_available", a, b);
    a.problem = "no connection";
    await chain.test();
    expect(told(await chain.scan(WORDS))).toBe("a error, b clean: clean");
    b.problem = "no connection";
    await chain.test();
    const held = chain.scan(WORDS);
    await pass(5000);
    b.problem = undefined;
    await chain.test();
    expect(told(await held)).toBe("a error, b clean: clean");
    await chain[Symbol.asyncDispose]();

    const all = await deskOf("worst", a, c);
    expect(told(await all.scan(WORDS))).toBe("a error, c clean: clean");
    c.problem = "no connection";
    await all.test();
    a.problem = undefined;
    a.says = "infected";
    await Promise.all([all.test(), settle()]);
    // found already: nothing that c could say would change it
    expect(told(await all.scan(WORDS))).toBe("a infected, c error: infected");
  });

  it("asks all by majority", async () => {
    const engines = ["a", "b", "c"].map((name) => new ScriptedEngine(name, false));
    const three = await deskOf("majority", ...engines);
    const [first] = engines;
    if (first !== undefined) first.says = "infected";
    expect(told(await three.scan(WORDS))).toBe("a infected, b clean, c clean: clean");
  });

  it("does not leave an engine alone for one file that it cannot bear", async () => {
    const engine = new ScriptedEngine("a");
    const alone = await deskOf("worst", engine);
    const good = new ScriptedEngine("good");
    engine.scan = async (source, signal) =>
      source.sha256 === WORDS.sha256
        ? { kind: "error", engine: "a", reason: "bad-reply", ms: 0 }
        : good.scan(source, signal);
    const bad = alone.scan(WORDS);
    let failed = 0;
    for (let second = 0; second < 60; second += 1) {
      await pass(1000);
      if (second % 10 === 9 && (await alone.scan(file(second))).verdict.kind !== "clean")
        failed += 1;
    }
    await pass(1000);
    expect(told(await bad)).toBe("a error: error");
    expect(failed).toBe(0);
    expect(changes.filter((change) => change.detail.includes("rests"))).toEqual([]);
  });

  it("leaves an engine alone for longer each time that scans fail although its probes succeed", async () => {
    const engine = new ScriptedEngine("a");
    const alone = await deskOf("worst", engine);
    engine.says = "bad-reply";
    const scans = Array.from({ length: 20 }, async (_, n) => alone.scan(file(n)));
    await settle();
    await pass(20_000);
    const rests = changes.filter((change) => change.detail.includes("rests for"));
    expect(rests.map((change) => /rests for \d+ s/.exec(change.detail)?.[0])).toEqual([
      "rests for 1 s",
      "rests for 2 s",
      "rests for 4 s",
      "rests for 8 s",
      "rests for 10 s",
    ]);
    expect(told(await alone.scan(WORDS))).toBe("a error: error");

    engine.says = "clean";
    await pass(12_000);
    expect(alone.status()).toMatchObject([{ state: "up" }]);
    const reports = await Promise.all(scans);
    expect(reports.map((report) => told(report))).toContain("a clean: clean");
    // an answer in between, and all is as at the beginning
    engine.says = "bad-reply";
    const later = Array.from({ length: 5 }, async (_, n) => alone.scan(file(n)));
    const before = changes.length;
    await settle();
    expect(changes.slice(before).map((change) => change.state)).toEqual(["down", "up"]);
    await pass(61_000);
    await Promise.all(later);
  });
});
