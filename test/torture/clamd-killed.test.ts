import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { createEngines } from "../../src/scan/engines.ts";
import { createMemorySource } from "../../src/scan/memory-source.ts";
import type { ScanEngine, ScanSource } from "../../src/scan/scan-engine.ts";
import type { ScanResult } from "../../src/scan/scan-result.ts";
import { Clamd, MARKER } from "../live/peers/clamd.ts";
import { CLAMD, isMissing } from "../live/peers/requirements.ts";
import { askAdmin } from "../support/ask-admin.ts";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { freePortRange } from "../support/port-range.ts";
import { sized } from "../support/torture-size.ts";
import { waitUntil } from "../support/wait-until.ts";

const ROUNDS = sized(10, 100);
const SIZE = 4 * 1024 * 1024;
/** HARDENING F4. */
const TOLD_WITHIN_MS = 5000;
const BACK_WITHIN_MS = 2000;
const never = new AbortController().signal;

function shortOf(result: ScanResult): string {
  return "reason" in result ? `${result.kind} ${result.reason}` : result.kind;
}

/** Malware at the very end; `onRead` is told from where each piece is read. */
function infected(onRead: (position: number) => void = () => undefined): ScanSource {
  const bytes = Buffer.alloc(SIZE, "x");
  bytes.write(MARKER, SIZE - MARKER.length, "latin1");
  const source = createMemorySource(bytes);
  return {
    ...source,
    read(buffer, position) {
      onRead(position);
      return source.read(buffer, position);
    },
  };
}

describe.skipIf(isMissing([CLAMD]))(`a clamd that is killed ${ROUNDS} times (HARDENING F4)`, () => {
  describe.each(["instream", "clamscan"] as const)("by %s", (client) => {
    let clamd: Clamd;
    let engine: ScanEngine;

    beforeEach(async () => {
      clamd = await Clamd.start();
      const settings = [
        { type: "clamd", client, address: clamd.address(), required: true },
      ] as const;
      const [made] = createEngines(settings, { clock: systemClock });
      if (made === undefined) throw new Error("no engine");
      engine = made;
    });

    afterEach(async () => {
      await engine[Symbol.asyncDispose]();
      await clamd[Symbol.asyncDispose]();
    });

    it("before each connection is an error, and has no file wait", async () => {
      clamd.kill();
      await clamd.gone();
      for (let round = 0; round < ROUNDS; round += 1) {
        expect(shortOf(await engine.scan(infected(), never))).toBe("error down");
      }
      await clamd.comeBack();
      expect(shortOf(await engine.scan(infected(), never))).toBe("infected");
    });

    it("in the middle of each stream is an error", async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const killAt = randomInt(SIZE - SIZE / 4);
        const source = infected((position) => {
          if (position >= killAt) clamd.kill();
        });
        expect(shortOf(await engine.scan(source, never))).toBe("error down");
        await clamd.gone();
        await clamd.comeBack();
      }
      expect(shortOf(await engine.scan(infected(), never))).toBe("infected");
    });

    it("between the last byte and the reply is an error, or its word that came in time", async () => {
      const outcomes: string[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        // every second time it has stopped before, so that nothing it says can have come in time
        const isStopped = round % 2 === 0;
        if (isStopped) clamd.freeze();
        const small = createMemorySource(Buffer.from(`words ${MARKER}`));
        const scan = engine.scan(isStopped ? small : infected(), never);
        await delay(isStopped ? 20 : randomInt(80));
        clamd.kill();
        const said = shortOf(await scan);
        outcomes.push(`${isStopped ? "stopped" : "at work"}: ${said}`);
        await clamd.gone();
        await clamd.comeBack();
      }
      const allowed = ["stopped: error down", "at work: error down", "at work: infected"];
      expect(outcomes.filter((outcome) => !allowed.includes(outcome))).toEqual([]);
      expect(shortOf(await engine.scan(infected(), never))).toBe("infected");
    });
  });

  it("is told of within five seconds, used again within two, and lets nothing through", async () => {
    await using clamd = await Clamd.start();
    const address = clamd.address();
    const socket = "path" in address ? address.path : "";
    const ports = await freePortRange(4);
    await using gateway = await GatewayProcess.start({
      relay: { msnftp: { ports: ports.text } },
      scan: { engines: [{ type: "clamd", socket }], timeout: "20s" },
    });
    await using story = await FileStory.begin({ gateway: gateway.at("tcp") });
    const stateIs = async (state: string): Promise<boolean> =>
      (await gateway.engines())[0]?.["state"] === state;
    await waitUntil("clamd to be up", async () => stateIs("up"));
    const bytes = harmlessBytes(500_000);
    for (let round = 0; round < sized(2, 10); round += 1) {
      clamd.kill();
      await clamd.gone();
      const goneAt = performance.now();
      const offered = story.agree({ name: `held${round}.dat`, bytes });
      await waitUntil("the gateway to notice", async () => stateIs("down"));
      await waitUntil(
        "the log",
        () => gateway.stderr.split("a scan engine is down").length > round + 1,
      );
      const health = JSON.stringify(await askAdmin(gateway, "GET", "/v1/health"));
      expect(performance.now() - goneAt).toBeLessThan(TOLD_WITHIN_MS);
      expect(health).toContain("clamd is down");
      const held = await offered;
      expect((await gateway.transfers())[0]).toMatchObject({ delivered_bytes: 0 });

      await clamd.comeBack();
      const backAt = performance.now();
      await waitUntil("the gateway to notice", async () => stateIs("up"));
      expect(performance.now() - backAt).toBeLessThan(BACK_WITHIN_MS);
      const got = await held.receiver.result;
      expect(got.content.equals(bytes)).toBe(true);
    }
  });
});
