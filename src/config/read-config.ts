import { dirname, resolve } from "node:path";
import type { ProblemSink, RulePath } from "../policy/rule-problem.ts";
import type { Result } from "../base/result.ts";
import type {
  AdvertiseEntry,
  Config,
  LimitsConfig,
  ListenAddress,
  OnFailureConfig,
  Upstream,
  UpstreamServer,
} from "./config.ts";
import type { AdvertiseData, ConfigData, LimitsData, OnFailureData } from "./config-schema.ts";
import { bytesOf, millisecondsOf, partOf, rateOf, type SizeText } from "./quantities.ts";
import { readAccount } from "./read-account.ts";
import {
  HOST_NAME,
  isLoopback,
  readCidr,
  readListenUrl,
  readLocalUrl,
  readUpstreamUri,
  type AddressProblem,
} from "./read-addresses.ts";
import { readPlacement } from "./read-placement.ts";
import { checkRelay, readRelay } from "./read-relay.ts";
import { readRouting } from "./read-routing.ts";
import { readScan } from "./read-scan.ts";
import { checkTls, readTls } from "./read-tls.ts";
import { readDataConfig } from "./read-quarantine-key.ts";
import { readWebSocket } from "./read-websocket.ts";

const DEFAULT_LISTEN: readonly string[] = ["udp://0.0.0.0:5060", "tcp://0.0.0.0:5060"];

/**
 * Makes a `Config` of data whose shape is right: fills in the defaults of DESIGN §6, reads addresses and units, and
 * finds what does not go together. What is wrong goes to `sink`; the value is then of no use.
 */
export function readConfig(
  data: ConfigData,
  { file, nowMs }: { readonly file: string; readonly nowMs: number },
  sink: ProblemSink,
): ReadConfig {
  const base = dirname(file);
  const listen = readList(data.listen ?? DEFAULT_LISTEN, ["listen"], readListenUrl, sink);
  const placed = readPlacement(data, (upstream) => readUpstream(upstream, sink), sink);
  const upstreamFrom = readList(data.upstream_from ?? [], ["upstream_from"], readLocalUrl, sink);
  const domains = readDomains(data.domains ?? [], sink);
  const dataDir = resolve(base, data.data?.dir ?? "data");
  const config: ReadConfig = {
    file,
    listen,
    ...placed,
    upstreamFrom,
    serverSide: readList(data.server_side ?? [], ["server_side"], readCidr, sink),
    trusted: readList(data.trusted ?? [], ["trusted"], readCidr, sink),
    advertise: readAdvertise(data.advertise, sink),
    domains,
    path: data.path ?? "always",
    answerWithinMs: readAnswerWithin(data.answer_within, sink),
    shutdownGraceMs: readShutdownGrace(data.shutdown_grace, sink),
    tls: readTls(data.tls, { base, nowMs }, sink),
    ...readRouting(data, sink),
    rules: (data.rules ?? ["rules/"]).map((path) => resolve(base, path)),
    watchRules: data.watch_rules !== false,
    account: readAccount(data.account ?? {}, domains[0], base, sink),
    relay: readRelay(data.relay ?? {}, sink),
    scan: readScan(data.scan ?? {}, base, sink),
    onFailure: onFailureConfig(data.on_failure ?? {}),
    limits: limitsConfig(data.limits ?? {}),
    webSocket: readWebSocket(data.websocket, sink),
    data: readDataConfig(data.data, { base, dir: dataDir }, sink),
    log: {
      level: data.log?.level ?? "info",
      eventsFile: fileIn(base, data.log?.events, resolve(dataDir, "events.ndjson")),
    },
    admin: { socket: fileIn(base, data.admin?.socket, resolve(dataDir, "admin.sock")) },
  };
  checkListeners(config, data, sink);
  checkRelay(config, data.relay ?? {}, sink);
  checkTls(config, sink);
  return config;
}

/** The warnings are known only when all of it has been read. */
export type ReadConfig = Omit<Config, "warnings">;

function fileIn(base: string, written: string | undefined, fallback: string): string {
  return written === undefined ? fallback : resolve(base, written);
}

function readList<T>(
  texts: readonly string[],
  path: RulePath,
  read: (text: string) => Result<T, AddressProblem>,
  sink: ProblemSink,
): readonly T[] {
  const values: T[] = [];
  for (const [index, text] of texts.entries()) {
    const value = read(text);
    if (value.ok) values.push(value.value);
    else sink.error([...path, index], value.problem.message, value.problem.hint);
  }
  return values;
}

function readUpstream(data: NonNullable<ConfigData["upstream"]>, sink: ProblemSink): Upstream {
  if (data === "embedded") return { kind: "embedded" };
  const servers: UpstreamServer[] = [];
  for (const [index, entry] of data.entries()) {
    const uri = typeof entry === "string" ? entry : entry.uri;
    const allowClear = typeof entry === "string" ? false : (entry.allow_clear ?? false);
    const server = readUpstreamUri(uri, allowClear);
    if (server.ok) servers.push(server.value);
    else {
      const path = typeof entry === "string" ? ["upstream", index] : ["upstream", index, "uri"];
      sink.error(path, server.problem.message, server.problem.hint);
    }
  }
  return { kind: "servers", servers };
}

function readAdvertise(
  data: ConfigData["advertise"],
  sink: ProblemSink,
): readonly AdvertiseEntry[] {
  if (data === undefined) return [];
  const entries = Array.isArray(data)
    ? (data as readonly AdvertiseData[])
    : [data as AdvertiseData];
  const read: AdvertiseEntry[] = [];
  for (const [index, entry] of entries.entries()) {
    const path: RulePath = Array.isArray(data) ? ["advertise", index] : ["advertise"];
    for (const key of ["sip", "media"] as const) {
      const host = entry[key];
      if (host !== undefined && !isHost(host)) {
        sink.error([...path, key], `"${host}" is not a host name or address`);
      }
    }
    const written = "net" in entry ? String(entry.net) : undefined;
    const net = written === undefined ? undefined : readCidr(written);
    if (net !== undefined && !net.ok) {
      sink.error([...path, "net"], net.problem.message, net.problem.hint);
    }
    if (entry.sip === undefined && entry.media === undefined && Object.keys(entry).length > 0) {
      sink.error(path, "names neither sip nor media");
    }
    if (Object.keys(entry).length > 0) {
      read.push({
        net: net?.ok === true ? net.value : undefined,
        sip: entry.sip,
        media: entry.media,
      });
    }
  }
  return read;
}

function isHost(text: string): boolean {
  return HOST_NAME.test(text) || readCidr(text).ok;
}

function readDomains(texts: readonly string[], sink: ProblemSink): readonly string[] {
  for (const [index, text] of texts.entries()) {
    if (!isHost(text)) {
      sink.error(["domains", index], `"${text}" is not a domain`, 'write it as "example.com"');
    }
  }
  return texts.map((text) => text.toLowerCase().replace(/\.$/, ""));
}

/** RFC 3261 §17.1.2.2: after 64 × T1 nobody waits for an answer any more. */
const TRANSACTION_TIMEOUT_MS = 32_000;

function readAnswerWithin(text: string | undefined, sink: ProblemSink): number {
  const milliseconds = millisecondsOf(text ?? "20s");
  if (milliseconds < 1000 || milliseconds >= TRANSACTION_TIMEOUT_MS) {
    const hint = "after 32s (RFC 3261 timer F) the sender has given up";
    sink.error(["answer_within"], "must be from 1s to less than 32s", hint);
  }
  return milliseconds;
}

/** Whoever supervises the process loses patience sooner or later; Timer C is the longest that a transaction may last. */
const LONGEST_GRACE_MS = 600_000;

function readShutdownGrace(text: string | undefined, sink: ProblemSink): number {
  const milliseconds = millisecondsOf(text ?? "30s");
  if (milliseconds > LONGEST_GRACE_MS) sink.error(["shutdown_grace"], "must be 10m at most");
  return milliseconds;
}

function onFailureConfig(data: OnFailureData): OnFailureConfig {
  return {
    parseProblem: data.parse_problem ?? "block",
    opaque: data.opaque ?? "block",
    internalError: data.internal_error ?? "block",
  };
}

function limitsConfig(data: LimitsData): LimitsConfig {
  const size = (value: SizeText | undefined, fallback: string) => bytesOf(value ?? fallback);
  const time = (value: string | undefined, fallback: string) => millisecondsOf(value ?? fallback);
  return {
    maxBodyBytes: size(data.body, "2MiB"),
    maxHeadBytes: size(data.headers, "64KiB"),
    maxHeaderCount: data.header_count ?? 200,
    connections: data.connections ?? 5000,
    connectionsPerAddress: data.connections_per_address ?? 64,
    headerTimeoutMs: time(data.header_timeout, "30s"),
    idleMs: time(data.idle, "10m"),
    sendBufferBytes: size(data.send_buffer, "1MiB"),
    inFlight: data.in_flight ?? 20_000,
    ratePerSource: rateOf(data.rate_per_source ?? "off"),
    overloadCode: data.overload_code ?? 503,
    linksPerMessage: data.links_per_message ?? 1000,
    mimeDepth: data.mime_depth ?? 10,
    attachmentBytes: size(data.attachment, "1MiB"),
    textBytes: size(data.text, "128KiB"),
    spoolBytes: size(data.spool, "4GiB"),
    spoolPerSenderBytes: size(data.spool_per_sender, "1GiB"),
    spoolFilesPerSender: data.spool_files_per_sender ?? 100,
    spoolReserveBytes: size(data.spool_reserve, "64MiB"),
    spoolHighWater: partOf(data.spool_high_water ?? "99%"),
    recordReserveBytes: size(data.record_reserve, "16MiB"),
    quarantineBytes: size(data.quarantine, "2GiB"),
    quarantineDays: data.quarantine_days ?? 14,
    quarantineFiles: data.quarantine_files ?? 10_000,
    quarantineHighWater: partOf(data.quarantine_high_water ?? "90%"),
    quarantineMinAgeMs: time(data.quarantine_min_age, "24h"),
  };
}

function checkListeners(config: ReadConfig, data: ConfigData, sink: ProblemSink): void {
  reportRepeats(config.listen, "listen", sink);
  reportRepeats(config.upstreamFrom, "upstream_from", sink);
  if (config.upstream.kind === "embedded") {
    for (const [index, { address }] of config.listen.entries()) {
      if (isLoopback(address)) continue;
      const path = data.listen === undefined ? ["upstream"] : ["listen", index];
      const hint = 'listen on 127.0.0.1 or [::1], or name the real server in "upstream"';
      sink.error(path, "upstream: embedded is for trials and listens on loopback only", hint);
      if (data.listen === undefined) break;
    }
    return;
  }
  for (const [index, server] of config.upstream.servers.entries()) {
    if (config.listen.some((listener) => isListener(listener, server))) {
      const hint =
        "a message would go round in circles: give the server or the listener another port";
      const path = config.placement === "trunk" ? ["routes"] : ["upstream", index];
      sink.error(path, "this is a listener of the gateway itself", hint);
    }
  }
}

function isListener(listener: ListenAddress, server: UpstreamServer): boolean {
  if (listener.port !== server.port || listener.transport !== server.transport) return false;
  const isWildcard = listener.address === "0.0.0.0" || listener.address === "::";
  return listener.address === server.host || (isWildcard && isLoopback(server.host));
}

function reportRepeats(
  addresses: readonly ListenAddress[],
  key: "listen" | "upstream_from",
  sink: ProblemSink,
): void {
  const seen = new Set<string>();
  for (const [index, { transport, address, port }] of addresses.entries()) {
    const text = `${transport}://${address}:${port}`;
    if (port !== 0 && seen.has(text)) sink.error([key, index], `${text} is named twice`);
    seen.add(text);
  }
}
