import { describe, expect, it } from "vitest";
import { ENCRYPTED_PDF } from "../../test/support/pdf-encrypted.ts";
import { pdfFile } from "../../test/support/pdf-file.ts";
import { zipFile } from "../../test/support/zip-file.ts";
import { viewOf } from "./byte-view.ts";
import { lookIntoFile, type FileLook } from "./look-into-file.ts";

function look(bytes: Buffer): FileLook {
  return lookIntoFile(viewOf(bytes));
}

const ATTACHMENTS = [
  { name: "фото.exe", data: "MZ" },
  { name: "notes.txt", data: "harmless words", apart: true },
];
const SCRIPT = "<< /S /JavaScript /JS (app.alert(1)) >>";

describe.each([
  ["in the open", false],
  ["in an object stream", true],
])("readPdf, of objects %s", (_, packed) => {
  it("names the files in it", () => {
    const found = look(pdfFile({ attachments: ATTACHMENTS, packed }));
    expect(found).toMatchObject({
      types: [{ type: "application/pdf", group: "document" }],
      hasMacros: false,
      problem: undefined,
      archive: { members: 2, depth: 1, encrypted: false },
    });
    expect(found.archive?.names.toSorted()).toEqual(["notes.txt", "фото.exe"]);
  });

  it.each([
    SCRIPT,
    "<< /S /J#61va#53cript /JS (app.alert(1)) >>",
    "<</S/JavaScript/JS 9 0 R>>",
    "<< /S /Launch /F (cmd.exe) >>",
    "<< /S % a comment >>\n /JavaScript /JS (x) >>",
  ])("sees what it runs: %s", (action) => {
    expect(look(pdfFile({ action, packed }))).toMatchObject({
      hasMacros: true,
      problem: undefined,
      archive: undefined,
    });
  });

  it("finds nothing in one that has nothing", () => {
    expect(look(pdfFile({ packed }))).toMatchObject({
      hasMacros: false,
      problem: undefined,
      archive: undefined,
    });
    const link = "<< /S /URI /URI (https://example.com/JavaScript) >>";
    expect(look(pdfFile({ action: link, packed })).hasMacros).toBe(false);
  });

  it("is behind a header of something else as well", () => {
    const bytes = Buffer.concat([Buffer.from("GIF89a"), pdfFile({ action: SCRIPT, packed })]);
    expect(look(bytes)).toMatchObject({
      hasMacros: true,
      types: [{ type: "image/gif" }, { type: "application/pdf" }],
    });
  });

  it("says that it is cut off", () => {
    const whole = pdfFile({ attachments: ATTACHMENTS, action: SCRIPT, packed });
    for (let length = 6; length < whole.length - 6; length += 1)
      expect([length, look(whole.subarray(0, length)).problem]).toEqual([length, "corrupt"]);
  });
});

describe("readPdf", () => {
  it.each([
    "/Filter /LZWDecode",
    "/Filter [/ASCIIHexDecode /FlateDecode]",
    "/Filter 7 0 R",
    "/Filter /FlateDecode /Filter /Crypt",
    "/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 4 >>",
    "/Filter /FlateDecode /DecodeParms 7 0 R",
    "/F#69lter /ASCII85Decode",
  ])("says that it does not unpack objects with %s", (filter) => {
    expect(look(pdfFile({ action: SCRIPT, packed: true, filter })).problem).toBe("unknown-format");
  });

  it("says that objects are broken", () => {
    const bytes = pdfFile({ action: SCRIPT, packed: true });
    const start = bytes.indexOf("stream\n", bytes.indexOf("/ObjStm")) + 7;
    expect(look(bytes.fill(0xff, start, start + 12)).problem).toBe("corrupt");
  });

  it("takes objects for such that do not say that they are", () => {
    const bytes = pdfFile({ action: SCRIPT, packed: true });
    bytes.write("/Other ", bytes.indexOf("/ObjStm"));
    expect(look(bytes).hasMacros).toBe(true);
  });

  it("unpacks no more objects than there is room for", () => {
    const many = Array.from({ length: 400 }, (_, i) => ({ name: `${i}.txt`, data: "" }));
    const limits = { depth: 8, members: 2000, unpackedBytes: 4000, nameBytes: 100_000 };
    const bytes = pdfFile({ attachments: many.slice(0, 13), packed: true });
    expect(lookIntoFile(viewOf(bytes), limits).problem).toBeUndefined();
    const small = { ...limits, unpackedBytes: 1000 };
    expect(lookIntoFile(viewOf(bytes), small).problem).toBe("partial");
    const few = { ...limits, members: 300 };
    expect(lookIntoFile(viewOf(pdfFile({ attachments: many })), few).problem).toBe("partial");
  });

  it("knows nothing of what is encrypted", () => {
    expect(look(ENCRYPTED_PDF).problem).toBe("encrypted");
    expect(look(pdfFile({ encrypted: true }))).toMatchObject({
      problem: "encrypted",
      hasMacros: undefined,
    });
    expect(look(pdfFile({ encrypted: true, action: SCRIPT })).hasMacros).toBe(true);
  });

  it("says that the name of a file in it cannot be found", () => {
    const bytes = pdfFile({ attachments: [{ name: "a.exe", data: "x", apart: true }] });
    bytes.write("99 0 obj", bytes.lastIndexOf("12 0 obj"));
    expect(look(bytes).problem).toBe("corrupt");
  });

  it("shows the members of a zip behind it too", () => {
    const zip = zipFile([{ name: "run.vbs", data: "x" }]);
    const found = look(Buffer.concat([pdfFile({ attachments: ATTACHMENTS }), zip]));
    expect(found.archive?.names).toEqual(expect.arrayContaining(["run.vbs", "фото.exe"]));
  });

  it("takes words about PDF for words", () => {
    const text = "A PDF begins with %PDF-1.7 and ends with %%EOF, says ISO 32000.\n";
    expect(look(Buffer.from(text)).problem).toBeUndefined();
  });
});
