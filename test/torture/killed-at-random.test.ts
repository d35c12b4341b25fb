import { createHash, randomInt } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readOrCreateKey } from "../../src/location/key-file.ts";
import { createQuarantineReader } from "../../src/quarantine/create-quarantine-reader.ts";
import { BODY_NAME, itemPlace } from "../../src/quarantine/item-place.ts";
import { openBody } from "../../src/quarantine/read-body.ts";
import type { EventLine } from "../support/events-file.ts";
import { landingOf, takeOff, type Flight } from "../support/flight.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { freePortRange } from "../support/port-range.ts";
import { sendSteadily, within, type Sent } from "../support/reload-stage.ts";
import { SipClient } from "../support/sip-client.ts";
import { sized } from "../support/torture-size.ts";
import { waitUntil } from "../support/wait-until.ts";

const ROUNDS = sized(20, 200);
const TRANSFERS = 20;
/** About as long as all of it takes. */
const LATEST_MS = 1500;
const LOAD = { perSecond: 200, fates: ["passed", "blocked"] } as const;
/**
 * HARDENING F1; from the start of the process until its listeners are up. Beside other tests even a start with nothing to recover may take
 * many times as long: there it shows no more than that it comes back by itself.
 */
const SERVING_MS = sized(15_000, 2000);
/** Some seconds for each round, many more where others use the machine. */
const PATIENCE_MS = ROUNDS * 15_000;
/** What the gateway said before it was killed may still be on its way through the kernel. */
const ON_ITS_WAY_MS = 300;

describe(`a gateway that is killed ${ROUNDS} times, with ${TRANSFERS} transfers and ${LOAD.perSecond} MESSAGE/s in flight (HARDENING F1)`, () => {
  let gateway: GatewayProcess;
  /** Incidents that somebody was told of. */
  const told = new Set<string>();
  /** Files whose sender heard that they were received, and whose receivers never had all of them. */
  const owed = new Set<string>();
  let delivered = 0;
  let slowestMs = 0;

  beforeAll(async () => {
    const ports = await freePortRange(40);
    gateway = await GatewayProcess.start({ relay: { msnftp: { ports: ports.text } } });
  });

  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
  });

  it(
    "delivers nothing that was not scanned, tells nobody what is not so, and serves again at once",
    async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        await using peers = new AsyncDisposableStack();
        const flights = await Promise.all(
          Array.from({ length: TRANSFERS }, async (_, index) =>
            takeOff(peers, gateway.at("tcp"), { round, index }),
          ),
        );
        const stop = new AbortController();
        const listener = await signOn(peers, "bob");
        const sending = sendSteadily(await signOn(peers, "talker"), LOAD, stop.signal);
        // Some get through, else the moments would be too early to show anything.
        if (round === 0) await flights[0]?.agreed.receiver.result;
        else await delay(randomInt(LATEST_MS));
        await gateway.kill();
        stop.abort();
        await delay(ON_ITS_WAY_MS);
        expect(await findFaults(flights)).toEqual([]);
        expect(await findLies(await sending, listener)).toEqual([]);
        const startedAt = performance.now();
        await gateway.restart();
        slowestMs = Math.max(slowestMs, performance.now() - startedAt);
        await spoolIsEmpty();
      }
      console.log(`ready after ${slowestMs.toFixed()} ms at most, ${delivered} files delivered`);
      expect(slowestMs).toBeLessThan(SERVING_MS);
      expect(delivered).toBeGreaterThan(0);
      expect(told.size).toBeGreaterThan(ROUNDS);
    },
    PATIENCE_MS,
  );

  it("has recorded what it told, and everything that it had accepted and not delivered", async () => {
    const missing = await waitUntil("the records", async () => {
      const events = await gateway.events();
      const incidents = new Set(events.map((event) => event["incident"]));
      const names = new Set(events.map((event) => undelivered(event)));
      const left = [...told].filter((id) => !incidents.has(id));
      left.push(...[...owed].filter((name) => !names.has(name)));
      return left.length === 0 ? left : false;
    });
    expect(missing).toEqual([]);
  });

  it("keeps every file that the log calls kept, whole", async () => {
    await gateway.stop();
    const key = readOrCreateKey(join(gateway.dir, "data", "keys"), "quarantine.key");
    const dir = join(gateway.dir, "data", "quarantine");
    const reader = createQuarantineReader({ dir, key });
    const kept = new Map((await reader.list(100_000)).map((item) => [item.id, item]));
    for (const { id, size, sha256 } of kept.values()) {
      expect([id, await hashOfKept(dir, key, { id, size })]).toEqual([id, sha256]);
    }
    const named = (await gateway.events()).flatMap(({ file, action }) => {
      const { quarantine } = (file ?? {}) as Record<string, unknown>;
      return action === "quarantine" ? [String(quarantine)] : [];
    });
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((id) => !kept.has(id))).toEqual([]);
  });

  async function signOn(peers: AsyncDisposableStack, name: string): Promise<SipClient> {
    const at = gateway.at("tcp");
    return peers.use(await SipClient.signOn({ name, transport: "tcp", gateway: at }));
  }

  /** What is wrong with what came of these files. */
  async function findFaults(flights: readonly Flight[]): Promise<readonly string[]> {
    const landings = await Promise.all(flights.map(async (flight) => landingOf(flight)));
    for (const [index, { isOwed }] of landings.entries()) {
      if (isOwed) owed.add(flights[index]?.name ?? "");
    }
    delivered += landings.filter(({ isDelivered }) => isDelivered).length;
    return landings.flatMap(({ fault }) => fault ?? []);
  }

  /** A 200 is a message that has arrived, and a refusal is one that has been recorded. Returns what is not so. */
  async function findLies(sent: readonly Sent[], listener: SipClient): Promise<readonly string[]> {
    const arrived = new Set(listener.arrived.map(({ text }) => text));
    const lies = [...arrived].filter((text) => text.includes(".exe"));
    for (const { fate, text, answer } of sent) {
      const heard = await within(answer, 0);
      if (heard === undefined) continue;
      const isTrue =
        fate === "passed" ? heard.status === 200 && arrived.has(text) : heard.status >= 400;
      if (!isTrue) lies.push(`${text}: ${heard.status}`);
      const [id] = /INC-[0-9A-Z]{8}/.exec(heard.header("Warning") ?? "") ?? [];
      if (id !== undefined) told.add(id);
    }
    return lies;
  }

  /** What was half here is gone, and what was complete is recorded and kept. */
  async function spoolIsEmpty(): Promise<void> {
    const folders = ["incoming", "held", "releasing"].map((name) =>
      join(gateway.dir, "data", "spool", name),
    );
    const names = async (): Promise<readonly string[]> =>
      (await Promise.all(folders.map(async (folder) => readdir(folder)))).flat();
    await waitUntil("an empty spool", async () => (await names()).length === 0, 60_000);
  }
});

/** The name of the file that this line says was not delivered. */
function undelivered({ type, delivery, file }: EventLine): unknown {
  if (type !== "transfer" || delivery === "delivered") return undefined;
  return ((file ?? {}) as Record<string, unknown>)["name"];
}

async function hashOfKept(
  quarantine: string,
  key: Buffer,
  item: { readonly id: string; readonly size: number },
): Promise<string> {
  const { folder } = itemPlace(quarantine, item.id);
  await using body = await openBody(join(folder, BODY_NAME), [key], item);
  const hash = createHash("sha256");
  for await (const frame of body.frames()) hash.update(frame);
  return hash.digest("hex");
}
