import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { freePortRange } from "../support/port-range.ts";
import { SipClient } from "../support/sip-client.ts";
import type { SipText } from "../support/sip-text.ts";
import { waitUntil } from "../support/wait-until.ts";
import { writeConfig, type GatewaySettings } from "../support/write-config.ts";
import { C_COMPILER, isMissing } from "./peers/requirements.ts";

const MEGABYTE = 1024 * 1024;
const MESSAGES = 100;
const BOB = "sip:bob@example.test";

let stack: AsyncDisposableStack;
let dir: string;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  dir = await mkdtemp(join(tmpdir(), "sluice-disk-"));
  stack.defer(async () => rm(dir, { recursive: true, force: true }));
});

afterEach(async () => {
  await stack.disposeAsync();
});

/** A file system of its own at that folder of the gateway's. */
async function mount(place: string, megabytes: number): Promise<string> {
  const path = join(dir, place);
  await mkdir(path, { recursive: true });
  const options = `size=${megabytes}m,mode=700`;
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path], { stdio: "ignore" });
  stack.defer(() => void execFileSync("umount", ["-l", path], { stdio: "ignore" }));
  return path;
}

async function startGateway(settings: GatewaySettings): Promise<GatewayProcess> {
  const ports = await freePortRange(4);
  const relay = { msnftp: { ports: ports.text } };
  const config = await writeConfig(dir, { relay, ...settings });
  const gateway = await GatewayProcess.startIn(dir, config);
  // Its folder holds a mount, and goes after that.
  stack.defer(async () => void (await gateway.stop()));
  return gateway;
}

interface Users {
  readonly story: FileStory;
  readonly talker: SipClient;
}

async function signOn(gateway: GatewayProcess): Promise<Users> {
  const at = gateway.at("tcp");
  const story = stack.use(await FileStory.begin({ gateway: at }));
  const options = { name: "talker", transport: "tcp", gateway: at } as const;
  return { story, talker: stack.use(await SipClient.signOn(options)) };
}

/** What the sender hears when it says where it listens. */
async function offers({ story }: Users, name: string): Promise<SipText> {
  const offer = await story.alice.offers({ name, bytes: harmlessBytes(MEGABYTE) });
  await story.bob.accepts(await story.bob.sees("INVITE", offer.cookie));
  const accepted = await story.alice.sees("ACCEPT", offer.cookie);
  return (await story.alice.serves(offer, accepted, story.bob)).answer;
}

async function arrives({ story }: Users, name: string, megabytes = 1): Promise<void> {
  const agreed = await story.agree({ name, bytes: harmlessBytes(megabytes * MEGABYTE) });
  expect((await agreed.sender.result).end).toBe("bye");
  expect((await agreed.receiver.result).end).toBe("complete");
}

/** Half of so many messages had their 200 within so many milliseconds. */
async function latency({ talker }: Users): Promise<number> {
  const times: number[] = [];
  for (let number = 0; number < MESSAGES; number += 1) {
    const startedAt = performance.now();
    const { status } = await talker.sends(BOB, `message ${number}`);
    expect(status).toBe(200);
    times.push(performance.now() - startedAt);
  }
  return times.toSorted((a, b) => a - b)[MESSAGES / 2] ?? 0;
}

/** The machine has other work too; who waits for a disk that fails waits much longer. */
function unchanged(before: number): number {
  return 2 * before + 15;
}

function fillUp(path: string): void {
  for (const size of [MEGABYTE, 4096, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: "a" });
    } catch {
      // Full for pieces of this size.
    }
  }
}

describe.skipIf(process.getuid?.() !== 0)("a disk that fails (needs root, for a tmpfs)", () => {
  it("is full, with incidents and log on it: files are refused, that is recorded, messages do not notice", async () => {
    const data = await mount("data", 24);
    const gateway = await startGateway({
      limits: { spool_reserve: "1MiB", record_reserve: "4MiB" },
    });
    const users = await signOn(gateway);
    await arrives(users, "before.dat");
    const before = await latency(users);
    fillUp(join(data, "others"));
    const answer = await offers(users, "refused.dat");
    expect(answer.status).toBe(606);
    expect(answer.header("Warning")).toMatch(/not available now, try again later.*INC-/);
    expect((await users.talker.sends(BOB, "http://a.example/tool.exe")).status).toBe(403);
    expect(await latency(users)).toBeLessThan(unchanged(before));
    const reasons = (await gateway.incidents()).map(({ reason }) => String(reason));
    expect(reasons).toContainEqual(expect.stringMatching(/^no-space: /));
    const lines = await gateway.eventsWhere("the reserve", ({ reason }) =>
      String(reason).startsWith("the disk is full"),
    );
    expect(lines).toHaveLength(1);
    await rm(join(data, "others"));
    await arrives(users, "after.dat");
    const reserve = join(data, "records.reserve");
    await waitUntil("the reserve", async () => (await stat(reserve).catch(() => undefined))?.size);
  });

  it("becomes read-only under the spool: files are refused until it can be written again", async () => {
    const spool = await mount("data/spool", 8);
    const gateway = await startGateway({ limits: { spool_reserve: "1MiB" } });
    const users = await signOn(gateway);
    const before = await latency(users);
    execFileSync("mount", ["-o", "remount,ro", spool]);
    const answer = await offers(users, "refused.dat");
    expect(answer.status).toBe(606);
    expect(answer.header("Warning")).toMatch(/not available now, try again later.*INC-/);
    const reasons = (await gateway.incidents()).map(({ reason }) => String(reason));
    expect(reasons).toContainEqual(expect.stringMatching(/^unavailable: /));
    expect(await latency(users)).toBeLessThan(unchanged(before));
    execFileSync("mount", ["-o", "remount,rw", spool]);
    await arrives(users, "after.dat");
    expect(await readdir(join(spool, "incoming"))).toEqual([]);
  });
});

describe.skipIf(isMissing([C_COMPILER]))("a slow disk", () => {
  /** 50 ms for each write of a file in transit, a second to make one durable. */
  function slowDisk(): string {
    const library = join(dir, "slow-disk.so");
    const source = fileURLToPath(new URL("peers/slow-disk.c", import.meta.url));
    execFileSync("gcc", ["-shared", "-fPIC", "-o", library, source, "-ldl"]);
    return library;
  }

  it("makes files slow, and messages do not notice", async () => {
    const ports = await freePortRange(4);
    const relay = { msnftp: { ports: ports.text } };
    const preload = ["env", `LD_PRELOAD=${slowDisk()}`];
    const gateway = stack.use(await GatewayProcess.start({ relay }, [], preload));
    const users = await signOn(gateway);
    const before = await latency(users);
    const startedAt = performance.now();
    const arriving = arrives(users, "slow.dat", 3).then(() => performance.now() - startedAt);
    await waitUntil("the file", async () => (await gateway.transfers()).length > 0);
    expect(await latency(users)).toBeLessThan(unchanged(before));
    expect(await arriving).toBeGreaterThan(1000);
  });
});
