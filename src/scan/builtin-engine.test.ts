import { deflateRawSync } from "node:zlib";
import {
  array,
  asyncProperty,
  assert,
  boolean,
  constantFrom,
  integer,
  tuple,
  uint8Array,
} from "fast-check";
import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { createBuiltinEngine, scanBuiltin } from "./builtin-engine.ts";
import { EICAR as EICAR_BYTES } from "./eicar.ts";
import { createMemorySource } from "./memory-source.ts";
import type { ScanSource } from "./scan-engine.ts";

const EICAR = EICAR_BYTES.toString("latin1");

function resultOf(content: string | Buffer): string {
  const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
  return scanBuiltin(bytes, () => 0).kind;
}

/** A zip of one deflated member, without its directory: what a scanner meets first. */
function zipOf(name: string, content: string): string {
  const data = deflateRawSync(Buffer.from(content)).toString("latin1");
  return `PK\x03\x04\x14\0\0\0\x08\0${"\0".repeat(16)}${String.fromCharCode(name.length)}\0\0\0${name}${data}`;
}

/** Of a deflated member, as every program writes it. */
const ZIP_HEADER = "PK\x03\x04\x14\0\0\0\x08\0".padEnd(30, "\0");

describe("scanBuiltin", () => {
  it.each([
    ["plain words", "hello bob", "clean"],
    ["nothing", "", "clean"],
    ["a picture", "\x89PNG\r\n\x1a\nIHDR", "clean"],
    ["the EICAR file", EICAR, "infected"],
    ["EICAR in the middle", `x\n${EICAR}\ny`, "infected"],
    ["a Windows program, whatever its name", "MZ\x90\0\x03", "suspicious"],
    ["an ELF program", "\x7fELF\x02\x01", "suspicious"],
    ["a shell script", "#!/bin/sh\nrm -rf /", "suspicious"],
    ["a shortcut", "L\0\0\0\x01\x14\x02\0", "suspicious"],
    ["a zip", zipOf("a.txt", EICAR), "unscannable"],
    ["a zip that looks like an office file", zipOf("word/a.exe", EICAR), "unscannable"],
    ["a zip behind other bytes", `AA${zipOf("a.txt", EICAR)}`, "unscannable"],
    ["a zip behind a picture", `\xff\xd8\xff${zipOf("a.txt", EICAR)}`, "unscannable"],
    ["a PDF", "%PDF-1.7", "unscannable"],
    ["an old office file", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "unscannable"],
    ["an ARJ archive", "\x60\xea\x01", "unscannable"],
    ["an LZH archive", "\x20\x30-lh5-", "unscannable"],
  ])("judges %s", (_, content, kind) => {
    expect(resultOf(content)).toBe(kind);
  });
});

describe("createBuiltinEngine", () => {
  const clock = createManualClock();
  const never = new AbortController().signal;
  const alone = createBuiltinEngine({ clock, leaveContainers: false });
  const beside = createBuiltinEngine({ clock, leaveContainers: true });
  const WINDOW = 256 * 1024;

  it("finds EICAR at every place where two windows meet", async () => {
    const file = Buffer.alloc(2 * WINDOW + 500, "x");
    const source = { ...createMemorySource(file), sha256: "" };
    for (const edge of [WINDOW, 2 * WINDOW]) {
      for (let before = -1; before <= EICAR_BYTES.length + 1; before += 1) {
        file.fill("x");
        EICAR_BYTES.copy(file, edge - before);
        expect((await alone.scan(source, never)).kind).toBe("infected");
      }
    }
  });

  it("finds a zip's signature at every place where two windows meet", async () => {
    const file = Buffer.alloc(WINDOW + 500, "x");
    const source = { ...createMemorySource(file), sha256: "" };
    for (let before = 0; before <= ZIP_HEADER.length; before += 1) {
      file.fill("x");
      file.write(ZIP_HEADER, WINDOW - before, "latin1");
      expect((await alone.scan(source, never)).kind).toBe("unscannable");
      expect((await beside.scan(source, never)).kind).toBe("clean");
    }
  });

  it("gives the same answer as scanBuiltin for the same bytes, however they are read", async () => {
    const words = constantFrom(
      EICAR,
      EICAR.slice(0, 40),
      EICAR.slice(40),
      "PK\x03\x04",
      "PK\x05\x06",
      "PK",
      "\x03\x04",
      "MZ",
      "#!/bin/sh\n",
      "%PDF-1.7",
      "\x7fELF",
      "ID3",
      "PE\0\0",
      "words ",
    ).map((word) => Buffer.from(word, "latin1"));
    const filler = integer({ min: 0, max: WINDOW + 10 }).map((size) => Buffer.alloc(size, " "));
    const noise = uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));
    const piece = tuple(integer({ min: 0, max: 9 }), words, filler, noise).map(
      ([kind, word, blank, bytes]) => (kind < 6 ? word : kind < 8 ? blank : bytes),
    );
    await assert(
      asyncProperty(
        array(piece, { maxLength: 6 }),
        integer({ min: 1, max: 400_000 }),
        boolean(),
        async (pieces, most, isShort) => {
          const bytes = Buffer.concat(pieces);
          const whole = createMemorySource(bytes);
          const source: ScanSource = {
            ...whole,
            // a source may give less than it was asked for
            read: (buffer, position) =>
              whole.read(isShort ? buffer.subarray(0, Math.max(most, 997)) : buffer, position),
          };
          expect(await alone.scan(source, never)).toEqual(scanBuiltin(bytes, () => 0));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("leaves containers to the other engine, and nothing else", async () => {
    const kind = async (content: string): Promise<string> =>
      (await beside.scan(createMemorySource(Buffer.from(content, "latin1")), never)).kind;
    expect(await kind(zipOf("a.txt", EICAR))).toBe("clean");
    expect(await kind("%PDF-1.7")).toBe("clean");
    expect(await kind(`PK\x03\x04${EICAR}`)).toBe("infected");
    expect(await kind("MZ\x90\0\x03")).toBe("suspicious");
    expect(await kind("#!/bin/sh")).toBe("suspicious");
  });

  it("knows the files of the hash list", async () => {
    const source = createMemorySource(Buffer.from("known bad file"));
    const hashes = new Set([source.sha256]);
    const engine = createBuiltinEngine({ clock, leaveContainers: false, hashes });
    expect(await engine.scan(source, never)).toMatchObject({
      kind: "infected",
      threat: "Hash-List",
    });
    expect((await engine.scan(createMemorySource(Buffer.from("other")), never)).kind).toBe("clean");
    expect(engine.version).toBe("1 hashes");
  });

  it("never calls clean what it could not read", async () => {
    const broken = { size: 500_000, sha256: "" };
    const read = (): number => {
      throw new Error("EIO");
    };
    const short = { ...broken, read: (_: Buffer, at: number) => (at < 100_000 ? 50_000 : 0) };
    expect(await alone.scan({ ...broken, read }, never)).toMatchObject({ kind: "error" });
    expect(await alone.scan(short, never)).toMatchObject({ kind: "error" });
  });

  it("stops in the middle when it is told to, and lets others work meanwhile", async () => {
    const stop = new AbortController();
    let readBytes = 0;
    const endless: ScanSource = {
      size: 1e12,
      sha256: "",
      read(buffer) {
        readBytes += buffer.length;
        buffer.fill("x");
        return buffer.length;
      },
    };
    const result = alone.scan(endless, stop.signal);
    setImmediate(() => stop.abort());
    expect(await result).toMatchObject({ kind: "error", reason: "timeout" });
    expect(readBytes).toBeLessThan(10 * 1024 * 1024);
  });

  it("passes its own probe", async () => {
    expect(await alone.probe(never)).toBeUndefined();
  });
});
