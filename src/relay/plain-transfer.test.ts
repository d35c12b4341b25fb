import { describe, expect, it } from "vitest";
import { createChunkWriter } from "../wire/msnftp/chunk-writer.ts";
import { USER } from "../wire/msnftp/vectors.test-data.ts";
import type { FailureReason, LegPlan, TransferEnd, TransferPlan } from "./relay.ts";
import { CONTENT, Peer, PLAIN_VER, turns, VER } from "./relay-peers.test-data.ts";
import { Rig, type Listening } from "./relay-rig.test-data.ts";

/** Transfers of the plain variant MSNFTP: no keys, no MAC (lcs.md B4). */
const EACH = ["sender", "receiver", "both", "neither"] as const;
const HEAD = `${PLAIN_VER}FIL ${CONTENT.length}\r\n`;
const IN_CLEAR = chunksOf(CONTENT);
const BYE_OK = "BYE 16777989\r\n";
const BYE_FAILED = "BYE 2164261682\r\n";
const MARKER = "\x01\0\0";

function chunksOf(content: Buffer): string {
  return createChunkWriter(undefined).frame(content).toString("latin1");
}

/** Whoever dials us may do so from one address alone. */
function planOf(rig: Rig, listening: Listening, size = CONTENT.length): TransferPlan {
  const plan = rig.plan(listening, { keys: undefined, size });
  const known = (leg: LegPlan): LegPlan =>
    leg.kind === "await" ? { ...leg, onlyFrom: "127.0.0.1" } : leg;
  return { ...plan, sender: known(plan.sender), receiver: known(plan.receiver) };
}

function say(peer: Peer, text: string): void {
  peer.say(Buffer.from(text, "latin1"));
}

async function expectNothingLeft(rig: Rig): Promise<void> {
  await turns();
  expect(rig.events.filter((event) => event.kind === "ended")).toHaveLength(1);
  expect(rig.relay.load.open).toBe(0);
  expect(rig.spool.reservedBytes).toBe(0);
  expect(rig.clock.scheduledCalls).toBe(0);
}

describe.each(EACH)("Transfer in clear, where who listens is: %s", (listening) => {
  it.each([
    ["nothing", ""],
    ["the end marker", MARKER],
  ])("delivers what was decided to be delivered, with %s after it", async (_what, after) => {
    await using rig = await Rig.start();
    const { sender, receiver } = await rig.meet(planOf(rig, listening));
    say(sender, IN_CLEAR + after);
    const { size, sha256 } = await rig.received();
    expect(size).toBe(27);
    expect(sha256).toBe("5282943e4afbe0468e5aee645a473e34373f3ce6c89507d1055710c05d7aedc0");
    await turns();
    expect(receiver.text).toBe(HEAD);
    rig.relay.decide("T1", "deliver");
    await sender.hears(BYE_OK);
    await sender.closed;
    await receiver.hears(IN_CLEAR);
    receiver.say(BYE_OK);
    await receiver.closed;
    expect(receiver.text).toBe(HEAD + IN_CLEAR);
    expect(await rig.ended()).toEqual({
      result: "delivered",
      reason: undefined,
      receivedBytes: 27,
      deliveredBytes: 27,
      senderTold: "received",
    } satisfies TransferEnd);
    await expectNothingLeft(rig);
  });

  it("delivers the file of a sender that leaves with its last byte, as one client does", async () => {
    await using rig = await Rig.start();
    const { sender, receiver } = await rig.meet(planOf(rig, listening));
    sender.socket.end(Buffer.from(IN_CLEAR, "latin1"));
    await rig.received();
    await sender.closed;
    rig.relay.decide("T1", "deliver");
    await receiver.hears(IN_CLEAR);
    receiver.say(BYE_OK);
    expect(await rig.ended()).toMatchObject({ result: "delivered", senderTold: "nothing" });
    await expectNothingLeft(rig);
  });

  it("sends nothing of a file that was stopped, and tells the sender", async () => {
    await using rig = await Rig.start();
    const { sender, receiver } = await rig.meet(planOf(rig, listening));
    say(sender, IN_CLEAR);
    await rig.received();
    rig.relay.decide("T1", "stop");
    await sender.hears(BYE_FAILED);
    await Promise.all([sender.closed, receiver.closed]);
    expect(receiver.text).toBe(HEAD);
    expect(await rig.ended()).toMatchObject({
      result: "stopped",
      deliveredBytes: 0,
      senderTold: "failed",
    });
    await expectNothingLeft(rig);
  });

  it("delivers an empty file, with an end marker to a receiver that waits for one", async () => {
    await using rig = await Rig.start();
    const { receiver } = await rig.meet(planOf(rig, listening, 0));
    await rig.received();
    rig.relay.decide("T1", "deliver");
    await turns();
    rig.clock.advance(10_000);
    await receiver.hears(MARKER);
    receiver.say(BYE_OK);
    expect(await rig.ended()).toMatchObject({ result: "delivered", deliveredBytes: 0 });
    await expectNothingLeft(rig);
  });

  it("cuts a file that is no longer what was scanned before its last piece", async () => {
    await using rig = await Rig.start();
    const { sender, receiver } = await rig.meet(planOf(rig, listening));
    say(sender, IN_CLEAR);
    await rig.received();
    rig.spool.tampered = Buffer.alloc(27, "x");
    rig.relay.decide("T1", "deliver");
    expect(await rig.ended()).toMatchObject({ result: "failed", reason: "changed" });
    await receiver.closed;
    expect(receiver.text).toBe(HEAD);
    await expectNothingLeft(rig);
  });

  const mishaps: readonly (readonly [string, FailureReason, string, TransferEnd["senderTold"]])[] =
    [
      ["closes in the middle", "sender-gone", "", "nothing"],
      ["sends an end marker too early", "sender-gone", `\0\x01\0H${MARKER}`, "nothing"],
      ["sends more than it announced", "protocol", `\0\x1c\0${"x".repeat(28)}`, "nothing"],
      ["goes on behind the last byte", "protocol", `${IN_CLEAR}\0\x01\0x`, "failed"],
      ["goes on behind the end marker", "protocol", `${IN_CLEAR}${MARKER}\x01`, "failed"],
      ["takes it back", "sender-gone", `${IN_CLEAR}CCL\r\n`, "failed"],
    ];

  it.each(mishaps)("fails when the sender %s: %s", async (_what, reason, text, told) => {
    await using rig = await Rig.start();
    const { sender, receiver } = await rig.meet(planOf(rig, listening));
    if (text === "") sender.leave();
    else say(sender, text);
    const end = await rig.ended();
    expect(end).toMatchObject({ result: "failed", reason, deliveredBytes: 0, senderTold: told });
    await receiver.closed;
    expect(receiver.text).toBe(HEAD);
    rig.relay.decide("T1", "deliver");
    await expectNothingLeft(rig);
  });

  it("ends when a peer speaks the encrypted variant alone", async () => {
    await using rig = await Rig.start();
    const { port, authCookie } = await rig.opened(planOf(rig, listening));
    const dials = listening === "sender" || listening === "neither";
    const receiver = dials ? await Peer.dial(port) : await rig.listener.next;
    const cookie = dials ? authCookie : "424242";
    say(receiver, `${VER}USR ${USER} ${cookie}\r\nTFR\r\n`);
    await receiver.closed;
    expect(receiver.text).toBe("");
    expect(await rig.ended()).toMatchObject({ result: "failed", reason: "protocol" });
  });
});

describe("Transfer in clear, of a sender that dials", () => {
  it("is refused when it is not known where it will dial from", async () => {
    await using rig = await Rig.start();
    const plan = rig.plan("receiver", { keys: undefined });
    const refused = { kind: "refused", reason: "unproven-sender" };
    expect(await rig.relay.open(plan)).toEqual(refused);
    expect(rig.relay.load.open).toBe(0);
    expect((await rig.relay.open({ ...rig.plan("sender"), keys: undefined })).kind).toBe("opened");
  });

  it("takes the file from that address alone", async () => {
    await using rig = await Rig.start();
    const { port } = await rig.opened(planOf(rig, "receiver"));
    const stranger = await Peer.dial(port, "127.0.0.2");
    say(stranger, HEAD);
    await stranger.closed;
    expect(stranger.text).toBe("");
    await rig.asReceiver(await rig.listener.next, "424242", CONTENT.length, PLAIN_VER);
    const sender = await Peer.dial(port);
    await rig.asSender(sender, CONTENT.length, PLAIN_VER);
    await sender.hears("TFR\r\n");
  });
});
