import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Clamd, MARKER } from "../live/peers/clamd.ts";
import { Kamailio } from "../live/peers/kamailio.ts";
import { NetworkNamespace, shell } from "../live/peers/network-namespace.ts";
import {
  C_COMPILER,
  CLAMD,
  isMissing,
  KAMAILIO,
  LIBPURPLE,
  PIDGIN_SIPE,
} from "../live/peers/requirements.ts";
import { plain, SipePair, type OfferedFile } from "../live/peers/sipe/sipe-pair.ts";
import { buildSipePeer, type SipeEvent } from "../live/peers/sipe/sipe-peer.ts";
import { EICAR } from "../support/eicar.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { StreamLink, type StreamFault } from "../support/stream-link.ts";
import { sized } from "../support/torture-size.ts";
import { waitUntil } from "../support/wait-until.ts";

const NEEDED = [KAMAILIO, C_COMPILER, LIBPURPLE, PIDGIN_SIPE, CLAMD, ...NetworkNamespace.needs];
const RUNS = sized(10, 100);
const AT_ONCE = sized(10, 20);
const PORTS = { first: 6891, count: 3 * AT_ONCE };
/** A receiver whose connection ends before it has shown its cookie is waited for, for a minute: not in every `npm test`. */
const SPARED_BYTES = sized(90, 0);
const TOLD_WITHIN_MS = sized(25_000, 90_000);

/** Clients reach the gateway and its relay at the link alone. */
const LINK = "198.51.100.1";
const GATEWAY = "198.51.100.2";
const SERVER = "198.51.100.3";
const FILE_BYTES = 60_000;

describe.skipIf(isMissing(NEEDED))("pidgin-sipe sends infected files over bad networks", () => {
  const stack = new AsyncDisposableStack();
  const random = seededRandom(RUNS);
  const ends: unknown[] = [];
  /** Clients that did not survive the break of a connection, which happens to them without any gateway, too. */
  let crashes = 0;
  let program: string;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "sluice-sipe-build-"));
    stack.defer(async () => rm(folder, { recursive: true, force: true }));
    program = await buildSipePeer(folder);
    const inside = await networkOfTheGateway(stack);
    const kamailio = stack.use(await Kamailio.start({ host: SERVER }));
    const clamd = stack.use(await Clamd.start());
    const address = clamd.address();
    gateway = stack.use(
      await GatewayProcess.start(
        {
          listen: [`tcp://${GATEWAY}:0`],
          upstream: [kamailio.uri("tcp")],
          advertise: { media: LINK },
          relay: {
            msnftp: { ports: `${PORTS.first}-${PORTS.first + PORTS.count - 1}`, connects: "peer" },
          },
          scan: { engines: [{ type: "clamd", socket: "path" in address ? address.path : "" }] },
        },
        [],
        inside.within,
      ),
    );
    for (let port = PORTS.first; port < PORTS.first + PORTS.count; port += 1) {
      const peer = { address: GATEWAY, port };
      stack.use(await StreamLink.open({ address: LINK, port }, peer, () => someFault(random)));
    }
  });

  afterAll(async () => {
    await stack.disposeAsync();
  });

  async function signOn(first: number): Promise<readonly SipePair[]> {
    const pairs: SipePair[] = [];
    for (let run = first; run < first + AT_ONCE; run += 1) {
      const at = gateway.at("tcp");
      pairs.push(await SipePair.signOn({ program, at, suffix: `-${run}` }));
    }
    return pairs;
  }

  async function endOf(file: OfferedFile): Promise<unknown> {
    const event = (await gateway.events()).find(
      (each) => each["type"] === "transfer" && JSON.stringify(each).includes(file.name),
    );
    return event?.["delivery"];
  }

  async function expectStopped(run: number, pair: SipePair): Promise<void> {
    await using both = pair;
    const { alice, bob } = both;
    await pair.says(alice, "look at this");
    const file = infectedFile(run);
    await pair.offers(alice, file);
    const end = await waitUntil(`the end of ${file.name}`, async () => endOf(file), TOLD_WITHIN_MS);
    ends.push(end);
    try {
      // Of what broke it hears by CANCEL, if not by itself; a client that has sent everything shows no difference then.
      if (end === "refused") await alice.sees("message", (event) => isNoticeOf(event, file));
      else await alice.seesTransfer("settled");
      expect(await pair.says(alice, "has it arrived?")).toBe("has it arrived?");
      expect(await pair.says(bob, "it has not")).toBe("it has not");
    } catch (error) {
      if (!alice.hasEnded && !bob.hasEnded) throw error;
      crashes += 1;
    }
    const received = await bob.receivedFiles();
    expect(received.filter(({ bytes }) => bytes.length > 0)).toEqual([]);
  }

  it(`leaves nothing on a receiver's disk in ${RUNS} runs, tells the sender of what was found, and dialogs live on`, async () => {
    for (let run = 0; run < RUNS; run += AT_ONCE) {
      const pairs = await signOn(run);
      const runs = pairs.map(async (pair, n) => expectStopped(run + n, pair));
      // All of them to their end, so that each has put its clients away, whatever comes of one.
      await Promise.allSettled(runs);
      await Promise.all(runs);
    }
    expect(ends).not.toContain("delivered");
    expect(ends).toContain("refused");
    expect(ends).toContain("failed");
    expect(ends).toHaveLength(RUNS);
    expect(crashes).toBeLessThanOrEqual(RUNS / 10);
  });
});

function isNoticeOf(event: SipeEvent, file: OfferedFile): boolean {
  return plain(event).includes(file.name) && plain(event).includes("INC-");
}

/** The gateway where nothing reaches it but what is on this side of the cable. */
async function networkOfTheGateway(stack: AsyncDisposableStack): Promise<NetworkNamespace> {
  const inside = stack.use(await NetworkNamespace.open());
  const link = `slu${process.pid}`;
  stack.defer(async () => shell(`ip link del ${link} 2>/dev/null || true`));
  await shell(`
    ip link add ${link} type veth peer name outside netns ${inside.pid}
    ip addr add ${LINK}/29 dev ${link}
    ip addr add ${SERVER}/29 dev ${link}
    ip link set ${link} up`);
  await inside.shell(`
    ip link set lo up
    ip addr add ${GATEWAY}/29 dev outside
    ip link set outside up`);
  return inside;
}

/** EICAR, or a marker of ours somewhere in a larger file. */
function infectedFile(run: number): OfferedFile {
  if (run % 2 === 0) return { name: `eicar-${run}.txt`, bytes: EICAR };
  const bytes = harmlessBytes(FILE_BYTES);
  bytes.write(MARKER, Math.floor(FILE_BYTES / 3), "latin1");
  return { name: `marker-${run}.dat`, bytes };
}

function someFault(random: () => number): StreamFault {
  // Half of them where the lines are, which is all that a receiver's connection carries, half where the content is.
  const within = random() < 0.5 ? 150 : FILE_BYTES;
  const afterBytes = SPARED_BYTES + Math.floor(random() * within);
  const pieceBytes = 1 + Math.floor(random() * 4000);
  const kind = Math.floor(random() * 4);
  if (kind === 0) return { kind: "cut", afterBytes };
  if (kind === 1) return { kind: "slow", pieceBytes, delayMs: 20 };
  return kind === 2 ? { kind: "swap", afterBytes, pieceBytes } : { kind: "none" };
}
