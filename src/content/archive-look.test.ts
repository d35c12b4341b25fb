import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { rar4File } from "../../test/support/rar-file.ts";
import { tarFile } from "../../test/support/tar-file.ts";
import { zipFile, type ZipMember } from "../../test/support/zip-file.ts";
import type { ArchiveLook } from "./archive-look.ts";
import { viewOf } from "./byte-view.ts";
import { lookIntoArchive } from "./look-into-file.ts";
import { LOOK_LIMITS, LookBudget } from "./look-budget.ts";

function look(bytes: Buffer, limits: Partial<typeof LOOK_LIMITS> = {}): ArchiveLook | undefined {
  return lookIntoArchive(viewOf(bytes), new LookBudget({ ...LOOK_LIMITS, ...limits }));
}

const TEXT: ZipMember = { name: "notes.txt", data: "harmless words ".repeat(20) };
const PROGRAM: ZipMember = { name: "setup.exe", data: "MZ" };

/** A zip in a zip in a zip. */
function nested(levels: number, inner: Buffer = zipFile([PROGRAM])): Buffer {
  return levels <= 1 ? inner : zipFile([{ name: "a.zip", data: nested(levels - 1, inner) }]);
}

describe("lookIntoArchive", () => {
  it("names the members of a zip", () => {
    expect(
      look(zipFile([TEXT, { ...PROGRAM, stored: true }, { name: "a/", data: "" }])),
    ).toMatchObject({
      depth: 1,
      members: 2,
      names: ["notes.txt", "setup.exe"],
      encrypted: false,
      problem: undefined,
    });
  });

  it.each<[string, Buffer, string | undefined, readonly string[]]>([
    [
      "another name in the local header",
      zipFile([{ ...TEXT, localName: "a.exe" }]),
      "corrupt",
      ["notes.txt", "a.exe"],
    ],
    [
      "a member that the directory does not list",
      zipFile([TEXT, { ...PROGRAM, hidden: true }]),
      "corrupt",
      ["notes.txt"],
    ],
    [
      "a hidden member in front",
      zipFile([{ ...PROGRAM, hidden: true }, TEXT]),
      "corrupt",
      ["notes.txt"],
    ],
    [
      "one that is encrypted in one header",
      zipFile([{ ...TEXT, localEncrypted: true }]),
      "corrupt",
      ["notes.txt"],
    ],
    ["an encrypted member", zipFile([{ ...TEXT, encrypted: true }]), "encrypted", ["notes.txt"]],
    [
      "a size that no zip of this size has",
      zipFile([{ ...TEXT, size: 0xf000_0000 }]),
      "bomb",
      ["notes.txt"],
    ],
    ["a comment behind it", zipFile([TEXT], "a comment"), undefined, ["notes.txt"]],
    [
      "a picture before it",
      Buffer.concat([Buffer.alloc(500, 0xff), zipFile([TEXT])]),
      "corrupt",
      ["notes.txt"],
    ],
    [
      "an end record in a comment",
      zipFile([TEXT], "PK\x05\x06 is how a zip ends"),
      undefined,
      ["notes.txt"],
    ],
    ["its end cut off", zipFile([TEXT, TEXT]).subarray(0, -30), "corrupt", []],
    ["its directory cut in the middle", cutDirectory(), "corrupt", []],
  ])("says what is wrong with %s", (_, bytes, problem, names) => {
    const found = look(bytes);
    expect(found?.problem).toBe(problem);
    for (const name of names) expect(found?.names).toContain(name);
  });

  it("calls a zip whose entries share bytes a bomb", () => {
    const bytes = zipFile([TEXT, { ...TEXT, name: "other.txt" }]);
    const first = bytes.indexOf("PK\x01\x02");
    const second = bytes.indexOf("PK\x01\x02", first + 1);
    bytes.writeUInt32LE(0, second + 42);
    expect(look(bytes)?.problem).toMatch(/bomb|corrupt/);
  });

  it("sees the members of archives in archives, and counts the levels", () => {
    expect(look(nested(4))).toMatchObject({ depth: 4, members: 4, problem: undefined });
    expect(look(nested(4))?.names).toContain("setup.exe");
    const mixed = zipFile([
      { name: "x.dat", data: gzipSync(tarFile([{ name: "b/run.bat", data: "x" }])) },
    ]);
    expect(look(mixed)).toMatchObject({ depth: 2, names: ["x.dat", "b/run.bat"] });
    const stored = zipFile([{ name: "x.bin", data: zipFile([PROGRAM]), stored: true }]);
    expect(look(stored)?.names).toContain("setup.exe");
    expect(look(tarFile([{ name: "x", data: zipFile([PROGRAM]) }]))?.names).toContain("setup.exe");
  });

  it.each<[string, Buffer, Partial<typeof LOOK_LIMITS>, string]>([
    ["too many levels", nested(9), {}, "too-deep"],
    ["levels by another limit", nested(3), { depth: 2 }, "too-deep"],
    [
      "too many members",
      zipFile(Array.from({ length: 2001 }, (_, i) => ({ name: `${i}`, data: "" }))),
      {},
      "partial",
    ],
    [
      "more to unpack than there is room for",
      nested(2, zipFile([{ name: "a", data: Buffer.alloc(3000, "ab"), stored: true }])),
      { unpackedBytes: 1000 },
      "partial",
    ],
    [
      "a gzip file of more",
      gzipSync(Buffer.alloc(200_000, "harmless words")),
      { unpackedBytes: 100_000 },
      "bomb",
    ],
    [
      "a gzip file that is broken",
      gzipSync(Buffer.alloc(2000, "ab")).fill(0xff, 12, 30),
      {},
      "corrupt",
    ],
    [
      "long names",
      zipFile(
        Array.from({ length: 40 }, (_, i) => ({ name: `${i}${"x".repeat(60_000)}`, data: "" })),
      ),
      {},
      "partial",
    ],
  ])("says that it did not see everything: %s", (_, bytes, limits, problem) => {
    expect(look(bytes, limits)?.problem).toBe(problem);
  });

  it("is exact at the limits", () => {
    expect(look(nested(8))?.problem).toBeUndefined();
    const most = zipFile(Array.from({ length: 2000 }, (_, i) => ({ name: `${i}`, data: "" })));
    expect(look(most)).toMatchObject({ members: 2000, problem: undefined });
  });

  it("reads the names in tars, in every way that they have", () => {
    const long = `${"d/".repeat(80)}setup.exe`;
    expect(
      look(
        tarFile([
          { name: "a.txt", data: "x" },
          { name: "dir", data: "", type: "5" },
          { name: "././@LongLink", data: `${long}\0`, type: "L" },
          { name: "short.txt", data: "x" },
          { name: "pax", data: `20 path=b/evil.exe\n`, type: "x" },
          { name: "other.txt", data: "x" },
        ]),
      ),
    ).toMatchObject({
      members: 3,
      names: ["a.txt", "short.txt", long, "other.txt", "b/evil.exe"],
      problem: undefined,
    });
    expect(look(tarFile([{ name: "a.exe", data: "x" }], true))?.names).toEqual(["a.exe"]);
    const cut = tarFile([{ name: "a.exe", data: "x".repeat(2000) }]).subarray(0, 1500);
    expect(look(cut)).toMatchObject({ names: ["a.exe"], problem: "corrupt" });
  });

  it("reads the name in a gzip file, and opens what is in it", () => {
    const packed = gzipSync("harmless words");
    const named = Buffer.concat([
      packed.subarray(0, 10),
      Buffer.from("setup.exe\0"),
      packed.subarray(10),
    ]);
    named[3] = 8;
    expect(look(named)).toMatchObject({ names: ["setup.exe"], members: 1, problem: undefined });
    expect(look(gzipSync(tarFile([{ name: "a.exe", data: "x" }])))).toMatchObject({
      depth: 1,
      names: ["a.exe"],
    });
    expect(look(gzipSync(zipFile([PROGRAM])))).toMatchObject({ depth: 2, names: ["setup.exe"] });
  });

  it("knows that an archive in an archive is encrypted", () => {
    const rar = rar4File([{ name: "a", data: "x" }], { headersEncrypted: true });
    expect(look(rar)).toMatchObject({ encrypted: true, listed: false, problem: "encrypted" });
    expect(look(zipFile([{ name: "x", data: rar, stored: true }]))).toMatchObject({
      encrypted: true,
      problem: "encrypted",
    });
  });

  it("is not made for what is no archive", () => {
    expect(look(Buffer.alloc(0))).toBeUndefined();
    expect(look(Buffer.from("words about PK and zip"))).toBeUndefined();
    expect(look(Buffer.alloc(10_000))).toBeUndefined();
  });
});

function cutDirectory(): Buffer {
  const bytes = zipFile([TEXT, TEXT]);
  bytes.write("XXXX", bytes.lastIndexOf("PK\x01\x02"));
  return bytes;
}
