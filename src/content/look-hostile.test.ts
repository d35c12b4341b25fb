import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { oleFile } from "../../test/support/ole-file.ts";
import { tarFile } from "../../test/support/tar-file.ts";
import { zipFile } from "../../test/support/zip-file.ts";
import { viewOf } from "./byte-view.ts";
import { fileContent } from "./file-content.ts";
import { lookIntoFile, type FileLook } from "./look-into-file.ts";

/** Milliseconds of CPU that the relay's thread may lose on one file; slow machines included. */
const MOST = 700;

function lookInTime(bytes: Buffer): FileLook {
  const begin = process.cpuUsage();
  const look = lookIntoFile(viewOf(bytes));
  fileContent(look, undefined);
  const { user, system } = process.cpuUsage(begin);
  expect((user + system) / 1000).toBeLessThan(MOST);
  return look;
}

/** A zip whose directory names its one member so many times. */
function repeated(zip: Buffer, times: number): Buffer {
  const directory = zip.indexOf("PK\x01\x02");
  const end = zip.indexOf("PK\x05\x06");
  const record = zip.subarray(directory, end);
  const last = Buffer.from(zip.subarray(end));
  for (const at of [8, 10]) last.writeUInt16LE(times, at);
  last.writeUInt32LE(record.length * times, 12);
  const records = Array.from({ length: times }, () => record);
  return Buffer.concat([zip.subarray(0, directory), ...records, last]);
}

describe("lookIntoFile, of a file that is made to keep it busy", () => {
  it("unpacks no more for what is broken than for what is whole", () => {
    const data = Buffer.concat([Buffer.from("PK"), randomBytes(9_000), Buffer.alloc(7_900_000)]);
    const zip = zipFile([{ name: "a.zip", data }]);
    // the last of its packed bytes
    zip.fill(0xff, zip.indexOf("PK\x01\x02") - 20, zip.indexOf("PK\x01\x02"));
    expect(lookInTime(repeated(zip, 1_900)).problem).toBeDefined();
  });

  it("unpacks no more of a member than its magic number", () => {
    const zip = zipFile([{ name: "a", data: Buffer.alloc(1_000_000) }]);
    // 400 bytes of it come to 400 KB
    expect(lookInTime(repeated(zip, 1_900)).archive?.members).toBe(1_900);
  });

  it("does not call harmless what begins with nothing but empty blocks", () => {
    const zip = zipFile([{ name: "a.zip", data: Buffer.alloc(2_000), stored: true }]);
    const local = zip.indexOf("PK\x03\x04");
    const central = zip.indexOf("PK\x01\x02");
    zip.writeUInt16LE(8, local + 8);
    zip.writeUInt16LE(8, central + 10);
    // stored blocks without a byte in them, to the end
    for (let at = local + 35; at + 5 <= central; at += 5) zip.writeUInt16LE(0xffff, at + 3);
    expect(lookInTime(zip).problem).toBe("corrupt");
  });

  it("counts the names in local headers, which all entries may share", () => {
    const localName = "=?utf-8?q?=C3=A9".repeat(4_000);
    const zip = zipFile([{ name: "a", localName, data: "x", stored: true }]);
    const look = lookInTime(repeated(zip, 1_900));
    expect(look.problem).toBe("partial");
    expect(look.archive?.names.length).toBeLessThan(100);
  });

  it("counts the names in the records before a member of a tar", () => {
    const data = "\n1 path=\u00e9.b%41".repeat(4_000);
    const records = Array.from({ length: 60 }, () => ({ name: "x", data, type: "x" }));
    const look = lookInTime(tarFile([...records, { name: "a.txt", data: "x" }]));
    expect(look.problem).toBe("partial");
  });

  it("looks at every byte between the members of a zip a few times only", () => {
    const between = "PK\x03\x04".repeat(262_144);
    const zip = zipFile([{ name: "a.txt", data: "x" }]);
    expect(lookInTime(Buffer.concat([Buffer.from(between, "latin1"), zip])).problem).toBeDefined();
  });

  it("walks a chain of short streams once, and to its end", () => {
    const bytes = oleFile([{ name: "Workbook", data: Buffer.alloc(60_000) }]);
    // every stream is a short one, and the table of short streams leads in a circle far behind
    bytes.writeUInt32LE(0xffff_ffff, 56);
    bytes.writeUInt32LE(1, 60);
    for (let at = 512; at < 1024; at += 4) bytes.writeUInt32LE(1 + (((at - 512) / 4) % 120), at);
    const root = bytes.indexOf(Buffer.from("Root Entry", "utf16le"));
    const book = bytes.indexOf(Buffer.from("Workbook", "utf16le"));
    bytes.writeUInt32LE(1, root + 116);
    bytes.writeUInt32LE(8_000, book + 116);
    bytes.writeUInt32LE(0x7fff_ffff, book + 120);
    for (let at = 2048; at < bytes.length; at += 4) bytes.writeUInt32LE(8_000, at);
    expect(lookInTime(bytes).types.map(({ group }) => group)).toEqual(["office"]);
  });
});
