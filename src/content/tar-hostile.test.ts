import { describe, expect, it } from "vitest";
import { tarFile, type TarMember } from "../../test/support/tar-file.ts";
import { viewOf } from "./byte-view.ts";
import { lookIntoFile, type FileLook } from "./look-into-file.ts";

function look(bytes: Buffer): FileLook {
  return lookIntoFile(viewOf(bytes));
}

/** A record of pax: its own length, key and value. */
function record(text: string, type = "x"): TarMember {
  const rest = ` ${text}\n`;
  const length = [1, 2, 3, 4, 5].map((digits) => rest.length + digits);
  const whole = length.find((one) => String(one).length + rest.length === one) ?? 0;
  return { name: "record", data: `${whole}${rest}`, type };
}

const WORDS = { name: "a.txt", data: "harmless words" };

/** The checksum as some old programs make it: of bytes with a sign. */
function withSignedSum(tar: Buffer): Buffer {
  const sum = tar
    .subarray(0, 512)
    .reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : (byte << 24) >> 24), 0);
  tar.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return tar;
}

describe("walkTar, of names that some readers see", () => {
  it.each<[string, Buffer]>([
    [
      "in a header with a signed checksum",
      withSignedSum(tarFile([{ name: "é.exe", data: "x" }], true)),
    ],
    [
      "in the record before the first member, which has no name",
      tarFile([{ name: "", data: "b.exe\0", type: "L" }, WORDS], true),
    ],
    ["behind the end of a line", tarFile([record("path=a.txt\nb.exe"), WORDS])],
    ["behind a long path", tarFile([record(`path=${"./".repeat(3000)}b.exe`), WORDS])],
    ["in the record of Solaris", tarFile([record("path=b.exe", "X"), WORDS])],
    ["as a hard link", tarFile([WORDS, { name: "b.exe", data: "", type: "1" }])],
    ["as a symbolic link", tarFile([WORDS, { name: "b.exe", data: "", type: "2" }])],
  ])("shows the name %s", (_, tar) => {
    expect(look(tar).archive?.names.some((name) => name.endsWith(".exe"))).toBe(true);
  });

  it.each<[string, string, Buffer]>([
    ["unknown-format", "a sparse file of pax", tarFile([record("GNU.sparse.name=b.exe"), WORDS])],
    ["unknown-format", "a sparse file of GNU", tarFile([{ ...WORDS, type: "S" }])],
    ["unknown-format", "a part of a volume", tarFile([{ ...WORDS, type: "M" }])],
    ["corrupt", "a size for all members", tarFile([record("size=14", "g"), WORDS])],
    [
      "partial",
      "a name that is too long",
      tarFile([{ name: "l", data: `${"./".repeat(40_000)}b.exe\0`, type: "L" }, WORDS]),
    ],
  ])("says %s of %s", (problem, _, tar) => {
    expect(look(tar).problem).toBe(problem);
  });
});
