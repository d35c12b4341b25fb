import { array, assert, constantFrom, integer, property, uint8Array } from "fast-check";
import { describe, expect, it } from "vitest";
import { viewOf } from "../../src/content/byte-view.ts";
import { LookBudget } from "../../src/content/look-budget.ts";
import type { PaperContent } from "../../src/content/paper-content.ts";
import { readPdf } from "../../src/content/pdf.ts";
import { ENCRYPTED_PDF } from "../support/pdf-encrypted.ts";
import { pdfFile } from "../support/pdf-file.ts";

const ATTACHMENTS = [
  { name: "фото.exe", data: "MZ" },
  { name: "notes.txt", data: "harmless words", apart: true },
];
const SCRIPT = "<< /S /JavaScript /JS (app.alert(1)) >>";
const SAMPLES = [false, true].flatMap((packed) => [
  pdfFile({ packed, attachments: ATTACHMENTS, action: SCRIPT }),
  pdfFile({ packed, action: "<< /S /Launch /F (a\\)\\050b) >>" }),
]);

const WORDS = [
  ..."/F /UF /EF << >> ( ) < > [ ] % \\ #4 #41 /ObjStm /First /Filter /FlateDecode /Length /Encrypt".split(
    " ",
  ),
  ..." |\n|1 0 R|1 0 obj|endobj|stream\n|endstream|9|%%EOF".split("|"),
];

/** Reads, and holds the bytes that it read for it against the size. */
function readBounded(bytes: Buffer): PaperContent | undefined {
  const inner = viewOf(bytes);
  let read = 0;
  const view = {
    size: inner.size,
    read(start: number, length: number) {
      const piece = inner.read(start, length);
      read += piece.length;
      return piece;
    },
  };
  const found = readPdf(view, new LookBudget());
  expect(read).toBeLessThan(64 * 1024 + 64 * bytes.length);
  return found;
}

describe("readPdf, of files that were tampered with", () => {
  it("never throws, and its work has an end", () => {
    const change = property(
      constantFrom(...SAMPLES, ENCRYPTED_PDF),
      integer({ min: 0, max: 4000 }),
      uint8Array({ minLength: 1, maxLength: 8 }),
      (sample, at, written) => {
        const other = Buffer.from(sample);
        other.set(written.subarray(0, other.length - (at % other.length)), at % other.length);
        readBounded(other);
      },
    );
    assert(change, { numRuns: 4000 });
  });

  it("shows what is in it, or says what is wrong, wherever one byte of a packed object is another", () => {
    const [, , sample = Buffer.alloc(0)] = SAMPLES;
    const start = sample.indexOf("stream\n", sample.indexOf("/ObjStm")) + 7;
    const end = sample.indexOf("\nendstream", start);
    for (let at = start; at < end; at += 1) {
      const other = Buffer.from(sample);
      other[at] = (other[at] ?? 0) ^ 0x21;
      const { problem, embedded, hasMacros } = readBounded(other) ?? {};
      const isTold = problem !== undefined || hasMacros === true || (embedded ?? []).length > 0;
      expect([at, isTold]).toEqual([at, true]);
    }
  });

  it("takes any bytes behind its first line", () => {
    const any = property(uint8Array({ maxLength: 2000 }), (bytes) => {
      const found = readBounded(Buffer.concat([Buffer.from("%PDF-1.7\n"), bytes]));
      expect(found?.problem).toBeDefined();
    });
    assert(any, { numRuns: 1500 });
  });

  it("reads names however they are made of delimiters, escapes and ends", () => {
    const soup = property(array(constantFrom(...WORDS), { maxLength: 300 }), (words) => {
      readBounded(Buffer.from(`%PDF-1.7\n${words.join("")}`));
    });
    assert(soup, { numRuns: 1500 });
  });
});
