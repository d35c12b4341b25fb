import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLookInThread } from "../support/look-in-thread.ts";
import { systemClock } from "../../src/base/clock.ts";
import { createConnector } from "../../src/scan/engine-connection.ts";
import { EICAR } from "../../src/content/eicar.ts";
import { encryptedZip } from "../../src/scan/encrypted-zip.ts";
import { createEngines } from "../../src/scan/engines.ts";
import { IcapClient } from "../../src/scan/icap-client.ts";
import { createIcapEngine } from "../../src/scan/icap-engine.ts";
import type { IcapOffer } from "../../src/scan/icap-offer.ts";
import { IcapPool } from "../../src/scan/icap-pool.ts";
import { createMemorySource } from "../../src/scan/memory-source.ts";
import { nestedGzip } from "../../src/scan/nested-gzip.ts";
import { createScanDesk } from "../../src/scan/scan-desk.ts";
import type { ScanEngine } from "../../src/scan/scan-engine.ts";
import type { ScanResult } from "../../src/scan/scan-result.ts";
import { CIcap } from "./peers/c-icap.ts";
import { Clamd } from "./peers/clamd.ts";
import { C_ICAP, C_ICAP_VIRUS_SCAN, CLAMD, isMissing } from "./peers/requirements.ts";

const never = new AbortController().signal;
const LONG = Buffer.alloc(3_000_000, "harmless words ");
const PNG = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), EICAR]);
const FOUND = "infected Sluice.Test.EICAR.UNOFFICIAL";

function shortOf(result: ScanResult): string {
  if ("threat" in result) return `${result.kind} ${result.threat}`;
  return "reason" in result ? `${result.kind} ${result.reason}` : result.kind;
}

describe.skipIf(isMissing([CLAMD, C_ICAP, C_ICAP_VIRUS_SCAN]))("a real c-icap", () => {
  let clamd: Clamd;
  let icap: CIcap;

  beforeAll(async () => {
    clamd = await Clamd.start({ maxMiB: 4 });
    const address = clamd.address("unix");
    if (!("path" in address)) throw new Error("no socket");
    icap = await CIcap.start(address.path);
  });

  afterAll(async () => {
    await icap[Symbol.asyncDispose]();
    await clamd[Symbol.asyncDispose]();
  });

  function engineFor(service: string): ScanEngine {
    return createIcapEngine(
      { clock: systemClock },
      { address: icap.address(service), required: true },
    );
  }

  async function said(engine: ScanEngine, bytes: Buffer): Promise<string> {
    return shortOf(await engine.scan(createMemorySource(bytes), never));
  }

  it("passes the probe, and scans by clamd what it cares for", async () => {
    await using engine = engineFor("avscan");
    expect(await engine.probe(never)).toBeUndefined();
    expect(engine.version).toMatch(/^C-ICAP\/\S+ server - Antivirus service, ISTag \S+, at icap:/);
    expect(engine.warning).toBe("");
    expect(await said(engine, Buffer.from("harmless words"))).toBe("clean");
    expect(await said(engine, LONG)).toBe("clean");
    expect(await said(engine, EICAR)).toBe(FOUND);
    expect(await said(engine, gzipSync(EICAR))).toBe(FOUND);
    expect(await said(engine, Buffer.concat([LONG, EICAR]))).toBe(FOUND);
    expect(await said(engine, encryptedZip())).toBe("unscannable encrypted");
    expect(await said(engine, nestedGzip())).toBe("unscannable too-deep");
    expect(await said(engine, Buffer.alloc(5_000_000, "a "))).toBe("unscannable too-large");
    expect(await engine.ping?.(never)).toEqual({ ok: true, value: "there" });
  });

  it("does not call clean what it passes by type, although it says 204", async () => {
    await using engine = engineFor("avscan");
    expect(await engine.probe(never)).toBeUndefined();
    expect(await said(engine, PNG)).toBe("unscannable partial");
  });

  it("does not call clean what it passes by size, although it says 204", async () => {
    await using engine = engineFor("sized");
    expect(await engine.probe(never)).toBeUndefined();
    expect(await said(engine, LONG.subarray(0, 60_000))).toBe("clean");
    expect(await said(engine, Buffer.concat([LONG, EICAR]))).toBe("unscannable partial");
  });

  it("scans two hundred files at once over few connections", async () => {
    await using engine = engineFor("avscan");
    expect(await engine.probe(never)).toBeUndefined();
    for (let round = 0; round < 4; round += 1) {
      const scans = Array.from({ length: 50 }, async (_, index) =>
        said(engine, index % 2 === 0 ? EICAR : Buffer.from(`words ${index}`)),
      );
      const answers = await Promise.all(scans);
      expect(answers.filter((answer) => answer === FOUND)).toHaveLength(25);
      expect(answers.filter((answer) => answer === "clean")).toHaveLength(25);
    }
  });

  it("gives back whole what it is asked to echo, and is no engine by that", async () => {
    const address = icap.address("echo");
    const { host, port } = address;
    await using pool = withClose(
      new IcapPool({
        clock: systemClock,
        open: createConnector({ clock: systemClock }, { host, port }),
      }),
    );
    const client = new IcapClient(pool.pool, address);
    const offer: IcapOffer = {
      method: "RESPMOD",
      preview: undefined,
      maxConnections: undefined,
      tag: "",
      name: "",
    };
    const job = { chunkBytes: 64 * 1024, signal: never };
    const back = await client.send(offer, createMemorySource(LONG), job);
    expect(back).toMatchObject({ answer: { kind: "clean" }, isReusable: true });
    await using engine = engineFor("echo");
    expect(await engine.probe(never)).toContain('says "clean" of the EICAR test file');
    await using nothing = engineFor("nothing");
    expect(await nothing.probe(never)).toContain("answers OPTIONS with 404");
  });

  it("is in error, and then down, while the clamd behind it is gone", async () => {
    const settings = [
      {
        type: "icap",
        address: icap.address("avscan"),
        required: true,
        timeoutMs: undefined,
      },
    ] as const;
    const engines = createEngines(settings, { clock: systemClock });
    await using desk = createScanDesk(
      { looker: createLookInThread(), clock: systemClock, engines },
      { timeoutMs: 2000 },
    );
    expect((await desk.test())[0]?.state).toBe("up");
    clamd.kill();
    await clamd.gone();
    const { verdict } = await desk.scan(createMemorySource(Buffer.from("harmless words")));
    expect(shortOf(verdict)).toMatch(/^error /);
    expect((await desk.test())[0]).toMatchObject({ name: "icap", state: "down" });
    await clamd.comeBack();
    expect((await desk.test())[0]?.state).toBe("up");
  });
});

function withClose(pool: IcapPool): AsyncDisposable & { readonly pool: IcapPool } {
  return {
    pool,
    async [Symbol.asyncDispose]() {
      pool.close();
    },
  };
}
