import { failed, ok, type Result } from "../base/result.ts";
import type { ClamdClient } from "./clamd-client.ts";
import type { OpenClamd } from "./clamd-connection.ts";
import type { ClamdAnswer } from "./clamd-reply.ts";
import { EICAR } from "./eicar.ts";
import { encryptedZip } from "./encrypted-zip.ts";
import { createMemorySource } from "./memory-source.ts";
import { onAbort } from "./on-abort.ts";
import { ReplyReader } from "./reply-reader.ts";

export interface ClamdProbe {
  readonly open: OpenClamd;
  readonly client: ClamdClient;
  readonly signal: AbortSignal;
}

/** EICAR goes out in pieces of this size: whoever looks at each piece alone does not find it. */
const PROBE_CHUNK_BYTES = 17;

const HARMLESS = Buffer.from(
  "These words are harmless, and an engine that minds them is of no use.\n",
);

/**
 * Whether clamd does its work: it answers PING, names its version, finds EICAR in pieces, and passes harmless bytes. The
 * value says what it is, and warns when it calls encrypted archives clean (AlertEncrypted is off in Debian's clamd.conf).
 */
export async function probeClamd(probe: ClamdProbe): Promise<Result<string, string>> {
  const dead = await pingClamd(probe.open, probe.signal);
  if (dead !== undefined) return failed(dead);
  const version = await ask(probe.open, "VERSION", probe.signal);
  if (!version.ok) return version;
  const bad = await scan(probe, EICAR);
  if (bad.kind !== "infected") return failed(`${wordsFor(bad)} of the EICAR test file`);
  const good = await scan(probe, HARMLESS);
  if (good.kind !== "clean") return failed(`${wordsFor(good)} of harmless bytes`);
  const closed = await scan(probe, encryptedZip());
  const warning = " (calls encrypted archives clean: set AlertEncrypted in clamd.conf)";
  return ok(`${printable(version.value)}${closed.kind === "clean" ? warning : ""}`);
}

/** Undefined when clamd answers PING, and when its queue is full: busy is not dead. */
export async function pingClamd(open: OpenClamd, signal: AbortSignal): Promise<string | undefined> {
  const pong = await ask(open, "PING", signal);
  if (!pong.ok) return pong.problem === wordsForOpening("overloaded") ? undefined : pong.problem;
  return pong.value === "PONG" ? undefined : "does not answer PING with PONG";
}

/** One command on a connection of its own; the reply without its end. */
async function ask(
  open: OpenClamd,
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

async function scan({ open, client, signal }: ClamdProbe, bytes: Buffer): Promise<ClamdAnswer> {
  const source = createMemorySource(bytes);
  return client(open, { source, chunkBytes: PROBE_CHUNK_BYTES, signal });
}

function wordsForOpening(problem: string): string {
  if (problem === "overloaded") return "its queue is full";
  return problem === "timeout" ? "no connection in time" : "no connection";
}

function wordsFor(answer: ClamdAnswer): string {
  return `says "${"reason" in answer ? `${answer.kind}: ${answer.reason}` : answer.kind}"`;
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 100);
}
