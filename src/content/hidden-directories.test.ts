import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { harmlessBytes } from "../../test/support/harmless-bytes.ts";
import { tarFile } from "../../test/support/tar-file.ts";
import { zipFile } from "../../test/support/zip-file.ts";
import { viewOf } from "./byte-view.ts";
import { lookIntoFile } from "./look-into-file.ts";

const PICTURE = Buffer.from("\xff\xd8\xff\xe0 a picture ", "latin1");
const EVIL = zipFile([{ name: "evil.exe", data: "MZ" }]);
const DIRECTORY = "PK\x01\x02";
const END = "PK\x05\x06";

/** Within a member of one zip stands a member of another; the directories of both follow, that of the second last. */
function twoDirectories(isInComment: boolean): Buffer {
  const local = EVIL.subarray(0, EVIL.indexOf(DIRECTORY));
  const data = Buffer.concat([PICTURE, local]);
  const shown = zipFile([{ name: "inner.jpg", data, stored: true }]);
  const members = shown.subarray(0, shown.indexOf(DIRECTORY));
  const hidden = Buffer.from(EVIL.subarray(EVIL.indexOf(DIRECTORY)));
  const end = hidden.indexOf(END);
  hidden.writeUInt32LE(members.indexOf(local), 42);
  hidden.writeUInt32LE(members.length, end + 16);
  const last = Buffer.from(shown.subarray(members.length));
  if (isInComment) hidden.writeUInt16LE(last.length, end + 20);
  last.writeUInt32LE(members.length + hidden.length, last.indexOf(END) + 16);
  return Buffer.concat([members, hidden, last]);
}

/** Ends whose size does not fit; each has the place of the directory. */
function falseEnds(count: number): Buffer {
  const one = Buffer.concat([Buffer.from(END, "latin1"), Buffer.alloc(18, 0xfe)]);
  one.writeUInt32LE(EVIL.indexOf(DIRECTORY), 16);
  return Buffer.concat(Array.from({ length: count }, () => one));
}

function problemOf(bytes: Buffer): string | undefined {
  return lookIntoFile(viewOf(bytes)).problem;
}

describe("walkZip, of a file with several directories", () => {
  it("says that readers see different files", () => {
    expect(problemOf(twoDirectories(false))).toBe("corrupt");
    expect(problemOf(twoDirectories(true))).toBe("corrupt");
  });

  it("says so where a comment is longer than the file, or holds ends that some readers take", () => {
    const cut = Buffer.from(EVIL);
    cut.writeUInt16LE(7, cut.length - 2);
    expect(problemOf(cut)).toBe("corrupt");
    for (const count of [1, 70]) {
      const crowded = Buffer.concat([EVIL, falseEnds(count)]);
      crowded.writeUInt16LE(22 * count, EVIL.length - 2);
      expect([count, problemOf(crowded)]).toEqual([count, "corrupt"]);
      expect(problemOf(Buffer.concat([PICTURE, crowded]))).toBe("corrupt");
    }
  });

  it("takes a zip that is a member for that", () => {
    expect(problemOf(zipFile([{ name: "a.zip", data: EVIL, stored: true }]))).toBeUndefined();
  });
});

describe("look at archives in archives behind pictures", () => {
  it("goes no deeper than elsewhere", () => {
    let nested = Buffer.from("x");
    for (let level = 1; level <= 1500; level += 1) {
      const zip = zipFile([{ name: "a", data: nested, stored: true }]);
      nested = Buffer.concat([PICTURE, zip]);
    }
    const { archive, inside } = lookIntoFile(viewOf(nested));
    expect(archive?.depth).toBe(8);
    expect(inside?.isPlain).toBe(false);
  });
});

describe("look at a long member, of which no part is kept", () => {
  const long = Buffer.concat([PICTURE, harmlessBytes(200_000)]);
  const rar = Buffer.concat([Buffer.from("Rar!\x1a\x07\x01\0", "latin1"), harmlessBytes(900)]);
  const disk = Buffer.concat([Buffer.from("conectix"), Buffer.alloc(504)]);

  it.each([
    ["zip", EVIL],
    ["RAR", rar],
    ["disk image", disk],
  ])("says that nobody looked into the %s behind its beginning", (_, archive) => {
    const data = Buffer.concat([long, archive]);
    for (const bytes of [
      zipFile([{ name: "a.jpg", data }]),
      gzipSync(tarFile([{ name: "a.jpg", data }])),
    ]) {
      expect(problemOf(bytes)).toBe("unknown-format");
    }
  });

  it("finds nothing in one that has nothing", () => {
    expect(problemOf(zipFile([{ name: "a.jpg", data: long }]))).toBeUndefined();
    const program = Buffer.concat([Buffer.from("MZ"), harmlessBytes(100_000), EVIL, long]);
    expect(problemOf(zipFile([{ name: "unzip.exe", data: program }]))).toBeUndefined();
  });

  it("finds the archive at the end of a program", () => {
    const program = Buffer.concat([Buffer.from("MZ"), harmlessBytes(100_000), EVIL]);
    expect(problemOf(zipFile([{ name: "setup.exe", data: program }]))).toBe("unknown-format");
  });
});
