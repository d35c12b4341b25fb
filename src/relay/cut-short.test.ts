import { describe, expect, it } from "vitest";
import type { FailureReason } from "./relay.ts";
import { USER } from "../wire/msnftp/vectors.test-data.ts";
import { chunks, CONTENT, Peer, turns, VER } from "./relay-peers.test-data.ts";
import { Rig } from "./relay-rig.test-data.ts";

/**
 * Each line that we wait for, and what becomes of a peer that says CCL, closes, or says nothing in its place. Both are dialled
 * here: who dials us is nobody until it has spoken.
 */
type Line = "VER" | "USR" | "TFR" | "FIL";

const RECEIVERS_LINES: readonly Line[] = ["VER", "USR", "TFR"];
const SENDERS_LINES: readonly Line[] = ["VER", "FIL"];
const LINE_MS = 10_000;

/** A receiver that we have dialled, up to the line before. */
async function receiverBefore(rig: Rig, line: Line): Promise<Peer> {
  await rig.opened(rig.plan("both"));
  const receiver = await rig.listener.next;
  if (line === "VER") return receiver;
  receiver.say(VER);
  await receiver.hears(VER);
  if (line === "USR") return receiver;
  receiver.say(`USR ${USER} 424242\r\n`);
  await receiver.hears("FIL");
  return receiver;
}

/** A sender that we have dialled, up to the line before. */
async function senderBefore(rig: Rig, line: Line): Promise<Peer> {
  await rig.opened(rig.plan("both"));
  await rig.asReceiver(await rig.listener.next, "424242", CONTENT.length);
  const sender = await rig.senderListener.next;
  await sender.hears(VER);
  if (line === "VER") return sender;
  sender.say(VER);
  await sender.hears("USR");
  return sender;
}

type Cut = "says CCL" | "closes" | "says nothing";

async function cut(rig: Rig, peer: Peer, how: Cut): Promise<void> {
  if (how === "says CCL") peer.say("CCL\r\n");
  else if (how === "closes") peer.leave();
  else {
    await turns();
    rig.clock.advance(LINE_MS - 1);
    await turns();
    if (rig.events.length > 0) throw new Error("ended too early");
    rig.clock.advance(1);
  }
}

function casesOf(lines: readonly Line[]): readonly { line: Line; how: Cut }[] {
  const cuts = ["says CCL", "closes", "says nothing"] as const;
  return lines.flatMap((line) => cuts.map((how) => ({ line, how })));
}

describe("Transfer, cut short", () => {
  it.each(casesOf(RECEIVERS_LINES))("by a receiver that $how instead of $line", async (one) => {
    await using rig = await Rig.start();
    const receiver = await receiverBefore(rig, one.line);
    await cut(rig, receiver, one.how);
    const reasons: Readonly<Record<Cut, FailureReason>> = {
      "says CCL": "receiver-refused",
      closes: "receiver-gone",
      "says nothing": one.line === "VER" ? "receiver-silent" : "timeout",
    };
    expect(await rig.ended()).toMatchObject({
      result: "failed",
      reason: reasons[one.how],
      receivedBytes: 0,
      deliveredBytes: 0,
    });
    await receiver.closed;
    expect(rig.clock.scheduledCalls).toBe(0);
  });

  it.each(casesOf(SENDERS_LINES))("by a sender that $how instead of $line", async (one) => {
    await using rig = await Rig.start();
    const sender = await senderBefore(rig, one.line);
    await cut(rig, sender, one.how);
    const reasons: Readonly<Record<Cut, FailureReason>> = {
      "says CCL": "sender-gone",
      closes: "sender-gone",
      "says nothing": one.line === "VER" ? "sender-silent" : "timeout",
    };
    expect(await rig.ended()).toMatchObject({ result: "failed", reason: reasons[one.how] });
    await sender.closed;
    expect(rig.clock.scheduledCalls).toBe(0);
  });

  it("by a sender that says CCL where its MAC is due", async () => {
    await using rig = await Rig.start();
    const sender = await senderBefore(rig, "FIL");
    sender.say(`FIL ${CONTENT.length}\r\n`);
    await sender.hears("TFR\r\n");
    sender.say(chunks(CONTENT));
    await rig.received();
    sender.say("CCL\r\n");
    expect(await rig.ended()).toMatchObject({ result: "failed", deliveredBytes: 0 });
  });

  it("by neither, where somebody else dials in and says CCL", async () => {
    await using rig = await Rig.start();
    const { port, authCookie } = await rig.opened(rig.plan("sender"));
    const stranger = await Peer.dial(port, "127.0.0.2");
    stranger.say(`${VER}CCL\r\n`);
    await stranger.closed;
    expect(rig.events).toEqual([]);
    await rig.asReceiver(await Peer.dial(port), authCookie, CONTENT.length);
  });

  it("never shows a replayed cookie the file again", async () => {
    await using rig = await Rig.start();
    const plan = rig.plan("sender");
    const { port, authCookie } = await rig.opened(plan);
    await rig.asReceiver(await Peer.dial(port), authCookie, CONTENT.length);
    const replay = await Peer.dial(port);
    replay.say(`${VER}USR ${USER} ${authCookie}\r\nTFR\r\n`);
    await replay.closed;
    expect(replay.text).toBe("");
    rig.relay.abort("T1", "cancelled");
    await rig.ended();
    const again = await rig.opened(rig.plan("sender", { id: "T2" }));
    expect(again.authCookie).not.toBe(authCookie);
    const old = await Peer.dial(again.port);
    old.say(VER);
    await old.hears(VER);
    old.say(`USR ${USER} ${authCookie}\r\n`);
    await old.closed;
    expect(old.text).toBe(VER);
  });
});
