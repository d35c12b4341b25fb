import { describe, expect, it } from "vitest";
import { officePackage, pe } from "../../test/support/typed-samples.ts";
import { zipFile } from "../../test/support/zip-file.ts";
import { oleFile } from "../../test/support/ole-file.ts";
import { viewOf } from "./byte-view.ts";
import { lookIntoFile } from "./look-into-file.ts";

const JPEG = "\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0";
const ZIP = zipFile([{ name: "setup.exe", data: "MZ" }]);

function typesOf(bytes: Buffer | string): readonly string[] {
  return lookIntoFile(
    viewOf(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes),
  ).types.map(({ type }) => type);
}

function latin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

describe("lookIntoFile", () => {
  it.each<[string, Buffer | string, readonly string[]]>([
    [
      "a picture with a zip behind it",
      Buffer.concat([latin1(JPEG), ZIP]),
      ["image/jpeg", "application/zip"],
    ],
    [
      "a picture with a RAR in it",
      `${JPEG}${"\0".repeat(90)}Rar!\x1a\x07\0`,
      ["image/jpeg", "application/vnd.rar"],
    ],
    [
      "a picture with PHP in its comment",
      `GIF89a\x01\0\x01\0\x80\0\0<?php system(1); ?>`,
      ["image/gif", "text/x-php"],
    ],
    [
      "a picture that is a script",
      "GIF89a=1;\nvar x = eval('1');\nfunction f(y) { return y; }\n",
      ["text/javascript", "image/gif"],
    ],
    [
      "a tune that is a picture",
      `ID3\x03\0\0\0\0\0\x0a${"\0".repeat(10)}${JPEG}`,
      ["audio/mpeg", "image/jpeg"],
    ],
    [
      "a picture that is a tune",
      `${JPEG}\xff\xfe\0\x20ID3\x03\0\0\0\0\0\x0a${"\0".repeat(40)}`,
      ["image/jpeg", "audio/mpeg"],
    ],
    ["a PDF behind a header of its own", `${JPEG}%PDF-1.4\n`, ["image/jpeg", "application/pdf"]],
    [
      "a PDF and a zip",
      Buffer.concat([latin1("%PDF-1.7\n%%EOF\n"), ZIP]),
      ["application/pdf", "application/zip"],
    ],
    [
      "a program that unpacks itself",
      Buffer.concat([pe("exe"), ZIP]),
      ["application/x-msdownload", "application/zip"],
    ],
    [
      "a program in a picture",
      Buffer.concat([latin1(JPEG), pe("exe")]),
      ["image/jpeg", "application/x-msdownload"],
    ],
  ])("names both types of %s", (_, bytes, types) => {
    expect(typesOf(bytes)).toEqual(types);
  });

  it.each<[string, Buffer | string]>([
    ["an encrypted PDF", "%PDF-1.7\ntrailer\n<< /Root 1 0 R /Encrypt 5 0 R >>\n%%EOF\n"],
    [
      "an encrypted document of today",
      oleFile([
        { name: "EncryptedPackage", data: latin1("x") },
        { name: "EncryptionInfo", data: latin1("x") },
      ]),
    ],
    [
      "an encrypted document of Word",
      oleFile([{ name: "WordDocument", data: latin1("\xec\xa5\xc1\0\0\0\0\0\0\0\0\x01") }]),
    ],
    [
      "an encrypted workbook",
      oleFile([
        {
          name: "Workbook",
          data: latin1("\x09\x08\x04\0\0\x06\x05\0\x2f\0\x02\0\x01\0\x0a\0\0\0"),
        },
      ]),
    ],
    [
      "an encrypted presentation",
      oleFile([
        { name: "PowerPoint Document", data: latin1("x") },
        { name: "EncryptedSummary", data: latin1("x") },
      ]),
    ],
    ["an encrypted zip", zipFile([{ name: "a.txt", data: "a", encrypted: true }])],
  ])("says that %s cannot be looked into", (_, bytes) => {
    const buffer = typeof bytes === "string" ? latin1(bytes) : bytes;
    expect(lookIntoFile(viewOf(buffer)).problem).toBe("encrypted");
  });

  it("knows nothing of the macros of what is encrypted", () => {
    const sealed = oleFile([{ name: "EncryptedPackage", data: latin1("x") }]);
    expect(lookIntoFile(viewOf(sealed)).hasMacros).toBeUndefined();
  });

  it("names the files that are packed into an old document", () => {
    const native = latin1("\x20\0\0\0\x02\0photo.jpg\0C:\\tmp\\evil.exe\0\0\0\x03\0");
    const document = oleFile([
      { name: "WordDocument", data: Buffer.alloc(20) },
      { name: "\u0001Ole10Native", data: native },
    ]);
    expect(lookIntoFile(viewOf(document)).archive?.names).toEqual([
      "photo.jpg",
      "C:\\tmp\\evil.exe",
    ]);
  });

  it("names the files that are packed into a document of today", () => {
    const native = latin1("\x20\0\0\0\x02\0photo.jpg\0C:\\tmp\\evil.exe\0\0\0\x03\0");
    const object = oleFile([{ name: "\u0001Ole10Native", data: native }]);
    const document = officePackage("docx", [
      { name: "word/embeddings/oleObject1.bin", data: object },
      { name: "word/embeddings/table.xlsx", data: "x" },
    ]);
    const look = lookIntoFile(viewOf(document));
    expect(look.archive?.names).toEqual([
      "photo.jpg",
      "C:\\tmp\\evil.exe",
      "word/embeddings/table.xlsx",
    ]);
    expect(look.types[0]?.group).toBe("office");
    expect(lookIntoFile(viewOf(officePackage("docx"))).archive).toBeUndefined();
    const packed = zipFile([{ name: "letter.docx", data: document }]);
    expect(lookIntoFile(viewOf(packed)).archive?.names).toContain("C:\\tmp\\evil.exe");
  });

  it("has an end when the chains of a compound file are circles", () => {
    const bytes = oleFile([{ name: "WordDocument", data: Buffer.alloc(6000) }]);
    // the table: every sector is followed by the first of the directory
    for (let at = 512; at < 1024; at += 4) bytes.writeUInt32LE(1, at);
    expect(lookIntoFile(viewOf(bytes)).types.map(({ group }) => group)).toEqual(["office"]);
  });

  it("makes no program of words", () => {
    expect(typesOf("MZ is a railway company.\n")).toEqual(["text/plain"]);
    expect(typesOf("BM stands for bitmap.\n")).toEqual(["text/plain"]);
    expect(typesOf("PK is a brewery.\n")).toEqual(["text/plain"]);
  });
});
