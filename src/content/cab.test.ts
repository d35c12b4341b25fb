import { describe, expect, it } from "vitest";
import { cabFile } from "../../test/support/cab-file.ts";
import { zipFile } from "../../test/support/zip-file.ts";
import { viewOf } from "./byte-view.ts";
import { lookIntoFile, type FileLook } from "./look-into-file.ts";

function look(bytes: Buffer): FileLook {
  return lookIntoFile(viewOf(bytes));
}

const TEXT = { name: "notes.txt", data: "harmless words ".repeat(5000) };
const PROGRAM = { name: "d\\фото.exe", data: "MZ" };
const INNER = { name: "photo.dat", data: zipFile([{ name: "run.vbs", data: "x" }]) };

describe("readCab", () => {
  it.each(["stored", "mszip"] as const)(
    "names the members, and those of an archive among them: %s",
    (method) => {
      const found = look(cabFile([TEXT, PROGRAM, INNER], { method, reserve: 6 }));
      expect(found).toMatchObject({
        types: [{ type: "application/vnd.ms-cab-compressed", group: "archive" }],
        problem: undefined,
        archive: {
          depth: 2,
          members: 4,
          names: ["notes.txt", "d\\фото.exe", "photo.dat", "run.vbs"],
        },
      });
    },
  );

  it.each<[string, Buffer, string]>([
    ["LZX, which nobody here unpacks", cabFile([TEXT], { method: "lzx" }), "unknown-format"],
    ["Quantum", cabFile([TEXT], { method: "quantum" }), "unknown-format"],
    ["a rest in another cabinet", cabFile([TEXT], { next: true }), "partial"],
    [
      "two thousand and one members",
      cabFile(Array.from({ length: 2001 }, () => ({ name: "notes.txt", data: "" }))),
      "partial",
    ],
    ["its end cut off", cabFile([TEXT]).subarray(0, -1), "corrupt"],
    ["no members", cabFile([]), "corrupt"],
  ])("says what is not seen of one with %s", (_, bytes, problem) => {
    expect(look(bytes).problem).toBe(problem);
  });

  it("does not see a member whose bytes are broken", () => {
    const bytes = cabFile([INNER], { method: "mszip" });
    bytes.fill(0xff, bytes.indexOf("CK") + 2);
    expect(look(bytes)).toMatchObject({ problem: "partial", archive: { names: ["photo.dat"] } });
  });

  it("sees one in a zip", () => {
    const packed = zipFile([{ name: "x.dat", data: cabFile([PROGRAM, TEXT]) }]);
    expect(look(packed).archive?.names).toContain("d\\фото.exe");
  });
});
