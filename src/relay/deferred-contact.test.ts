import { describe, expect, it } from "vitest";
import type { TransferPlan } from "./relay.ts";
import { chunks, CONTENT, macLine, Peer, turns, VER } from "./relay-peers.test-data.ts";
import { Rig, type Listening } from "./relay-rig.test-data.ts";

const EACH = ["sender", "receiver", "both", "neither"] as const;
const HEAD = `${VER}FIL ${CONTENT.length}\r\n`;
const BYE_OK = "BYE 16777989\r\n";

interface Fetched {
  readonly sender: Peer;
  /** Of the receiver, where it dials us. */
  readonly place: { readonly port: number; readonly authCookie: string } | undefined;
}

function planOf(rig: Rig, listening: Listening): TransferPlan {
  return rig.plan(listening, { contact: "deferred" });
}

/** All of the file is here, and nobody has met the receiver. */
async function fetched(rig: Rig, listening: Listening): Promise<Fetched> {
  const plan = planOf(rig, listening);
  const opened = await rig.relay.open(plan);
  if (opened.kind === "refused") throw new Error(opened.reason);
  const listener = listening === "both" ? rig.senderListener : rig.listener;
  const sender =
    opened.sender === undefined ? await listener.next : await Peer.dial(opened.sender.port);
  await rig.asSender(sender, CONTENT.length);
  await sender.hears("TFR\r\n");
  sender.say(Buffer.concat([chunks(CONTENT), macLine(CONTENT)]));
  await rig.received();
  return { sender, place: opened.receiver };
}

async function meetReceiver(rig: Rig, { place }: Fetched): Promise<Peer> {
  const receiver = place === undefined ? await rig.listener.next : await Peer.dial(place.port);
  await rig.asReceiver(receiver, place?.authCookie ?? "424242", CONTENT.length);
  return receiver;
}

describe.each(EACH)("Transfer with deferred contact, where who listens is: %s", (listening) => {
  it("fetches, and meets the receiver after the verdict alone", async () => {
    await using rig = await Rig.start();
    const met = await fetched(rig, listening);
    let isDialled = false;
    if (met.place === undefined) void rig.listener.next.then(() => (isDialled = true));
    await turns();
    expect(isDialled).toBe(false);
    expect(rig.events.map(({ kind }) => kind)).toEqual(["received"]);
    rig.relay.decide("T1", "deliver");
    await met.sender.hears(BYE_OK);
    const kinds = met.place === undefined ? ["received"] : ["received", "contact"];
    expect(rig.events.map(({ kind }) => kind)).toEqual(kinds);
    expect((await rig.relay.transfers())[0]?.state).toBe("contacting");
    const receiver = await meetReceiver(rig, met);
    await receiver.hears(chunks(CONTENT).toString("latin1"));
    receiver.say(BYE_OK);
    expect(await rig.ended()).toMatchObject({ result: "delivered", deliveredBytes: 27 });
    await turns();
    expect(rig.clock.scheduledCalls).toBe(0);
  });

  it("waits long for the verdict, and lets nobody in before it, with the right cookie either", async () => {
    await using rig = await Rig.start();
    const met = await fetched(rig, listening);
    rig.clock.advance(200_000);
    const early = met.place && (await Peer.dial(met.place.port));
    await early?.closed;
    expect(early?.text ?? "").toBe("");
    rig.relay.decide("T1", "deliver");
    const receiver = await meetReceiver(rig, met);
    await receiver.hears(chunks(CONTENT).toString("latin1"));
  });

  it("never meets the receiver of a file that is stopped", async () => {
    await using rig = await Rig.start();
    const met = await fetched(rig, listening);
    rig.relay.decide("T1", "stop");
    expect(await rig.ended()).toMatchObject({
      result: "stopped",
      deliveredBytes: 0,
      senderTold: "failed",
    });
    expect(rig.events.map(({ kind }) => kind)).toEqual(["received", "ended"]);
    const port = met.place?.port ?? rig.freePort;
    await expect(Peer.dial(port)).rejects.toThrow("ECONNREFUSED");
  });

  it("meets it for a text that goes in the place of a stopped file, too", async () => {
    await using rig = await Rig.start();
    const met = await fetched(rig, listening);
    rig.relay.decide("T1", { kind: "replace", text: Buffer.from("Stopped. Ref INC-7") });
    await met.sender.hears("BYE 2164261682\r\n");
    const kinds = met.place === undefined ? ["received"] : ["received", "contact"];
    await turns();
    expect(rig.events.map(({ kind }) => kind)).toEqual(kinds);
    const receiver = await meetReceiver(rig, met);
    await receiver.hears(chunks(Buffer.from("Stopped. Ref INC-7         ")).toString("latin1"));
    receiver.say(BYE_OK);
    expect(await rig.ended()).toMatchObject({ result: "replaced", deliveredBytes: 0 });
    await turns();
    expect(rig.clock.scheduledCalls).toBe(0);
  });

  it("ends when the receiver does not come", async () => {
    await using rig = await Rig.start();
    await fetched(rig, listening);
    rig.listener.close();
    rig.relay.decide("T1", "deliver");
    await turns();
    rig.clock.advance(60_000);
    expect(await rig.ended()).toMatchObject({
      result: "failed",
      reason: "receiver-silent",
      senderTold: "received",
      deliveredBytes: 0,
    });
  });

  it("delivers nothing to a receiver that comes before the MAC, if the MAC is wrong", async () => {
    await using rig = await Rig.start();
    const plan = planOf(rig, listening);
    const opened = await rig.relay.open(plan);
    if (opened.kind === "refused") throw new Error(opened.reason);
    const listener = listening === "both" ? rig.senderListener : rig.listener;
    const sender =
      opened.sender === undefined ? await listener.next : await Peer.dial(opened.sender.port);
    await rig.asSender(sender, CONTENT.length);
    await sender.hears("TFR\r\n");
    sender.say(chunks(CONTENT));
    await rig.received();
    rig.relay.decide("T1", "deliver");
    const receiver = await meetReceiver(rig, { sender, place: opened.receiver });
    sender.say(macLine(Buffer.from("other")));
    expect(await rig.ended()).toMatchObject({ result: "failed", reason: "bad-mac" });
    expect(receiver.text).toBe(HEAD);
  });
});
