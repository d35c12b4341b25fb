import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientFrame } from "../../test/support/ws-peer.ts";
import { WsFrameMeter } from "./ws-frame-meter.ts";

const LENGTHS = [0, 1, 125, 126, 127, 65_535, 65_536];

/** A message in fragments with pings between them; whether it has ended is known after every frame. */
const messages = fc.array(
  fc.array(fc.constantFrom(...LENGTHS), { minLength: 1, maxLength: 4 }).map((lengths) =>
    lengths.flatMap((length, i) => {
      const final = i === lengths.length - 1;
      const frame = clientFrame(i === 0 ? 1 : 0, Buffer.alloc(length, 120), final);
      return [
        { frame: clientFrame(9, "between"), midMessage: i > 0 },
        { frame, midMessage: !final },
      ];
    }),
  ),
  { minLength: 1, maxLength: 3 },
);

describe("WsFrameMeter", () => {
  it("knows after each frame whether a message is unfinished, however the frames are cut", () => {
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 70_000 }), (parts, size) => {
        const meter = new WsFrameMeter();
        for (const { frame, midMessage } of parts.flat()) {
          for (let at = 0; at < frame.length; at += size) {
            const isCut = at + size < frame.length;
            meter.push(frame.subarray(at, at + size));
            expect(meter.midMessage).toBe(isCut || midMessage);
            expect(meter.heldBytes > 0).toBe(isCut || midMessage);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("counts many frames of one byte for more than their bytes", () => {
    const meter = new WsFrameMeter();
    meter.push(clientFrame(1, "M", false));
    const first = meter.heldBytes;
    for (let i = 0; i < 99; i++) meter.push(clientFrame(0, "x", false));
    expect(meter.heldBytes).toBeGreaterThan(99 * 200);
    expect(first).toBeGreaterThan(200);
  });

  it("counts every piece of a frame that trickles in", () => {
    const meter = new WsFrameMeter();
    const frame = clientFrame(2, Buffer.alloc(1000));
    for (const byte of frame.subarray(0, -1)) meter.push(Buffer.of(byte));
    expect(meter.heldBytes).toBeGreaterThan(1000 * 200);
    meter.push(frame.subarray(-1));
    expect(meter.heldBytes).toBe(0);
  });
});
