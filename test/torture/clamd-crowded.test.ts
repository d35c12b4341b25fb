import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { EICAR } from "../../src/content/eicar.ts";
import { createEngines } from "../../src/scan/engines.ts";
import { createMemorySource } from "../../src/scan/memory-source.ts";
import { createScanDesk } from "../../src/scan/scan-desk.ts";
import type { ScanDesk } from "../../src/scan/scan-engine.ts";
import { Clamd } from "../live/peers/clamd.ts";
import { CLAMD, isMissing } from "../live/peers/requirements.ts";
import { FileStory, type AgreedTransfer } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { freePortRange } from "../support/port-range.ts";
import { sized } from "../support/torture-size.ts";
import { createLookInThread } from "../support/look-in-thread.ts";
import { ConnectionPeak } from "../support/tcp-connections.ts";
import { waitUntil } from "../support/wait-until.ts";

const ROGUES = 110;
/** clamd's own patience with a stream that stands still. */
const READ_TIMEOUT_S = sized(4, 30);
const CLEARED_WITHIN_MS = READ_TIMEOUT_S * 1000 + 5000;
const TIMEOUT_MS = 2000;
const SLOW_PEERS = sized(20, 200);
/** Scans at once, and beside them a ping and a question for the version. */
const POOL = 4 + 2;

function socketOf(clamd: Clamd): string {
  const address = clamd.address();
  return "path" in address ? address.path : "";
}

function portOf(clamd: Clamd): number {
  const address = clamd.address("tcp");
  return "port" in address ? address.port : 0;
}

/** A stream that is begun and never goes on; where the queue is full it comes again. */
async function stalledStream(path: string): Promise<Socket> {
  for (;;) {
    const socket = connect(path);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    socket.once("connect", () => resolve(true));
    socket.on("error", () => resolve(false));
    if (await promise) {
      const head = Buffer.from("zINSTREAM\0\0\0\x10\0", "latin1");
      socket.write(Buffer.concat([head, Buffer.alloc(100)]));
      return socket;
    }
    await delay(20);
  }
}

describe.skipIf(isMissing([CLAMD]))("a clamd that others crowd", () => {
  let clamd: Clamd;

  beforeEach(async () => {
    clamd = await Clamd.start({ queue: 40, maxQueue: 100, readTimeoutS: READ_TIMEOUT_S });
  });

  afterEach(async () => {
    await clamd[Symbol.asyncDispose]();
  });

  function desk(): ScanDesk {
    const settings = [
      { type: "clamd", client: "instream", address: clamd.address(), required: true },
    ] as const;
    const engines = createEngines(settings, { clock: systemClock });
    return createScanDesk(
      { clock: systemClock, engines, looker: createLookInThread() },
      { timeoutMs: TIMEOUT_MS },
    );
  }

  it(`by ${ROGUES} stalled streams costs errors in time, never a clean, and clears by itself (HARDENING F7)`, async () => {
    await using scans = desk();
    await waitUntil("the probe", () => scans.status()[0]?.state === "up");
    const path = socketOf(clamd);
    const rogues = await Promise.all(
      Array.from({ length: ROGUES }, async () => stalledStream(path)),
    );
    const begunAt = performance.now();
    let found = false;
    for (let n = 0; !found; n += 1) {
      const askedAt = performance.now();
      const marked = Buffer.concat([Buffer.from(`${n} `), EICAR]);
      const { verdict } = await scans.scan(createMemorySource(marked));
      expect(performance.now() - askedAt).toBeLessThan(TIMEOUT_MS + 1000);
      expect(verdict.kind).toMatch(/^(?:error|infected)$/);
      found = verdict.kind === "infected" && performance.now() - begunAt > READ_TIMEOUT_S * 1000;
      expect(performance.now() - begunAt).toBeLessThan(CLEARED_WITHIN_MS);
      await delay(100);
    }
    for (const rogue of rogues) rogue.destroy();
    expect(scans.status()[0]?.state).toBe("up");
  });

  it(`has no connection for ${SLOW_PEERS} peers that send a kilobyte a second (HARDENING F7b)`, async () => {
    const ports = await freePortRange(SLOW_PEERS + 4);
    await using gateway = await GatewayProcess.start({
      relay: { msnftp: { ports: ports.text }, max_transfers: 2 * SLOW_PEERS },
      limits: { connections_per_address: 5000 },
      scan: { engines: [{ type: "clamd", host: "127.0.0.1", port: portOf(clamd) }] },
    });
    await using peers = new AsyncDisposableStack();
    const begin = async (n: number | string): Promise<FileStory> =>
      peers.use(
        await FileStory.begin({
          gateway: gateway.at("tcp"),
          sender: `alice${n}`,
          receiver: `bob${n}`,
        }),
      );
    const honest = await begin("-quick");
    const quickMs = async (n: number): Promise<number> => {
      const startedAt = performance.now();
      const bytes = harmlessBytes(200_000 + n);
      const { receiver } = await honest.agree({ name: `quick${n}.dat`, bytes });
      expect((await receiver.result).end).toBe("complete");
      return performance.now() - startedAt;
    };
    const alone: number[] = [];
    for (let n = 0; n < 10; n += 1) alone.push(await quickMs(n));
    const slow: AgreedTransfer[] = [];
    for (let n = 0; n < SLOW_PEERS; n += 1) {
      const story = await begin(n);
      const sending = { faults: { chunkBytes: 100, pauseMs: 100 } };
      slow.push(
        await story.agree({ name: "slow.dat", bytes: harmlessBytes(1_000_000) }, { sending }),
      );
    }
    await waitUntil("all to be under way", async () => {
      const open = await gateway.transfers();
      return open.filter(({ state }) => state === "receiving").length >= SLOW_PEERS;
    });
    await using peak = new ConnectionPeak(portOf(clamd));
    const beside: number[] = [];
    for (let n = 10; n < 30; n += 1) beside.push(await quickMs(n));
    expect(peak.largest).toBeLessThanOrEqual(POOL);
    expect(Math.max(...beside)).toBeLessThan(Math.max(2 * Math.max(...alone), sized(1500, 500)));
    for (const { sender } of slow) sender.vanishes();
  });
});
