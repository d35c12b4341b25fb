/** What file transfers cost those who only talk: MESSAGEs at a fixed rate, alone, beside one transfer and beside ten at a time. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { FileStory } from "../test/support/file-story.ts";
import { GatewayInspector, INSPECTABLE } from "../test/support/gateway-inspector.ts";
import { GatewayProcess } from "../test/support/gateway-process.ts";
import { freePortRange } from "../test/support/port-range.ts";
import { SipClient } from "../test/support/sip-client.ts";
import type { CheapPeers } from "./cheap-peers.ts";
import { buildLoad, type Point } from "./load-point.ts";

const RATE = Number(process.env["BENCH_RATE"] ?? "500");
const SECONDS = Number(process.env["BENCH_SECONDS"] ?? "8");
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? "3");
const AT_ONCE = 10;
/** The transfers are of one content, and the work of scanning belongs to their load. */
const SCANNED_EACH_TIME = { cache: "off" };
/** Where the load is answered. */
const HOST = "127.0.0.2";

/** One gateway, in turns: a point of load (msgload.c) alone, and one while ten transfers are always under way. */
export async function talkBesideTransfers(peers: CheapPeers): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  stack.defer(() => rmSync(dir, { recursive: true }));
  const program = buildLoad(dir);
  // More than transfers: the next begins while the last one still says goodbye.
  const { text: ports } = await freePortRange(4 * AT_ONCE);
  const relay = { msnftp: { ports }, max_file_size: "1GiB" };
  const log = { level: "warn" };
  const gateway = stack.use(
    await GatewayProcess.start({ relay, log, scan: SCANNED_EACH_TIME }, INSPECTABLE),
  );
  const inspector = stack.use(await GatewayInspector.of(gateway));
  const stories: FileStory[] = [];
  for (let i = 0; i < AT_ONCE; i += 1) {
    const names = { sender: `alice${i}`, receiver: `bob${i}` };
    stories.push(stack.use(await FileStory.begin({ gateway: gateway.at("tcp"), ...names })));
  }
  const serverPort = await register(gateway);
  const load = async (seconds: number): Promise<Point> =>
    point(program, [gateway.at("udp").port, serverPort, RATE, seconds]);
  takeWhatIsLeft();
  // So that code is compiled: a few transfers, and some thousand messages.
  await Promise.all([...stories.map(async (story) => peers.transfer(story)), load(SECONDS)]);
  const talkBeside = async (flying: readonly FileStory[]): Promise<void> => {
    const over = { is: false };
    const flights = flying.map(async (story) => flyUntil(over, peers, story));
    const lateBeside = await inspector.watchLoop();
    const beside = await load(SECONDS);
    const late = await lateBeside();
    over.is = true;
    const flown = (await Promise.all(flights)).reduce((sum, count) => sum + count, 0);
    tell(`${flying.length} at a time, ${flown} files`, beside, late);
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const lateAlone = await inspector.watchLoop();
    tell("alone", await load(SECONDS), await lateAlone());
    for (const atOnce of [1, AT_ONCE]) await talkBeside(stories.slice(0, atOnce));
  }
}

/**
 * The peers of the transfers live in this process, and in real life on other machines. Here they run when nobody else wants to
 * (SCHED_IDLE): what they cost is not the gateway's.
 */
function takeWhatIsLeft(): void {
  execFileSync("chrt", ["--all-tasks", "--idle", "--pid", "0", String(process.pid)]);
}

/** How many transfers ended; the last may end after `over`. */
async function flyUntil(
  over: { readonly is: boolean },
  peers: CheapPeers,
  story: FileStory,
): Promise<number> {
  let count = 0;
  for (; !over.is; count += 1) await peers.transfer(story);
  return count;
}

/** The load sends to bob, whom the gateway finds where the load will answer: at the port that this gives. */
async function register(gateway: GatewayProcess): Promise<number> {
  const common = { name: "bob", transport: "udp", gateway: gateway.at("udp") } as const;
  await using bob = await SipClient.open({ ...common, address: HOST });
  const answer = await bob.register();
  if (answer.status !== 200) throw new Error(answer.startLine);
  return bob.local.port;
}

async function point(program: string, args: readonly number[]): Promise<Point> {
  const child = spawn("chrt", ["--other", "0", program, "udp", ...args.map(String)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  // Exit code 1: something was lost; the figures say how much.
  const [output] = await Promise.all([text(child.stdout), once(child, "exit")]);
  return JSON.parse(output) as Point;
}

function tell(when: string, of: Point, loopMs: number): void {
  const p = (micros: number): string => `${(micros / 1000).toFixed(2)} ms`;
  const lost = of.lost + of.rejected === 0 ? "" : `, ${of.lost} lost, ${of.rejected} refused`;
  console.log(
    `  ${when.padEnd(24)} p50 ${p(of.p50_us)}, p99 ${p(of.p99_us)}${lost}; event loop p99 ${loopMs.toFixed(1)} ms late`,
  );
}
