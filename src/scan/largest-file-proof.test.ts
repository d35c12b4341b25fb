import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClamd, type ClamdFault } from "../../test/support/fake-clamd.ts";
import { FakeIcap } from "../../test/support/fake-icap.ts";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { waitUntil } from "../../test/support/wait-until.ts";
import { createEngines, type EngineSettings } from "./engines.ts";
import { EICAR } from "../content/eicar.ts";
import { largestFile, SMALLEST_BYTES } from "./largest-file.ts";
import { createMemorySource } from "./memory-source.ts";
import type { ScanEngine } from "./scan-engine.ts";

const BYTES = 3_000_000;
const never = new AbortController().signal;

describe("largestFile", () => {
  it.each([SMALLEST_BYTES, 100_000, 9_000_001])(
    "is a zip of %d bytes, cut anyhow",
    async (size) => {
      const file = await largestFile(size);
      expect(file.size).toBe(size);
      const whole = Buffer.alloc(size, 1);
      expect(file.read(whole, 0)).toBe(size);
      const pieces = Buffer.alloc(size, 2);
      for (let at = 0; at < size; at += 77_777) {
        file.read(pieces.subarray(at, Math.min(at + 77_777, size)), at);
      }
      expect(pieces.equals(whole)).toBe(true);
      expect(whole.subarray(0, 4).toString("latin1")).toBe("PK\x03\x04");
      expect(whole.readUInt32LE(size - 22)).toBe(0x06054b50);
      const directory = whole.readUInt32LE(size - 6);
      expect(whole.readUInt32LE(directory)).toBe(0x02014b50);
      const eicar = whole.indexOf(EICAR);
      expect(directory - eicar).toBe(EICAR.length);
      expect(file.read(Buffer.alloc(10), size)).toBe(0);
    },
  );
});

describe("an engine that is sent the largest file", () => {
  let clock: ManualClock;
  let clamd: FakeClamd;
  let icap: FakeIcap;
  const engines: ScanEngine[] = [];

  beforeEach(async () => {
    clock = createManualClock();
    clamd = await FakeClamd.start();
    icap = await FakeIcap.start();
  });

  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine[Symbol.asyncDispose]();
    await clamd[Symbol.asyncDispose]();
    await icap[Symbol.asyncDispose]();
    if (clock.scheduledCalls > 0) throw new Error("a timer is left");
  });

  async function probed(settings: EngineSettings, bytes = BYTES): Promise<ScanEngine> {
    const largest = { bytes, timeoutMs: 20_000 };
    const [engine] = createEngines([settings], { clock, largest });
    if (engine === undefined) throw new Error("no engine");
    engines.push(engine);
    expect(await engine.probe(never)).toBeUndefined();
    return engine;
  }

  function byClamd(maxBytes?: number): EngineSettings {
    return { type: "clamd", client: "instream", address: clamd.address, required: true, maxBytes };
  }

  /** It was sent the file, and has answered. */
  async function answered(): Promise<void> {
    await waitUntil("the largest file", () => clamd.streams >= 5 && clamd.openSockets === 0);
    await waitUntil("its answer to be judged", () => clock.scheduledCalls === 0);
  }

  it("is warned of nothing when it finds the test file at its end", async () => {
    const engine = await probed(byClamd());
    await answered();
    expect(clamd.receivedBytes).toBeGreaterThan(BYTES);
    expect(engine.warning).toBe("");
    expect(await engine.ping?.(never)).toMatchObject({ ok: true });
  });

  it("gets no more than it is said to take, and nothing of the kind where nobody says how large files are", async () => {
    await probed(byClamd(50_000));
    await answered();
    expect(clamd.receivedBytes).toBeLessThan(BYTES / 10);
    const [engine] = createEngines([byClamd()], { clock });
    if (engine === undefined) throw new Error("no engine");
    engines.push(engine);
    const before = clamd.streams;
    await engine.probe(never);
    await engine.ping?.(never);
    expect(clamd.streams).toBe(before + 4);
  });

  it("is used, with words for clamd.conf, when it says that this is too large", async () => {
    clamd.maxStreamBytes = 1_000_000;
    const engine = await probed(byClamd());
    await waitUntil("the warning", () => engine.warning !== "");
    expect(engine.warning).toBe(
      `says "unscannable: too-large" of an archive of ${BYTES} bytes, the largest file that is let through, with the EICAR test file in it: ` +
        "set StreamMaxLength and MaxFileSize in clamd.conf to it, MaxScanSize to four times that, or max_file_size here to what they are",
    );
    expect(await engine.ping?.(never)).toMatchObject({ ok: true });
    // mended, and probed again
    clamd.maxStreamBytes = Infinity;
    clock.advance(60_000);
    expect(await engine.probe(never)).toBeUndefined();
    await waitUntil("the warning's end", () => engine.warning === "");
  });

  it.each<[ClamdFault, boolean]>([
    [{ reply: "stream: OK\0" }, true],
    [{ reply: "" }, false],
    [{ reply: "stre" }, false],
  ])("that answers it with %j is %s to be of no use", async (fault, isLying) => {
    // the four small files are through by then
    const engine = createEngines([byClamd()], {
      clock,
      largest: { bytes: BYTES, timeoutMs: 20_000 },
    })[0];
    if (engine === undefined) throw new Error("no engine");
    engines.push(engine);
    clamd.faultFrom = { bytes: 100_000, fault };
    expect(await engine.probe(never)).toBeUndefined();
    await answered();
    const ping = await engine.ping?.(never);
    expect(ping?.ok).toBe(!isLying);
    const words = `says "clean" of an archive of ${BYTES} bytes`;
    expect(JSON.stringify(ping).includes(JSON.stringify(words).slice(1, -1))).toBe(isLying);
    const small = createMemorySource(Buffer.from("words"));
    expect((await engine.scan(small, never)).kind).toBe(isLying ? "error" : "clean");
    clamd.faultFrom = undefined;
    clock.advance(60_000);
    await engine.probe(never);
    await waitUntil("the proof", async () => (await engine.probe(never)) === undefined);
    expect((await engine.scan(small, never)).kind).toBe("clean");
  });

  it("may be an ICAP server", async () => {
    const { address } = icap;
    const engine = await probed({ type: "icap", address, required: true, timeoutMs: undefined });
    await waitUntil("the largest file", () => icap.files === 5 + 1);
    await waitUntil("its answer to be judged", () => clock.scheduledCalls === 0);
    expect(engine.warning).toBe("");
  });
});
