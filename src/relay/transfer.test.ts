import { connect, createServer } from "node:net";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { FailureReason, TransferEnd, TransferPlan } from "./relay.ts";
import { STORY } from "./relay-fakes.test-data.ts";
import { chunks, CONTENT, macLine, Peer, turns, VER } from "./relay-peers.test-data.ts";
import { AWAITED, Rig, type Listening } from "./relay-rig.test-data.ts";
import { USER } from "../wire/msnftp/vectors.test-data.ts";

const EACH = ["sender", "receiver", "both", "neither"] as const;
const ONLY_LOCAL = { ...AWAITED, onlyFrom: "127.0.0.1" } as const;
const HEAD = `${VER}FIL ${CONTENT.length}\r\n`;
const BYE_OK = "BYE 16777989\r\n";
const BYE_FAILED = "BYE 2164261682\r\n";

/** Both peers at the point where the sender's client has sent everything but the MAC. */
async function sent(rig: Rig, plan: TransferPlan): Promise<Awaited<ReturnType<Rig["meet"]>>> {
  const peers = await rig.meet(plan);
  peers.sender.say(chunks(CONTENT));
  return peers;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  const [outcome] = await Promise.race([
    once(server, "listening").then(() => [true]),
    once(server, "error").then(() => [false]),
  ]);
  server.close();
  return outcome ?? false;
}

/** Nothing is left of any transfer. */
async function expectNothingLeft(rig: Rig, port: number): Promise<void> {
  await turns();
  expect(rig.events.filter((event) => event.kind === "ended")).toHaveLength(1);
  expect(rig.relay.load.open).toBe(0);
  expect(rig.spool.reservedBytes).toBe(0);
  expect([...rig.spool.open]).toEqual([]);
  expect(rig.clock.scheduledCalls).toBe(0);
  expect(await isFree(port)).toBe(true);
}

describe.each(EACH)("Transfer, where who listens is: %s", (listening) => {
  it("delivers what was decided to be delivered, with the sender's own MAC", async () => {
    await using rig = await Rig.start();
    const { sender, receiver, port } = await sent(rig, rig.plan(listening));
    const { size, sha256, recovered } = await rig.received();
    expect({ size, recovered }).toEqual({ size: 27, recovered: undefined });
    expect(sha256).toBe("5282943e4afbe0468e5aee645a473e34373f3ce6c89507d1055710c05d7aedc0");
    await turns();
    expect(receiver.text).toBe(HEAD);
    rig.relay.decide("T1", "deliver");
    await sender.hears(BYE_OK);
    await turns();
    expect(receiver.text).toBe(HEAD);
    sender.say(macLine(CONTENT));
    await sender.closed;
    await receiver.hears(chunks(CONTENT).toString("latin1"));
    await turns();
    expect(receiver.text).not.toContain("MAC");
    receiver.say(BYE_OK);
    await receiver.hears(macLine(CONTENT).toString("latin1"));
    expect(receiver.text).toHaveLength(93);
    expect(await rig.ended()).toEqual({
      result: "delivered",
      reason: undefined,
      receivedBytes: 27,
      deliveredBytes: 27,
      senderTold: "received",
    } satisfies TransferEnd);
    await expectNothingLeft(rig, port);
  });

  it("delivers an empty file", async () => {
    await using rig = await Rig.start();
    const { sender, receiver, port } = await rig.meet(rig.plan(listening, { size: 0 }));
    await rig.received();
    rig.relay.decide("T1", "deliver");
    await sender.hears(BYE_OK);
    sender.say(macLine(Buffer.alloc(0)));
    receiver.say(BYE_OK);
    await receiver.hears("MAC HikVA7wQwmrureD0yQhEfuzatRA=\0\r\n");
    expect(await rig.ended()).toMatchObject({ result: "delivered", deliveredBytes: 0 });
    await expectNothingLeft(rig, port);
  });

  it("delivers an empty file whose receiver said BYE before the verdict", async () => {
    await using rig = await Rig.start();
    const { sender, receiver, port } = await rig.meet(rig.plan(listening, { size: 0 }));
    receiver.say(BYE_OK);
    await rig.received();
    await turns();
    expect(receiver.text).not.toContain("MAC");
    rig.relay.decide("T1", "deliver");
    await sender.hears(BYE_OK);
    sender.say(macLine(Buffer.alloc(0)));
    await receiver.hears("MAC HikVA7wQwmrureD0yQhEfuzatRA=\0\r\n");
    expect(await rig.ended()).toMatchObject({ result: "delivered", deliveredBytes: 0 });
    await expectNothingLeft(rig, port);
  });

  it("takes a MAC that comes before its BYE", async () => {
    await using rig = await Rig.start();
    const { sender, receiver, port } = await rig.meet(rig.plan(listening));
    sender.say(Buffer.concat([chunks(CONTENT), macLine(CONTENT)]));
    await rig.received();
    rig.relay.decide("T1", "deliver");
    await sender.hears(BYE_OK);
    await receiver.hears(chunks(CONTENT).toString("latin1"));
    receiver.say(BYE_OK);
    expect(await rig.ended()).toMatchObject({ result: "delivered", senderTold: "received" });
    await expectNothingLeft(rig, port);
  });

  it("sends nothing of a file that was stopped, and tells the sender in time", async () => {
    await using rig = await Rig.start();
    const { sender, receiver, port } = await sent(rig, rig.plan(listening));
    await rig.received();
    rig.clock.advance(7900);
    rig.relay.decide("T1", "stop");
    await sender.hears(BYE_FAILED);
    await receiver.closed;
    sender.say(macLine(CONTENT));
    await sender.closed;
    expect(receiver.text).toBe(HEAD);
    expect(await rig.ended()).toEqual({
      result: "stopped",
      reason: undefined,
      receivedBytes: 27,
      deliveredBytes: 0,
      senderTold: "failed",
    } satisfies TransferEnd);
    await expectNothingLeft(rig, port);
  });

  it("says BYE after 8 seconds whatever becomes of the file, and still stops it", async () => {
    await using rig = await Rig.start();
    const scanned = rig.scan.pause();
    const { sender, receiver, port } = await sent(rig, rig.plan(listening));
    await turns();
    rig.clock.advance(7999);
    await turns();
    expect(sender.text).not.toContain("BYE");
    rig.clock.advance(1);
    await sender.hears(BYE_OK);
    sender.say(macLine(CONTENT));
    await sender.closed;
    rig.clock.advance(20_000);
    scanned();
    await rig.received();
    expect(rig.scan.owners).toEqual(["alice@example.com"]);
    expect(receiver.text).toBe(HEAD);
    rig.relay.decide("T1", "stop");
    await receiver.closed;
    expect(receiver.text).toBe(HEAD);
    expect(await rig.ended()).toMatchObject({ result: "stopped", senderTold: "received" });
    await expectNothingLeft(rig, port);
  });

  it("delivers long after the sender has gone with its BYE", async () => {
    await using rig = await Rig.start();
    const { sender, receiver } = await sent(rig, rig.plan(listening));
    await rig.received();
    rig.clock.advance(8000);
    await sender.hears(BYE_OK);
    sender.say(macLine(CONTENT));
    await sender.closed;
    rig.clock.advance(200_000);
    rig.relay.decide("T1", "deliver");
    await receiver.hears(chunks(CONTENT).toString("latin1"));
    receiver.say(BYE_OK);
    expect(await rig.ended()).toMatchObject({ result: "delivered" });
  });

  it("keeps a copy while it waits for the decision, and not after it", async () => {
    await using rig = await Rig.start();
    const { sender } = await rig.meet(rig.plan(listening));
    expect(await rig.relay.keep("T1", STORY)).toMatchObject({ kind: "not-kept" });
    sender.say(Buffer.concat([chunks(CONTENT), macLine(CONTENT)]));
    const { sha256 } = await rig.received();
    expect(await rig.relay.keep("T1", STORY)).toEqual({ kind: "kept", id: "Q1" });
    expect(rig.kept).toEqual([sha256]);
    rig.relay.decide("T1", "stop");
    expect(await rig.relay.keep("T1", STORY)).toMatchObject({ kind: "not-kept" });
  });

  it("cuts a file that is no longer what was scanned before its last piece", async () => {
    await using rig = await Rig.start();
    const { sender, receiver, port } = await rig.meet(rig.plan(listening));
    sender.say(Buffer.concat([chunks(CONTENT), macLine(CONTENT)]));
    await rig.received();
    rig.spool.tampered = Buffer.alloc(27, "x");
    rig.relay.decide("T1", "deliver");
    expect(await rig.ended()).toMatchObject({ result: "failed", reason: "changed" });
    await receiver.closed;
    expect(receiver.text).toBe(HEAD);
    await expectNothingLeft(rig, port);
  });
});

/** What goes wrong once both peers have met, and how it ends; the receiver must have seen VER and FIL and nothing else. */
interface Mishap {
  readonly name: string;
  readonly reason: FailureReason;
  readonly told: TransferEnd["senderTold"];
  readonly sent: "nothing" | "half" | "all" | "proven";
  /** Before the event "received"? */
  readonly act: (rig: Rig, peers: { sender: Peer; receiver: Peer }) => void | Promise<void>;
}

const MISHAPS: readonly Mishap[] = [
  {
    name: "the sender closes in the middle",
    sent: "half",
    reason: "sender-gone",
    told: "nothing",
    act: (_rig, { sender }) => sender.leave(),
  },
  {
    name: "the sender cancels in the middle",
    sent: "half",
    reason: "sender-gone",
    told: "nothing",
    act: (_rig, { sender }) => sender.say("CCL\r\n"),
  },
  {
    name: "the sender falls silent in the middle",
    sent: "half",
    reason: "timeout",
    told: "nothing",
    act: (rig) => rig.clock.advance(60_000),
  },
  {
    name: "the sender sends more than it said",
    sent: "half",
    reason: "protocol",
    told: "nothing",
    act: (_rig, { sender }) => sender.say(chunks(Buffer.alloc(100))),
  },
  {
    name: "the sender sends a chunk of another type",
    sent: "half",
    reason: "protocol",
    told: "nothing",
    act: (_rig, { sender }) => sender.say(Buffer.from([2, 0, 0])),
  },
  {
    name: "the disk is full",
    sent: "half",
    reason: "disk-full",
    told: "nothing",
    act: (rig, { sender }) => {
      rig.spool.fullAfter = 12;
      sender.say(chunks(Buffer.alloc(5)));
    },
  },
  {
    name: "the disk is full at the last byte",
    sent: "nothing",
    reason: "disk-full",
    told: "failed",
    act: (rig, { sender }) => {
      rig.spool.fullAfter = 12;
      sender.say(Buffer.concat([chunks(CONTENT), macLine(CONTENT)]));
    },
  },
  {
    name: "the receiver closes while the content comes",
    sent: "half",
    reason: "receiver-gone",
    told: "nothing",
    act: (_rig, { receiver }) => receiver.leave(),
  },
  {
    name: "the receiver cancels while the content comes",
    sent: "half",
    reason: "receiver-refused",
    told: "nothing",
    act: (_rig, { receiver }) => receiver.say("CCL\r\n"),
  },
  {
    name: "it is aborted while the content comes",
    sent: "half",
    reason: "cancelled",
    told: "nothing",
    act: (rig) => rig.relay.abort("T1", "cancelled"),
  },
  {
    name: "it takes too long in all",
    sent: "half",
    reason: "timeout",
    told: "nothing",
    act: async (rig, { sender }) => {
      for (let i = 0; i < 10; i += 1) {
        rig.clock.advance(59_999);
        sender.say(chunks(Buffer.alloc(1)));
        await turns();
      }
      rig.clock.advance(20_000);
    },
  },
  {
    name: "the sender closes without a MAC",
    sent: "all",
    reason: "bad-mac",
    told: "nothing",
    act: (_rig, { sender }) => sender.leave(),
  },
  {
    name: "the MAC is wrong",
    sent: "all",
    reason: "bad-mac",
    told: "failed",
    act: (_rig, { sender }) => sender.say(macLine(Buffer.from("other"))),
  },
  {
    name: "the MAC is wrong after a good BYE",
    sent: "all",
    reason: "bad-mac",
    told: "received",
    act: async (rig, { sender }) => {
      rig.clock.advance(8000);
      await sender.hears(BYE_OK);
      sender.say(macLine(Buffer.from("other")));
    },
  },
  {
    name: "the MAC does not come",
    sent: "all",
    reason: "bad-mac",
    told: "received",
    act: async (rig) => {
      rig.relay.decide("T1", "deliver");
      await turns();
      rig.clock.advance(10_000);
    },
  },
  {
    name: "the receiver closes while it waits",
    sent: "all",
    reason: "receiver-gone",
    told: "failed",
    act: async (_rig, { sender, receiver }) => {
      receiver.leave();
      await sender.hears(BYE_FAILED);
      sender.say(macLine(CONTENT));
    },
  },
  {
    name: "the receiver says BYE while it waits",
    sent: "proven",
    reason: "receiver-refused",
    told: "failed",
    act: (_rig, { receiver }) => receiver.say(BYE_FAILED),
  },
  {
    name: "the receiver says that it has got everything while it waits",
    sent: "proven",
    reason: "protocol",
    told: "failed",
    act: (_rig, { receiver }) => receiver.say(BYE_OK),
  },
  {
    name: "it is aborted while it waits for the decision",
    sent: "proven",
    reason: "cancelled",
    told: "failed",
    act: (rig) => rig.relay.abort("T1", "cancelled"),
  },
  {
    name: "nobody decides",
    sent: "proven",
    reason: "internal",
    told: "received",
    act: (rig) => rig.clock.advance(300_000),
  },
  {
    name: "the relay ends while it waits for the decision",
    sent: "proven",
    reason: "shutdown",
    told: "failed",
    act: async (rig) => rig.relay[Symbol.asyncDispose](),
  },
];

const CASES = EACH.flatMap((listening) => MISHAPS.map((mishap) => ({ listening, ...mishap })));

describe("Transfer, when something goes wrong", () => {
  it.each(CASES)("ends with $reason when $name ($listening listens)", async (mishap) => {
    await using rig = await Rig.start();
    const peers = await rig.meet(rig.plan(mishap.listening));
    const { sender, receiver, port } = peers;
    if (mishap.sent === "half") {
      sender.say(chunks(CONTENT.subarray(0, 10)));
      await turns();
    } else if (mishap.sent !== "nothing") {
      const mac = mishap.sent === "proven" ? macLine(CONTENT) : Buffer.alloc(0);
      sender.say(Buffer.concat([chunks(CONTENT), mac]));
      await rig.received();
      await turns();
    }
    await mishap.act(rig, peers);
    const end = await rig.ended();
    expect(end).toMatchObject({ result: "failed", reason: mishap.reason, deliveredBytes: 0 });
    expect(end.senderTold).toBe(mishap.told);
    await Promise.all([sender.closed, receiver.closed]);
    expect(receiver.text).toBe(HEAD);
    const said = { nothing: "", failed: BYE_FAILED, received: BYE_OK }[mishap.told];
    expect(/BYE.*\r\n/.exec(sender.text)?.[0] ?? "").toBe(said);
    rig.relay.decide("T1", "deliver");
    await expectNothingLeft(rig, port);
  });

  it("tells a sender that it gives up, before it closes", async () => {
    await using rig = await Rig.start();
    const { sender, receiver } = await rig.meet(rig.plan("sender"));
    sender.say(chunks(CONTENT.subarray(0, 10)));
    receiver.leave();
    await sender.closed;
    expect(sender.text.endsWith("TFR\r\nCCL\r\n")).toBe(true);
  });
});

describe("Transfer, before the content", () => {
  it("does not dial a sender before the receiver waits for the content", async () => {
    await using rig = await Rig.start();
    const { port, authCookie } = await rig.opened(rig.plan("sender"));
    let isDialled = false;
    void rig.listener.next.then(() => (isDialled = true));
    const receiver = await Peer.dial(port);
    receiver.say(`${VER}USR ${USER} ${authCookie}\r\n`);
    await receiver.hears("FIL");
    await turns();
    expect(isDialled).toBe(false);
    receiver.say("TFR\r\n");
    await rig.listener.next;
    expect(isDialled).toBe(true);
  });

  it("shows a sender the receiver's address and the cookie that it gave", async () => {
    await using rig = await Rig.start();
    const { sender } = await rig.meet(rig.plan("sender"));
    expect(sender.text).toBe(`${VER}USR ${USER} 424242\r\nTFR\r\n`);
  });

  it("shows a sender that dials our own cookie, and holds TFR for the receiver", async () => {
    await using rig = await Rig.start();
    const { port, authCookie } = await rig.opened(rig.plan("receiver"));
    const sender = await Peer.dial(port);
    await rig.asSender(sender, CONTENT.length);
    await turns();
    expect(sender.text).toBe(`${VER}USR ${USER} ${authCookie}\r\n`);
    const receiver = await rig.listener.next;
    rig.clock.advance(7000);
    await rig.asReceiver(receiver, "424242", CONTENT.length);
    await sender.hears("TFR\r\n");
  });

  const early: readonly {
    readonly name: string;
    readonly listening: Listening;
    readonly reason: FailureReason;
    readonly act: (rig: Rig, at: { port: number; authCookie: string }) => Promise<void>;
  }[] = [
    {
      name: "no receiver dials",
      listening: "sender",
      reason: "receiver-silent",
      act: async (rig) => rig.clock.advance(60_000),
    },
    {
      name: "no sender dials",
      listening: "receiver",
      reason: "sender-silent",
      act: async (rig) => {
        await rig.asReceiver(await rig.listener.next, "424242", CONTENT.length);
        await turns();
        rig.clock.advance(60_000);
      },
    },
    {
      name: "a sender that dialled waits 8 seconds for the receiver",
      listening: "receiver",
      reason: "receiver-silent",
      act: async (rig, { port }) => {
        await rig.listener.next;
        await rig.asSender(await Peer.dial(port), CONTENT.length);
        await turns();
        rig.clock.advance(8000);
      },
    },
    {
      name: "a receiver that we dialled says nothing",
      listening: "receiver",
      reason: "receiver-silent",
      act: async (rig) => {
        await rig.listener.next;
        await turns();
        rig.clock.advance(10_000);
      },
    },
    {
      name: "a receiver that we dialled shows another cookie",
      listening: "receiver",
      reason: "wrong-cookie",
      act: async (rig) => (await rig.listener.next).say(`${VER}USR ${USER} 1\r\n`),
    },
    {
      name: "a receiver does not finish its lines",
      listening: "sender",
      reason: "timeout",
      act: async (rig, { port, authCookie }) => {
        const receiver = await Peer.dial(port);
        receiver.say(`${VER}USR ${USER} ${authCookie}\r\nTF`);
        await receiver.hears("FIL");
        rig.clock.advance(10_000);
      },
    },
    {
      name: "a sender that we dialled announces another size",
      listening: "sender",
      reason: "wrong-size",
      act: async (rig, { port, authCookie }) => {
        await rig.asReceiver(await Peer.dial(port), authCookie, CONTENT.length);
        await rig.asSender(await rig.listener.next, CONTENT.length + 1);
      },
    },
    {
      name: "a sender that we dialled says nothing",
      listening: "sender",
      reason: "sender-silent",
      act: async (rig, { port, authCookie }) => {
        await rig.asReceiver(await Peer.dial(port), authCookie, CONTENT.length);
        await (await rig.listener.next).hears(VER);
        rig.clock.advance(10_000);
      },
    },
    {
      name: "a sender does not listen where it said",
      listening: "sender",
      reason: "sender-silent",
      act: async (rig, { port, authCookie }) => {
        rig.listener.close();
        await rig.asReceiver(await Peer.dial(port), authCookie, CONTENT.length);
      },
    },
    {
      name: "the relay ends",
      listening: "sender",
      reason: "shutdown",
      act: async (rig) => rig.relay[Symbol.asyncDispose](),
    },
    {
      name: "three addresses show a wrong cookie",
      listening: "sender",
      reason: "wrong-cookie",
      act: async (_rig, { port }) => {
        for (const address of ["127.0.0.2", "127.0.0.3", "127.0.0.4"]) {
          const stranger = await Peer.dial(port, address);
          stranger.say(`${VER}USR ${USER} 1\r\n`);
          await stranger.closed;
          expect(stranger.text).not.toContain("FIL");
        }
      },
    },
  ];

  it.each(early)("ends with $reason when $name", async ({ listening, reason, act }) => {
    await using rig = await Rig.start();
    const opened = await rig.opened(rig.plan(listening));
    await act(rig, opened);
    const ended = rig.ended();
    expect(await ended).toMatchObject({ result: "failed", reason, receivedBytes: 0 });
    await expectNothingLeft(rig, opened.port);
  });

  it("burns an address that showed a wrong cookie, and lets the right one in", async () => {
    await using rig = await Rig.start();
    const { port, authCookie } = await rig.opened(rig.plan("sender"));
    const stranger = await Peer.dial(port, "127.0.0.2");
    stranger.say(`${VER}USR ${USER} 1\r\n`);
    await stranger.closed;
    const again = await Peer.dial(port, "127.0.0.2");
    again.say(`${VER}USR ${USER} ${authCookie}\r\n`);
    await again.closed;
    expect(again.text).toBe("");
    await rig.asReceiver(await Peer.dial(port), authCookie, CONTENT.length);
  });

  it("ends after wrong cookies from three addresses", async () => {
    await using rig = await Rig.start();
    const { port } = await rig.opened(rig.plan("sender"));
    for (const address of ["127.0.0.2", "127.0.0.3", "127.0.0.4"]) {
      const stranger = await Peer.dial(port, address);
      stranger.say(`${VER}USR ${USER} 1\r\n`);
      await stranger.closed;
    }
    expect(await rig.ended()).toMatchObject({ result: "failed", reason: "wrong-cookie" });
  });

  it("goes on past a dialling sender that announces another size, unless no other may dial", async () => {
    await using rig = await Rig.start();
    const open = await rig.opened(rig.plan("receiver"));
    await rig.asSender(await Peer.dial(open.port, "127.0.0.2"), 1);
    await rig.asSender(await Peer.dial(open.port), CONTENT.length);
    await rig.asReceiver(await rig.listener.next, "424242", CONTENT.length);
    await turns();
    expect((await rig.relay.transfers())[0]?.state).toBe("receiving");

    await using other = await Rig.start();
    const only = await other.opened(other.plan("receiver", { sender: ONLY_LOCAL }));
    await other.asSender(await Peer.dial(only.port), 1);
    expect(await other.ended()).toMatchObject({ reason: "wrong-size" });
  });

  it("closes whoever dials from another address than the peer's, and a scan of ports ends nothing", async () => {
    await using rig = await Rig.start();
    const { port, authCookie } = await rig.opened(rig.plan("sender", { receiver: ONLY_LOCAL }));
    for (const address of ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"]) {
      const stranger = await Peer.dial(port, address);
      stranger.say(`${VER}USR ${USER} ${authCookie}\r\n`);
      await stranger.closed;
      expect(stranger.text).toBe("");
    }
    await rig.asReceiver(await Peer.dial(port), authCookie, CONTENT.length);
  });

  it("waits on when somebody at the sender's own address dials and goes", async () => {
    await using rig = await Rig.start();
    const { port } = await rig.opened(rig.plan("receiver", { sender: ONLY_LOCAL }));
    for (let times = 0; times < 4; times += 1) {
      const scan = await Peer.dial(port);
      scan.leave();
      await scan.closed;
    }
    await rig.asSender(await Peer.dial(port), CONTENT.length);
    await rig.asReceiver(await rig.listener.next, "424242", CONTENT.length);
    await turns();
    expect((await rig.relay.transfers())[0]?.state).toBe("receiving");
  });

  it("gives a place to its peer whatever number of strangers dial and say nothing", async () => {
    await using rig = await Rig.start();
    const { port, authCookie } = await rig.opened(rig.plan("sender"));
    const strangers: Peer[] = [];
    for (let number = 0; number < 20; number += 1) {
      strangers.push(await Peer.dial(port, "127.0.0.2"));
      strangers.push(await Peer.dial(port, `127.0.1.${String(number + 1)}`));
    }
    const receiver = await Peer.dial(port);
    await rig.asReceiver(receiver, authCookie, CONTENT.length);
    await Promise.all(strangers.map(async (stranger) => stranger.closed));
    const late = await Peer.dial(port);
    await late.closed;
    expect(late.text).toBe("");
    expect(receiver.isClosed).toBe(false);
  });

  it("keeps the place of one who dials from where the peer is expected", async () => {
    await using rig = await Rig.start();
    const plan = rig.plan("sender", { receiver: { ...AWAITED, expected: "127.0.0.1" } });
    const { port, authCookie } = await rig.opened(plan);
    const receiver = await Peer.dial(port);
    for (let number = 1; number <= 20; number += 1) {
      await Peer.dial(port, `127.0.1.${String(number)}`);
    }
    await rig.asReceiver(receiver, authCookie, CONTENT.length);
    expect(receiver.isClosed).toBe(false);
  });
});

describe("Transfer, during the delivery", () => {
  // More than a system takes on behalf of a receiver that does not read.
  const large = Buffer.alloc(20_000_000, "sluice ");
  const largeHead = `${VER}FIL ${large.length}\r\n`;

  async function delivering(rig: Rig): Promise<{ sender: Peer; receiver: Peer; port: number }> {
    const peers = await rig.meet(rig.plan("sender", { size: large.length }));
    peers.receiver.socket.pause();
    peers.sender.say(Buffer.concat([chunks(large), macLine(large)]));
    await rig.received();
    rig.relay.decide("T1", "deliver");
    await turns();
    return peers;
  }

  it("waits for a receiver that reads slowly, and delivers all of it", async () => {
    await using rig = await Rig.start({ maxFileBytes: large.length });
    const { receiver } = await delivering(rig);
    rig.clock.advance(59_000);
    receiver.socket.resume();
    const content = Buffer.concat([Buffer.from(largeHead), chunks(large)]);
    await receiver.gets(content.length);
    receiver.say(BYE_OK);
    expect(await rig.ended()).toMatchObject({ result: "delivered", deliveredBytes: large.length });
    await receiver.closed;
    expect(receiver.bytes.equals(Buffer.concat([content, macLine(large)]))).toBe(true);
  });

  const ends: readonly {
    readonly name: string;
    readonly reason: FailureReason;
    readonly act: (rig: Rig, receiver: Peer) => void;
  }[] = [
    { name: "the receiver closes", reason: "receiver-gone", act: (_rig, r) => r.leave() },
    { name: "it cancels", reason: "receiver-refused", act: (_rig, r) => r.say("CCL\r\n") },
    {
      name: "its disk is full",
      reason: "receiver-refused",
      act: (_rig, r) => r.say("BYE 2147942405\r\n"),
    },
    { name: "it gives thanks early", reason: "protocol", act: (_rig, r) => r.say(BYE_OK) },
    { name: "it does not read", reason: "timeout", act: (rig) => rig.clock.advance(60_000) },
    {
      name: "a peer cancels by SIP",
      reason: "cancelled",
      act: (rig) => rig.relay.abort("T1", "cancelled"),
    },
  ];

  it.each(ends)("ends with $reason when $name", async ({ reason, act }) => {
    await using rig = await Rig.start({ maxFileBytes: large.length });
    const { receiver, port } = await delivering(rig);
    act(rig, receiver);
    expect(await rig.ended()).toMatchObject({ result: "failed", reason, senderTold: "received" });
    receiver.leave();
    await expectNothingLeft(rig, port);
  });

  it("sends the MAC to a receiver that says no BYE, and believes only BYE", async () => {
    await using rig = await Rig.start();
    const { sender, receiver, port } = await rig.meet(rig.plan("sender"));
    sender.say(Buffer.concat([chunks(CONTENT), macLine(CONTENT)]));
    await rig.received();
    rig.relay.decide("T1", "deliver");
    await receiver.hears(chunks(CONTENT).toString("latin1"));
    await turns();
    rig.clock.advance(10_000);
    await receiver.hears("MAC ");
    rig.clock.advance(60_000);
    expect(await rig.ended()).toMatchObject({
      result: "failed",
      reason: "timeout",
      deliveredBytes: 27,
    });
    await expectNothingLeft(rig, port);
  });
});

it("a port of a transfer takes no more connections after its end", async () => {
  await using rig = await Rig.start();
  const { port } = await rig.opened(rig.plan("sender"));
  rig.relay.abort("T1", "cancelled");
  await rig.ended();
  const socket = connect(port, "127.0.0.1");
  const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
  expect(error.code).toBe("ECONNREFUSED");
});
