import { describe, expect, it } from "vitest";
import { SEVEN_ZIP_FILES } from "../../test/support/seven-zip-files.ts";
import { viewOf } from "./byte-view.ts";
import { lookIntoFile, type FileLook } from "./look-into-file.ts";

const OUTER = ["a.txt", "d/setup.exe", "photo.dat"];

function look(bytes: Buffer): FileLook {
  return lookIntoFile(viewOf(bytes));
}

function namesIn(bytes: Buffer): readonly string[] {
  return (look(bytes).archive?.names ?? []).toSorted();
}

describe("readSevenZip", () => {
  it.each(["lzma", "lzma2", "copy", "plain"] as const)(
    "names the members, and those of an archive among them: %s",
    (kind) => {
      expect(look(SEVEN_ZIP_FILES[kind])).toMatchObject({
        types: [{ type: "application/x-7z-compressed", group: "archive" }],
        problem: undefined,
        archive: { members: 4, depth: 2, encrypted: false },
      });
      expect(namesIn(SEVEN_ZIP_FILES[kind])).toEqual([...OUTER, "inner.vbs"].toSorted());
    },
  );

  it.each(["bzip2", "deflate", "ppmd", "filtered"] as const)(
    "names the members of what it does not unpack, and says so: %s",
    (kind) => {
      expect(look(SEVEN_ZIP_FILES[kind]).problem).toBe("unknown-format");
      expect(namesIn(SEVEN_ZIP_FILES[kind])).toEqual(OUTER);
    },
  );

  it("says that members, or their names as well, are encrypted", () => {
    expect(look(SEVEN_ZIP_FILES.sealed)).toMatchObject({
      problem: "encrypted",
      archive: { encrypted: true, listed: true },
    });
    expect(namesIn(SEVEN_ZIP_FILES.sealed)).toEqual(OUTER);
    expect(look(SEVEN_ZIP_FILES.names)).toMatchObject({
      problem: "encrypted",
      archive: { encrypted: true, listed: false, names: [] },
    });
  });

  it("finds it behind a program and behind a picture", () => {
    const program = Buffer.concat([Buffer.from("MZ"), Buffer.alloc(500), SEVEN_ZIP_FILES.lzma]);
    expect(look(program).types.map(({ group }) => group)).toEqual(["executable", "archive"]);
    expect(namesIn(program)).toContain("inner.vbs");
    const picture = Buffer.concat([Buffer.from("GIF89a"), Buffer.alloc(50), SEVEN_ZIP_FILES.lzma]);
    expect(look(picture).types.map(({ group }) => group)).toEqual(["image", "archive"]);
    expect(namesIn(picture)).toContain("d/setup.exe");
  });

  it("says that it is broken when a byte of it is another", () => {
    const { copy } = SEVEN_ZIP_FILES;
    for (const at of [6 + 4, 20, copy.length - 1]) {
      const broken = Buffer.from(copy);
      broken[at] = (broken[at] ?? 0) ^ 0x55;
      expect(look(broken).problem).toBeDefined();
    }
    for (let length = 6; length < copy.length; length += 1) {
      expect(look(copy.subarray(0, length)).problem).toBe("corrupt");
    }
  });

  it("does not see what comes to more than there is room for", () => {
    const found = lookIntoFile(viewOf(SEVEN_ZIP_FILES.plain), {
      depth: 8,
      members: 2000,
      unpackedBytes: 20,
      nameBytes: 1000,
    });
    expect(found.problem).toBe("partial");
  });
});
