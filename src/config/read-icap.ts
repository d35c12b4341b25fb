import { isIP } from "node:net";
import type { ProblemSink, RulePath } from "../policy/rule-problem.ts";
import type { EngineConfig } from "./config.ts";
import { HOST_NAME } from "./read-addresses.ts";
import { readMaxBytes } from "./read-max-bytes.ts";
import { readScanTimeout } from "./read-scan-timeout.ts";
import type { EngineData } from "./scan-schema.ts";

type IcapConfig = EngineConfig & { readonly type: "icap" };

/** RFC 3507 §4.2. */
const DEFAULT_PORT = 1344;
const MAX_URL = 1000;
const EXAMPLE = "write url: icap://127.0.0.1:1344/avscan";

/** Scheme, host, port, and the rest from the slash on: no user, no fragment, no blanks. */
const URL_FORM = /^icap:\/\/(\[[^\]@/]*\]|[^:@/?#[\]]*)(?::([0-9]{1,5}))?(\/[\x21\x22\x24-\x7e]*)$/;

/** An entry `type: icap` of `scan.engines`. */
export function readIcap(entry: EngineData, path: RulePath, sink: ProblemSink): IcapConfig {
  const { timeout } = entry;
  return {
    type: "icap",
    address: readAddress(entry.url, path, sink),
    required: entry.required ?? true,
    maxBytes: readMaxBytes(entry, path, sink),
    timeoutMs:
      timeout === undefined ? undefined : readScanTimeout(timeout, [...path, "timeout"], sink),
  };
}

function readAddress(
  url: string | undefined,
  path: RulePath,
  sink: ProblemSink,
): IcapConfig["address"] {
  const nowhere = { host: "", port: DEFAULT_PORT, path: "/" };
  if (url === undefined) {
    sink.error(path, "icap needs a url", EXAMPLE);
    return nowhere;
  }
  const at = [...path, "url"];
  if (/^icaps:/i.test(url)) {
    const hint = "use icap: within one machine or a network of its own";
    sink.error(at, '"icaps" is not available in this version', hint);
    return nowhere;
  }
  const [, bracketed = "", port, service = "/"] = URL_FORM.exec(url) ?? [];
  const host = bracketed.replace(/^\[(.*)\]$/, "$1");
  const isKnown = bracketed === host ? isIP(host) === 4 || HOST_NAME.test(host) : isIP(host) === 6;
  if (!isKnown || url.length > MAX_URL) {
    sink.error(at, `"${url.slice(0, 100)}" is not the URL of an ICAP service`, EXAMPLE);
    return nowhere;
  }
  const tcp = Number(port ?? DEFAULT_PORT);
  if (tcp < 1 || tcp > 65_535) {
    sink.error(at, `there is no port ${tcp}`, "ports go from 1 to 65535");
  }
  return { host, port: tcp, path: service };
}
