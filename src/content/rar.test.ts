import { describe, expect, it } from "vitest";
import { rar4File, rar5File, type RarMember } from "../../test/support/rar-file.ts";
import { zipFile } from "../../test/support/zip-file.ts";
import { viewOf } from "./byte-view.ts";
import { lookIntoFile, type FileLook } from "./look-into-file.ts";

function look(bytes: Buffer): FileLook {
  return lookIntoFile(viewOf(bytes));
}

const TEXT: RarMember = { name: "notes.txt", data: "harmless words" };
const PROGRAM: RarMember = { name: "d/фото.exe", data: "MZ" };
const FOLDER: RarMember = { name: "d", data: "", folder: true };

describe.each([
  ["readRar4", rar4File],
  ["readRar5", rar5File],
])("%s", (_, rarFile) => {
  it("names the members of an archive", () => {
    const found = look(rarFile([TEXT, FOLDER, PROGRAM]));
    expect(found).toMatchObject({
      types: [{ type: "application/vnd.rar", group: "archive" }],
      problem: undefined,
      archive: { members: 2, depth: 1, encrypted: false },
    });
    expect(found.archive?.names).toEqual(expect.arrayContaining(["notes.txt", "d/фото.exe"]));
    expect(look(rarFile([TEXT], { endless: true })).problem).toBeUndefined();
  });

  it("opens an archive that is stored in it", () => {
    const inner = zipFile([{ name: "run.vbs", data: "x" }]);
    const found = look(rarFile([{ name: "photo.dat", data: inner }]));
    expect(found.archive).toMatchObject({ depth: 2, names: ["photo.dat", "run.vbs"] });
  });

  it.each<[string, Buffer, string]>([
    [
      "packed, which nobody here unpacks",
      rarFile([{ ...TEXT, packed: true, size: 90 }]),
      "unknown-format",
    ],
    ["an encrypted member", rarFile([TEXT, { ...PROGRAM, encrypted: true }]), "encrypted"],
    ["a volume of several", rarFile([TEXT], { volume: true }), "partial"],
    ["a member that goes on elsewhere", rarFile([{ ...TEXT, split: true }]), "partial"],
    [
      "a size that no file of this size has",
      rarFile([{ ...TEXT, packed: true, size: 0xf000_0000 }]),
      "bomb",
    ],
    ["two thousand and one members", rarFile(Array.from({ length: 2001 }, () => TEXT)), "partial"],
  ])("says what is not seen of one with %s", (_, bytes, problem) => {
    const found = look(bytes);
    expect(found.problem).toBe(problem);
    expect(found.archive?.names).toContain(TEXT.name);
    expect(found.archive?.encrypted).toBe(problem === "encrypted");
  });

  it("says that the names are encrypted", () => {
    expect(look(rarFile([TEXT], { headersEncrypted: true }))).toMatchObject({
      problem: "encrypted",
      archive: { encrypted: true, listed: false, names: [] },
    });
  });

  it("finds it behind a program, and tells both", () => {
    const found = look(Buffer.concat([Buffer.from("MZ"), Buffer.alloc(3000), rarFile([PROGRAM])]));
    expect(found.types.map(({ type }) => type)).toEqual([
      "application/x-msdownload",
      "application/vnd.rar",
    ]);
    expect(found.archive?.names).toContain("d/фото.exe");
  });

  it("says that it is broken when it is cut, or a header says something else", () => {
    const whole = rarFile([TEXT, PROGRAM]);
    const end = rarFile([]).length - rarFile([], { endless: true }).length;
    const lengths = Array.from({ length: whole.length - end - 8 }, (_, i) => i + 8);
    // between two blocks it may end
    for (const length of lengths.filter((one) => !isBetween(rarFile, one)))
      expect([length, look(whole.subarray(0, length)).problem]).toEqual([length, "corrupt"]);
    const lying = Buffer.from(whole);
    lying[whole.indexOf("notes.txt")] = 0x4e;
    expect(look(lying).problem).toBe("corrupt");
  });
});

function isBetween(rarFile: typeof rar4File, length: number): boolean {
  return [[TEXT], [TEXT, PROGRAM]].some(
    (members) => rarFile(members, { endless: true }).length === length,
  );
}
