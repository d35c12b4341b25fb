import { describe, expect, it } from "vitest";
import { createChunkWriter } from "../wire/msnftp/chunk-writer.ts";
import { vectorKeys } from "../wire/msnftp/vectors.test-data.ts";
import { Release } from "./release.ts";
import type { TransferEnd } from "./relay.ts";
import { chunks, CONTENT, macLine, turns, VER } from "./relay-peers.test-data.ts";
import { AWAITED, Rig } from "./relay-rig.test-data.ts";

const EACH = ["sender", "receiver", "both", "neither"] as const;
const HEAD = `${VER}FIL ${CONTENT.length}\r\n`;
const BYE_OK = "BYE 16777989\r\n";
const BYE_FAILED = "BYE 2164261682\r\n";
const TEXT = Buffer.from("Stopped. Ref INC-7");
const PADDED = Buffer.from("Stopped. Ref INC-7         ");
const REPLACE = { kind: "replace", text: TEXT } as const;

async function expectNothingLeft(rig: Rig): Promise<void> {
  await turns();
  expect(rig.events.filter((event) => event.kind === "ended")).toHaveLength(1);
  expect(rig.relay.load.open).toBe(0);
  expect(rig.spool.reservedBytes).toBe(0);
  expect([...rig.spool.open]).toEqual([]);
  expect(rig.clock.scheduledCalls).toBe(0);
}

describe.each(EACH)("a file in whose place a text goes, where who listens is: %s", (listening) => {
  it("never leaves: its receiver gets the text with blanks up to the announced size and its MAC, its sender hears that it failed", async () => {
    await using rig = await Rig.start();
    const { sender, receiver } = await rig.meet(rig.plan(listening));
    sender.say(chunks(CONTENT));
    await rig.received();
    expect(PADDED).toHaveLength(CONTENT.length);
    rig.relay.decide("T1", REPLACE);
    await sender.hears(BYE_FAILED);
    sender.say(macLine(CONTENT));
    await sender.closed;
    await receiver.hears(chunks(PADDED).toString("latin1"));
    receiver.say(BYE_OK);
    await receiver.hears(macLine(PADDED).toString("latin1"));
    expect(receiver.text).toBe(
      HEAD + Buffer.concat([chunks(PADDED), macLine(PADDED)]).toString("latin1"),
    );
    expect(await rig.ended()).toEqual({
      result: "replaced",
      reason: undefined,
      receivedBytes: 27,
      deliveredBytes: 0,
      senderTold: "failed",
    } satisfies TransferEnd);
    await expectNothingLeft(rig);
  });

  it("goes on when the sender has left without its MAC", async () => {
    await using rig = await Rig.start();
    const { sender, receiver } = await rig.meet(rig.plan(listening));
    sender.say(chunks(CONTENT));
    await rig.received();
    rig.relay.decide("T1", REPLACE);
    await sender.hears(BYE_FAILED);
    sender.leave();
    await receiver.hears(chunks(PADDED).toString("latin1"));
    receiver.say(BYE_OK);
    expect(await rig.ended()).toMatchObject({ result: "replaced", senderTold: "failed" });
    await expectNothingLeft(rig);
  });

  it("is just stopped when the text is longer than it", async () => {
    await using rig = await Rig.start();
    const { sender, receiver } = await rig.meet(rig.plan(listening));
    sender.say(chunks(CONTENT));
    await rig.received();
    rig.relay.decide("T1", { kind: "replace", text: Buffer.alloc(CONTENT.length + 1, "x") });
    await sender.hears(BYE_FAILED);
    await receiver.closed;
    expect(receiver.text).toBe(HEAD);
    sender.say(macLine(CONTENT));
    expect(await rig.ended()).toMatchObject({ result: "stopped", deliveredBytes: 0 });
    await expectNothingLeft(rig);
  });

  it("fails when its receiver has gone", async () => {
    await using rig = await Rig.start();
    const { sender, receiver } = await rig.meet(rig.plan(listening));
    sender.say(Buffer.concat([chunks(CONTENT), macLine(CONTENT)]));
    await rig.received();
    rig.relay.decide("T1", REPLACE);
    await receiver.hears(chunks(PADDED).toString("latin1"));
    receiver.leave();
    expect(await rig.ended()).toMatchObject({ result: "failed", reason: "receiver-gone" });
    await expectNothingLeft(rig);
  });
});

describe("a file in whose place a text goes", () => {
  it("is replaced in clear where it came so", async () => {
    await using rig = await Rig.start();
    const known = { ...AWAITED, onlyFrom: "127.0.0.1" };
    const plan = { ...rig.plan("neither", { keys: undefined }), sender: known, receiver: known };
    const { sender, receiver } = await rig.meet(plan);
    sender.say(createChunkWriter(undefined).frame(CONTENT));
    await rig.received();
    rig.relay.decide("T1", REPLACE);
    await sender.hears(BYE_FAILED);
    await receiver.hears(createChunkWriter(undefined).frame(PADDED).toString("latin1"));
    receiver.say(BYE_OK);
    expect(await rig.ended()).toMatchObject({ result: "replaced", senderTold: "failed" });
    await expectNothingLeft(rig);
  });

  it("is read in pieces of any size, blanks behind the text", async () => {
    const size = 2_500_000;
    const release = await Release.replace(REPLACE, size, vectorKeys());
    const piece = Buffer.alloc(7);
    expect(release?.file.read(piece, 14)).toBe(7);
    expect(piece.toString()).toBe("NC-7   ");
    expect(release?.file.read(piece, size - 3)).toBe(3);
    expect(release?.file.read(piece, size)).toBe(0);
    const whole = Buffer.alloc(size, " ");
    TEXT.copy(whole);
    expect(release?.mac).toBe(vectorKeys().mac().update(whole).digest("base64"));
  });

  it.each([0, TEXT.length - 1])("has no room in %d bytes", async (size) => {
    expect(await Release.replace(REPLACE, size, undefined)).toBeUndefined();
  });
});
