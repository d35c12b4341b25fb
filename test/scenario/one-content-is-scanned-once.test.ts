import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FakeClamd } from "../support/fake-clamd.ts";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { freePortRange } from "../support/port-range.ts";
import { waitUntil } from "../support/wait-until.ts";

const LARGEST = 100_000;
const BYTES = harmlessBytes(LARGEST);

describe("one content, sent again", () => {
  let clamd: FakeClamd;
  let gateway: GatewayProcess;
  let story: FileStory;

  beforeAll(async () => {
    clamd = await FakeClamd.start("unix");
    clamd.version = "ClamAV 1.4.3/27500/Mon Nov 24 09:40:12 2025";
    const { address } = clamd;
    const socket = "path" in address ? address.path : "";
    const ports = await freePortRange(2);
    gateway = await GatewayProcess.start({
      relay: { msnftp: { ports: ports.text } },
      scan: { engines: [{ type: "clamd", socket, max_file_size: LARGEST }] },
    });
    story = await FileStory.begin({ gateway: gateway.at("tcp") });
    await waitUntil("clamd is up", async () => {
      const [engine] = await gateway.engines();
      return engine?.["state"] === "up";
    });
    await waitUntil("the probe with the largest file", () => clamd.isAtRestAfter(5));
  });

  afterAll(async () => {
    await story[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
    await clamd[Symbol.asyncDispose]();
  });

  /** Sends it from Alice to Bob; how often clamd was given a file meanwhile. */
  async function scansFor(name: string): Promise<number> {
    const before = clamd.streams;
    const { receiver } = await story.agree({ name, bytes: BYTES });
    expect((await receiver.result).end).toBe("complete");
    return clamd.streams - before;
  }

  it("is scanned once, and again as soon as clamd has other signatures", async () => {
    expect(await scansFor("first.dat")).toBe(1);
    expect(await scansFor("again.dat")).toBe(0);
    const stats = await gateway.cli("stats", "-o", "json");
    expect(JSON.parse(stats.stdout)).toMatchObject({ scan_cache: { hits: 1, entries: 1 } });
    clamd.version = "ClamAV 1.4.3/27501/Tue Nov 25 09:40:12 2025";
    // and the four files that it is tried out with
    expect(await scansFor("later.dat")).toBe(1 + 4);
    const engines = await gateway.engines();
    expect(engines[0]).toMatchObject({ signatures_at: expect.stringMatching(/^2025-11-2/) });
    const { signatures_at: at, signatures_age_seconds: age } = engines[0] ?? {};
    expect(Number(age)).toBeCloseTo((Date.now() - Date.parse(String(at))) / 1000, -2);
    const health = await gateway.cli("health", "-o", "json");
    expect(health.stdout).toContain("older than scan.signature_age: see that freshclam runs");
  });

  it("is refused at the offer where clamd does not take files of that size", async () => {
    const bytes = harmlessBytes(LARGEST + 1);
    const { answer } = await story.alice.offers({ name: "large.dat", bytes });
    expect(answer.status).toBe(606);
    const incident = await waitUntil("the incident", async () => {
      const all = await gateway.incidents();
      return all.find(({ file }) => JSON.stringify(file).includes('"large.dat"'));
    });
    expect(JSON.stringify(incident)).toContain("larger than 100000 bytes (relay.max_file_size, or");
  });
});
