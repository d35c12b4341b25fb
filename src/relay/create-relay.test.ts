import { createServer } from "node:net";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { RelayRefusal, TransferPlan } from "./relay.ts";
import { CLEAN, STORY } from "./relay-fakes.test-data.ts";
import { chunks, CONTENT, macLine, turns } from "./relay-peers.test-data.ts";
import { dialled, Rig } from "./relay-rig.test-data.ts";

const SHORT_KEY = {
  encryptionKey: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
  hashKey: "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVY=",
};

describe("createRelay", () => {
  const refusals: readonly (readonly [string, RelayRefusal, Partial<TransferPlan>])[] = [
    ["a file beyond the limit", "too-large", { size: 10_000_001 }],
    ["a negative size", "too-large", { size: -1 }],
    ["a size that is no integer", "too-large", { size: 1.5 }],
    ["a key of another length", "bad-keys", { keys: SHORT_KEY }],
    ["a user with a line end", "bad-address", { user: "bob\r\nTFR" }],
    ["a user with a blank", "bad-address", { user: "bob x" }],
  ];

  it.each(refusals)("refuses %s: %s", async (_what, reason, more) => {
    await using rig = await Rig.start();
    const opened = await rig.relay.open(rig.plan("sender", more));
    expect(opened).toEqual({ kind: "refused", reason });
    expect(rig.relay.load.open).toBe(0);
    expect(rig.spool.reservedBytes).toBe(0);
  });

  it.each([
    ["a name", "localhost", 6891],
    ["nothing", "", 6891],
    ["all addresses", "0.0.0.0", 6891],
    ["all addresses, IPv6", "::", 6891],
    ["a group", "224.0.0.1", 6891],
    ["everybody", "255.255.255.255", 6891],
    ["a group, mapped", "::ffff:224.0.0.1", 6891],
    ["a group, mapped in hex", "::ffff:e000:1", 6891],
    ["a group, IPv6", "ff02::1", 6891],
    ["an address with a zone", "fe80::1%lo", 6891],
    ["an octal address", "0177.0.0.1", 6891],
    ["a system's port", "127.0.0.1", 1023],
    ["a port that there is not", "127.0.0.1", 65_536],
  ])("does not dial %s", async (_what, address, port) => {
    await using rig = await Rig.start();
    for (const role of ["sender", "receiver"] as const) {
      const plan = rig.plan("both", { [role]: dialled(port, address) });
      expect(await rig.relay.open(plan)).toEqual({ kind: "refused", reason: "bad-address" });
    }
  });

  it("does not dial the port of another transfer", async () => {
    await using rig = await Rig.start();
    const { port } = await rig.opened(rig.plan("sender"));
    const receiver = dialled(port);
    const opened = await rig.relay.open(rig.plan("receiver", { id: "T2", receiver }));
    expect(opened).toEqual({ kind: "refused", reason: "bad-address" });
  });

  it("does not dial it under another address of this machine", async () => {
    await using rig = await Rig.start({ isOwnAddress: (address) => address === "192.0.2.77" });
    const { port } = await rig.opened(rig.plan("sender"));
    const receiver = dialled(port, "::ffff:192.0.2.77");
    const opened = await rig.relay.open(rig.plan("receiver", { id: "T2", receiver }));
    expect(opened).toEqual({ kind: "refused", reason: "bad-address" });
  });

  it("opens nothing for a transfer that was ended while it was being opened", async () => {
    await using rig = await Rig.start();
    const opening = rig.relay.open(rig.plan("sender"));
    rig.relay.abort("T1", "cancelled");
    expect(await opening).toEqual({ kind: "refused", reason: "unavailable" });
    expect(rig.relay.load.open).toBe(0);
    expect(rig.spool.reservedBytes).toBe(0);
    expect((await rig.opened(rig.plan("sender"))).port).toBeGreaterThan(0);
  });

  it.each([
    ["quota", "quota"],
    ["spool-full", "spool-full"],
    ["no-space", "no-space"],
    ["failed", "unavailable"],
  ] as const)("refuses when the spool says %s: %s", async (refusal, reason) => {
    await using rig = await Rig.start({}, ({ spool }) => (spool.refuses = refusal));
    expect(await rig.relay.open(rig.plan("sender"))).toEqual({ kind: "refused", reason });
  });

  it("gives each sender that dials a port of its own, and refuses when there is none", async () => {
    await using rig = await Rig.start({ maxTransfers: 100 });
    const plans = Array.from({ length: 10 }, (_, i) => rig.plan("receiver", { id: `T${i}` }));
    const opened = await Promise.all(plans.map(async (plan) => rig.opened(plan)));
    expect(new Set(opened.map(({ port }) => port)).size).toBe(10);
    const full = { open: 10, capacity: 100, ports: 10, freePorts: 0, doors: 0 };
    expect(rig.relay.load).toEqual(full);
    const refused = { kind: "refused", reason: "no-free-port" };
    for (const listening of ["receiver", "sender", "neither"] as const) {
      expect(await rig.relay.open(rig.plan(listening, { id: "more" }))).toEqual(refused);
    }
    expect(rig.spool.reservedBytes).toBe(270);
    expect(rig.relay.load).toEqual(full);
    rig.relay.abort("T3", "cancelled");
    await rig.ended();
    expect((await rig.opened(rig.plan("receiver", { id: "more" }))).port).toBe(opened[3]?.port);
  });

  it("needs no port for peers that both listen", async () => {
    await using rig = await Rig.start({ maxTransfers: 100 });
    await rig.opened(rig.plan("receiver"));
    const opened = await rig.relay.open(rig.plan("both", { id: "T2" }));
    expect(opened).toEqual({ kind: "opened", sender: undefined, receiver: undefined });
  });

  it("passes over a port that another program holds", async () => {
    await using rig = await Rig.start();
    const first = await rig.opened(rig.plan("sender"));
    rig.relay.abort("T1", "cancelled");
    await rig.ended();
    const other = createServer().listen(first.port, "127.0.0.1");
    await once(other, "listening");
    const second = await rig.opened(rig.plan("sender", { id: "T2" }));
    other.close();
    expect(second.port).toBeGreaterThan(first.port);
  });

  it("refuses more transfers than it may have, the same one twice, and any after its end", async () => {
    await using rig = await Rig.start({ maxTransfers: 2 });
    await rig.opened(rig.plan("sender"));
    const again = await rig.relay.open(rig.plan("sender"));
    expect(again).toEqual({ kind: "refused", reason: "unavailable" });
    await rig.opened(rig.plan("sender", { id: "T2" }));
    const third = await rig.relay.open(rig.plan("sender", { id: "T3" }));
    expect(third).toEqual({ kind: "refused", reason: "too-many-transfers" });
    await rig.relay[Symbol.asyncDispose]();
    const late = await rig.relay.open(rig.plan("sender", { id: "T4" }));
    expect(late).toEqual({ kind: "refused", reason: "unavailable" });
    expect(rig.events.filter((event) => event.kind === "ended")).toHaveLength(2);
  });

  it("has no ports in an empty range, and still scans", async () => {
    await using rig = await Rig.start({ firstPort: 1, lastPort: 0 });
    expect(rig.relay.load.capacity).toBe(0);
    const opened = await rig.relay.open(rig.plan("sender"));
    expect(opened).toEqual({ kind: "refused", reason: "no-free-port" });
    expect(await rig.relay.scanBytes(CONTENT, 1000)).toEqual(CLEAN);
  });

  it("scans and keeps bytes from memory", async () => {
    await using rig = await Rig.start();
    await rig.relay.scanBytes(CONTENT, 1000, "bob@example.com");
    const [source] = rig.scan.scanned;
    expect(rig.scan.owners).toEqual(["bob@example.com"]);
    const buffer = Buffer.alloc(20);
    expect(source?.read(buffer, 10)).toBe(17);
    expect(buffer.toString("latin1", 0, 17)).toBe(CONTENT.toString("latin1", 10));
    expect(source?.read(buffer, 27)).toBe(0);
    expect(await rig.relay.keepBytes(CONTENT, STORY)).toEqual({ kind: "kept", id: "Q1" });
    expect(rig.kept).toEqual(["5282943e4afbe0468e5aee645a473e34373f3ce6c89507d1055710c05d7aedc0"]);
  });

  it("shows its transfers", async () => {
    await using rig = await Rig.start();
    const { sender, port } = await rig.meet(rig.plan("sender"));
    sender.say(chunks(CONTENT.subarray(0, 10)));
    await turns();
    rig.clock.advance(1500);
    expect(await rig.relay.transfers()).toEqual([
      {
        id: "T1",
        state: "receiving",
        ports: [port],
        size: 27,
        receivedBytes: 10,
        deliveredBytes: 0,
        ageMs: 1500,
      },
    ]);
    sender.say(chunks(CONTENT.subarray(10)));
    await rig.received();
    expect((await rig.relay.transfers())[0]).toMatchObject({
      state: "deciding",
      receivedBytes: 27,
    });
  });

  it("ends within bounds though a sender does not go", async () => {
    await using rig = await Rig.start();
    const { sender } = await rig.meet(rig.plan("sender"));
    sender.say(chunks(CONTENT));
    await rig.received();
    const gone = rig.relay[Symbol.asyncDispose]();
    await sender.hears("BYE 2164261682\r\n");
    rig.clock.advance(3000);
    await gone;
    expect(await rig.ended()).toMatchObject({ result: "failed", reason: "shutdown" });
  });

  it("keeps what a scan still reads until the scan has ended", async () => {
    await using rig = await Rig.start();
    const scanned = rig.scan.pause();
    const { sender } = await rig.meet(rig.plan("sender"));
    sender.say(Buffer.concat([chunks(CONTENT), macLine(CONTENT)]));
    await turns();
    rig.relay.abort("T1", "cancelled");
    await rig.ended();
    expect([...rig.spool.open]).toEqual(["T1"]);
    scanned();
    await turns();
    expect([...rig.spool.open]).toEqual([]);
    expect(rig.events.map((event) => event.kind)).toEqual(["ended"]);
  });

  it("ignores what it does not know", async () => {
    await using rig = await Rig.start();
    rig.relay.decide("nobody", "deliver");
    rig.relay.abort("nobody", "cancelled");
    expect(await rig.relay.keep("nobody", STORY)).toMatchObject({ kind: "not-kept" });
    expect(rig.events).toEqual([]);
  });
});

describe("createRelay, after a crash", () => {
  async function recovering(removed: string[]): Promise<Rig> {
    return Rig.start({}, ({ spool }) => {
      spool.recovered = ["A", "B"].map((id) => ({
        file: spool.hold(id, CONTENT, () => removed.push(id)),
        story: { name: id },
        state: "held",
      }));
    });
  }

  it("scans and tells of what an earlier run has left, keeps it, and lets it go when told", async () => {
    const removed: string[] = [];
    await using rig = await recovering(removed);
    expect(await rig.received()).toMatchObject({
      id: "A",
      report: CLEAN,
      recovered: { state: "held", story: { name: "A" } },
    });
    await turns();
    expect(rig.events.map((event) => event.id)).toEqual(["A", "B"]);
    expect(await rig.relay.keep("A", STORY)).toMatchObject({ kind: "kept" });
    rig.relay.decide("A", "stop");
    expect(await rig.ended()).toMatchObject({ result: "stopped", receivedBytes: 27 });
    expect(removed).toEqual(["A"]);
    expect(await rig.relay.keep("A", STORY)).toMatchObject({ kind: "not-kept" });
  });

  it("delivers nothing of it, whatever is decided", async () => {
    const removed: string[] = [];
    await using rig = await recovering(removed);
    await rig.received();
    rig.relay.decide("A", "deliver");
    expect(await rig.ended()).toMatchObject({ result: "stopped", deliveredBytes: 0 });
  });

  it("leaves what is undecided for the next start", async () => {
    const removed: string[] = [];
    {
      await using rig = await recovering(removed);
      await rig.received();
    }
    expect(removed).toEqual([]);
  });
});
