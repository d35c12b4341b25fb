import type { ProblemSink } from "../policy/rule-problem.ts";
import type {
  Config,
  ConnectsEntry,
  LimitsConfig,
  MsnftpConfig,
  RelayConfig,
  TransferSecurityEntry,
} from "./config.ts";
import { bytesOf, sizeText } from "./quantities.ts";
import { readCidr } from "./read-addresses.ts";
import type { MsnftpData, RelayData } from "./relay-schema.ts";

const PORTS = ["relay", "msnftp", "ports"];

const SECURITY = ["relay", "msnftp", "security"];

const MAX_PORTS = 1000;

/** COMPAT(Communicator): it accepts transfers on these ports only. */
const CLIENT_PORTS = { firstPort: 6891, lastPort: 6900 };

/** `relay:` with its defaults. */
export function readRelay(data: RelayData, sink: ProblemSink): RelayConfig {
  const maxFileBytes = bytesOf(data.max_file_size ?? "100MiB");
  if (maxFileBytes === 0) {
    const hint = "to refuse all files write a rule, or msnftp: off";
    sink.error(["relay", "max_file_size"], "must be at least 1 byte", hint);
  }
  return {
    msnftp: readMsnftp(data.msnftp, sink),
    msnftpSecurity: readSecurity(data.msnftp, sink),
    maxFileBytes,
    maxTransfers: data.max_transfers ?? 200,
  };
}

function readMsnftp(data: RelayData["msnftp"], sink: ProblemSink): RelayConfig["msnftp"] {
  if (data === "off") return undefined;
  const { ports, connects, contact = "both" } = data ?? {};
  return { ...readPorts(ports, sink), connects: readConnects(connects, sink), contact };
}

function readConnects(data: MsnftpData["connects"], sink: ProblemSink): readonly ConnectsEntry[] {
  if (data === undefined) return [];
  if (typeof data === "string") return [{ net: undefined, connects: data }];
  return data.flatMap(({ net, connects }, index) => {
    const read = readCidr(net);
    if (read.ok) return [{ net: read.value, connects }];
    const { message, hint } = read.problem;
    sink.error(["relay", "msnftp", "connects", index, "net"], message, hint);
    return [];
  });
}

function readPorts(
  data: MsnftpData["ports"],
  sink: ProblemSink,
): Pick<MsnftpConfig, "firstPort" | "lastPort"> {
  if (data === undefined) return CLIENT_PORTS;
  const written = String(data);
  const match = /^(\d{1,6})(?: ?- ?(\d{1,6}))?$/.exec(written);
  if (match === null) {
    sink.error(PORTS, `"${written}" names no ports`, 'write "6891-6900", or a single one');
    return CLIENT_PORTS;
  }
  const firstPort = Number(match[1]);
  const lastPort = Number(match[2] ?? match[1]);
  const count = lastPort - firstPort + 1;
  if (firstPort < 1024 || lastPort > 65_535) {
    sink.error(PORTS, `"${written}" leaves the ports of the relay`, "they go from 1024 to 65535");
  } else if (count < 1) {
    const hint = `did you mean "${lastPort}-${firstPort}"?`;
    sink.error(PORTS, `"${written}" ends before it begins`, hint);
  } else if (count > MAX_PORTS) {
    sink.error(PORTS, `"${written}" are ${count} ports`, `at most ${MAX_PORTS}`);
  } else if (firstPort < CLIENT_PORTS.firstPort || lastPort > CLIENT_PORTS.lastPort) {
    const hint = "fit for tests, and for clients that take any port";
    sink.warn(
      PORTS,
      `Communicator accepts ports 6891-6900 only, and "${written}" goes beyond`,
      hint,
    );
  }
  return { firstPort, lastPort };
}

function readSecurity(
  data: RelayData["msnftp"],
  sink: ProblemSink,
): readonly TransferSecurityEntry[] {
  const security = data === undefined || data === "off" ? undefined : data.security;
  if (security === undefined) return [];
  if (typeof security === "string") return [{ net: undefined, level: security }];
  return security.flatMap(({ net, level }, index) => {
    const read = readCidr(net);
    if (read.ok) return [{ net: read.value, level }];
    sink.error([...SECURITY, index, "net"], read.problem.message, read.problem.hint);
    return [];
  });
}

/** What of relay, limits and listeners does not go together; `data` says what of it was written. */
export function checkRelay(
  config: Pick<Config, "relay" | "limits" | "listen" | "upstreamFrom">,
  data: RelayData,
  sink: ProblemSink,
): void {
  checkSizes(config.relay, config.limits, data.max_file_size !== undefined, sink);
  const arePortsWritten = typeof data.msnftp === "object" && data.msnftp.ports !== undefined;
  checkPorts(config, arePortsWritten, sink);
  checkSecurity(config, sink);
}

/** The problem stands at `max_file_size` where it is written, else at the limit that is below its default. */
function checkSizes(
  { maxFileBytes }: RelayConfig,
  limits: LimitsConfig,
  isWritten: boolean,
  sink: ProblemSink,
): void {
  const placeOf = (key: string): string[] =>
    isWritten ? ["relay", "max_file_size"] : ["limits", key];
  const sizes = [
    ["spool_per_sender", limits.spoolPerSenderBytes],
    ["spool", limits.spoolBytes],
  ] as const;
  for (const [key, bytes] of sizes) {
    if (maxFileBytes <= bytes) continue;
    const message = `relay.max_file_size (${sizeText(maxFileBytes)}) is larger than limits.${key} (${sizeText(bytes)})`;
    sink.error(placeOf(key), message, `such a file could never come in: raise limits.${key}`);
    return;
  }
  if (maxFileBytes > limits.quarantineBytes) {
    const message = `relay.max_file_size (${sizeText(maxFileBytes)}) is larger than limits.quarantine (${sizeText(limits.quarantineBytes)})`;
    sink.warn(placeOf("quarantine"), message, "the largest files are stopped without a copy");
  }
}

/** Whatever its address: a peer that dials a listener of SIP would be told nothing that it understands. */
function checkPorts(
  { relay, listen, upstreamFrom }: Pick<Config, "relay" | "listen" | "upstreamFrom">,
  isWritten: boolean,
  sink: ProblemSink,
): void {
  const { msnftp } = relay;
  if (msnftp === undefined) return;
  const { firstPort, lastPort } = msnftp;
  for (const [key, addresses] of Object.entries({ listen, upstream_from: upstreamFrom })) {
    for (const [index, { transport, port }] of addresses.entries()) {
      if (transport === "udp" || port < firstPort || port > lastPort) continue;
      const message = `TCP port ${port} is named by ${key} and is one of relay.msnftp.ports (${firstPort}-${lastPort})`;
      sink.error(isWritten ? PORTS : [key, index], message, "give one of the two other ports");
    }
  }
}

/** Who must come by TLS, and cannot, transfers nothing. */
function checkSecurity(
  { relay, listen }: Pick<Config, "relay" | "listen">,
  sink: ProblemSink,
): void {
  const index = relay.msnftpSecurity.findIndex(({ level }) => level === "high");
  const entry = relay.msnftpSecurity[index];
  if (entry === undefined || listen.some(({ transport }) => /^(?:tls|wss)$/.test(transport)))
    return;
  const place = entry.net === undefined ? SECURITY : [...SECURITY, index, "level"];
  const hint = 'name one in listen: "tls://0.0.0.0:5061"';
  sink.warn(
    place,
    "high asks for SIP by TLS, and no listener speaks it: such files are all refused",
    hint,
  );
}
