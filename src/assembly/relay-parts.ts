import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import type { Config } from "../config/config.ts";
import { createEventId } from "../journal/event-id.ts";
import type { Journal } from "../journal/journal.ts";
import type { RelayEvent } from "../relay/relay.ts";
import { largestFileBytes } from "./largest-file-bytes.ts";
import type { QuarantineStore } from "./quarantine-store.ts";
import { createRelayClient, type RelayClient, type RelayClientDeps } from "./relay-client.ts";
import type { RelayWorkerSettings } from "./relay-messages.ts";

export interface RelayPartsDeps {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly log: {
    info(message: string, details?: Readonly<Record<string, unknown>>): void;
    warn(message: string, details?: Readonly<Record<string, unknown>>): void;
  };
  readonly onEvent: (event: RelayEvent) => void;
  readonly makeRoom: RelayClientDeps["makeRoom"];
}

/** Starts the relay's worker with what the configuration says of files; engines that come and go are recorded. */
export async function startRelay(
  deps: RelayPartsDeps,
  config: Config,
  store: QuarantineStore,
): Promise<RelayClient> {
  const { clock, journal, log, onEvent, makeRoom } = deps;
  return createRelayClient(
    {
      clock,
      onEvent,
      makeRoom,
      onEngine({ name, state, detail, warning }) {
        const fields = { engine: name, detail };
        if (state === "down") log.warn("a scan engine is down", fields);
        else if (warning !== "") log.warn("a scan engine is up, but wants other settings", fields);
        else log.info("a scan engine is up", fields);
        const at = clock.now();
        journal.operation({
          eventId: createEventId(at),
          at,
          type: "engine",
          reason: `engine ${name} is ${state}`,
          details: { engine: name, state, detail },
        });
      },
      onDeath: (error) => log.warn("the relay's worker died and is started again", { err: error }),
    },
    workerSettings(config, store),
  );
}

function workerSettings(config: Config, store: QuarantineStore): RelayWorkerSettings {
  const { relay, limits, scan, data, advertise } = config;
  return {
    ports: relay.msnftp,
    advertised: advertise.flatMap(({ media }) => media ?? []),
    maxFileBytes: largestFileBytes(config),
    maxTransfers: relay.maxTransfers,
    spool: {
      dir: join(data.dir, "spool"),
      totalBytes: limits.spoolBytes,
      perOwnerBytes: limits.spoolPerSenderBytes,
      perOwnerFiles: limits.spoolFilesPerSender,
      reserveBytes: limits.spoolReserveBytes,
      highWater: limits.spoolHighWater,
    },
    quarantine: {
      ...store,
      maxBytes: limits.quarantineBytes,
      maxFiles: limits.quarantineFiles,
      reserveBytes: limits.spoolReserveBytes,
    },
    scan: {
      engines: scan.engines,
      hashFiles: scan.hashFiles,
      timeoutMs: scan.timeoutMs,
      combine: scan.combine,
      cache: scan.cache,
      largestBytes: Math.max(
        limits.attachmentBytes,
        relay.msnftp === undefined ? 0 : largestFileBytes(config),
      ),
      signatureAgeMs: scan.signatureAgeMs,
    },
  };
}
