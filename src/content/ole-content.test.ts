import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { oleFile } from "../../test/support/ole-file.ts";
import { viewOf } from "./byte-view.ts";
import { lookIntoFile } from "./look-into-file.ts";
import { objectsOfSlides } from "./slide-objects.ts";

const NATIVE = Buffer.from("\x20\0\0\0\x02\0photo.jpg\0C:\\tmp\\evil.exe\0\0\0\x03\0", "latin1");
const OBJECT = oleFile([{ name: "\u0001Ole10Native", data: NATIVE }]);

function record(type: number, data: Buffer, instance = 0): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16LE(instance << 4);
  header.writeUInt16LE(type, 2);
  header.writeUInt32LE(data.length, 4);
  return Buffer.concat([header, data]);
}

function packed(object: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(object.length);
  return record(0x1011, Buffer.concat([size, deflateSync(object)]), 1);
}

function namesIn(bytes: Buffer): readonly string[] | undefined {
  return lookIntoFile(viewOf(bytes)).archive?.names;
}

describe("readOleContent", () => {
  it.each([
    ["packed", packed(OBJECT)],
    ["as they are", record(0x1011, OBJECT)],
  ])("names the files in objects of a presentation that are %s", (_, object) => {
    const stream = Buffer.concat([record(0x03e8, Buffer.alloc(40)), object]);
    const slides = oleFile([{ name: "PowerPoint Document", data: stream }]);
    expect(namesIn(slides)).toEqual(["photo.jpg", "C:\\tmp\\evil.exe"]);
  });

  it("names the files that are attached to a mail of Outlook", () => {
    const mail = oleFile([
      { name: "__properties_version1.0", data: Buffer.alloc(32) },
      { name: "__attach_version1.0_#00000000" },
      { name: "__substg1.0_3707001F", data: Buffer.from("a long name.exe\0", "utf16le") },
      { name: "__substg1.0_3704001E", data: Buffer.from("ALONGN~1.EXE\0") },
    ]);
    expect(namesIn(mail)).toEqual(["a long name.exe", "ALONGN~1.EXE"]);
  });
});

describe("objectsOfSlides", () => {
  it("unpacks no more than it has room for", () => {
    const bomb = packed(Buffer.alloc(20 * 1024 * 1024));
    expect(objectsOfSlides(Buffer.concat([bomb, bomb, bomb]))).toHaveLength(1);
  });

  it("has an end, whatever the records say", () => {
    const bytes = Buffer.concat([packed(OBJECT), record(0x1011, OBJECT)]);
    for (let at = 0; at < bytes.length; at += 1) {
      const other = Buffer.from(bytes);
      other[at] = (other[at] ?? 0) ^ 0xff;
      expect(objectsOfSlides(other).length).toBeLessThan(65);
      objectsOfSlides(bytes.subarray(0, at));
    }
  });
});
