import { describe, expect, it } from "vitest";
import { deriveKeys } from "./secure-keys.ts";
import { ENCRYPTION_KEY, HASH_KEY, VECTORS, vectorKeys } from "./vectors.test-data.ts";

describe("deriveKeys", () => {
  it("makes the cipher of the known client", () => {
    const stream = Buffer.alloc(16);
    vectorKeys().cipher().apply(stream, 0, stream, 0, 16);
    expect(stream.toString("hex")).toBe("ba6b4398e508b5d391c3f2a1ce1496a8");
  });

  it.each(VECTORS)("makes the MAC of $name", ({ plain, mac }) => {
    expect(vectorKeys().mac().update(plain).digest("base64")).toBe(mac);
  });

  it.each([
    ["nothing", ""],
    ["23 bytes", "AAECAwQFBgcICQoLDA0ODxAREhMUFRY="],
    ["25 bytes", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGA=="],
    ["padding", "AAECAwQFBgcICQoLDA0ODxAREhMUFR=="],
    ["a blank within", "AAECAwQFBgcICQoLDA0ODxAREhMUFRY "],
    ["the URL alphabet", "AAECAwQFBgcICQoLDA0ODxAREhMUFR-_"],
    ["a line end", `${ENCRYPTION_KEY}\n`],
  ])("refuses a key of %s", (_what, key) => {
    expect(deriveKeys(key, HASH_KEY)).toEqual({ ok: false, problem: { field: "Encryption-Key" } });
    expect(deriveKeys(ENCRYPTION_KEY, key)).toEqual({
      ok: false,
      problem: { field: "Hash-Key" },
    });
  });
});
