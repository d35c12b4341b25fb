import { describe, expect, it } from "vitest";
import { chunks, CONTENT, macLine, turns } from "./relay-peers.test-data.ts";
import { Rig } from "./relay-rig.test-data.ts";

describe("ReceiverLeg, with time to part", () => {
  const options = { timers: { partingMs: 2000 } };

  it.each(["stop", "abort"] as const)(
    "sends nothing after %s, and breaks the connection when the time is over",
    async (act) => {
      await using rig = await Rig.start(options);
      const { sender, receiver } = await rig.meet(rig.plan("sender"));
      sender.say(Buffer.concat([chunks(CONTENT), macLine(CONTENT)]));
      await rig.received();
      const before = receiver.text;
      if (act === "stop") rig.relay.decide("T1", "stop");
      else rig.relay.abort("T1", "cancelled");
      await sender.closed;
      await turns();
      rig.clock.advance(1999);
      // What it says now changes nothing.
      receiver.say("BYE 16777989\r\n");
      rig.relay.decide("T1", "deliver");
      await turns();
      expect(receiver.isClosed).toBe(false);
      expect(rig.events.map((event) => event.kind)).toEqual(["received", "ending"]);
      rig.clock.advance(1);
      await receiver.closed;
      await rig.ended();
      expect(receiver.text).toBe(before);
      expect(rig.spool.reservedBytes).toBe(0);
      expect(rig.relay.load.open).toBe(0);
    },
  );

  it("ends at once when the receiver goes by itself", async () => {
    await using rig = await Rig.start(options);
    const { sender, receiver } = await rig.meet(rig.plan("sender"));
    sender.say(Buffer.concat([chunks(CONTENT), macLine(CONTENT)]));
    await rig.received();
    rig.relay.decide("T1", "stop");
    await rig.event("ending");
    receiver.leave();
    expect(await rig.ended()).toMatchObject({ result: "stopped" });
  });
});
