import { isIP } from "node:net";
import { resolve } from "node:path";
import type { ProblemSink, RulePath } from "../policy/rule-problem.ts";
import type { EngineConfig, ScanConfig } from "./config.ts";
import { readHashList } from "./hash-list.ts";
import { millisecondsOf } from "./quantities.ts";
import { readMaxBytes } from "./read-max-bytes.ts";
import { HOST_NAME } from "./read-addresses.ts";
import { readIcap } from "./read-icap.ts";
import { readScanTimeout } from "./read-scan-timeout.ts";
import type { CacheData, EngineData, ScanData } from "./scan-schema.ts";
import { readYaraRuleFiles } from "./yara-rule-files.ts";

/** sun_path of Linux, without the NUL. */
const MAX_SOCKET_PATH = 107;

const DEFAULT_CLAMD_PORT = 3310;

/** Of two that disagree neither is a majority. */
const MIN_VOTERS = 3;
const MIN_CHAIN = 2;

/** What stands beside `type`. */
const KEYS: Readonly<Record<EngineData["type"], readonly string[]>> = {
  builtin: [],
  clamd: ["socket", "host", "port", "client", "required", "max_file_size"],
  icap: ["url", "timeout", "required", "max_file_size"],
  yara: ["rules", "required"],
};

const NAMES: Readonly<Record<EngineData["type"], string>> = {
  builtin: "the builtin engine",
  clamd: "clamd",
  icap: "an icap engine",
  yara: "yara",
};

/** `scan:` with its defaults; `base`: the folder that paths are relative to. */
export function readScan(data: ScanData, base: string, sink: ProblemSink): ScanConfig {
  const engines = readEngines(data.engines ?? [{ type: "builtin" }], base, sink);
  checkCombination(data.combine ?? "worst", engines, sink);
  return {
    engines,
    hashFiles: readHashFiles(data.hashes ?? [], engines, base, sink),
    combine: data.combine ?? "worst",
    timeoutMs: readScanTimeout(data.timeout ?? "60s", ["scan", "timeout"], sink),
    cache: readCache(data.cache ?? {}),
    signatureAgeMs: readSignatureAge(data.signature_age ?? "7d"),
    onInfected: data.on_infected ?? "quarantine",
    onUnscannable: data.on_unscannable ?? "block",
    onError: data.on_error ?? "block",
  };
}

function readCache(data: "off" | CacheData): ScanConfig["cache"] {
  if (data === "off") return undefined;
  return {
    cleanMs: millisecondsOf(data.clean ?? "10m"),
    infectedMs: millisecondsOf(data.infected ?? "24h"),
    entries: data.entries ?? 10_000,
  };
}

function readSignatureAge(text: string): number | undefined {
  return text === "off" ? undefined : millisecondsOf(text);
}

/** A combination that could never do what its name says is a mistake: it would be "worst" in silence. */
function checkCombination(
  combine: ScanConfig["combine"],
  engines: readonly EngineConfig[],
  sink: ProblemSink,
): void {
  const path = ["scan", "combine"];
  const voters = engines.filter(({ type }) => type !== "builtin" && type !== "yara");
  if (combine === "majority" && voters.length < MIN_VOTERS) {
    const hint = "those know no malware by themselves and have no vote; write worst";
    sink.error(path, `majority needs ${MIN_VOTERS} engines beside builtin and yara`, hint);
  }
  for (const [index, engine] of engines.entries()) {
    if (combine !== "first_available" || engine.type !== "yara" || engine.required) continue;
    const hint =
      "with first_available it must be required, else it could keep clamd from being asked";
    const at = ["scan", "engines", index, "required"];
    sink.error(at, "yara stands in for no other engine", hint);
  }
  const chain = voters.filter((engine) => "required" in engine && !engine.required);
  if (combine === "first_available" && chain.length < MIN_CHAIN) {
    const hint = "a required engine is always asked, and without its answer the scan has failed";
    sink.error(path, `first_available needs ${MIN_CHAIN} engines with required: false`, hint);
  }
}

function readEngines(
  entries: readonly EngineData[],
  base: string,
  sink: ProblemSink,
): readonly EngineConfig[] {
  const seen = new Set<string>();
  return entries.map((entry, index) => {
    const path = ["scan", "engines", index];
    const engine = readEngine(entry, base, path, sink);
    const key = JSON.stringify([engine.type, "address" in engine ? engine.address : ""]);
    if (seen.has(key)) sink.error(path, `the same ${engine.type} is named twice`);
    seen.add(key);
    return engine;
  });
}

function readEngine(
  entry: EngineData,
  base: string,
  path: RulePath,
  sink: ProblemSink,
): EngineConfig {
  for (const key of Object.keys(entry)) {
    if (key === "type" || KEYS[entry.type].includes(key)) continue;
    sink.error([...path, key], `"${key}" means nothing for ${NAMES[entry.type]}`, "remove it");
  }
  switch (entry.type) {
    case "builtin":
      return { type: "builtin" };
    case "clamd":
      return readClamd(entry, base, path, sink);
    case "icap":
      return readIcap(entry, path, sink);
    case "yara":
      return readYara(entry, base, path, sink);
  }
}

/** Reads the files to the end, so that rules that the gateway would not start with are found by a check; what they say is YARA's affair. */
function readYara(
  entry: EngineData,
  base: string,
  path: RulePath,
  sink: ProblemSink,
): EngineConfig {
  const rules = (entry.rules ?? ["rules/yara/"]).map((written) => resolve(base, written));
  const read = readYaraRuleFiles(rules);
  for (const { index, message, hint } of read.ok ? [] : read.problem) {
    sink.error(entry.rules === undefined ? path : [...path, "rules", index], message, hint);
  }
  return { type: "yara", rules, required: entry.required ?? true };
}

function readClamd(
  entry: EngineData,
  base: string,
  path: RulePath,
  sink: ProblemSink,
): EngineConfig {
  return {
    type: "clamd",
    client: entry.client ?? "instream",
    address: readClamdAddress(entry, base, path, sink),
    required: entry.required ?? true,
    maxBytes: readMaxBytes(entry, path, sink),
  };
}

type EngineAddress = (EngineConfig & { readonly type: "clamd" })["address"];

function readClamdAddress(
  { socket, host, port }: EngineData,
  base: string,
  path: RulePath,
  sink: ProblemSink,
): EngineAddress {
  if (socket !== undefined && host !== undefined) {
    sink.error([...path, "host"], "clamd has a socket and a host", "keep one of the two");
  } else if (socket !== undefined) {
    const absolute = resolve(base, socket);
    if (Buffer.byteLength(absolute) > MAX_SOCKET_PATH) {
      const hint = `a socket path has at most ${MAX_SOCKET_PATH} bytes`;
      sink.error([...path, "socket"], `${absolute} is too long`, hint);
    }
    if (port !== undefined) {
      sink.error([...path, "port"], '"port" means nothing beside a socket', "remove it");
    }
    return { path: absolute };
  } else if (host === undefined) {
    const hint = "write socket: /run/clamav/clamd.ctl, or host: 127.0.0.1 and port: 3310";
    sink.error(path, "clamd needs a socket or a host", hint);
  }
  const name = (host ?? "").replace(/^\[(.*)\]$/, "$1");
  if (host !== undefined && isIP(name) === 0 && !HOST_NAME.test(name)) {
    sink.error([...path, "host"], `"${host}" is not a host name or address`);
  }
  const tcp = port ?? DEFAULT_CLAMD_PORT;
  if (tcp < 1 || tcp > 65_535) {
    sink.error([...path, "port"], `there is no port ${tcp}`, "ports go from 1 to 65535");
  }
  return { host: name, port: tcp };
}

/** Reads them to the end, so that a list that the gateway would not start with is found by a check. */
function readHashFiles(
  files: readonly string[],
  engines: readonly EngineConfig[],
  base: string,
  sink: ProblemSink,
): readonly string[] {
  if (files.length > 0 && !engines.some((engine) => engine.type === "builtin")) {
    const hint = 'add "- type: builtin" to scan.engines';
    sink.error(
      ["scan", "hashes"],
      "only the builtin engine reads hashes, and it is not named",
      hint,
    );
  }
  return files.map((written, index) => {
    const path = resolve(base, written);
    const list = readHashList(path);
    if (!list.ok) sink.error(["scan", "hashes", index], list.problem.message, list.problem.hint);
    return path;
  });
}
