import { isIP } from "node:net";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { createUlid } from "../base/ulid.ts";
import type { Config } from "../config/config.ts";
import { createFilter, type Filter } from "../filter/create-filter.ts";
import type { FilterMeans } from "../filter/desk.ts";
import { scanFacts } from "../filter/scan-facts.ts";
import type { Journal } from "../journal/journal.ts";
import { readOrCreateKey } from "../location/key-file.ts";
import type { Registrations } from "../location/registrations.ts";
import { createNotifier, DEFAULT_NOTICE_LIMITS } from "../notify/create-notifier.ts";
import type { Policy } from "../policy/decision.ts";
import type { Originator } from "../proxy/origination.ts";
import { domainsOf, judgeSettings, warnAgent } from "./judge-settings.ts";
import { byNetwork } from "./by-network.ts";
import { largestFileBytes } from "./largest-file-bytes.ts";
import { createMediaHost } from "./media-host.ts";
import type { RelayClient } from "./relay-client.ts";
import type { KeptFiles } from "./kept-files.ts";
import { startRelay } from "./relay-parts.ts";

export interface FilterPartsDeps {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly policy: () => Policy;
  /** The proxy, which comes to life after the filter that it asks; undefined until then. */
  readonly originator: () => Originator | undefined;
  readonly registrations: Registrations;
  readonly log: {
    info(message: string, details?: Readonly<Record<string, unknown>>): void;
    warn(message: string, details?: Readonly<Record<string, unknown>>): void;
    error(message: string, details?: Readonly<Record<string, unknown>>): void;
  };
}

/** The filter, and the relay whose events go to it. */
export interface FilterParts {
  readonly filter: Filter;
  readonly relay: RelayClient;
}

/**
 * Of `answer_within`, for the scans of a message's attachments: less than the filter has for all of it, so that engines which fail are refused
 * as such (`scan.on_error`), and not as a filter that hangs (`on_failure.internal_error`).
 */
const ATTACHMENT_SHARE = 0.85;

/** Starts the relay's worker and binds the filter to it. Rejects with RELAY_FAILED. */
export async function startFilter(
  deps: FilterPartsDeps,
  config: Config,
  kept: Pick<KeptFiles, "store" | "makeRoom">,
): Promise<FilterParts> {
  const { clock, journal, log } = deps;
  let filter: Filter | undefined;
  const relay = await startRelay(
    {
      clock,
      journal,
      log,
      makeRoom: kept.makeRoom,
      onEvent: (event) => filter?.onRelayEvent(event),
    },
    config,
    kept.store,
  );
  const keys = join(config.data.dir, "keys");
  // In front of a server alone does a message cross the gateway twice, and a peer's SIP come from its own address.
  const inFront = config.placement === "in_front";
  const isMarking = inFront && config.upstream.kind !== "embedded";
  filter = createFilter(
    {
      journal,
      clock,
      policy: deps.policy,
      scan: async ({ bytes }, withinMs, sender) =>
        scanFacts(await relay.scanBytes(bytes, withinMs, sender)),
      domains: domainsOf(config),
      onFailure: (error) => log.error("an incident could not be recorded", { err: error }),
      means: meansOf(deps, config, relay),
    },
    {
      judge: judgeSettings(config),
      agent: warnAgent(config),
      attachmentScanMs: ATTACHMENT_SHARE * config.answerWithinMs,
      markKey: isMarking ? readOrCreateKey(keys, "mark.key") : undefined,
      transferContact: config.relay.msnftp?.contact ?? "both",
      transferConnects: byNetwork(
        config.relay.msnftp?.connects ?? [],
        (entry) => entry.connects,
        "auto",
      ),
      maxFileBytes: inFront ? config.relay.msnftp && largestFileBytes(config) : undefined,
      transferSecurity: byNetwork(config.relay.msnftpSecurity, (entry) => entry.level, "as_sip"),
    },
  );
  return { filter, relay };
}

function meansOf(deps: FilterPartsDeps, config: Config, relay: RelayClient): FilterMeans {
  const { clock } = deps;
  const originator = lateOriginator(deps.originator);
  return {
    relay,
    originator,
    notifier: createNotifier(
      { clock, originate: async (message) => originator.sendMessage(message) },
      { account: config.account?.aor, ...DEFAULT_NOTICE_LIMITS },
    ),
    mediaHost: createMediaHost(config.advertise, {
      listenAddress: config.listen[0]?.address ?? "127.0.0.1",
      upstreamAddress: firstUpstream(config),
    }),
    seatsOf: (aor) => deps.registrations.homesOf(aor, clock.now()),
    newId: () => createUlid(clock.now()),
  };
}

/** Its address, where the operator wrote one. */
function firstUpstream({ upstream }: Config): string | undefined {
  const host = upstream.kind === "servers" ? upstream.servers[0]?.host : undefined;
  return host !== undefined && isIP(host) !== 0 ? host : undefined;
}

function lateOriginator(proxy: () => Originator | undefined): Originator {
  const early = { kind: "failed", reason: "unreachable" } as const;
  return {
    sendMessage: async (message) => proxy()?.sendMessage(message) ?? early,
    sendInLeg: async (request) => proxy()?.sendInLeg(request) ?? early,
    watch: (callId) => proxy()?.watch(callId),
    unwatch: (callId) => proxy()?.unwatch(callId),
  };
}
