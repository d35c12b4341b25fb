import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { tarFile } from "../../test/support/tar-file.ts";
import { officePackage, pe } from "../../test/support/typed-samples.ts";
import { zipFile } from "../../test/support/zip-file.ts";
import { viewOf } from "./byte-view.ts";
import { LOOK_LIMITS } from "./look-budget.ts";
import { lookIntoFile, type FileLook } from "./look-into-file.ts";

function look(bytes: Buffer): FileLook {
  return lookIntoFile(viewOf(bytes));
}

const PROGRAM = { name: "run.dat", data: pe("exe") };
const TEXT = { name: "a.txt", data: "harmless words" };
const NAMES = ["a.txt", "big.txt", "holiday.png", "run.dat", "x.jpg"];
const BIG = Buffer.alloc(300_000, "harmless words ");

describe("a walk through a file and all that is in it", () => {
  it("goes by what the bytes are, through all kinds, however they are called", () => {
    const inner = zipFile([PROGRAM, TEXT]);
    const tar = tarFile([
      { name: "x.jpg", data: inner },
      { name: "big.txt", data: BIG },
    ]);
    const packed = [gzipSync(tar), zstdCompressSync(tar)];
    for (const one of packed) {
      const found = look(zipFile([{ name: "holiday.png", data: one }]));
      expect(found.problem).toBeUndefined();
      expect(found.archive).toMatchObject({ depth: 3, members: 5 });
      expect(found.archive?.names.toSorted()).toEqual(NAMES);
      const types = found.inside?.types.map(({ type }) => type);
      expect(types).toEqual(
        expect.arrayContaining(["application/x-msdownload", "text/plain", "application/zip"]),
      );
      expect(found.inside?.program).toBe("application/x-msdownload");
    }
  });

  it("sees macros of a document in an archive, and of one packed into a document", () => {
    const macros = officePackage("docm", [{ name: "word/vbaProject.bin", data: "x" }]);
    expect(look(zipFile([{ name: "a.dat", data: macros }])).hasMacros).toBe(true);
    expect(look(gzipSync(tarFile([{ name: "a", data: macros }]))).hasMacros).toBe(true);
    const packed = officePackage("docx", [{ name: "word/embeddings/a.docm", data: macros }]);
    expect(look(packed).hasMacros).toBe(true);
    expect(look(zipFile([TEXT])).hasMacros).toBe(false);
  });

  it.each<[string, Buffer, string]>([
    ["a member that is not what the directory says", broken(), "corrupt"],
    ["a method that is not known here", withMethod(98), "unknown-format"],
    [
      "an archive of another kind",
      zipFile([{ name: "a", data: Buffer.from("LZIP\x01\x0c" + "x".repeat(40)) }]),
      "unknown-format",
    ],
    ["something behind a zip", Buffer.concat([zipFile([TEXT]), Buffer.from("more")]), "corrupt"],
    [
      "something behind a gzip file",
      Buffer.concat([gzipSync("x"), Buffer.from("more")]),
      "corrupt",
    ],
    ["something behind a tar", Buffer.concat([tarFile([TEXT]), Buffer.from("more")]), "corrupt"],
    [
      "a folder with content in a tar",
      tarFile([{ name: "d/", data: "x", type: "5" }, TEXT]),
      "corrupt",
    ],
    [
      "two sizes of a member of a tar",
      tarFile([{ name: "p", data: "12 size=600\n", type: "x" }, TEXT]),
      "corrupt",
    ],
    ["a gzip file of a gzip file, many times", deep(9), "too-deep"],
    [
      "an encrypted archive in an archive",
      zipFile([{ name: "a", data: zipFile([{ ...TEXT, encrypted: true }]) }]),
      "encrypted",
    ],
    ["a gzip file with a wrong checksum", wrongChecksum(), "corrupt"],
  ])("does not call whole: %s", (_, bytes, problem) => {
    expect(look(bytes).problem).toBe(problem);
    // in another one, too
    const outer = look(zipFile([{ name: "in.txt", data: bytes }]));
    expect(outer.problem).toBe(problem);
    expect(outer.inside?.isPlain).toBe(false);
  });

  it("bears zeros behind an archive, with which some fill the last block", () => {
    const zeros = Buffer.alloc(1000);
    for (const bytes of [zipFile([TEXT]), gzipSync("words"), tarFile([TEXT])]) {
      expect(look(Buffer.concat([bytes, zeros])).problem).toBeUndefined();
    }
  });

  it("reads gzip files of several members as one file", () => {
    const tar = tarFile([TEXT, PROGRAM]);
    const cut = Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))]);
    expect(look(cut).archive).toMatchObject({ names: ["a.txt", "run.dat"], depth: 1 });
  });

  it("stops when the time is over, and says that it saw a part", () => {
    let asked = 0;
    const isOutOfTime = (): boolean => (asked += 1) > 3;
    const members = Array.from({ length: 100 }, (_, i) => ({ name: `${i}`, data: "words" }));
    const found = lookIntoFile(viewOf(zipFile(members)), { ...LOOK_LIMITS, isOutOfTime });
    expect(found.problem).toBe("partial");
    expect(found.archive?.members).toBe(100);
    expect(asked).toBeLessThan(20);
  });
});

function deep(levels: number): Buffer {
  return levels === 0 ? Buffer.from("x") : gzipSync(deep(levels - 1));
}

function broken(): Buffer {
  const bytes = zipFile([{ ...TEXT, stored: true }]);
  bytes.write("HARM", bytes.indexOf("harm"));
  return bytes;
}

function withMethod(method: number): Buffer {
  const bytes = zipFile([{ ...TEXT, stored: true }]);
  bytes.writeUInt16LE(method, 8);
  bytes.writeUInt16LE(method, bytes.indexOf("PK\x01\x02") + 10);
  return bytes;
}

function wrongChecksum(): Buffer {
  const bytes = gzipSync("words");
  bytes.writeUInt32LE(1, bytes.length - 8);
  return bytes;
}
