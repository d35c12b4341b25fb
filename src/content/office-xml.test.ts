import { describe, expect, it } from "vitest";
import { zipFile } from "../../test/support/zip-file.ts";
import { viewOf } from "./byte-view.ts";
import { lookIntoFile } from "./look-into-file.ts";

const WORD = '<?xml version="1.0"?>\n<?mso-application progid="Word.Document"?>\n';
const FLAT = '<?xml version="1.0"?><office:document office:mimetype="x"><office:scripts>';
const MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";

function look(bytes: Buffer | string) {
  return lookIntoFile(viewOf(Buffer.from(bytes as string)));
}

function docx(contentTypes: string | Buffer, part = "word/x.bin"): Buffer {
  return zipFile([
    { name: "[Content_Types].xml", data: contentTypes },
    { name: "word/document.xml", data: "x" },
    { name: part, data: "x" },
  ]);
}

describe("macros in documents that are one XML", () => {
  it.each([
    ["Word 2003", `${WORD}<w:wordDocument><w:binData>QWN0aXZlTWltZQAAAf</w:binData>`, true],
    ["Word 2003 in UTF-16", Buffer.from(`\ufeff${WORD}<w:wordDocument>`, "utf16le"), false],
    ["a package", `${WORD}<pkg:package><pkg:part pkg:name="/word/vbaProject.bin">`, true],
    ["a package without", `${WORD}<pkg:package><pkg:part pkg:name="/word/document.xml">`, false],
    ["OpenDocument", `${FLAT}<office:script><ooo:source-code>Sub Main`, true],
    ["OpenDocument without", `${FLAT}</office:scripts><office:body>`, false],
  ])("are found in %s, whatever its name", (_, text, hasMacros) => {
    const found = look(text);
    expect(found.hasMacros).toBe(hasMacros);
    expect(found.types[0]?.group).toBe("office");
  });

  it("are found in a web archive of Office, and in no other mail", () => {
    const mail =
      "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\n\r\n";
    expect(look(`${mail}QWN0aXZlTWltZQAAAf`).hasMacros).toBe(true);
    expect(look(`${mail}QWN0aXZl`).hasMacros).toBe(false);
  });
});

describe("macros in packages", () => {
  const vba = "application/vnd.ms-office.vbaProject";
  it.each([
    [
      "a reference in the type",
      docx(`<Types><Override ContentType="${vba.replace("P", "&#80;")}"/>`),
    ],
    ["types in UTF-16", docx(Buffer.from(`\ufeff<Types ContentType="${vba}"/>`, "utf16le"))],
    [
      "a macro sheet of another name",
      docx('<Types ContentType="application/vnd.ms-excel.macrosheet+xml"/>'),
    ],
    [
      "a dot before the folder",
      zipFile([
        { name: "mimetype", data: "application/vnd.oasis.opendocument.text", stored: true },
        { name: "./Basic/Standard/m.xml", data: "x" },
      ]),
    ],
  ])("are found behind %s", (_, bytes) => {
    expect(look(bytes).hasMacros).toBe(true);
  });

  it("may stand behind what is read of the list of parts, which is then said", () => {
    const types = `<Types><Override ContentType="${MAIN}"/>`;
    expect(look(docx(types)).problem).toBeUndefined();
    expect(look(docx(types + " ".repeat(300_000))).problem).toBe("partial");
  });
});
