import { createHash, randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EICAR } from "../support/eicar.ts";
import { FileStory, type AgreedTransfer } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { freePortRange } from "../support/port-range.ts";
import { waitUntil } from "../support/wait-until.ts";

const run = promisify(execFile);
const ROUNDS = 20;
const TRANSFERS = 5;
const SIZE = 2_000_000;
/** About as long as all of it takes. */
const LATEST_MS = 700;

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Every second file is infected, somewhere in its middle. */
function contentOf(index: number): Buffer {
  const bytes = harmlessBytes(SIZE);
  if (index % 2 === 1) EICAR.copy(bytes, SIZE / 2);
  return bytes;
}

interface Flight {
  readonly bytes: Buffer;
  readonly infected: boolean;
  readonly agreed: AgreedTransfer;
}

describe("a gateway that is killed with transfers in flight", () => {
  let gateway: GatewayProcess;

  beforeAll(async () => {
    const ports = await freePortRange(10);
    gateway = await GatewayProcess.start({ relay: { msnftp: { ports: ports.text } } });
  });

  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
  });

  it("delivers no byte that was not scanned, keeps its evidence, and starts clean", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await using stories = new AsyncDisposableStack();
      const flights = await Promise.all(
        Array.from({ length: TRANSFERS }, async (_, index) => takeOff(stories, round, index)),
      );
      await delay(randomInt(LATEST_MS));
      await gateway.kill();
      for (const { agreed, infected, bytes } of flights) {
        const got = await agreed.receiver.result;
        // Of an infected file nothing may have arrived; of a clean one its beginning, or all of it.
        const mayHave = infected ? Buffer.alloc(0) : bytes;
        expect(got.content.equals(mayHave.subarray(0, got.content.length))).toBe(true);
      }
      await gateway.restart();
      await spoolIsEmpty();
    }
    await expectEvidence();
  });

  async function takeOff(
    stories: AsyncDisposableStack,
    round: number,
    index: number,
  ): Promise<Flight> {
    const story = stories.use(
      await FileStory.begin({
        gateway: gateway.at("tcp"),
        sender: `alice${index}`,
        receiver: `bob${index}`,
      }),
    );
    const bytes = contentOf(index);
    const name = `round${round}-${index}.dat`;
    const way = index % 3 === 0 ? "nat" : "direct";
    return {
      bytes,
      infected: index % 2 === 1,
      agreed: await story.agree({ name, bytes }, { way }),
    };
  }

  async function spoolIsEmpty(): Promise<void> {
    await waitUntil("an empty spool", async () => {
      const places = ["incoming", "held", "releasing"];
      const files = await Promise.all(
        places.map(async (place) => readdir(join(gateway.dir, "data", "spool", place))),
      );
      return files.flat().length === 0;
    });
  }

  /** Every incident that names a copy has one, complete; every copy has its incident. */
  async function expectEvidence(): Promise<void> {
    const incidents = await gateway.incidents();
    const list = await gateway.cli("quarantine", "list", "-o", "ndjson");
    const kept = list.stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, string>);
    expect(kept.length).toBeGreaterThan(0);
    const known = new Set(incidents.map(({ id }) => id));
    for (const item of kept.slice(0, 20)) {
      const zip = join(gateway.dir, "kept.zip");
      const download = await gateway.cli("quarantine", "download", item["id"] ?? "", "--out", zip);
      expect(download).toMatchObject({ code: 0 });
      const { stdout } = await run("unzip", ["-p", "-P", "infected", zip], {
        encoding: "buffer",
        maxBuffer: 2 * SIZE,
      });
      expect(sha256(stdout)).toBe(item["sha256"]);
      await rm(zip);
    }
    const withCopy = incidents.filter(({ action }) => action === "quarantine");
    for (const { id } of withCopy) {
      expect(kept.some((item) => item["incident"] === id)).toBe(true);
    }
    // A copy is made before its incident is on record: a kill between the two leaves a copy without one, never the reverse.
    expect(kept.filter((item) => known.has(item["incident"])).length).toBeGreaterThan(0);
    expect(existsSync(join(gateway.dir, "data", "spool"))).toBe(true);
  }
});
