import { statSync } from "node:fs";
import { isIP } from "node:net";
import { resolve } from "node:path";
import { holdsCertificate, readKeyPair, type KeyPair } from "../base/key-pair.ts";
import type { ProblemSink, RulePath } from "../policy/rule-problem.ts";
import type { Config, TlsConfig, TransportName, UpstreamServer } from "./config.ts";
import { displayPath, readRegularFile } from "./read-file.ts";
import type { CertificateData, TlsData } from "./tls-schema.ts";

const MAX_PEM: number = 1024 * 1024;

/** An authority renews a certificate about a month before its end; half of that is left when it has failed. */
const WARN_BEFORE_MS: number = 14 * 24 * 3600 * 1000;

/** What the files are looked at with: the folder of relative paths, and the wall clock. */
export interface TlsSurroundings {
  readonly base: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/**
 * `tls:` with its defaults. The files are read once here, so that a wrong one has its place in the configuration; the
 * gateway reads them again by itself (transport/tls-contexts.ts).
 */
export function readTls(
  data: TlsData | undefined,
  around: TlsSurroundings,
  sink: ProblemSink,
): TlsConfig {
  const written = writtenPairs(data ?? {}, sink);
  for (const { cert, key, certPath, keyPath } of written) {
    checkPair({ cert: resolve(around.base, cert), key: resolve(around.base, key) }, around.nowMs, {
      error: (part, message, hint) =>
        sink.error(part === "cert" ? certPath : keyPath, message, hint),
      warn: (part, message, hint) => sink.warn(part === "cert" ? certPath : keyPath, message, hint),
    });
  }
  const ca = data?.ca === undefined ? undefined : resolve(around.base, data?.ca);
  if (ca !== undefined) checkAuthorities(ca, sink);
  const clientCert = data?.client_cert ?? "off";
  if (clientCert !== "off" && ca === undefined) {
    const hint = "name them in tls.ca: with those of the system anybody can buy a certificate";
    sink.error(["tls", "client_cert"], "nothing says which authorities vouch for clients", hint);
  }
  return {
    certificates: written.map(({ cert, key }) => ({
      cert: resolve(around.base, cert),
      key: resolve(around.base, key),
    })),
    ca,
    verifyPeer: data?.verify_peer ?? true,
    clientCert,
  };
}

interface WrittenPair extends CertificateData {
  readonly certPath: RulePath;
  readonly keyPath: RulePath;
}

function writtenPairs({ cert, key }: TlsData, sink: ProblemSink): readonly WrittenPair[] {
  if (Array.isArray(cert)) {
    if (key !== undefined) {
      sink.error(["tls", "key"], "stands beside a list", "each entry of tls.cert has its own key");
    }
    return (cert as readonly CertificateData[]).map((pair, index) => ({
      ...pair,
      certPath: ["tls", "cert", index, "cert"],
      keyPath: ["tls", "cert", index, "key"],
    }));
  }
  if (cert === undefined && key === undefined) return [];
  if (typeof cert !== "string" || key === undefined) {
    const missing = key === undefined ? "key" : "cert";
    sink.error(["tls"], `"${missing}" is missing`, "a certificate and its key go together");
    return [];
  }
  return [{ cert, key, certPath: ["tls", "cert"], keyPath: ["tls", "key"] }];
}

interface PairSink {
  error(part: "cert" | "key", message: string, hint: string | undefined): void;
  warn(part: "cert" | "key", message: string, hint: string | undefined): void;
}

function checkPair(files: CertificateData, nowMs: number, sink: PairSink): void {
  const cert = readRegularFile(files.cert, MAX_PEM);
  const key = readRegularFile(files.key, MAX_PEM);
  for (const part of ["cert", "key"] as const) {
    const read = part === "cert" ? cert : key;
    if (read.ok) continue;
    sink.error(part, `${displayPath(files[part])} ${read.problem.message}`, read.problem.hint);
  }
  if (!cert.ok || !key.ok) return;
  const pair = readKeyPair(cert.value, key.value);
  if (!pair.ok) {
    const { part, message, hint } = pair.problem;
    sink.error(part, `${displayPath(files[part])} ${message}`, hint);
    return;
  }
  checkValidity(files.cert, pair.value, nowMs, sink);
  const mode = statSync(files.key, { throwIfNoEntry: false })?.mode ?? 0;
  // A group of its own may read it: certbot's files are often given to the services so.
  if ((mode & 0o007) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, "0");
    const hint = `chmod o= ${displayPath(files.key)}`;
    sink.warn("key", `everybody on this machine may use the key (mode ${shown})`, hint);
  }
}

/** A gateway with an expired certificate starts: those who speak UDP or TCP are none the worse for it. */
function checkValidity(file: string, pair: KeyPair, nowMs: number, sink: PairSink): void {
  const name = displayPath(file);
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  const hint = "renew it; a running gateway takes the new file by itself";
  if (nowMs >= pair.validTo) {
    sink.warn("cert", `${name} expired on ${day(pair.validTo)}: clients refuse it`, hint);
  } else if (nowMs < pair.validFrom) {
    const advice = "is the clock of this machine right?";
    sink.warn("cert", `${name} is not valid before ${day(pair.validFrom)}`, advice);
  } else if (nowMs >= pair.validTo - WARN_BEFORE_MS) {
    sink.warn("cert", `${name} expires on ${day(pair.validTo)}`, hint);
  }
}

function checkAuthorities(file: string, sink: ProblemSink): void {
  const read = readRegularFile(file, MAX_PEM);
  if (!read.ok) {
    sink.error(["tls", "ca"], `${displayPath(file)} ${read.problem.message}`, read.problem.hint);
  } else if (!holdsCertificate(read.value)) {
    const hint = "it begins with -----BEGIN CERTIFICATE-----, others follow on it";
    sink.error(["tls", "ca"], `${displayPath(file)} holds no certificate in PEM`, hint);
  }
}

const ENCRYPTED: ReadonlySet<TransportName> = new Set(["tls", "wss"]);

/** What of certificates, listeners and upstreams does not go together. */
export function checkTls(
  config: Pick<Config, "tls" | "listen" | "upstream" | "upstreamFrom">,
  sink: ProblemSink,
): void {
  checkCertificateIsThere(config, sink);
  const { listen, upstream, tls } = config;
  if (upstream.kind === "embedded") return;
  const encrypted = listen.filter(({ transport }) => ENCRYPTED.has(transport));
  const clear = listen.filter(({ transport }) => !ENCRYPTED.has(transport));
  for (const [index, server] of upstream.servers.entries()) {
    const { transport, allowClear } = server;
    const isEncrypted = ENCRYPTED.has(transport);
    const listener = isEncrypted ? clear[0] : encrypted[0];
    if (isEncrypted && !tls.verifyPeer) {
      const hint =
        "whoever stands between can read and change everything: name its authority in tls.ca";
      sink.warn(["tls", "verify_peer"], "the server need not prove who it is", hint);
    }
    if (allowClear || listener === undefined) continue;
    const message = isEncrypted
      ? `what this server sends by TLS is refused to clients at ${listener.transport}://, which are reached in clear`
      : `what clients send by ${listener.transport} is refused, since this server is reached in clear${mayLeadToTls(server) ? " (unless its name leads to TLS: NAPTR, or SRV of _sips._tcp)" : ""}`;
    const hint = isEncrypted
      ? "let clients use TLS, or permit it: { uri: …, allow_clear: true }"
      : "reach it by transport=tls, or permit it: { uri: …, allow_clear: true }";
    sink.warn(["upstream", index], message, hint);
  }
}

/** RFC 3263 §4.1: where neither port nor transport is written, the name servers choose. */
function mayLeadToTls({ host, portGiven, transportGiven }: UpstreamServer): boolean {
  return isIP(host) === 0 && !portGiven && !transportGiven;
}

/** A server on TLS opens connections to us as well, at the address that stands in Record-Route and Path. */
function checkCertificateIsThere(
  {
    tls,
    listen,
    upstream,
    upstreamFrom,
  }: Pick<Config, "tls" | "listen" | "upstream" | "upstreamFrom">,
  sink: ProblemSink,
): void {
  if (tls.certificates.length > 0) return;
  const servers = upstream.kind === "servers" ? upstream.servers : [];
  for (const [key, places] of Object.entries({
    listen,
    upstream_from: upstreamFrom,
    upstream: servers,
  })) {
    for (const [index, { transport }] of places.entries()) {
      if (!ENCRYPTED.has(transport)) continue;
      sink.error(
        [key, index],
        `${transport} needs a certificate`,
        "write tls: { cert: …, key: … }",
      );
    }
  }
}
