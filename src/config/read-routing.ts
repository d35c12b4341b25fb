import { isIP } from "node:net";
import type { ProblemSink } from "../policy/rule-problem.ts";
import type { Config } from "./config.ts";
import { bytesOf, millisecondsOf } from "./quantities.ts";
import type { RoutingData } from "./routing-schema.ts";

/** What says how servers are found and watched, with its defaults. */
export function readRouting(data: RoutingData, sink: ProblemSink): RoutingConfig {
  return {
    upstreamProbe: readProbe(data.upstream_probe, sink),
    udpMtuBytes: readMtu(data.udp_mtu, sink),
    dns: readDns(data.dns ?? {}, sink),
  };
}

type RoutingConfig = Pick<Config, "upstreamProbe" | "udpMtuBytes" | "dns">;

function readProbe(
  data: RoutingData["upstream_probe"],
  sink: ProblemSink,
): RoutingConfig["upstreamProbe"] {
  if (data === "off") return undefined;
  const intervalMs = millisecondsOf(data?.interval ?? "10s");
  const timeoutMs = millisecondsOf(data?.timeout ?? "2s");
  if (intervalMs < 1000) {
    sink.error(["upstream_probe", "interval"], "must be at least 1s");
  } else if (timeoutMs < 100 || timeoutMs >= intervalMs) {
    const key = data?.timeout === undefined ? "interval" : "timeout";
    const hint = `a probe ends before the next one begins; timeout is ${timeoutMs}ms here`;
    sink.error(["upstream_probe", key], "must be from 100ms to less than interval", hint);
  }
  const { failures = 2, successes = 2 } = data ?? {};
  return { intervalMs, timeoutMs, failures, successes };
}

/** RFC 3261 §18.1.1: without a known path MTU, 1300 bytes. */
const DEFAULT_MTU = 1300;
const LARGEST_DATAGRAM = 65_507;

function readMtu(data: RoutingData["udp_mtu"], sink: ProblemSink): number | undefined {
  if (data === "off") return undefined;
  const bytes = bytesOf(data ?? DEFAULT_MTU);
  if (bytes < 500 || bytes > LARGEST_DATAGRAM) {
    const hint = "to send whatever there is by UDP write off";
    sink.error(["udp_mtu"], `must be from 500 to ${LARGEST_DATAGRAM} bytes`, hint);
  }
  return bytes;
}

function readDns(data: NonNullable<RoutingData["dns"]>, sink: ProblemSink): RoutingConfig["dns"] {
  const { servers = [], timeout = "4s", cache = 1000 } = data;
  for (const [index, server] of servers.entries()) {
    if (isNameServer(server)) continue;
    const hint = 'write "10.0.0.53", "10.0.0.53:5353" or "[fd00::53]:5353"';
    sink.error(["dns", "servers", index], `"${server}" is not a name server`, hint);
  }
  const timeoutMs = millisecondsOf(timeout);
  if (timeoutMs < 100 || timeoutMs > 30_000) {
    sink.error(["dns", "timeout"], "must be from 100ms to 30s");
  }
  return { servers, timeoutMs, cacheEntries: cache };
}

function isNameServer(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const match = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[3] ?? 53);
  return isIP(match?.[1] ?? match?.[2] ?? "") !== 0 && port > 0 && port < 65_536;
}
