import { describe, expect, it } from "vitest";
import { isoFile } from "../../test/support/iso-file.ts";
import { zipFile } from "../../test/support/zip-file.ts";
import { viewOf } from "./byte-view.ts";
import { lookIntoFile, type FileLook } from "./look-into-file.ts";

function look(bytes: Buffer): FileLook {
  return lookIntoFile(viewOf(bytes));
}

const TEXT = { name: "NOTES.TXT", data: "harmless words", wide: "longer notes.txt" };
const PROGRAM = { name: "SETUP.EXE", data: "MZ", rock: "the setup.exe" };
const SCRIPT = { name: "RUN.VBS", data: "x", wide: "run it.vbs" };
/** Where the descriptor of the first volume says how long its root folder is. */
const ROOT_SIZE = 16 * 2048 + 166;

describe("readIso", () => {
  it("names files by all the names that they have", () => {
    const image = isoFile([TEXT, PROGRAM], {
      joliet: true,
      folder: { name: "D", members: [SCRIPT] },
    });
    const found = look(image);
    expect(found).toMatchObject({
      types: [{ type: "application/x-iso9660-image", group: "disk-image" }],
      problem: undefined,
      archive: { members: 3, depth: 1, encrypted: false },
    });
    expect(found.archive?.names.toSorted()).toEqual([
      "NOTES.TXT",
      "RUN.VBS",
      "SETUP.EXE",
      "longer notes.txt",
      "run it.vbs",
      "the setup.exe",
    ]);
  });

  it("opens an archive in it", () => {
    const inner = zipFile([{ name: "evil.js", data: "x" }]);
    expect(look(isoFile([{ name: "A.DAT", data: inner }])).archive).toMatchObject({
      depth: 2,
      names: ["A.DAT", "evil.js"],
    });
  });

  it.each<[string, Buffer, string]>([
    ["a second file system", isoFile([TEXT], { udf: true }), "unknown-format"],
    ["Apple's file system beside", apple(isoFile([TEXT])), "unknown-format"],
    ["its end cut off", isoFile([TEXT]).subarray(0, -2048), "corrupt"],
    ["no files", isoFile([]), "corrupt"],
    ["a root folder of four gigabytes", lying(isoFile([TEXT])), "partial"],
    ["nothing but UDF", onlyUdf(), "unknown-format"],
  ])("says what is not seen of one with %s", (_, bytes, problem) => {
    expect(look(bytes).problem).toBe(problem);
  });

  it("has an end when folders lead in a circle", () => {
    const image = isoFile([TEXT], { folder: { name: "D", members: [SCRIPT] } });
    // the folder below the root is the root
    const entry = image.indexOf("\x01D", 18 * 2048, "latin1") - 32;
    image.writeUInt32LE(18, entry + 2);
    expect(look(image).archive?.names).toEqual(["NOTES.TXT"]);
  });

  it("is one behind the beginning of anything else", () => {
    const image = isoFile([PROGRAM]);
    image.write("GIF89a", 0, "latin1");
    const found = look(image);
    expect(found.types.map(({ type }) => type)).toEqual([
      "image/gif",
      "application/x-iso9660-image",
    ]);
    expect(found.archive?.names).toContain("the setup.exe");
  });
});

function apple(image: Buffer): Buffer {
  image.write("H+", 1024, "latin1");
  return image;
}

function lying(image: Buffer): Buffer {
  image.writeUInt32LE(0xffff_f800, ROOT_SIZE);
  return image;
}

function onlyUdf(): Buffer {
  const image = isoFile([TEXT], { udf: true });
  return image.fill(0, 16 * 2048, 18 * 2048).copyWithin(16 * 2048, 18 * 2048);
}
