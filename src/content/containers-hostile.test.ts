import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { cabFile } from "../../test/support/cab-file.ts";
import { isoFile } from "../../test/support/iso-file.ts";
import { pdfFile } from "../../test/support/pdf-file.ts";
import { rar5File } from "../../test/support/rar-file.ts";
import { viewOf } from "./byte-view.ts";
import { lookIntoFile, type FileLook } from "./look-into-file.ts";

/** Milliseconds of CPU that one file may cost; slow machines included. */
const MOST = 1_500;

function lookInTime(bytes: Buffer): FileLook {
  const begin = process.cpuUsage();
  const look = lookIntoFile(viewOf(bytes));
  const { user, system } = process.cpuUsage(begin);
  expect((user + system) / 1000).toBeLessThan(MOST);
  return look;
}

/** A 7z archive with this header, not packed. */
function sevenZip(header: Buffer, packed: Buffer = Buffer.alloc(0)): Buffer {
  const start = Buffer.alloc(32);
  start.write("7z\xbc\xaf\x27\x1c\0\x04", "latin1");
  start.writeBigUInt64LE(BigInt(packed.length), 12);
  start.writeBigUInt64LE(BigInt(header.length), 20);
  start.writeUInt32LE(crc32(header), 28);
  start.writeUInt32LE(crc32(start.subarray(12)), 8);
  return Buffer.concat([start, packed, header]);
}

/** Of two bytes, as 7z has them. */
function number(value: number): readonly number[] {
  return [0x80 | (value >> 8), value & 0xff];
}

/** So many members, each a folder of its own of 40 bytes; the size of its packed bytes, and the parameters of LZMA, as they stand there. */
function manyFolders(count: number, packed: readonly number[], parameters: number): Buffer {
  const each = (bytes: readonly number[]): readonly number[] =>
    Array.from({ length: count }, () => bytes).flat();
  const pieces = [
    [0x01, 0x04],
    [0x06, 0x00, ...number(count), 0x09, ...each(packed), 0x00],
    [0x07, 0x0b, ...number(count), 0x00, ...each([1, 0x23, 3, 1, 1, 5, parameters, 0, 0, 1, 0])],
    [0x0c, ...each([40]), 0x00, 0x00],
    [0x05, ...number(count), 0x11, ...number(2 * count + 1), 0x00, ...each([0, 0])],
    [0x00, 0x00],
  ];
  return Buffer.from(pieces.flat());
}

describe("lookIntoFile, of a container that is made to keep it busy", () => {
  it("makes no models of megabytes for each of two thousand members of a 7z", () => {
    // lc 8, lp 4
    const header = manyFolders(1_900, [20], 8 + 9 * 4);
    const look = lookInTime(sevenZip(header, Buffer.alloc(20 * 1_900)));
    expect(look).toMatchObject({
      problem: expect.any(String) as unknown,
      archive: { members: 1_900 },
    });
  });

  it("reads packed bytes once, however many members of a 7z share them", () => {
    const look = lookInTime(
      sevenZip(manyFolders(1_900, [0xe0, 0xff, 0xff, 0x3f], 0x5d), randomBytes(4_200_000)),
    );
    expect(look.problem).toBe("corrupt");
  });

  it("counts the blocks of a cabinet, however many say that they are packed", () => {
    const bytes = cabFile([{ name: "a", data: Buffer.alloc(30_000, "ab") }], { method: "mszip" });
    // so many blocks, of which one is there
    bytes.writeUInt16LE(0xffff, 36 + 4);
    expect(lookInTime(bytes).problem).toBe("partial");
  });

  it("looks at no more headers of a RAR than there are bytes", () => {
    const members = Array.from({ length: 1_900 }, (_, i) => ({ name: `${i}.txt`, data: "x" }));
    expect(lookInTime(rar5File(members))).toMatchObject({
      problem: undefined,
      archive: { members: 1_900 },
    });
  });

  it("walks each folder of a disk image once", () => {
    const bytes = isoFile([], { folder: { name: "D", members: [] } });
    const root = 18 * 2048;
    const entry = Buffer.from(bytes.subarray(root + 68, root + 68 + 34));
    // fifty entries that lead to the same folder
    for (let i = 0; i < 50; i += 1) entry.copy(bytes, root + 68 + 34 * i);
    expect(lookInTime(bytes).problem).toBe("corrupt");
  });

  it("looks for the ends of object streams no further than a PDF is long", () => {
    const streams = "1 0 obj <</Type /ObjStm /N 1 /First 9 /Length 9999999>>stream\n".repeat(4_000);
    const end = Buffer.alloc(8_000_000, "x");
    const bytes = Buffer.concat([Buffer.from(`%PDF-1.7\n${streams}`), end]);
    expect(lookInTime(bytes).problem).toBeDefined();
  });

  it("goes over a dictionary once, whatever stands in its comments", () => {
    const dictionary = `1 0 obj <</Type /ObjStm ${"%>>".repeat(2_600)}\n>>`;
    const bytes = Buffer.from(`%PDF-1.7\n${dictionary.repeat(500)}endobj\n%%EOF`);
    expect(lookInTime(bytes).problem).toBeDefined();
  });

  it("unpacks object streams within the budget", () => {
    const bomb = pdfFile({ packed: true, action: `(${"a".repeat(20_000_000)})` });
    expect(lookInTime(bomb).problem).toBe("partial");
  });
});
