import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMac } from "./hmac.ts";

describe("createMac", () => {
  it("gives what node:crypto gives, for every key and message", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.uint8Array(), (key, message) => {
        const expected = createHmac("sha256", key).update(message).digest("base64url");
        const text = Buffer.from(message).toString("latin1");
        expect(createMac(Buffer.from(key))(text)).toBe(expected);
      }),
    );
  });

  it("gives the value of RFC 4231, case 2", () => {
    const mac = createMac(Buffer.from("Jefe"))("what do ya want for nothing?");
    expect(Buffer.from(mac, "base64url").toString("hex")).toBe(
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
  });

  it("gives the right value again after a longer message, and for one longer than its buffer", () => {
    const mac = createMac(Buffer.from("key"));
    for (const length of [3, 5000, 3, 4096, 4097, 0]) {
      const text = "x".repeat(length);
      expect(mac(text)).toBe(createHmac("sha256", "key").update(text).digest("base64url"));
    }
  });

  it("takes no key that would have to be hashed first", () => {
    expect(() => createMac(Buffer.alloc(65))).toThrow(RangeError);
  });
});
