import { zipFile } from "../../test/support/zip-file.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLookInThread } from "../../test/support/look-in-thread.ts";
import { ok } from "../base/result.ts";
import { FakeClamd, type ClamdFault } from "../../test/support/fake-clamd.ts";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { officePackage } from "../../test/support/typed-samples.ts";
import { waitUntil } from "../../test/support/wait-until.ts";
import { EICAR } from "../content/eicar.ts";
import { encryptedZip } from "./encrypted-zip.ts";
import { createEngines, type EngineSettings } from "./engines.ts";
import { createMemorySource } from "./memory-source.ts";
import { createScanDesk } from "./scan-desk.ts";
import type {
  EngineStatus,
  PingAnswer,
  ScanDesk,
  ScanEngine,
  ScanReport,
  ScanSource,
} from "./scan-engine.ts";
import type { ScanResult } from "./scan-result.ts";

const WORDS = createMemorySource(Buffer.from("harmless words"));
const INFECTED = createMemorySource(EICAR);
const LONG = createMemorySource(Buffer.alloc(3_000_000, "harmless words "));
const PICTURE = createMemorySource(Buffer.from("\xff\x0a\xfa\x1f\x01\x91\x08\x06\x01\0", "latin1"));
const ZIP = createMemorySource(zipFile([{ name: "notes.txt", data: "harmless words" }]));
const DOCUMENT = createMemorySource(officePackage("docx"));

/** Lets everything run that waits for no clock. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

function shortOf({ verdict }: ScanReport): string {
  return "reason" in verdict ? `${verdict.kind} ${verdict.reason}` : verdict.kind;
}

/** Moves the clock on in steps until the report is there; how long that was, in ms. */
async function patiently(
  clock: ManualClock,
  report: Promise<ScanReport>,
): Promise<readonly [string, number]> {
  const progress = { done: false };
  void report.finally(() => {
    progress.done = true;
  });
  let waitedMs = 0;
  for (await settle(); !progress.done; await settle()) {
    clock.advance(100);
    waitedMs += 100;
  }
  return [shortOf(await report), waitedMs];
}

/** An engine by script. */
class ActorEngine implements ScanEngine {
  readonly name = "actor";
  readonly required: boolean = true;
  readonly version = "actor 1";
  says: "clean" | "down" | "overloaded" | "hangs" | "throws" = "clean";
  problem: string | undefined;
  ping?: () => Promise<PingAnswer>;
  scans = 0;
  probes = 0;
  disposed = false;

  async scan(_: ScanSource, signal: AbortSignal): Promise<ScanResult> {
    this.scans += 1;
    const { says, name: engine } = this;
    if (says === "throws") throw new Error("not total");
    if (says === "hangs") {
      const { promise, resolve } = Promise.withResolvers<ScanResult>();
      signal.addEventListener("abort", () =>
        resolve({ kind: "error", engine, reason: "timeout", ms: 0 }),
      );
      return promise;
    }
    if (says === "clean") return { kind: "clean", engine, ms: 0 };
    return { kind: "error", engine, reason: says, ms: 0 };
  }

  async probe(): Promise<string | undefined> {
    this.probes += 1;
    return this.problem;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
  }
}

describe("createScanDesk", () => {
  describe("with an engine by script", () => {
    let clock: ManualClock;
    let engine: ActorEngine;
    let desk: ScanDesk;
    let changes: EngineStatus[];

    beforeEach(async () => {
      clock = createManualClock();
      engine = new ActorEngine();
      changes = [];
      const onChange = (status: EngineStatus): void => void changes.push(status);
      desk = createScanDesk(
        { looker: createLookInThread(), clock, engines: [engine], onChange },
        { timeoutMs: 60_000 },
      );
      await settle();
    });

    afterEach(async () => {
      await desk[Symbol.asyncDispose]();
      if (!engine.disposed || clock.scheduledCalls > 0) throw new Error("something is left");
    });

    it("probes at the start and tells that the engine is up", () => {
      const up = { name: "actor", required: true, state: "up", detail: "actor 1", warning: "" };
      expect(changes).toEqual([{ ...up, scans: 0, errors: 0 }]);
      expect(desk.status()).toEqual(changes);
    });

    it("tries again until scan.timeout, whatever the size of the file", async () => {
      engine.says = "overloaded";
      expect(await patiently(clock, desk.scan(WORDS))).toEqual(["error overloaded", 60_000]);
      const huge = { ...WORDS, size: 10e9, read: (buffer: Buffer) => buffer.length };
      expect(await patiently(clock, desk.scan(huge))).toEqual(["error overloaded", 60_000]);
      // back-off: about one try a second
      expect(engine.scans).toBeLessThan(130);
      expect(desk.status()).toMatchObject([{ state: "up", scans: 2, errors: 2 }]);
    });

    it("is not taken down by files that it was given no time for", async () => {
      engine.says = "hangs";
      const files = Array.from({ length: 20 }, (_, i) => createMemorySource(Buffer.from(`${i}`)));
      const hasty = files.map(async (file) => desk.scan(file, 4000));
      for (const report of hasty) expect(await patiently(clock, report)).toContain("error timeout");
      expect(changes.map(({ state }) => state)).toEqual(["up"]);
      expect(desk.status()).toMatchObject([{ state: "up", scans: 20, errors: 20 }]);
    });

    it("is not taken down by files that take too long, while it answers its ping", async () => {
      engine.says = "hangs";
      engine.ping = async () => ok("there");
      await desk.test();
      const slow = Array.from({ length: 8 }, async () => desk.scan(WORDS));
      for (const report of slow) expect(await patiently(clock, report)).toContain("error timeout");
      engine.says = "clean";
      expect(shortOf(await desk.scan(WORDS))).toBe("clean");
      expect(changes.map((change) => change.state)).toEqual(["up"]);
    });

    it("gives the answer when an error passes by itself", async () => {
      engine.says = "down";
      const report = desk.scan(WORDS);
      await settle();
      clock.advance(200);
      await settle();
      engine.says = "clean";
      expect(await patiently(clock, report)).toEqual(["clean", 400]);
    });

    it("ends a scan that hangs at the deadline", async () => {
      engine.says = "hangs";
      expect(await patiently(clock, desk.scan(WORDS))).toEqual(["error timeout", 60_000]);
    });

    it("takes a throw for an error", async () => {
      engine.says = "throws";
      engine.problem = "broken";
      const [said] = await patiently(clock, desk.scan(WORDS));
      expect(said).toBe("error timeout");
    });

    it("is down after five failures, then is asked nothing, and comes back by a probe", async () => {
      engine.says = "down";
      engine.problem = "no connection";
      const held = desk.scan(WORDS);
      for (let step = 0; step < 40; step += 1) {
        clock.advance(100);
        await settle();
      }
      expect(desk.status()).toMatchObject([{ state: "down", detail: "no connection" }]);
      expect(engine.scans).toBe(5);
      const later = desk.scan(WORDS);
      await settle();
      expect(engine.scans).toBe(5);

      engine.says = "clean";
      engine.problem = undefined;
      clock.advance(1000);
      await settle();
      expect(desk.status()).toMatchObject([{ state: "up", detail: "actor 1" }]);
      // those that have waited are scanned after all
      expect(await patiently(clock, later)).toEqual(["clean", 0]);
      expect((await patiently(clock, held))[0]).toBe("clean");
      expect(changes.map((change) => change.state)).toEqual(["up", "down", "up"]);
    });

    it("is waited for as long as a scan may take from its going on, and by later files not at all", async () => {
      engine.problem = "no connection";
      await Promise.all([desk.test(), settle()]);
      const first = patiently(clock, desk.scan(WORDS));
      expect(await first).toEqual(["error down", 60_000]);
      expect(await patiently(clock, desk.scan(WORDS))).toEqual(["error down", 0]);
      expect(engine.scans).toBe(0);

      engine.problem = undefined;
      await desk.test();
      engine.problem = "no connection";
      await Promise.all([desk.test(), settle()]);
      clock.advance(50_000);
      expect(await patiently(clock, desk.scan(WORDS))).toEqual(["error down", 10_000]);
    });

    it("is waited for once where it fails its probe from the start on, and is told of at once", async () => {
      const sick = new ActorEngine();
      sick.problem = "set AlertExceedsMax in clamd.conf";
      const told: EngineStatus[] = [];
      const onChange = (status: EngineStatus): void => void told.push(status);
      await using other = createScanDesk(
        { looker: createLookInThread(), clock, engines: [sick], onChange },
        { timeoutMs: 5000 },
      );
      await settle();
      expect(told).toMatchObject([{ state: "down", detail: "set AlertExceedsMax in clamd.conf" }]);
      // who has just begun may have begun before its engine
      expect(await patiently(clock, other.scan(WORDS))).toEqual(["error down", 5000]);
      expect(await patiently(clock, other.scan(WORDS))).toEqual(["error down", 0]);
      expect(sick.scans).toBe(0);
    });

    it("takes an engine down that is busy for ten seconds and fails its probe then", async () => {
      let says: PingAnswer = ok("busy");
      engine.ping = async () => says;
      await desk.test();
      const downAfterMs = async (): Promise<number> => {
        let ms = 0;
        for (; desk.status()[0]?.state === "up" && ms < 20_000; ms += 100) {
          clock.advance(100);
          await settle();
        }
        return ms;
      };
      // busy for long, and at work
      expect(await downAfterMs()).toBe(20_000);
      engine.problem = "its queue is full";
      expect(await downAfterMs()).toBeLessThanOrEqual(14_000);
      expect(desk.status()).toMatchObject([{ state: "down", detail: "its queue is full" }]);
      says = ok("there");
      engine.problem = undefined;
    });

    it("uses an engine again within two seconds that hung for long, and tells of it within five", async () => {
      let hangs = false;
      const orNever = async <T>(answer: T): Promise<T> =>
        hangs ? new Promise<T>(() => undefined) : answer;
      engine.ping = async () => orNever(ok("there"));
      engine.probe = async () => orNever(undefined);
      await desk.test();
      const until = async (state: string): Promise<number> => {
        let ms = 0;
        for (; desk.status()[0]?.state !== state && ms < 60_000; ms += 100) {
          clock.advance(100);
          await settle();
        }
        return ms;
      };
      hangs = true;
      expect(await until("down")).toBeLessThanOrEqual(5000);
      for (let step = 0; step < 600; step += 1) {
        clock.advance(100);
        await settle();
      }
      hangs = false;
      // a ping of before may have to end first
      expect(await until("up")).toBeLessThanOrEqual(4000);
    });

    it("asks an engine that fails slowly less and less often", async () => {
      engine.says = "hangs";
      engine.probe = async () => {
        engine.probes += 1;
        return new Promise<undefined>(() => undefined);
      };
      void desk.test();
      const before = engine.probes;
      for (let step = 0; step < 600; step += 1) {
        clock.advance(100);
        await settle();
      }
      // 5 s each, and 1, 2, 4, 8, 10 s between them
      expect(engine.probes - before).toBe(5);
      expect(desk.status()).toMatchObject([{ state: "down", detail: "no answer in time" }]);
    });

    it("does not blame the engine for a file that cannot be read", async () => {
      engine.says = "down";
      const unreadable: ScanSource = {
        ...WORDS,
        read() {
          throw new Error("EIO");
        },
      };
      for (let file = 0; file < 7; file += 1) {
        expect(shortOf(await desk.scan(unreadable))).toBe("error down");
      }
      expect(desk.status()).toMatchObject([{ state: "up" }]);
      engine.says = "clean";
      expect(shortOf(await desk.scan(unreadable))).toBe("error down");
    });

    it("names the type by content", async () => {
      expect((await desk.scan(ZIP)).trueType).toBe("application/zip");
      expect((await desk.scan(WORDS)).trueType).toBe("text/plain");
      expect((await desk.scan(PICTURE)).trueType).toBe("image/jxl");
    });

    it("ends what runs when it is disposed of", async () => {
      engine.says = "hangs";
      const report = desk.scan(WORDS);
      await settle();
      await desk[Symbol.asyncDispose]();
      expect(shortOf(await report)).toBe("error timeout");
    });
  });

  describe.each(["instream", "clamscan"] as const)("with clamd by %s", (client) => {
    let clock: ManualClock;
    let clamd: FakeClamd;
    let desks: ScanDesk[];

    beforeEach(async () => {
      clock = createManualClock();
      clamd = await FakeClamd.start();
      desks = [];
    });

    afterEach(async () => {
      for (const desk of desks) await desk[Symbol.asyncDispose]();
      clamd.readAgain();
      await waitUntil("no socket to be left", () => clamd.openSockets === 0, 2000);
      await clamd[Symbol.asyncDispose]();
      if (clock.scheduledCalls > 0) throw new Error("a timer is left");
    });

    async function deskWith(required: boolean, builtin = true): Promise<ScanDesk> {
      const settings: EngineSettings[] = [
        ...(builtin ? [{ type: "builtin" } as const] : []),
        { type: "clamd", client, address: clamd.address, required },
      ];
      const desk = createScanDesk(
        { looker: createLookInThread(), clock, engines: createEngines(settings, { clock }) },
        { timeoutMs: 20_000 },
      );
      desks.push(desk);
      await waitUntil("the probes", () =>
        desk.status().every((engine) => engine.state !== "unknown"),
      );
      return desk;
    }

    it("asks both engines and reports both in order", async () => {
      const desk = await deskWith(true);
      const report = await desk.scan(INFECTED);
      expect(report.results.map((result) => [result.engine, result.kind])).toEqual([
        ["builtin", "infected"],
        ["clamd", "infected"],
      ]);
      expect(shortOf(await desk.scan(ZIP))).toBe("clean");
      expect(shortOf(await desk.scan(WORDS))).toBe("clean");
      const details = desk.status().map((engine) => engine.detail);
      expect(details[0]).toBe("no signatures");
      expect(details[1]).toMatch(/^ClamAV 1\.4\.3 at /);
    });

    it.each<[string, ClamdFault]>([
      ["its door closed", "close-at-once"],
      ["its ears closed", "never-reads"],
      ["silence", "silent"],
      ["nothing", { reply: "" }],
      ["half a line", { reply: "stream: OK" }],
      ["a blank too many", { reply: "stream: OK\0 " }],
      ["a connection that stays", { replyAndStay: "stream: OK\0" }],
      ["an early OK", { replyEarly: "stream: OK\0" }],
      ["a close in the stream", { closeAfter: 5 }],
      ["a reset in the stream", { resetAfter: 5 }],
      ["an endless line", { reply: "x".repeat(1_000_000) }],
      ["an error of its own", { reply: "stream: Out of memory ERROR\0" }],
    ])("says error by the deadline, never clean, with %s", async (_, fault) => {
      const desk = await deskWith(true);
      clamd.fault = fault;
      const [said, waitedMs] = await patiently(clock, desk.scan(LONG));
      expect(said).toMatch(/^error /);
      expect(waitedMs).toBeLessThanOrEqual(20_800);
    });

    it("counts without an engine that is not required, but calls no document clean then", async () => {
      const desk = await deskWith(false);
      expect(shortOf(await desk.scan(DOCUMENT))).toBe("clean");
      await clamd.goAway();
      await desk.test();
      expect(shortOf(await desk.scan(WORDS))).toBe("clean");
      expect(shortOf(await desk.scan(DOCUMENT))).toBe("unscannable unknown-format");
      // all that is in it was seen
      expect(shortOf(await desk.scan(ZIP))).toBe("clean");
      expect(shortOf(await desk.scan(INFECTED))).toBe("infected");
    });

    it("stops an encrypted archive although clamd calls it clean, and says what to change", async () => {
      clamd.alertsEncrypted = false;
      for (const builtin of [true, false]) {
        const desk = await deskWith(true, builtin);
        const encrypted = createMemorySource(encryptedZip());
        expect(shortOf(await desk.scan(encrypted))).toBe("unscannable unknown-format");
        expect(desk.status().at(-1)).toMatchObject({
          state: "up",
          detail: expect.stringContaining("set AlertEncrypted in clamd.conf"),
          warning: expect.stringContaining("set AlertEncrypted in clamd.conf"),
        });
      }
    });

    it("does not use a clamd that calls clean what lies beyond its limits", async () => {
      clamd.alertsLimits = false;
      const desk = await deskWith(true);
      expect((await patiently(clock, desk.scan(WORDS)))[0]).toBe("error down");
      expect(desk.status()[1]).toMatchObject({
        state: "down",
        detail: expect.stringContaining("set AlertExceedsMax in clamd.conf"),
      });
    });

    it("counts an infection although a required engine is down", async () => {
      const desk = await deskWith(true);
      await clamd.goAway();
      await desk.test();
      // what is found needs no waiting
      expect(shortOf(await desk.scan(INFECTED))).toBe("infected");
      expect((await patiently(clock, desk.scan(WORDS)))[0]).toBe("error down");
    });

    it("notices within 2 s that clamd has gone, and within 2 s that it is back", async () => {
      const desk = await deskWith(true, false);
      const state = (): string | undefined => desk.status()[0]?.state;
      expect(state()).toBe("up");
      const within2s = async (wanted: string): Promise<number> => {
        let ms = 0;
        for (; state() !== wanted && ms < 10_000; ms += 100) {
          clock.advance(100);
          await settle();
        }
        return ms;
      };
      await clamd.goAway();
      expect(await within2s("down")).toBeLessThanOrEqual(2200);
      expect(desk.status()[0]?.detail).toContain("no connection");
      await clamd.comeBack();
      expect(await within2s("up")).toBeLessThanOrEqual(2000);
      expect(shortOf(await desk.scan(WORDS))).toBe("clean");
    });

    it("scans a file that came while clamd was away, once it is back", async () => {
      const desk = await deskWith(true, false);
      await clamd.goAway();
      const report = desk.scan(INFECTED);
      for (let step = 0; step < 50; step += 1) {
        clock.advance(100);
        await settle();
      }
      await clamd.comeBack();
      const [said, waitedMs] = await patiently(clock, report);
      expect(said).toBe("infected");
      expect(waitedMs).toBeGreaterThan(0);
      expect(waitedMs).toBeLessThanOrEqual(2000);
    });
  });
});
