import { createCipheriv } from "node:crypto";
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
import { holdsContainer } from "../content/container-signatures.ts";
import { EICAR as EICAR_BYTES } from "../content/eicar.ts";
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
const ZIP_HEADER = "PK\x03\x04\x14\0\0\0\x08\0".padEnd(26, "\0") + "\x05\0\0\0";

/** As readers that begin at the end of a file still take it: versions, disks and the local header make no sense. */
const LYING_ENTRY = `PK\x01\x02${"\xc8".repeat(6)}\x08\0${"U".repeat(16)}\x05\0${"\x01\0".repeat(8)}a.txt`;
const LYING_END = `PK\x05\x06${"\x01\0".repeat(4)}\x33\0\0\0\x10\0\0\0\0\0`;
const LYING_ZIP = `junk PK\x03\x04${"\xc8".repeat(30)}${LYING_ENTRY}${LYING_END}`;

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
    ["a zip that lies about versions and disks", LYING_ZIP, "unscannable"],
    ["an entry of a zip's directory alone", `junk ${LYING_ENTRY}`, "unscannable"],
    [
      "the end of a zip's directory alone",
      `PK\x05\x06\x01\0\x01\0${"\0".repeat(14)}`,
      "unscannable",
    ],
    ["RAR behind a program of another kind", `${"x".repeat(100)}Rar!\x1a\x07\x01\0`, "unscannable"],
    ["7z behind other bytes", `${"x".repeat(100)}7z\xbc\xaf\x27\x1c\0\x04`, "unscannable"],
    ["a PDF behind junk", `junk%PDF-1.7`, "unscannable"],
    ["an LZMA file", "]\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0", "unscannable"],
    ["a file of compress", "\x1f\x9d\x90", "unscannable"],
    ["an lzip file", "LZIP\x01\x0c", "unscannable"],
    ["an LZ4 file", "\x04\x22\x4d\x18", "unscannable"],
    ["a cpio archive", `070701${"0".repeat(104)}name`, "unscannable"],
    ["a XAR archive", "xar!\0\x1c\0\x01", "unscannable"],
    ["an ACE archive", "\0\x01\x02\x03\x04\x05\x06**ACE**", "unscannable"],
    ["a ZOO archive", "ZOO 2.10 Archive.\x1a", "unscannable"],
    ["an ARC archive", "\x1a\x08FILE.COM\0", "unscannable"],
    ["a Windows image", "MSWIM\0\0\0", "unscannable"],
    ["zstd behind a skippable frame", "\x50\x2a\x4d\x18\x04\0\0\0", "unscannable"],
    ["Outlook's winmail.dat", "\x78\x9f\x3e\x22", "unscannable"],
    ["a OneNote file", "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "unscannable"],
    ["a QEMU disk", "QFI\xfb\0\0\0\x03", "unscannable"],
    ["a VMware disk", "KDMV\x01", "unscannable"],
    ["an Apple disk image", `x\n koly\0\0\0\x04\0\0\x02\0`, "unscannable"],
    ["a UDF image", `${"\0".repeat(0x8001)}BEA01\x01`, "unscannable"],
    ["a mail", `Received: from x\r\nContent-Type: text/plain\r\n\r\nWDVP`, "unscannable"],
    ["a web page saved as mail", `From: <Saved by X>\nMIME-Version: 1.0\n\n`, "unscannable"],
    ["words that look like a field", "Note: see Content-Type below\n\nhello", "clean"],
    ["a list of numbers", "070701\n070702\n", "clean"],
  ])("judges %s", (_, content, kind) => {
    expect(resultOf(content)).toBe(kind);
  });

  it("takes no random bytes for a zip, or once in some 100,000 files of 100 MB", () => {
    const signatures = ["PK\x03\x04", "PK\x01\x02", "PK\x05\x06", "PK\x06\x06"];
    const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, 1), Buffer.alloc(16));
    // each stands in 100 MB by chance once in 43 times
    const tries = 100_000;
    const noise = cipher.update(Buffer.alloc(tries * 42));
    for (const signature of signatures) {
      let taken = 0;
      const file = Buffer.from(signature.padEnd(46), "latin1");
      for (let at = 0; at < noise.length; at += 42) {
        noise.copy(file, 4, at, at + 42);
        if (holdsContainer(file, 50e6)) taken += 1;
      }
      expect(taken / tries / 43).toBeLessThan(1e-5);
    }
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
    // What the fake does not write may hold anything: the memory is not cleared before it is read into.
    const cut = (into: Buffer, at: number): number =>
      at < 100_000 ? into.fill("x", 0, 50_000).length : 0;
    const short = {
      ...broken,
      read: (into: Buffer, at: number) => Math.min(50_000, cut(into, at)),
    };
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
