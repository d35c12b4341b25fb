import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitMultipart } from "./multipart.ts";

describe("splitMultipart", () => {
  it("says where each part's header and content stand, without the line end of the boundary", () => {
    const body =
      "..\r\n--b\r\nA: 1\r\nContent-Type: text/plain;\r\n charset=utf-8\r\n\r\nfirst\r\n\r\n--b\r\n\r\nsecond\r\n--b--\r\n";
    const bytes = Buffer.from(body);
    const read = splitMultipart(bytes, { start: 2, end: bytes.length }, "b", []);
    if (!read.ok) throw new Error(read.problem.detail);
    expect(read.value.map((part) => body.slice(part.contentStart, part.contentEnd))).toEqual([
      "first\r\n",
      "second",
    ]);
    expect([...(read.value[0]?.fields ?? [])]).toEqual([
      ["a", "1"],
      ["content-type", "text/plain; charset=utf-8"],
    ]);
    expect(read.value[1]?.fields.size).toBe(0);
  });

  it("gives back any binary content byte for byte", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 4 }),
        (contents) => {
          const boundary = "=_boundary_that_no_content_has";
          const chunks = contents.flatMap((content) => [
            Buffer.from(`--${boundary}\r\n\r\n`),
            Buffer.from(content),
            Buffer.from("\r\n"),
          ]);
          const bytes = Buffer.concat([...chunks, Buffer.from(`--${boundary}--`)]);
          const read = splitMultipart(bytes, { start: 0, end: bytes.length }, boundary, []);
          expect(
            read.ok &&
              read.value.map((part) => [...bytes.subarray(part.contentStart, part.contentEnd)]),
          ).toEqual(contents.map((content) => [...content]));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("never throws", () => {
    const unit = fc.constantFrom(
      "--b",
      "--",
      "\r\n",
      "\n",
      "a: b",
      " ",
      "x",
      "--b--",
      "Content-Length: 1",
      "\r",
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 20 }), (units) => {
        const bytes = Buffer.from(units.join(""));
        const read = splitMultipart(bytes, { start: 0, end: bytes.length }, "b", []);
        if (!read.ok) return;
        for (const part of read.value)
          expect(part.contentEnd).toBeGreaterThanOrEqual(part.contentStart);
      }),
      { numRuns: 5000 },
    );
  });

  it("takes a header block of 8 KiB in a part, no longer one", () => {
    const split = (length: number, eol: string): unknown => {
      const field = `X: ${eol}${"a".repeat(length - 7 - eol.length)}\r\n\r\n`;
      const bytes = Buffer.from(`--b\r\n${field}text\r\n--b--\r\n`);
      return splitMultipart(bytes, { start: 0, end: bytes.length }, "b", []);
    };
    for (const eol of ["", "\r\n "]) {
      expect(split(8_192, eol)).toMatchObject({ ok: true });
      expect(split(8_193, eol)).toMatchObject({ problem: { code: "broken-part-header" } });
    }
  });
});
