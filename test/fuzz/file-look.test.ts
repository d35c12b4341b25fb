import { assert, constantFrom, integer, property, record, array, uint8Array } from "fast-check";
import { describe, expect, it } from "vitest";
import { viewOf, type ByteView } from "../../src/content/byte-view.ts";
import { fileContent, memberExtensions } from "../../src/content/file-content.ts";
import { normalizeFileName } from "../../src/content/file-name.ts";
import { lookIntoFile, type FileLook } from "../../src/content/look-into-file.ts";
import { createMemorySource } from "../../src/scan/memory-source.ts";
import { viewOfSource } from "../../src/scan/source-view.ts";
import { nestedGzip } from "../../src/scan/nested-gzip.ts";
import { fileNameForms } from "../support/file-name-forms.ts";
import { typedSamples } from "../support/typed-samples.ts";
import { zipFile } from "../support/zip-file.ts";

const SAMPLES = [
  ...typedSamples().map(({ bytes }) => bytes),
  nestedGzip(),
  zipFile([{ name: "a.zip", data: zipFile([{ name: "b.exe", data: "MZ" }]) }]),
];

/** Counts what is read: the work of a look, whatever the machine is doing besides. */
function counted(bytes: Buffer): {
  readonly view: ByteView;
  readonly work: { reads: number; bytes: number };
} {
  const inner = viewOf(bytes);
  const work = { reads: 0, bytes: 0 };
  const view: ByteView = {
    size: inner.size,
    read(start, length) {
      const read = inner.read(start, length);
      work.reads += 1;
      work.bytes += read.length;
      return read;
    },
  };
  return { view, work };
}

const mutated = record({
  sample: constantFrom(...SAMPLES),
  edits: array(
    record({ at: integer({ min: 0, max: 1 << 20 }), value: integer({ min: 0, max: 255 }) }),
    {
      maxLength: 12,
    },
  ),
  cut: integer({ min: 0, max: 1 << 20 }),
  appended: uint8Array({ maxLength: 40 }),
});

function mutate(given: {
  readonly sample: Buffer;
  readonly edits: readonly { readonly at: number; readonly value: number }[];
  readonly cut: number;
  readonly appended: Uint8Array;
}): Buffer {
  const bytes = Buffer.concat([given.sample, given.appended]);
  for (const { at, value } of given.edits) if (bytes.length > 0) bytes[at % bytes.length] = value;
  return given.cut % 3 === 0 ? bytes.subarray(0, given.cut % (bytes.length + 1)) : bytes;
}

describe("lookIntoFile, of files that were tampered with", () => {
  it("never throws, and its work has an end", () => {
    assert(
      property(mutated, (given) => {
        const bytes = mutate(given);
        const { view, work } = counted(bytes);
        const look = lookIntoFile(view);
        expect(work.reads).toBeLessThan(20_000);
        expect(work.bytes).toBeLessThan(8 * 1024 * 1024 + 8 * bytes.length);
        expect(look.types.length).toBeLessThan(10);
        fileContent(look, undefined);
      }),
      { numRuns: 4000 },
    );
  });

  it("sees the same in a file as in memory", () => {
    assert(
      property(mutated, (given) => {
        const bytes = mutate(given);
        const source = viewOfSource(createMemorySource(bytes));
        expect(lookIntoFile(source)).toEqual<FileLook>(lookIntoFile(viewOf(bytes)));
      }),
      { numRuns: 500 },
    );
  });

  it("takes any bytes", () => {
    assert(
      property(uint8Array({ maxLength: 4000 }), (bytes) => {
        lookIntoFile(viewOf(Buffer.from(bytes)));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("memberExtensions", () => {
  it("holds every extension that the names have one by one", () => {
    const names = fileNameForms("setup", "exe").map(({ name }) => name);
    const together = new Set(memberExtensions(names).flat());
    for (const name of names) {
      for (const extension of normalizeFileName(name).extensions)
        expect(together).toContain(extension);
    }
  });
});
