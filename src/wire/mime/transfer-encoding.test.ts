import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeTransfer, encodeTransfer } from "./transfer-encoding.ts";

describe("encodeTransfer", () => {
  it.each(["identity", "base64", "quoted-printable"] as const)(
    "writes %s that is read back as the same bytes, in lines of at most 76 characters",
    (encoding) => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), (raw) => {
          const bytes = Buffer.from(raw);
          const encoded = encodeTransfer(bytes, encoding);
          expect(decodeTransfer(encoded, encoding)).toEqual({ ok: true, value: bytes });
          if (encoding === "identity") return;
          for (const line of encoded.toString("latin1").split("\r\n"))
            expect(line.length).toBeLessThanOrEqual(80);
        }),
        { numRuns: 1000 },
      );
    },
  );
});

describe("decodeTransfer", () => {
  it("reads lines of base64 and soft line breaks", () => {
    const base64 = Buffer.from("eHh4\r\neHh4\r\n");
    expect(decodeTransfer(base64, "base64")).toMatchObject({
      ok: true,
      value: Buffer.from("xxxxxx"),
    });
    const quoted = Buffer.from("a=\r\nb=3D\r\nc");
    expect(decodeTransfer(quoted, "quoted-printable")).toMatchObject({
      ok: true,
      value: Buffer.from("ab=\r\nc"),
    });
  });
});
