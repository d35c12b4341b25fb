/**
 * The worker thread in which files are: relay, spool, scan engines and the writing half of the quarantine (DESIGN §4 "Processes
 * and threads"). It puts the parts together and answers calls; what it is asked and what it says stands in relay-messages.ts.
 * File access here is synchronous on purpose: it costs this thread's time and no turn of the pool that SIP shares.
 */
import { networkInterfaces } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../base/clock.ts";
import { createQuarantineWriter } from "../quarantine/create-quarantine-writer.ts";
import type { ExpectedFile } from "../quarantine/open-kept.ts";
import { scanKept } from "../quarantine/scan-kept.ts";
import { createRelay } from "../relay/create-relay.ts";
import { createEngines } from "../scan/engines.ts";
import { reloadEngines } from "../scan/reload-engines.ts";
import { createLookProcess } from "../scan/look-process.ts";
import { createScanDesk } from "../scan/scan-desk.ts";
import type { ScanDesk } from "../scan/scan-engine.ts";
import { createSpool } from "../spool/create-spool.ts";
import { giveWay } from "./give-way.ts";
import { readHashes } from "./read-hashes.ts";
import { readYaraRules } from "./read-yara-rules.ts";
import type { RelayCall, RelayReply, RelayWorkerSettings } from "./relay-messages.ts";

const port = parentPort;
if (port === null) throw new Error("relay-worker.ts is a worker's entry");
// Made by relay-client.ts from the type of the same name.
const settings = workerData as RelayWorkerSettings;
const clock = systemClock;

/** Longer than a CANCEL takes to a client and through it. */
const PARTING_MS = 2000;

function say(reply: RelayReply): void {
  port?.postMessage(reply);
}

giveWay();

const engines = createEngines(settings.scan.engines, {
  clock,
  hashes: readHashes(settings.scan.hashFiles),
  largest: { bytes: settings.scan.largestBytes, timeoutMs: settings.scan.timeoutMs },
  signatureAgeMs: settings.scan.signatureAgeMs,
  readYaraRules,
});
const scan: ScanDesk = createScanDesk(
  {
    clock,
    engines,
    looker: createLookProcess({ clock }),
    onChange: (status) => say({ kind: "engine", status, all: scan.status() }),
  },
  {
    timeoutMs: settings.scan.timeoutMs,
    combination: settings.scan.combine,
    cache: settings.scan.cache,
  },
);
const { key, oldKeys } = settings.quarantine;
const quarantine = createQuarantineWriter(
  { clock },
  { ...settings.quarantine, key: Buffer.from(key) },
);
const kept = {
  dir: settings.quarantine.dir,
  keys: [key, ...oldKeys].map((bytes) => Buffer.from(bytes)),
};
const relay = createRelay(
  {
    clock,
    spool: createSpool({ clock }, { ...settings.spool, maxFileBytes: settings.maxFileBytes }),
    scan,
    quarantine,
    emit: (event) => say({ kind: "event", event }),
  },
  {
    address: "0.0.0.0",
    isOwnAddress,
    ...(settings.ports ?? { firstPort: 1, lastPort: 0 }),
    maxFileBytes: settings.maxFileBytes,
    maxTransfers: settings.maxTransfers,
    timers: { partingMs: PARTING_MS },
  },
);

/** Asked anew each time: an address may come while we run. */
function isOwnAddress(address: string): boolean {
  if (settings.advertised.includes(address)) return true;
  const interfaces = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return interfaces.some((one) => one.address === address);
}

port.on("message", (message: RelayCall | "close") => {
  if (message === "close") {
    void close();
    return;
  }
  const { seq } = message;
  Promise.resolve(answer(message)).then(
    (value) => say({ kind: "answer", seq, value }),
    // None of the methods rejects; if one does, this thread is not to be trusted any more.
    (error: unknown) => {
      throw error;
    },
  );
});

/** Calls the method; its arguments come from relay-client.ts, which is typed by the same interface. */
function answer({ method, args }: RelayCall): unknown {
  if (method === "reloadEngines") return reloadEngines(engines, args[0] === true);
  if (method === "scanKept") return scanKept(scan, kept, args[0] as ExpectedFile);
  const called = relay[method] as (...given: unknown[]) => unknown;
  return called.apply(relay, [...args]);
}

async function close(): Promise<void> {
  await relay[Symbol.asyncDispose]();
  await scan[Symbol.asyncDispose]();
  port?.close();
}

say({ kind: "ready" });
