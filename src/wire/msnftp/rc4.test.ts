import { describe, expect, it } from "vitest";
import { createRc4 } from "./rc4.ts";

function stream(key: string, length: number): string {
  const bytes = Buffer.alloc(length);
  createRc4(Buffer.from(key, "hex")).apply(bytes, 0, bytes, 0, length);
  return bytes.toString("hex");
}

describe("createRc4", () => {
  it.each([
    ["0102030405", "b2396305f03dc027ccc3524a0a1118a8"],
    ["01020304050607", "293f02d47f37c9b633f2af5285feb46b"],
    ["0102030405060708090a0b0c0d0e0f10", "9ac7cc9a609d1ef7b2932899cde41b97"],
    [
      "ed6a95036e3e046931597a457db7a78b",
      "ba6b4398e508b5d391c3f2a1ce1496a82b79c39b4672db65c0d50ea07b0c4063",
    ],
  ])("makes the stream of RFC 6229 and of lcs.md for key %s", (key, expected) => {
    expect(stream(key, expected.length / 2)).toBe(expected);
  });

  it("goes on where it stopped, whatever the pieces", () => {
    const key = Buffer.from("0102030405", "hex");
    const whole = Buffer.alloc(1000, 7);
    createRc4(key).apply(whole, 0, whole, 0, 1000);
    const cipher = createRc4(key);
    const pieces = Buffer.alloc(1000, 7);
    for (const [from, to] of [
      [0, 1],
      [1, 300],
      [300, 300],
      [300, 1000],
    ] as const) {
      cipher.apply(pieces, from, pieces, from, to - from);
    }
    expect(pieces.equals(whole)).toBe(true);
  });

  it("may move bytes forward in the same buffer while it decrypts them", () => {
    const key = Buffer.from("0102030405", "hex");
    const apart = Buffer.alloc(64);
    createRc4(key).apply(Buffer.alloc(64, 9), 0, apart, 0, 64);
    const together = Buffer.concat([Buffer.from("abc"), Buffer.alloc(64, 9)]);
    createRc4(key).apply(together, 3, together, 0, 64);
    expect(together.subarray(0, 64).equals(apart)).toBe(true);
  });

  it("refuses a key that RC4 cannot have", () => {
    expect(() => createRc4(Buffer.alloc(0))).toThrow(RangeError);
    expect(() => createRc4(Buffer.alloc(257))).toThrow(RangeError);
  });
});
