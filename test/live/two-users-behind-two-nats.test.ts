import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import type { Address } from "../support/sip-socket.ts";
import { waitUntil } from "../support/wait-until.ts";
import { Kamailio } from "./peers/kamailio.ts";
import { NattedNetworks } from "./peers/natted-networks.ts";
import { C_COMPILER, isMissing, KAMAILIO, LIBPURPLE, PIDGIN_SIPE } from "./peers/requirements.ts";
import { ofFile, SipePair } from "./peers/sipe/sipe-pair.ts";
import { buildSipePeer, type SipeEvent } from "./peers/sipe/sipe-peer.ts";

const NEEDED = [KAMAILIO, C_COMPILER, LIBPURPLE, PIDGIN_SIPE, ...NattedNetworks.needs];

/** Users at home, both with the address 192.168.1.10: neither client can be connected to from outside. */
describe.skipIf(isMissing(NEEDED))("two users behind two NATs", () => {
  const stack = new AsyncDisposableStack();
  let networks: NattedNetworks;
  let kamailio: Kamailio;
  let program: string;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "sluice-sipe-build-"));
    stack.defer(async () => rm(folder, { recursive: true, force: true }));
    program = await buildSipePeer(folder);
    networks = stack.use(await NattedNetworks.open());
    kamailio = stack.use(await Kamailio.start({ host: networks.serverHost, helpsNat: true }));
  });

  afterAll(async () => {
    await stack.disposeAsync();
  });

  async function signOn(at: Address): Promise<SipePair> {
    const claims = networks.homeAddress;
    const alice = { within: networks.alice };
    const bob = { within: networks.bob };
    return SipePair.signOn({ program, at, claims, alice, bob });
  }

  it("talk to each other without the gateway, and get no file across", async () => {
    await using pair = await signOn({ address: kamailio.host, port: kamailio.port });
    expect(await pair.says(pair.alice, "a file is coming")).toBe("a file is coming");
    expect(await pair.says(pair.bob, "I am waiting")).toBe("I am waiting");
    const file = { name: "photo.dat", bytes: harmlessBytes(50_000) };
    await pair.offers(pair.alice, file);
    const isOver = (event: SipeEvent): boolean => ofFile(file)(event) && event.what === "settled";
    const ended = await pair.alice.sees("transfer", isOver, 30_000);
    expect(ended.status).toMatch(/^cancelled/);
    const received = await pair.bob.receivedFiles();
    expect(received.map(({ bytes }) => bytes.length).filter((length) => length > 0)).toEqual([]);
  });

  it("talk and send files both ways through the gateway", async () => {
    await using gateway = await GatewayProcess.start({
      listen: [`tcp://${networks.gatewayHost}:0`],
      upstream: [kamailio.uri("tcp")],
    });
    await using pair = await signOn(gateway.at("tcp"));
    expect(await pair.says(pair.alice, "a file is coming")).toBe("a file is coming");
    for (const [name, from] of [
      ["photo.dat", pair.alice],
      ["another.dat", pair.bob],
    ] as const) {
      const bytes = harmlessBytes(50_000);
      const received = await pair.sends(from, { name, bytes });
      expect(received?.bytes.equals(bytes)).toBe(true);
    }
    const ends = await waitUntil("both transfers' events", async () => {
      const events = await gateway.transferEvents();
      return events.length === 2 && events.map((event) => event["delivery"]);
    });
    expect(ends).toEqual(["delivered", "delivered"]);
  });
});
