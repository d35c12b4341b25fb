import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TCPDUMP, type Requirement } from "./requirements.ts";

/** All that went one way over one connection. */
export interface CapturedStream {
  readonly fromPort: number;
  readonly toPort: number;
  readonly bytes: Buffer;
}

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const ETHERNET_BYTES = 14;
/** Little-endian pcap with microseconds, as tcpdump writes it on the machines that we test on. */
const MAGIC = 0xa1b2c3d4;

/** Records what goes over TCP on loopback, by tcpdump, and puts each connection's bytes together. */
export class TcpCapture implements AsyncDisposable {
  static readonly needs: Requirement = TCPDUMP;
  readonly #dir: string;
  readonly #child: ChildProcess;

  private constructor(dir: string, child: ChildProcess) {
    this.#dir = dir;
    this.#child = child;
  }

  /** Begins; `filter` is tcpdump's. */
  static async start(filter: string): Promise<TcpCapture> {
    const dir = await mkdtemp(join(tmpdir(), "sluice-capture-"));
    const options = ["-i", "lo", "-n", "-s", "0", "-U", "--immediate-mode", "-Z", "root"];
    const child = spawn("tcpdump", [...options, "-w", join(dir, "pcap"), `tcp and (${filter})`], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const listening = Promise.withResolvers<void>();
    let heard = "";
    child.stderr.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
      if (heard.includes("listening on")) listening.resolve();
    });
    child.once("exit", () => listening.reject(new Error(`tcpdump: ${heard}`)));
    await listening.promise;
    return new TcpCapture(dir, child);
  }

  /** Ends it, and gives what it has seen in order of the first byte of each stream. */
  async stop(): Promise<readonly CapturedStream[]> {
    await this.#end();
    return streamsOf(await readFile(join(this.#dir, "pcap")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGINT");
    await exited;
  }
}

function streamsOf(pcap: Buffer): readonly CapturedStream[] {
  if (pcap.readUInt32LE(0) !== MAGIC) throw new Error("not a pcap file as we read it");
  const pieces = new Map<string, Map<number, Buffer>>();
  let at = FILE_HEADER_BYTES;
  while (at + RECORD_HEADER_BYTES <= pcap.length) {
    const length = pcap.readUInt32LE(at + 8);
    const start = at + RECORD_HEADER_BYTES;
    addSegment(pieces, pcap.subarray(start + ETHERNET_BYTES, start + length));
    at = start + length;
  }
  return [...pieces].map(([key, segments]) => {
    const [fromPort = 0, toPort = 0] = key.split(">").map(Number);
    return { fromPort, toPort, bytes: Buffer.concat([...segments.values()]) };
  });
}

/** One IPv4 packet. On loopback nothing is lost or late; what is sent again has the number that it had. */
function addSegment(pieces: Map<string, Map<number, Buffer>>, packet: Buffer): void {
  const tcp = packet.subarray(((packet[0] ?? 0) & 0x0f) * 4, packet.readUInt16BE(2));
  const payload = tcp.subarray(((tcp[12] ?? 0) >> 4) * 4);
  if (payload.length === 0) return;
  const key = `${tcp.readUInt16BE(0)}>${tcp.readUInt16BE(2)}`;
  const segments = pieces.get(key) ?? new Map<number, Buffer>();
  pieces.set(key, segments);
  const number = tcp.readUInt32BE(4);
  if (!segments.has(number)) segments.set(number, Buffer.from(payload));
}
