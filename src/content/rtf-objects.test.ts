import { describe, expect, it } from "vitest";
import { oleFile } from "../../test/support/ole-file.ts";
import { zipFile } from "../../test/support/zip-file.ts";
import { viewOf } from "./byte-view.ts";
import { lookIntoFile, type FileLook } from "./look-into-file.ts";

function look(text: string): FileLook {
  return lookIntoFile(viewOf(Buffer.from(text, "latin1")));
}

/** A text with its length, and a zero behind it. */
function field(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text === "" ? 0 : text.length + 1);
  return Buffer.concat([length, Buffer.from(text === "" ? "" : `${text}\0`)]);
}

/** The digits of an object ([MS-OLEDS] 2.2.5). */
function object(className: string, data: Buffer | string, kind = 2): string {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x501);
  head.writeUInt32LE(kind, 4);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(data.length);
  const parts = [head, field(className), field(""), field(""), size, Buffer.from(data)];
  return Buffer.concat(parts).toString("hex").replaceAll(/.{64}/g, "$&\r\n");
}

function letter(digits: string): string {
  return `{\\rtf1\\ansi Hello {\\object\\objemb{\\*\\objclass Package}{\\*\\objdata ${digits}}} there}`;
}

const PACKAGE = object("Package", "\x02\0Photo.jpg\0C:\\tmp\\evil.exe\0\0\0\x03\0MZ");

describe("readRtf", () => {
  it("names the files that are packed into rich text", () => {
    expect(look(letter(PACKAGE))).toMatchObject({
      types: [{ type: "application/rtf", group: "office" }],
      hasMacros: false,
      problem: undefined,
      archive: { members: 2, names: ["Photo.jpg", "C:\\tmp\\evil.exe"] },
    });
    const packed = zipFile([{ name: "letter.doc", data: ` \r\n${letter(PACKAGE)}` }]);
    expect(lookIntoFile(viewOf(packed)).archive?.names).toContain("C:\\tmp\\evil.exe");
  });

  it("reads a document that is packed into it", () => {
    const native = Buffer.from("\x20\0\0\0\x02\0a.js\0C:\\a.js\0\0\0\x03\0", "latin1");
    const inner = oleFile([{ name: "\u0001Ole10Native", data: native }, { name: "VBA" }]);
    expect(look(letter(object("Word.Document.8", inner)))).toMatchObject({
      hasMacros: true,
      archive: { names: ["a.js", "C:\\a.js"] },
    });
  });

  it("has nothing to say of rich text without objects, or of a table of numbers in it", () => {
    for (const text of ["{\\rtf1 objdata is a word}", letter(object("Equation.3", "x"))])
      expect(look(text)).toMatchObject({ problem: undefined, archive: undefined });
  });

  it.each([
    ["a group between the digits", letter(`01{\\foo}05${PACKAGE.slice(4)}`)],
    ["raw bytes", letter(`\\bin4 abcd${PACKAGE}`)],
    ["a comment of control words", letter(`${PACKAGE.slice(0, 20)}\\par ${PACKAGE.slice(20)}`)],
    ["a header that is none", letter("0105000002000000ffffff7f41")],
    ["its end cut off", letter(PACKAGE).slice(0, -60)],
  ])("says that it cannot read an object with %s", (_, text) => {
    expect(look(text).problem).toBe("corrupt");
  });

  it("reads no more objects than sixty-four", () => {
    expect(look(letter(PACKAGE).repeat(65)).problem).toBe("partial");
  });

  it("never throws, whatever one byte of an object is", () => {
    const text = Buffer.from(letter(PACKAGE), "latin1");
    const start = text.indexOf("\\objdata ") + 9;
    for (let at = start; at < start + PACKAGE.length; at += 1) {
      const other = Buffer.from(text);
      other[at] = (other[at] ?? 0) ^ 0x01;
      expect(() => lookIntoFile(viewOf(other))).not.toThrow();
    }
  });
});
