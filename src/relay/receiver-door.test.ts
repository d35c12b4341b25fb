import { describe, expect, it } from "vitest";
import { USER } from "../wire/msnftp/vectors.test-data.ts";
import type { Place } from "./relay.ts";
import { chunks, CONTENT, macLine, Peer, turns, VER } from "./relay-peers.test-data.ts";
import { AWAITED, Rig } from "./relay-rig.test-data.ts";

/** Transfers "R0", "R1", … of senders that listen; each receiver is awaited. */
async function awaitReceivers(rig: Rig, count: number, user = USER): Promise<readonly Place[]> {
  const places: Place[] = [];
  for (let number = 0; number < count; number += 1) {
    const id = `R${number}`;
    places.push(await rig.opened(rig.plan("sender", { id, user, owner: id })));
  }
  return places;
}

/** Says who it is, and waits for what comes of it. */
async function shows(place: Place, authCookie: string, from = "127.0.0.1"): Promise<Peer> {
  const peer = await Peer.dial(place.port, from);
  peer.say(VER);
  await peer.hears(VER).catch(() => undefined);
  peer.say(`USR ${USER} ${authCookie}\r\n`);
  await peer.hears("FIL").catch(() => undefined);
  return peer;
}

const LETS_IN = `${VER}FIL ${CONTENT.length}\r\n`;

describe("ports for receivers", () => {
  it("are their own while more than half are free, and shared beyond: senders still find one", async () => {
    await using rig = await Rig.start({ maxTransfers: 100 });
    const places = await awaitReceivers(rig, 40);
    const ports = places.map(({ port }) => port);
    expect(new Set(ports.slice(0, 5)).size).toBe(5);
    expect(new Set(ports).size).toBe(5);
    for (const port of new Set(ports)) expect(ports.filter((one) => one === port)).toHaveLength(8);
    expect(new Set(places.map(({ authCookie }) => authCookie)).size).toBe(40);
    expect(rig.relay.load).toMatchObject({ open: 40, freePorts: 5, doors: 5 });
    for (let number = 0; number < 5; number += 1) {
      const { port } = await rig.opened(rig.plan("receiver", { id: `S${number}` }));
      expect(ports).not.toContain(port);
    }
    const more = await rig.relay.open(rig.plan("receiver", { id: "S5" }));
    expect(more).toEqual({ kind: "refused", reason: "no-free-port" });
    expect((await rig.opened(rig.plan("sender", { id: "R40" }))).port).toBeGreaterThan(0);
  });

  it("are free again when the last of them has gone", async () => {
    await using rig = await Rig.start({ maxTransfers: 100 });
    await awaitReceivers(rig, 12);
    for (let number = 0; number < 12; number += 1) rig.relay.abort(`R${number}`, "cancelled");
    while (rig.relay.load.open > 0) await turns();
    expect(rig.relay.load).toMatchObject({ open: 0, freePorts: 10 });
    expect(rig.clock.scheduledCalls).toBe(0);
  });

  it("are not shared by the two variants, nor with a cookie that is too short for many to try", async () => {
    const one = { firstPort: 20_000 + (process.pid % 700) * 10 };
    await using rig = await Rig.start({ maxTransfers: 100, ...one, lastPort: one.firstPort });
    await rig.opened(rig.plan("sender"));
    const refused = { kind: "refused", reason: "no-free-port" };
    const plain = rig.plan("sender", { id: "T2", keys: undefined });
    expect(await rig.relay.open(plain)).toEqual(refused);
    const user = `${"x".repeat(24)}@example.com`;
    expect(await rig.relay.open(rig.plan("sender", { id: "T3", user }))).toEqual(refused);
    expect((await rig.opened(rig.plan("sender", { id: "T4" }))).port).toBe(rig.freePort);
  });
});

describe("a port that several receivers share", () => {
  async function shared(rig: Rig): Promise<readonly [Place, Place]> {
    const places = await awaitReceivers(rig, 7);
    const [first, other] = [places[0], places[5]];
    if (first === undefined || first.port !== other?.port) throw new Error("not shared");
    return [first, other];
  }

  it("gives each the file that its cookie stands for", async () => {
    const port = 20_000 + (process.pid % 700) * 10;
    await using rig = await Rig.start({ maxTransfers: 10, firstPort: port, lastPort: port + 2 });
    const large = Buffer.alloc(5000, "x");
    const opened = [];
    for (const [id, size] of [["T1", CONTENT.length] as const, ["T2", large.length] as const]) {
      opened.push(await rig.relay.open(rig.plan("neither", { id, size })));
    }
    const [one, two] = opened;
    if (one?.kind !== "opened" || two?.kind !== "opened") throw new Error("refused");
    expect(two.receiver?.port).toBe(one.receiver?.port);
    const second = await Peer.dial(two.receiver?.port ?? 0);
    await rig.asReceiver(second, two.receiver?.authCookie ?? "", large.length);
    const first = await Peer.dial(one.receiver?.port ?? 0);
    await rig.asReceiver(first, one.receiver?.authCookie ?? "", CONTENT.length);
    const sender = await Peer.dial(one.sender?.port ?? 0);
    await rig.asSender(sender, CONTENT.length);
    await sender.hears("TFR\r\n");
    sender.say(Buffer.concat([chunks(CONTENT), macLine(CONTENT)]));
    expect(await rig.received()).toMatchObject({ id: "T1" });
    rig.relay.decide("T1", "deliver");
    await first.hears(chunks(CONTENT).toString("latin1"));
    expect(second.text).toBe(`${VER}FIL 5000\r\n`);
  });

  it("lets in nobody for having dialled before its address was burned, or before there were too many guesses", async () => {
    await using rig = await Rig.start({ maxTransfers: 200 });
    const places = await awaitReceivers(rig, 70);
    const [one] = places;
    if (one === undefined) throw new Error("no place");
    const early: Peer[] = [];
    for (let host = 2; host <= 34; host += 1) {
      early.push(await Peer.dial(one.port, `127.0.0.${host}`));
    }
    early.push(await Peer.dial(one.port, "127.0.0.2"));
    const [last, sameAddress] = early.splice(-2);
    for (const stranger of early) {
      stranger.say(`${VER}USR ${USER} 1\r\n`);
      await stranger.closed;
    }
    for (const late of [sameAddress, last]) {
      late?.say(`${VER}USR ${USER} ${one.authCookie}\r\n`);
      await late?.closed;
      expect(late?.text).not.toContain("FIL");
    }
  });

  it("burns addresses that say something wrong, however many, and no transfer", async () => {
    await using rig = await Rig.start({ maxTransfers: 100 });
    const [one, other] = await shared(rig);
    for (let host = 2; host < 12; host += 1) {
      const stranger = await shows(one, "1", `127.0.0.${host}`);
      expect(stranger.text).toBe(VER);
      const again = await shows(one, one.authCookie, `127.0.0.${host}`);
      expect(again.text).toBe("");
    }
    expect((await shows(one, one.authCookie)).text).toBe(LETS_IN);
    expect((await shows(other, other.authCookie)).text).toBe(LETS_IN);
    expect(rig.events).toEqual([]);
  });

  it("takes a cookie once", async () => {
    await using rig = await Rig.start({ maxTransfers: 100 });
    const [one, other] = await shared(rig);
    expect((await shows(one, one.authCookie)).text).toBe(LETS_IN);
    expect((await shows(one, one.authCookie, "127.0.0.2")).text).toBe(VER);
    expect((await shows(other, other.authCookie)).text).toBe(LETS_IN);
  });

  it("listens to 32 guesses a minute, then to nobody but those from where somebody is expected", async () => {
    await using rig = await Rig.start({ maxTransfers: 100 });
    const [one, other] = await shared(rig);
    const expected = { ...AWAITED, expected: "127.0.0.1" };
    let known = await rig.opened(rig.plan("sender", { id: "K0", receiver: expected }));
    for (let number = 1; known.port !== one.port; number += 1) {
      known = await rig.opened(rig.plan("sender", { id: `K${number}`, receiver: expected }));
    }
    let heard = 0;
    for (let host = 1; host <= 100; host += 1) {
      const stranger = await shows(one, String(host), `127.0.1.${host}`);
      if (stranger.text !== "") heard += 1;
    }
    expect(heard).toBe(32);
    expect((await shows(one, one.authCookie, "127.0.2.1")).text).toBe("");
    expect((await shows(known, known.authCookie)).text).toBe(LETS_IN);
    // Nobody else is expected from there.
    expect((await shows(other, other.authCookie)).text).toBe("");
    expect(rig.events).toEqual([]);
  });

  it("has room for all who are expected, also from one address", async () => {
    await using rig = await Rig.start({ maxTransfers: 100 });
    const receiver = { ...AWAITED, expected: "127.0.0.1" };
    const places: Place[] = [];
    for (let number = 0; number < 40; number += 1) {
      places.push(await rig.opened(rig.plan("sender", { id: `R${number}`, receiver })));
    }
    const there = places.filter(({ port }) => port === places[0]?.port);
    const silent = await Promise.all(there.map(async ({ port }) => Peer.dial(port)));
    await turns();
    expect(silent.filter(({ isClosed }) => isClosed)).toEqual([]);
    for (const [i, peer] of silent.entries()) {
      peer.say(`${VER}USR ${USER} ${there[i]?.authCookie}\r\n`);
      await peer.hears(LETS_IN);
    }
  });

  it("does not mind a hundred who say nothing", async () => {
    await using rig = await Rig.start({ maxTransfers: 100 });
    const [one, other] = await shared(rig);
    const silent: Peer[] = [];
    for (let host = 1; host <= 100; host += 1)
      silent.push(await Peer.dial(one.port, `127.0.1.${host}`));
    await turns();
    // 8 strangers, and room for two that are awaited.
    expect(silent.filter(({ isClosed }) => !isClosed).length).toBeLessThanOrEqual(12);
    expect((await shows(one, one.authCookie)).text).toBe(LETS_IN);
    expect((await shows(other, other.authCookie)).text).toBe(LETS_IN);
  });

  it("goes on when one of its transfers ends", async () => {
    await using rig = await Rig.start({ maxTransfers: 100 });
    const [one, other] = await shared(rig);
    rig.relay.abort("R0", "cancelled");
    await rig.ended();
    expect((await shows(one, one.authCookie, "127.0.0.2")).text).toBe(VER);
    expect((await shows(other, other.authCookie)).text).toBe(LETS_IN);
  });
});
