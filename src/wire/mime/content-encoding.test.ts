import { deflateRawSync, deflateSync, gzipSync, inflateRawSync, inflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeContent } from "./content-encoding.ts";

const TEXT = Buffer.from("see http://evil.example/a.exe and more of it");
const GZIP = gzipSync(TEXT);
const ZLIB = deflateSync(TEXT);
const BARE = deflateRawSync(TEXT);

function codeOf(bytes: Buffer, coding: string): string {
  const decoded = decodeContent(bytes, coding);
  return decoded.ok ? "" : decoded.problem.code;
}

/** `bytes` with one of them changed; negative places count from the end. */
function changed(bytes: Buffer, place: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[place < 0 ? copy.length + place : place] = value;
  return copy;
}

/** A zlib stream, every checksum right, that is a whole bare deflate stream of other content as well. */
function twofold(): Buffer {
  const stored = (final: number, length: number): number[] => {
    const [low, high] = [length & 0xff, length >> 8];
    return [final, low, high, low ^ 0xff, high ^ 0xff];
  };
  // Bare: a stored block of 0x6201 bytes that begin within the codes of zlib, and a last one of four, its checksum.
  const content = 0x6201;
  const bytes = Buffer.alloc(5 + content + 5 + 4, "x");
  // zlib: header 7801, a block of fixed codes for three letters, and a stored block up to the checksum.
  const codes = [0x78, 0x01, 0x62, 0xfe, 0x9d, 0x00, 0x08];
  bytes.set(codes);
  bytes.set(stored(1, bytes.length - 4 - codes.length - 4).slice(1), codes.length);
  bytes.set(stored(1, 4), 5 + content);
  const checksum = deflateSync(inflateRawSync(bytes.subarray(2, -4)), { level: 0 }).subarray(-4);
  checksum.copy(bytes, bytes.length - 4);
  return bytes;
}

describe("decodeContent", () => {
  it.each([
    ["gzip", "gzip", GZIP],
    ["gzip by its old name, in any case", "X-GZip", GZIP],
    ["deflate", "deflate", ZLIB],
    ["deflate without its wrapping", "Deflate", BARE],
    ["stored blocks", "deflate", deflateSync(TEXT, { level: 0 })],
    ["gzip that says it is text", "gzip", changed(GZIP, 3, 1)],
    ["the identity", "Identity", TEXT],
    ["no coding", undefined, TEXT],
  ])("reads %s", (_, coding, bytes) => {
    expect(decodeContent(bytes, coding)).toEqual({ ok: true, value: TEXT });
  });

  it.each(["br", "compress", "zstd", "x-deflate", "", '"gzip"', "gzip;q=1", "gzip,", ",gzip"])(
    "knows no %j",
    (coding) => {
      expect(codeOf(GZIP, coding)).toBe("content-encoding");
    },
  );

  it.each(["gzip, gzip", "gzip, deflate", "deflate,gzip", "identity, gzip", "gzip,identity"])(
    "takes one coding, not %j",
    (codings) => {
      expect(codeOf(gzipSync(GZIP), codings)).toBe("content-encoding");
    },
  );

  it.each([
    ["nothing, as gzip", "gzip", Buffer.alloc(0)],
    ["nothing, as deflate", "deflate", Buffer.alloc(0)],
    ["plain text, as gzip", "gzip", TEXT],
    ["plain text, as deflate", "deflate", TEXT],
    ["zlib, as gzip", "gzip", ZLIB],
    ["gzip, as deflate", "deflate", GZIP],
    ["bytes after gzip", "gzip", Buffer.concat([GZIP, Buffer.from("x")])],
    ["bytes after gzip, and its end again", "gzip", Buffer.concat([GZIP, TEXT, GZIP.subarray(-8)])],
    ["a second member", "gzip", Buffer.concat([GZIP, GZIP])],
    ["an empty first member", "gzip", Buffer.concat([gzipSync(""), GZIP])],
    ["zeros after gzip", "gzip", Buffer.concat([GZIP, Buffer.alloc(512)])],
    ["bytes after zlib", "deflate", Buffer.concat([ZLIB, Buffer.from("x")])],
    ["bytes after bare deflate", "deflate", Buffer.concat([BARE, Buffer.from("x")])],
    ["a second zlib stream", "deflate", Buffer.concat([ZLIB, ZLIB])],
    ["a gzip without its end", "gzip", GZIP.subarray(0, -1)],
    ["half a gzip", "gzip", GZIP.subarray(0, 30)],
    ["half a zlib", "deflate", ZLIB.subarray(0, 30)],
    ["half a bare deflate", "deflate", BARE.subarray(0, 20)],
    ["a wrong checksum of gzip", "gzip", changed(GZIP, -8, 0)],
    ["a wrong length of gzip", "gzip", changed(GZIP, -1, 1)],
    ["a wrong checksum of zlib", "deflate", changed(ZLIB, -1, 0)],
    ["a comment in the header of gzip", "gzip", changed(GZIP, 3, 0x10)],
    ["a name in the header of gzip", "gzip", changed(GZIP, 3, 0x08)],
    ["a reserved flag of gzip", "gzip", changed(GZIP, 3, 0x80)],
    ["another method of gzip", "gzip", changed(GZIP, 2, 7)],
    ["a preset dictionary", "deflate", deflateSync(TEXT, { dictionary: Buffer.from("evil") })],
    ["what is zlib and bare deflate", "deflate", twofold()],
  ])("refuses %s", (_, coding, bytes) => {
    expect(codeOf(bytes, coding)).toBe("broken-content-encoding");
  });

  it("has a twofold stream to refuse: without its checksum only one reading is left", () => {
    expect(inflateSync(twofold())).not.toEqual(inflateRawSync(twofold()));
    expect(decodeContent(changed(twofold(), -1, 0), "deflate").ok).toBe(true);
  });

  it.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["deflate", deflateRawSync],
  ] as const)(
    "unpacks %s to a hundred times its size and a megabyte, and not further",
    (coding, encode) => {
      expect(codeOf(encode(Buffer.alloc(100_000)), coding)).toBe("encoded-body-too-large");
      const dense = Buffer.alloc(1024 * 1024 + 1, "x");
      for (let i = 0; i < dense.length; i += 64) dense[i] = Math.imul(i, 0x9e37_79b1) >>> 24;
      expect(codeOf(encode(dense), coding)).toBe("encoded-body-too-large");
      const largest = decodeContent(encode(dense.subarray(1)), coding);
      expect(largest.ok && largest.value.length).toBe(1024 * 1024);
    },
  );

  it("does not begin with more than 64 KiB, since a stream may be all work and no content", () => {
    const bytes = deflateSync(Buffer.alloc(64 * 1024), { level: 0 });
    expect(codeOf(bytes, "deflate")).toBe("encoded-body-too-large");
  });

  it.each(["gzip", "deflate"])("gives back what was encoded, and never throws: %s", (coding) => {
    const encode = coding === "gzip" ? gzipSync : deflateSync;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.nat(), fc.nat(255), (raw, place, value) => {
        const content = Buffer.from(raw);
        const encoded = encode(content);
        expect(decodeContent(encoded, coding)).toEqual({ ok: true, value: content });
        for (const bytes of [content, changed(encoded, place % encoded.length, value)]) {
          const decoded = decodeContent(bytes, coding);
          const size = decoded.ok ? decoded.value.length : 0;
          expect(size).toBeLessThanOrEqual(100 * bytes.length);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
