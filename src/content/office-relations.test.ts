import { describe, expect, it } from "vitest";
import { officePackage } from "../../test/support/typed-samples.ts";
import { zipFile } from "../../test/support/zip-file.ts";
import { viewOf } from "./byte-view.ts";
import { lookIntoFile } from "./look-into-file.ts";

const TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/** A document with one relationship. */
function document(type: string, target: string, mode = "External"): Buffer {
  const relation = `<Relationship Id="r1" Type="${TYPES}/${type}" Target="${target}" TargetMode="${mode}"/>`;
  const data = `<?xml version="1.0"?><Relationships>${relation}</Relationships>`;
  return officePackage("docx", [{ name: "word/_rels/settings.xml.rels", data }]);
}

function hasMacros(bytes: Buffer): boolean | undefined {
  return lookIntoFile(viewOf(bytes)).hasMacros;
}

describe("runsFromElsewhere", () => {
  it.each([
    ["attachedTemplate", "https://evil.example/a.dotm"],
    ["attachedTemplate", "&#104;ttp://evil.example/a.dotm"],
    ["attachedTemplate", "file://evil.example/share/a.dotm"],
    ["attachedTemplate", "file:///\\\\evil.example\\share\\a.dotm"],
    ["oleObject", "mhtml:https://evil.example/x!x-usc:https://evil.example/x"],
    ["frame", "\\\\evil.example\\share\\a"],
  ])("counts %s at %s as a macro, in an archive as well", (type, target) => {
    expect(hasMacros(document(type, target))).toBe(true);
    expect(hasMacros(zipFile([{ name: "a", data: document(type, target) }]))).toBe(true);
  });

  it.each([
    ["hyperlink", "https://good.example/"],
    ["image", "https://good.example/a.png"],
    ["attachedTemplate", "file:///C:\\Users\\a\\Normal.dotm"],
  ])("leaves %s at %s alone", (type, target) => {
    expect(hasMacros(document(type, target))).toBe(false);
  });

  it("goes by what is external", () => {
    expect(hasMacros(document("oleObject", "embeddings/oleObject1.bin", "Internal"))).toBe(false);
  });
});
