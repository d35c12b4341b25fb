import { describe, expect, it } from "vitest";
import { normalizeFileName } from "./file-name.ts";
import type { TrueType } from "./true-type.ts";
import { isTypeMismatch } from "./type-mismatch.ts";

const PE: TrueType = { type: "application/x-msdownload", group: "executable" };
const HTML: TrueType = { type: "text/html", group: "script" };
const JS: TrueType = { type: "text/javascript", group: "script" };
const ZIP: TrueType = { type: "application/zip", group: "archive" };
const PDF: TrueType = { type: "application/pdf", group: "document" };
const DOCX: TrueType = { type: "application/vnd.openxmlformats-officedocument", group: "office" };
const TEXT: TrueType = { type: "text/plain", group: "text" };
const JPEG: TrueType = { type: "image/jpeg", group: "image" };
const MP4: TrueType = { type: "video/mp4", group: "video" };

describe("isTypeMismatch", () => {
  it.each<[string, string | undefined, TrueType, boolean]>([
    ["a.jpg", undefined, PE, true],
    ["a.exe", undefined, PE, false],
    ["a.jpg", undefined, JPEG, false],
    ["a.png", undefined, JPEG, false],
    ["a.txt", undefined, JPEG, true],
    ["setup", undefined, PE, true],
    ["setup", "application/octet-stream", PE, true],
    ["setup", "image/png", PE, true],
    ["setup.unknown", undefined, PE, true],
    ["data.unknown", undefined, ZIP, false],
    ["data", "application/octet-stream", JPEG, false],
    ["photo", "image/png", JPEG, false],
    ["photo", "image/png", PDF, true],
    ["a.docx", undefined, DOCX, false],
    ["a.docx", undefined, ZIP, true],
    ["a.zip", undefined, ZIP, false],
    ["a.zip", undefined, PE, true],
    ["a.jar", undefined, ZIP, false],
    ["report.html", undefined, HTML, false],
    ["report.htm", undefined, HTML, false],
    ["report.txt", undefined, HTML, true],
    ["mail.eml", undefined, HTML, false],
    ["app.ts", undefined, JS, false],
    ["README.md", undefined, JS, false],
    ["app.ts", undefined, PE, true],
    ["a.json", undefined, TEXT, false],
    ["a.html", undefined, TEXT, false],
    ["drawing.ai", undefined, PDF, false],
    ["sound.m4a", undefined, MP4, false],
    ["a.bat", undefined, JS, false],
    ["a.jpg.", undefined, PE, true],
    ["a.jpg::$DATA", undefined, JPEG, false],
  ])("of %s, declared as %s, with %o: %s", (name, declared, type, mismatch) => {
    expect(isTypeMismatch(normalizeFileName(name), declared, [type])).toBe(mismatch);
  });

  it("is unknown of what was not recognised, and sees the second type of a polyglot", () => {
    expect(isTypeMismatch(normalizeFileName("a.jpg"), undefined, [])).toBeUndefined();
    expect(isTypeMismatch(normalizeFileName("a.jpg"), undefined, [JPEG, ZIP])).toBe(true);
  });
});
