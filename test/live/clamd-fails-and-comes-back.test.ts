import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLookInThread } from "../support/look-in-thread.ts";
import { systemClock } from "../../src/base/clock.ts";
import { EICAR } from "../../src/content/eicar.ts";
import { createEngines } from "../../src/scan/engines.ts";
import { createMemorySource } from "../../src/scan/memory-source.ts";
import { createScanDesk } from "../../src/scan/scan-desk.ts";
import type { ScanEngine, ScanSource } from "../../src/scan/scan-engine.ts";
import type { ScanResult } from "../../src/scan/scan-result.ts";
import { waitUntil } from "../support/wait-until.ts";
import { Clamd } from "./peers/clamd.ts";
import { CLAMD, isMissing } from "./peers/requirements.ts";

const MIB = 1024 * 1024;
const never = new AbortController().signal;
const INFECTED = createMemorySource(EICAR);

function shortOf(result: ScanResult): string {
  return "reason" in result ? `${result.kind} ${result.reason}` : result.kind;
}

describe.skipIf(isMissing([CLAMD])).each(["instream", "clamscan"] as const)(
  "a clamd that fails, by %s",
  (client) => {
    let clamd: Clamd;
    let engine: ScanEngine;

    beforeEach(async () => {
      clamd = await Clamd.start({ queue: 1 });
      [engine] = enginesFor();
    });

    afterEach(async () => {
      await engine[Symbol.asyncDispose]();
      await clamd[Symbol.asyncDispose]();
    });

    function enginesFor(): readonly [ScanEngine] {
      const address = clamd.address();
      const settings = [{ type: "clamd", client, address, required: true }] as const;
      const [made] = createEngines(settings, { clock: systemClock });
      if (made === undefined) throw new Error("no engine");
      return [made];
    }

    it("is an error at the deadline when it hangs, and goes on when it wakes", async () => {
      clamd.freeze();
      const stop = new AbortController();
      const startedAt = performance.now();
      systemClock.schedule(500, () => stop.abort());
      const endless: ScanSource = { size: 400 * MIB, sha256: "", read: (buffer) => buffer.length };
      const results = [engine.scan(INFECTED, stop.signal), engine.scan(endless, stop.signal)];
      expect((await Promise.all(results)).map(shortOf)).toEqual(["error timeout", "error timeout"]);
      expect(performance.now() - startedAt).toBeLessThan(1000);
      clamd.thaw();
      expect(shortOf(await engine.scan(INFECTED, never))).toBe("infected");
    });

    it("is waited for while the queue of its socket is full", async () => {
      clamd.freeze();
      const results = Array.from({ length: 12 }, async () => engine.scan(INFECTED, never));
      await waitMs(300);
      clamd.thaw();
      const kinds = (await Promise.all(results)).map(shortOf);
      expect(kinds).toEqual(Array.from({ length: 12 }, () => "infected"));
    });

    it("is noticed by the desk, which goes on by itself when clamd is back", async () => {
      const engines = enginesFor();
      const changes: string[] = [];
      await using desk = createScanDesk(
        {
          looker: createLookInThread(),
          clock: systemClock,
          engines,
          onChange: (status) => changes.push(status.state),
        },
        { timeoutMs: 20_000 },
      );
      const state = (): string | undefined => desk.status()[0]?.state;
      await waitUntil("the probe", () => state() === "up");

      clamd.kill();
      await clamd.gone();
      const goneAt = performance.now();
      await waitUntil("the desk to notice", () => state() === "down");
      expect(performance.now() - goneAt).toBeLessThan(5000);
      const held = desk.scan(INFECTED);
      await using hasty = createScanDesk(
        { looker: createLookInThread(), clock: systemClock, engines: enginesFor() },
        { timeoutMs: 300 },
      );
      expect(shortOf((await hasty.scan(INFECTED)).verdict)).toBe("error down");
      const startedAt = performance.now();
      expect(shortOf((await hasty.scan(INFECTED)).verdict)).toBe("error down");
      expect(performance.now() - startedAt).toBeLessThan(100);

      await clamd.comeBack();
      const backAt = performance.now();
      await waitUntil("the desk to notice", () => state() === "up");
      expect(performance.now() - backAt).toBeLessThan(2000);
      expect(shortOf((await held).verdict)).toBe("infected");
      expect(shortOf((await desk.scan(INFECTED)).verdict)).toBe("infected");
      expect(changes).toEqual(["up", "down", "up"]);
    });
  },
);

async function waitMs(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  systemClock.schedule(ms, resolve);
  await promise;
}
