/**
 * What scans cost those who only talk: MESSAGEs over UDP at a fixed rate, alone and beside a thousand small attachments a second, each
 * another one, scanned by a clamd of its own.
 *
 *   npx node bench/scans-beside.ts        BENCH_RATE (2000), BENCH_SCANS (1000), BENCH_SECONDS (8), BENCH_ROUNDS (3); needs gcc and clamd
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Clamd } from "../test/live/peers/clamd.ts";
import { GatewayProcess } from "../test/support/gateway-process.ts";
import { SipClient } from "../test/support/sip-client.ts";
import { buildLoad, type Point } from "./load-point.ts";

const RATE = Number(process.env["BENCH_RATE"] ?? "2000");
const SCANS = Number(process.env["BENCH_SCANS"] ?? "1000");
const SECONDS = Number(process.env["BENCH_SECONDS"] ?? "8");
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? "3");
/** Where the load is answered. */
const HOST = "127.0.0.2";
/** One KB of text with a name; the number makes each another one. */
const ATTACHMENT = [
  "--part",
  "Content-Type: text/plain",
  'Content-Disposition: attachment; filename="minutes.txt"',
  "",
  `Minutes ########: ${"we have agreed on what follows, and will meet again. ".repeat(19)}`,
  "--part--",
  "",
].join("\r\n");

await using stack = new AsyncDisposableStack();
const dir = mkdtempSync(join(tmpdir(), "sluice-bench-"));
stack.defer(() => rmSync(dir, { recursive: true }));
const program = buildLoad(dir);
const clamd = stack.use(await Clamd.start());
const address = clamd.address("unix");
if (!("path" in address)) throw new Error("a unix socket was asked for");
const gateway = stack.use(
  await GatewayProcess.start({
    log: { level: "warn" },
    scan: { engines: [{ type: "clamd", socket: address.path }], cache: "off" },
  }),
);
const ports = { bob: await register("bob"), carol: await register("carol") };

async function register(name: string): Promise<number> {
  const common = { name, transport: "udp", gateway: gateway.at("udp") } as const;
  await using client = await SipClient.open({ ...common, address: HOST });
  const answer = await client.register();
  if (answer.status !== 200) throw new Error(answer.startLine);
  return client.local.port;
}

async function load(port: number, rate: number, more: readonly string[] = []): Promise<Point> {
  const args = ["udp", ...[gateway.at("udp").port, port, rate, SECONDS].map(String), ...more];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  // Exit code 1: something was lost; the figures say how much.
  const [output] = await Promise.all([text(child.stdout), once(child, "exit")]);
  return JSON.parse(output) as Point;
}

const talk = async (): Promise<Point> => load(ports.bob, RATE);
const scans = async (): Promise<Point> =>
  load(ports.carol, SCANS, [ATTACHMENT, "multipart/mixed;boundary=part", "carol"]);

function tell(what: string, { ok, rejected, lost, p50_us, p99_us }: Point): void {
  const p = (micros: number): string => `${(micros / 1000).toFixed(2)} ms`;
  console.log(
    `  ${what.padEnd(16)} p50 ${p(p50_us)}, p99 ${p(p99_us)}; ${ok} passed, ${rejected} refused, ${lost} lost`,
  );
}

await Promise.all([talk(), scans()]);
for (let round = 0; round < ROUNDS; round += 1) {
  const alone = await talk();
  const [beside, scanned] = await Promise.all([talk(), scans()]);
  tell("alone", alone);
  tell("beside scans", beside);
  tell("the scans", scanned);
  if (beside.p99_us > 2 * alone.p99_us || beside.p99_us > 100_000) process.exitCode = 1;
}
