import { failed, ok, type Result } from "../base/result.ts";
import type { ClamdClient } from "./clamd-client.ts";
import type { OpenConnection } from "./engine-connection.ts";
import type { ServerAnswer } from "./scan-result.ts";
import { EICAR } from "../content/eicar.ts";
import { encryptedZip } from "./encrypted-zip.ts";
import { createMemorySource } from "./memory-source.ts";
import { nestedGzip } from "./nested-gzip.ts";
import { onAbort } from "./on-abort.ts";
import { ReplyReader } from "./reply-reader.ts";
import type { PingAnswer } from "./scan-engine.ts";

export interface ClamdProbe {
  readonly open: OpenConnection;
  readonly client: ClamdClient;
  readonly signal: AbortSignal;
}

/** EICAR goes out in pieces of this size: whoever looks at each piece alone does not find it. */
const EICAR_CHUNK_BYTES = 17;
const CHUNK_BYTES = 4096;

const HARMLESS = Buffer.from(
  "These words are harmless, and an engine that minds them is of no use.\n",
);

/** What a probe found out about a clamd that does its work. */
export interface ClamdReport {
  /** In its own words. */
  readonly version: string;
  /** It says so of encrypted archives. Debian's clamd.conf has that off: then it calls them clean. */
  readonly reportsEncrypted: boolean;
}

/**
 * Whether clamd does its work: it answers PING, names its version, finds EICAR in pieces, passes harmless bytes, and says so
 * when it stops looking. Without AlertExceedsMax it calls clean what it did not look at, because a limit was reached
 * (MaxFileSize, MaxScanSize, MaxRecursion, MaxFiles, MaxScanTime): no use as an engine. One setting rules over all of these
 * limits, so a file of 3 kB that nests too deep shows it.
 */
export async function probeClamd(probe: ClamdProbe): Promise<Result<ClamdReport, string>> {
  const pong = await pingClamd(probe.open, probe.signal);
  if (!pong.ok) return pong;
  const version = await askVersion(probe.open, probe.signal);
  if (!version.ok) return version;
  const bad = await scan(probe, EICAR, EICAR_CHUNK_BYTES);
  if (bad.kind !== "infected") return failed(`${wordsFor(bad)} of the EICAR test file`);
  const good = await scan(probe, HARMLESS);
  if (good.kind !== "clean") return failed(`${wordsFor(good)} of harmless bytes`);
  const deep = await scan(probe, nestedGzip());
  if (deep.kind !== "unscannable") {
    return failed(`${wordsFor(deep)} beyond its limits: set AlertExceedsMax in clamd.conf`);
  }
  const closed = await scan(probe, encryptedZip());
  if (closed.kind === "error") return failed(`${wordsFor(closed)} of an encrypted archive`);
  return ok({
    version: version.value,
    reportsEncrypted: closed.kind === "unscannable",
  });
}

/** Whether clamd answers PING; "busy" when its queue is full, which is not dead. */
export async function pingClamd(open: OpenConnection, signal: AbortSignal): Promise<PingAnswer> {
  const pong = await ask(open, "PING", signal);
  if (!pong.ok) return pong.problem === wordsForOpening("overloaded") ? ok("busy") : pong;
  return pong.value === "PONG" ? ok("there") : failed("does not answer PING with PONG");
}

/** What it says of itself: "ClamAV 1.4.3/27500/…", with the database that it has loaded. */
export async function askVersion(
  open: OpenConnection,
  signal: AbortSignal,
): Promise<Result<string, string>> {
  const version = await ask(open, "VERSION", signal);
  return version.ok ? ok(printable(version.value)) : version;
}

/** One command on a connection of its own; the reply without its end. */
async function ask(
  open: OpenConnection,
  command: "PING" | "VERSION",
  signal: AbortSignal,
): Promise<Result<string, string>> {
  const opened = await open(signal);
  if (!opened.ok) return failed(wordsForOpening(opened.problem));
  const socket = opened.value;
  const reply = new ReplyReader(socket);
  const stop = onAbort(signal, () => socket.destroy());
  try {
    socket.write(`z${command}\0`);
    await reply.finished;
    if (signal.aborted) return failed(`does not answer ${command} in time`);
    const text = reply.text?.toString("latin1") ?? "";
    return /^[^\0\n]+[\0\n]$/.test(text)
      ? ok(text.slice(0, -1))
      : failed(`gives no answer to ${command}`);
  } finally {
    stop();
    socket.destroy();
  }
}

async function scan(
  { open, client, signal }: ClamdProbe,
  bytes: Buffer,
  chunkBytes = CHUNK_BYTES,
): Promise<ServerAnswer> {
  return client(open, { source: createMemorySource(bytes), chunkBytes, signal });
}

function wordsForOpening(problem: string): string {
  if (problem === "overloaded") return "its queue is full";
  return problem === "timeout" ? "no connection in time" : "no connection";
}

function wordsFor(answer: ServerAnswer): string {
  return `says "${"reason" in answer ? `${answer.kind}: ${answer.reason}` : answer.kind}"`;
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 100);
}
