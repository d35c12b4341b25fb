import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLookInThread } from "../support/look-in-thread.ts";
import { systemClock } from "../../src/base/clock.ts";
import { scanByClamscan } from "../../src/scan/clamd-clamscan.ts";
import { scanByInstream } from "../../src/scan/clamd-instream.ts";
import { EICAR } from "../../src/content/eicar.ts";
import { encryptedZip } from "../../src/scan/encrypted-zip.ts";
import { createConnector, type EngineAddress } from "../../src/scan/engine-connection.ts";
import { createEngines, type EngineSettings } from "../../src/scan/engines.ts";
import { largestFile } from "../../src/scan/largest-file.ts";
import { createMemorySource } from "../../src/scan/memory-source.ts";
import { createScanDesk } from "../../src/scan/scan-desk.ts";
import type { ScanDesk, ScanEngine } from "../../src/scan/scan-engine.ts";
import { waitUntil } from "../support/wait-until.ts";
import { Clamd, MARKER } from "./peers/clamd.ts";
import { CLAMD, isMissing } from "./peers/requirements.ts";

const CLIENTS = { instream: scanByInstream, clamscan: scanByClamscan };
const SAMPLES = "/usr/share/clamav-testfiles";
const MIB = 1024 * 1024;
const never = new AbortController().signal;

const CASES = [
  ["instream", "unix"],
  ["instream", "tcp"],
  ["clamscan", "unix"],
  ["clamscan", "tcp"],
] as const;

describe.skipIf(isMissing([CLAMD]))("a real clamd", () => {
  let clamd: Clamd;

  beforeAll(async () => {
    clamd = await Clamd.start({ maxMiB: 4 });
  });

  afterAll(async () => {
    await clamd[Symbol.asyncDispose]();
  });

  describe.each(CASES)("by %s over %s", (client, kind) => {
    let engine: ScanEngine;

    beforeAll(() => {
      const address = clamd.address(kind);
      const settings = [{ type: "clamd", client, address, required: true }] as const;
      const [made] = createEngines(settings, { clock: systemClock });
      if (made === undefined) throw new Error("no engine");
      engine = made;
    });

    afterAll(async () => engine[Symbol.asyncDispose]());

    async function said(bytes: Buffer): Promise<string> {
      const result = await engine.scan(createMemorySource(bytes), never);
      if ("threat" in result) return `${result.kind} ${result.threat}`;
      return "reason" in result ? `${result.kind} ${result.reason}` : result.kind;
    }

    it("passes the probe, which names its version", async () => {
      expect(await engine.probe(never)).toBeUndefined();
      expect(engine.version).toMatch(/^ClamAV \d+\.\d+\.\d+\S* at [^()]+$/);
    });

    it("tells clean from infected", async () => {
      expect(await said(Buffer.from("harmless words"))).toBe("clean");
      expect(await said(Buffer.alloc(0))).toBe("clean");
      expect(await said(EICAR)).toBe("infected Sluice.Test.EICAR.UNOFFICIAL");
      expect(await said(Buffer.from(`words ${MARKER}`))).toBe(
        "infected Sluice.Test.Marker.UNOFFICIAL",
      );
      expect(await said(gzipSync(EICAR))).toBe("infected Sluice.Test.EICAR.UNOFFICIAL");
    });

    it("finds what lies over the edge of two pieces", async () => {
      const bytes = Buffer.alloc(300_000, "x");
      bytes.write(MARKER, 128 * 1024 - 13, "latin1");
      expect(await said(bytes)).toContain("infected Sluice.Test.Marker");
    });

    it("finds EICAR however it is cut into pieces, and at every place of an edge", async () => {
      const open = createConnector({ clock: systemClock }, clamd.address(kind));
      const cut = async (bytes: Buffer, chunkBytes: number): Promise<string> => {
        const job = { source: createMemorySource(bytes), chunkBytes, signal: never };
        return (await CLIENTS[client](open, job)).kind;
      };
      for (let size = 1; size <= EICAR.length; size += 1) {
        expect([size, await cut(EICAR, size)]).toEqual([size, "infected"]);
      }
      const edge = 1000;
      for (let before = 0; before <= EICAR.length; before += 1) {
        const bytes = Buffer.alloc(2 * edge, "x");
        EICAR.copy(bytes, edge - before);
        expect([before, await cut(bytes, edge)]).toEqual([before, "infected"]);
      }
    });

    it("answers every scan while it loads its signatures anew, again and again", async () => {
      const done = { all: false };
      const reloading = reloadUntil(clamd.address("tcp"), done);
      const answers: string[] = [];
      const ask = async (first: number): Promise<void> => {
        for (let n = first; n < 200; n += 4) {
          const bytes = Buffer.from(n % 2 === 0 ? `${n} ${MARKER}` : `${n} words`);
          answers[n] = await said(bytes);
        }
      };
      await Promise.all([0, 1, 2, 3].map(ask));
      done.all = true;
      expect(await reloading).toBeGreaterThan(0);
      const expected = Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? "infected" : "clean"));
      expect(answers.map((answer) => answer.split(" ")[0])).toEqual(expected);
    });

    it("says unscannable of an encrypted zip", async () => {
      expect(await said(encryptedZip())).toBe("unscannable encrypted");
    });

    it("says unscannable of what exceeds clamd's size limit, every time", async () => {
      const bytes = Buffer.alloc(12 * MIB, "x");
      for (let time = 0; time < 5; time += 1) {
        expect(await said(bytes)).toBe("unscannable too-large");
      }
      expect(await said(bytes.subarray(0, 4 * MIB))).toBe("clean");
      expect(await said(bytes.subarray(0, 4 * MIB + 1))).toBe("unscannable too-large");
    });

    it("says unscannable of a file that unpacks to more than the limit", async () => {
      expect(await said(gzipSync(Buffer.alloc(64 * MIB)))).toBe("unscannable too-large");
    });

    it.skipIf(!existsSync(SAMPLES))(
      "finds the test program in archives of every kind",
      async () => {
        const names = [
          "exe",
          "zip",
          "7z",
          "arj",
          "cab",
          "chm",
          "pdf",
          "ppt",
          "ole.doc",
          "exe.rtf",
          "tnef",
          "mail",
          "tar.gz",
          "bz2.zip",
          "d64.zip",
          "exe.bz2",
        ];
        for (const name of names) {
          const bytes = await readFile(join(SAMPLES, `clam.${name}`));
          expect([name, await said(bytes)]).toEqual([name, "infected ClamAV-Test-File.UNOFFICIAL"]);
        }
      },
    );

    it("answers sixty scans at once, each about its own file", async () => {
      const files = Array.from({ length: 60 }, (_, i) => {
        const bytes = Buffer.alloc(100_000 + i, String(i % 10));
        if (i % 3 === 0) bytes.write(MARKER, 50_000 + i, "latin1");
        return bytes;
      });
      const results = await Promise.all(files.map(said));
      expect(results.map((result) => result.split(" ")[0])).toEqual(
        files.map((_, i) => (i % 3 === 0 ? "infected" : "clean")),
      );
    });
  });
});

describe.skipIf(isMissing([CLAMD]))("a real clamd that keeps silent", () => {
  const client = "instream";

  it("of encrypted archives, passes none of them, with a warning", async () => {
    await using clamd = await Clamd.start({ alertsEncrypted: false });
    await using desk = deskWith({
      type: "clamd",
      client,
      address: clamd.address(),
      required: true,
    });
    const [, status] = await desk.test();
    expect(status).toMatchObject({
      state: "up",
      warning: expect.stringContaining("AlertEncrypted"),
    });
    expect((await desk.scan(createMemorySource(encryptedZip()))).verdict.kind).toBe("unscannable");
    expect((await desk.scan(createMemorySource(gzipSync("words")))).verdict.kind).toBe(
      "unscannable",
    );
    expect((await desk.scan(createMemorySource(Buffer.from("words")))).verdict.kind).toBe("clean");
  });

  const hidden = Buffer.alloc(6 * MIB, "x");
  hidden.write(MARKER, hidden.length - 100, "latin1");

  it("of what it did not look at, is not used", async () => {
    await using clamd = await Clamd.start({ maxMiB: 8, maxFileMiB: 4, alertsLimits: false });
    await using desk = deskWith({
      type: "clamd",
      client,
      address: clamd.address(),
      required: true,
    });
    const [, status] = await desk.test();
    expect(status).toMatchObject({
      state: "down",
      detail: expect.stringContaining("AlertExceedsMax"),
    });
    expect((await desk.scan(createMemorySource(hidden))).verdict.kind).toBe("error");
  });

  it("of nothing, says unscannable of a file that it takes and does not look at to its end", async () => {
    await using clamd = await Clamd.start({ maxMiB: 8, maxFileMiB: 4 });
    await using desk = deskWith({
      type: "clamd",
      client,
      address: clamd.address(),
      required: true,
    });
    expect((await desk.test())[1]).toMatchObject({ state: "up", warning: "" });
    expect((await desk.scan(createMemorySource(hidden))).verdict).toMatchObject({
      kind: "unscannable",
      reason: "too-large",
    });
  });
});

describe.skipIf(isMissing([CLAMD]))("a real clamd that is sent the largest file", () => {
  it.each([
    [{ maxMiB: 128 }, ""],
    [{ maxMiB: 25 }, "too-large"],
    [{ maxMiB: 128, maxFileMiB: 25 }, "too-large"],
  ] as const)("as set by %j, is warned of: %j", async (limits, why) => {
    await using clamd = await Clamd.start(limits);
    const engines = createEngines(
      [{ type: "clamd", client: "instream", address: clamd.address(), required: true }],
      { clock: systemClock, largest: { bytes: 100 * MIB, timeoutMs: 60_000 } },
    );
    const warnings: string[] = [];
    await using _ = createScanDesk(
      {
        looker: createLookInThread(),
        clock: systemClock,
        engines,
        onChange: ({ state, warning }) => warnings.push(`${state} ${warning}`),
      },
      { timeoutMs: 60_000 },
    );
    const [engine] = engines;
    const said = await engine?.scan(await largestFile(100 * MIB), never);
    expect(said).toMatchObject(why === "" ? { kind: "infected" } : { reason: why });
    await waitUntil("what it is warned of", () => warnings.length >= (why === "" ? 1 : 2));
    expect(warnings[0]).toBe("up ");
    expect(warnings[1] ?? "").toContain(why);
    expect(warnings.join()).not.toContain("down");
  });
});

/** Has it load its databases anew, one RELOAD after the other; how many it has obeyed. */
async function reloadUntil(
  address: EngineAddress,
  done: { readonly all: boolean },
): Promise<number> {
  let times = 0;
  for (; !done.all; times += 1) {
    const socket = "port" in address ? connect(address.port, address.host) : connect(address.path);
    socket.resume().write("zRELOAD\0");
    await once(socket, "close");
  }
  return times;
}

function deskWith(engine: EngineSettings): ScanDesk {
  const engines = createEngines([{ type: "builtin" }, engine], { clock: systemClock });
  return createScanDesk(
    { looker: createLookInThread(), clock: systemClock, engines },
    { timeoutMs: 5000 },
  );
}
