import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLookInThread } from "../../test/support/look-in-thread.ts";
import { FakeClamd } from "../../test/support/fake-clamd.ts";
import { FakeIcap } from "../../test/support/fake-icap.ts";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { waitUntil } from "../../test/support/wait-until.ts";
import { EICAR } from "../content/eicar.ts";
import { encryptedZip } from "./encrypted-zip.ts";
import { createEngines } from "./engines.ts";
import { createMemorySource } from "./memory-source.ts";
import { createScanDesk, type CacheSettings } from "./scan-desk.ts";
import type { ScanDesk, ScanEngine, ScanReport, ScanSource } from "./scan-engine.ts";
import { ScriptedEngine, settle } from "./scripted-engine.test-data.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const CACHE: CacheSettings = { cleanMs: 10 * MINUTE, infectedMs: 24 * HOUR, entries: 100 };

function file(text: string): ScanSource {
  return createMemorySource(Buffer.from(text));
}

const WORDS = file("harmless words");

/** As a file of which the transfer was cancelled. */
const GONE: ScanSource = {
  ...WORDS,
  read() {
    throw new Error("EBADF");
  },
};

function said({ verdict }: ScanReport): string {
  return verdict.kind;
}

describe("KeptAnswers", () => {
  let clock: ManualClock;
  let engine: ScriptedEngine;
  const desks: ScanDesk[] = [];

  beforeEach(() => {
    clock = createManualClock();
    engine = new ScriptedEngine("a");
    engine.signatures = "1";
  });

  afterEach(async () => {
    for (const desk of desks.splice(0)) await desk[Symbol.asyncDispose]();
    if (clock.scheduledCalls > 0) throw new Error("a timer is left");
  });

  async function deskOf(
    engines: readonly ScanEngine[],
    cache: CacheSettings | undefined = CACHE,
  ): Promise<ScanDesk> {
    const desk = createScanDesk(
      { looker: createLookInThread(), clock, engines },
      { timeoutMs: 60_000, cache },
    );
    desks.push(desk);
    await settle();
    return desk;
  }

  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100);
      await settle();
    }
  }

  it("scans one content once, and says the same of it the second time", async () => {
    const desk = await deskOf([engine]);
    const first = await desk.scan(WORDS);
    const second = await desk.scan(file("harmless words"));
    expect(second).toEqual(first);
    expect(engine.scans).toBe(1);
    expect(desk.counts).toMatchObject({ hits: 1, misses: 1, shared: 0, entries: 1 });
    engine.says = "infected";
    expect(said(await desk.scan(file("other words")))).toBe("infected");
    expect(said(await desk.scan(file("other words")))).toBe("infected");
    expect(engine.scans).toBe(2);
  });

  it("finds EICAR after other bytes of its length were clean", async () => {
    const [builtin] = createEngines([{ type: "builtin" }], { clock });
    const desk = await deskOf(builtin === undefined ? [] : [builtin, engine]);
    const harmless = createMemorySource(Buffer.alloc(EICAR.length, "x"));
    expect(said(await desk.scan(harmless))).toBe("clean");
    expect(said(await desk.scan(createMemorySource(EICAR)))).toBe("infected");
    expect(said(await desk.scan(harmless))).toBe("clean");
    expect(desk.counts.hits).toBe(1);
  });

  it("notices at once that new signatures call yesterday's clean file infected", async () => {
    const desk = await deskOf([engine]);
    expect(said(await desk.scan(WORDS))).toBe("clean");
    await desk.scan(file("a"));
    expect(said(await desk.scan(WORDS))).toBe("clean");
    engine.signatures = "2";
    engine.says = "infected";
    expect(said(await desk.scan(WORDS))).toBe("infected");
    // and nothing of before is left
    expect(desk.counts.entries).toBe(1);
    expect(said(await desk.scan(file("a")))).toBe("infected");
  });

  it("keeps nothing of an engine that does not know its signatures, alone or among others", async () => {
    engine.signatures = undefined;
    const alone = await deskOf([engine]);
    for (let scan = 0; scan < 3; scan += 1) await alone.scan(WORDS);
    expect(engine.scans).toBe(3);
    expect(alone.counts).toMatchObject({ hits: 0, entries: 0 });
    // nor is it asked at each file
    expect(engine.asked).toBe(1);
    clock.advance(10_000);
    await alone.scan(WORDS);
    expect(engine.asked).toBe(2);
    const known = new ScriptedEngine("b");
    known.signatures = "1";
    const both = await deskOf([known, engine]);
    for (let scan = 0; scan < 3; scan += 1) await both.scan(WORDS);
    expect(known.scans).toBe(3);
  });

  it("asks the engines where one does not say its version any more", async () => {
    const desk = await deskOf([engine]);
    await desk.scan(WORDS);
    engine.signatures = "hangs";
    engine.says = "infected";
    const report = desk.scan(WORDS);
    await settle();
    await pass(500);
    expect(said(await report)).toBe("infected");
  });

  it("does not let kept answers hide that a required engine is down", async () => {
    const desk = await deskOf([engine]);
    await desk.scan(WORDS);
    engine.problem = "no connection";
    engine.says = "down";
    await Promise.all([desk.test(), settle()]);
    const report = desk.scan(WORDS);
    await pass(60_000);
    expect(said(await report)).toBe("error");
    engine.problem = undefined;
    engine.says = "infected";
    await desk.test();
    expect(said(await desk.scan(WORDS))).toBe("infected");
  });

  it("keeps no errors, not those of an engine that is not required either", async () => {
    const optional = new ScriptedEngine("b", false);
    optional.signatures = "1";
    const desk = await deskOf([engine, optional]);
    optional.says = "bad-reply";
    const report = desk.scan(WORDS);
    await settle();
    await pass(60_100);
    expect(said(await report)).toBe("clean");
    expect(desk.counts.entries).toBe(0);
    optional.says = "infected";
    // it rests, since its scans failed
    await pass(12_000);
    expect(said(await desk.scan(WORDS))).toBe("infected");
  });

  it.each([
    ["clean", 10 * MINUTE],
    ["unscannable", 10 * MINUTE],
    ["infected", 24 * HOUR],
  ] as const)("forgets what was %s after its time", async (kind, ms) => {
    const desk = await deskOf([engine]);
    engine.says = kind;
    expect(said(await desk.scan(WORDS))).toBe(kind);
    clock.advance(ms - 1);
    expect(said(await desk.scan(WORDS))).toBe(kind);
    expect(engine.scans).toBe(1);
    clock.advance(1);
    await desk.scan(WORDS);
    expect(engine.scans).toBe(2);
  });

  it("forgets when it is full what it has kept longest, and grows no further", async () => {
    const desk = await deskOf([engine], { ...CACHE, entries: 3 });
    for (const text of ["a", "b", "c", "d"]) await desk.scan(file(text));
    expect(desk.counts.entries).toBe(3);
    for (const text of ["b", "c", "d"]) await desk.scan(file(text));
    expect(engine.scans).toBe(4);
    await desk.scan(file("a"));
    expect(engine.scans).toBe(5);
    for (let text = 0; text < 50; text += 1) await desk.scan(file(`${text}`));
    expect(desk.counts.entries).toBe(3);
  });

  it("scans once for ten that wait", async () => {
    const desk = await deskOf([engine]);
    engine.says = "hangs";
    const reports = Array.from({ length: 10 }, async () => desk.scan(WORDS));
    await settle();
    expect(engine.scans).toBe(1);
    engine.goOn("infected");
    expect((await Promise.all(reports)).map(said)).toEqual(Array(10).fill("infected"));
    expect(desk.counts).toMatchObject({ misses: 1, shared: 9 });
  });

  it("scans again for those that wait for a file that goes away, and believes nothing that was said of it", async () => {
    const desk = await deskOf([engine]);
    engine.says = "hangs";
    let isGone = false;
    const going: ScanSource = {
      ...WORDS,
      read: (buffer, position) => (isGone ? GONE : WORDS).read(buffer, position),
    };
    const first = desk.scan(going);
    await settle();
    const others = Array.from({ length: 3 }, async () => desk.scan(WORDS));
    await settle();
    isGone = true;
    engine.goOn("clean");
    expect(said(await first)).toBe("error");
    expect((await Promise.all(others)).map(said)).toEqual(["clean", "clean", "clean"]);
    expect(engine.scans).toBe(2);
  });

  it("does not share what an engine says of a file that it could not read", async () => {
    const blind = new ScriptedEngine("a");
    blind.signatures = "1";
    blind.scan = async (source) => {
      blind.scans += 1;
      await settle();
      try {
        source.read(Buffer.alloc(1), 0);
      } catch {
        // and says so all the same
      }
      return { kind: "clean", engine: "a", ms: 0 };
    };
    const desk = await deskOf([blind]);
    const [gone, whole] = await Promise.all([desk.scan(GONE), desk.scan(WORDS)]);
    expect([said(gone), said(whole)]).toEqual(["error", "clean"]);
    expect(blind.scans).toBe(2);
  });

  it("asks for each that waits when the scan that it waited for has failed", async () => {
    const desk = await deskOf([engine]);
    engine.says = "hangs";
    const first = desk.scan(WORDS);
    await settle();
    await pass(30_000);
    const second = desk.scan(WORDS);
    await settle();
    await pass(30_100);
    expect(said(await first)).toBe("error");
    engine.goOn("clean");
    expect(said(await second)).toBe("clean");
  });

  it("keeps nothing of a scan during which the signatures changed", async () => {
    const desk = await deskOf([engine]);
    await desk.scan(file("a"));
    engine.says = "hangs";
    const report = desk.scan(WORDS);
    await settle();
    engine.signatures = "2";
    const other = desk.scan(file("a"));
    await settle();
    engine.goOn("clean");
    await Promise.all([report, other]);
    engine.says = "infected";
    expect(said(await desk.scan(WORDS))).toBe("infected");
  });

  it("forgets all when an engine comes back, and when an operator tests the engines", async () => {
    const desk = await deskOf([engine]);
    await desk.scan(WORDS);
    await desk.test();
    expect(desk.counts.entries).toBe(0);
    await desk.scan(WORDS);
    expect(engine.scans).toBe(2);
  });

  it("looks itself at each file, whatever is kept", async () => {
    const desk = await deskOf([engine]);
    const encrypted = createMemorySource(encryptedZip());
    for (let scan = 0; scan < 2; scan += 1) {
      const { verdict, content } = await desk.scan(encrypted);
      expect(verdict).toMatchObject({ kind: "unscannable", engine: "look", reason: "encrypted" });
      expect(content?.types[0]?.type).toBe("application/zip");
    }
    expect(engine.scans).toBe(1);
  });

  it("keeps nothing where it is off", async () => {
    const desk = createScanDesk(
      { looker: createLookInThread(), clock, engines: [engine] },
      { timeoutMs: 60_000 },
    );
    desks.push(desk);
    await settle();
    for (let scan = 0; scan < 2; scan += 1) await desk.scan(WORDS);
    expect(engine.scans).toBe(2);
    expect(desk.counts).toEqual({ hits: 0, misses: 0, shared: 0, entries: 0, emptied: 0 });
  });

  it("knows clamd's signatures by its VERSION, where that names a database", async () => {
    await using clamd = await FakeClamd.start();
    const engines = createEngines(
      [
        { type: "builtin" },
        { type: "clamd", client: "instream", address: clamd.address, required: true },
      ],
      { clock },
    );
    const desk = await deskOf(engines);
    await waitUntil("the probes", () => desk.status().every(({ state }) => state === "up"));
    const scansOf = async (): Promise<number> => {
      const before = clamd.streams;
      for (let scan = 0; scan < 3; scan += 1) expect(said(await desk.scan(WORDS))).toBe("clean");
      return clamd.streams - before;
    };
    // "ClamAV 1.4.3" alone
    expect(await scansOf()).toBe(3);
    clamd.version = "ClamAV 1.4.3/27500/Mon Nov 24 09:40:12 2025";
    await desk.test();
    expect(await scansOf()).toBe(1);
    expect(await scansOf()).toBe(0);
    clamd.version = "ClamAV 1.4.3/27501/Tue Nov 25 09:40:12 2025";
    // it is tried out with these (four files) before its word is taken, and nothing that was kept before is given out
    expect(await scansOf()).toBe(2 + 4);
    expect(desk.status()[1]?.detail).toContain("/27501/");
    expect(await scansOf()).toBe(0);
    await clamd.goAway();
    await desk.test();
    const report = desk.scan(WORDS);
    await pass(60_000);
    expect(said(await report)).toBe("error");
  });

  it("knows an ICAP server's signatures by its ISTag", async () => {
    await using icap = await FakeIcap.start();
    const engines = createEngines(
      [{ type: "icap", address: icap.address, required: true, timeoutMs: undefined }],
      { clock },
    );
    const desk = await deskOf(engines);
    await waitUntil("the probes", () => desk.status().every(({ state }) => state === "up"));
    const before = icap.files;
    for (let scan = 0; scan < 3; scan += 1) expect(said(await desk.scan(WORDS))).toBe("clean");
    expect(icap.files).toBe(before + 1);
    icap.tag = "T2";
    icap.fault = { reply: "ICAP/1.0 200 OK\r\nX-Virus-ID: Late\r\n\r\n" };
    expect(said(await desk.scan(WORDS))).toBe("infected");
  });
});
