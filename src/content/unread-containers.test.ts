import { describe, expect, it } from "vitest";
import { zipFile } from "../../test/support/zip-file.ts";
import { viewOf } from "./byte-view.ts";
import { lookIntoFile } from "./look-into-file.ts";

/** The beginning of each, with as much behind it as tells it from a word. */
const BEGINNINGS: readonly (readonly [name: string, bytes: Buffer])[] = [
  ["arj", latin1("\x60\xea\x2c\0\x22\x0b\x01\x02")],
  ["lzh", latin1("\x19\0-lh5-\0\0")],
  ["ace", latin1("\0\0\x31\0\0\0\x90**ACE**\x14")],
  ["zoo", latin1(`ZOO 2.10 Archive.\x1a\0\0\xdc\xa7\xc4\xfd`)],
  ["cpio", latin1("070701000027A5000081A4000003E8000003E800000001")],
  ["cpio, binary", latin1("\xc7\x71\0\xfe\xa5\xd7")],
  ["ar", latin1("!<arch>\na.o/            0           0     0     644     4         `\n")],
  ["deb", latin1("!<arch>\ndebian-binary   0           0     0     100644  4         `\n")],
  ["rpm", latin1("\xed\xab\xee\xdb\x03\0")],
  ["xar", latin1("xar!\0\x1c\0\x01")],
  ["wim", latin1("MSWIM\0\0\0\xd0\0\0\0")],
  ["compress", latin1("\x1f\x9d\x90\x41\x42")],
  ["lzip", latin1("LZIP\x01\x0c")],
  ["lz4", latin1("\x04\x22\x4d\x18\x64")],
  ["lzop", latin1("\x89LZO\0\r\n\x1a\n\x10")],
  ["szdd", latin1("SZDD\x88\xf0\x27\x33\x41\0")],
  ["rar 1.4", latin1("RE~^\x07\0")],
  ["chm", latin1("ITSF\x03\0\0\0\x60")],
  ["tnef", latin1("\x78\x9f\x3e\x22\x01\0")],
  ["onenote", latin1("\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d")],
  ["qcow", latin1("QFI\xfb\0\0\0\x03")],
  ["vmdk", latin1("KDMV\x01\0\0\0")],
  ["vhd", latin1("conectix\0\0\0\x02")],
  ["vhdx", latin1("vhdxfileM\0")],
  ["squashfs", latin1("hsqs\x07\0\0\0")],
  ["cramfs", latin1("\x45\x3d\xcd\x28\0")],
  ["installshield", latin1("ISc(\x0c\x60\0\x01")],
  ["stuffit", latin1("SIT!\0\x01\0\0\0\x20rLau")],
  ["fat", latin1(`\xeb\x3c\x90MSDOS5.0${"\0".repeat(43)}FAT16   `)],
  ["ntfs", latin1("\xeb\x52\x90NTFS    ")],
];

describe("unreadContainer", () => {
  it.each(BEGINNINGS)("says of %s that nobody looked into it", (_, beginning) => {
    const bytes = Buffer.concat([beginning, Buffer.alloc(600, 1)]);
    const found = lookIntoFile(viewOf(bytes));
    expect(found).toMatchObject({ problem: "unknown-format", archive: undefined });
    expect(found.types[0]?.group).toMatch(/^(?:archive|installer|disk-image|office|script)$/);
    const packed = lookIntoFile(viewOf(zipFile([{ name: "a.dat", data: bytes }])));
    expect(packed).toMatchObject({ problem: "unknown-format", archive: { names: ["a.dat"] } });
  });

  it.each([
    ["dmg", "koly\0\0\0\x04"],
    ["vhd", "conectix\0\0\0\x02"],
  ])("knows a disk image by its last sector: %s", (_, footer) => {
    const last = Buffer.alloc(512);
    last.write(footer, "latin1");
    const found = lookIntoFile(viewOf(Buffer.concat([Buffer.alloc(5000, 1), last])));
    expect(found).toMatchObject({ problem: "unknown-format", types: [{ group: "disk-image" }] });
  });

  it.each([
    "begin 644 setup.exe\n#35HN\n`\nend\n",
    "(This file must be converted with BinHex 4.0)\n\n:abc:\n",
    "=ybegin line=128 size=3 name=setup.exe\nabc\n=yend size=3\n",
  ])("says it of a file that is written out in text", (text) => {
    expect(lookIntoFile(viewOf(Buffer.from(text))).problem).toBe("unknown-format");
  });

  it("does not say it of words", () => {
    for (const text of ["COWD is no word", "SIT! said he", "koly\n", "ISc is an abbreviation"]) {
      expect(lookIntoFile(viewOf(Buffer.from(text.padEnd(600)))).problem).toBeUndefined();
    }
  });
});

function latin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
