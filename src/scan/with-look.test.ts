import { describe, expect, it } from "vitest";
import { pdfFile } from "../../test/support/pdf-file.ts";
import { tarFile } from "../../test/support/tar-file.ts";
import { officePackage, pe } from "../../test/support/typed-samples.ts";
import { zipFile } from "../../test/support/zip-file.ts";
import { ok } from "../base/result.ts";
import { viewOf } from "../content/byte-view.ts";
import { EICAR } from "../content/eicar.ts";
import { lookIntoFile } from "../content/look-into-file.ts";
import { combineResults, type EngineAnswer } from "./combine-results.ts";
import { scanBuiltin } from "./builtin-engine.ts";
import { scanOffline } from "./scan-offline.ts";
import { withLook } from "./with-look.ts";

const PICTURE = Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "latin1");
const UNKNOWN = "unscannable unknown-format";
const TEXT = { name: "notes.txt", data: "harmless words" };

function said(bytes: Buffer): string {
  const { verdict } = scanOffline(bytes);
  if (verdict.kind === "unscannable") return `unscannable ${verdict.reason}`;
  return "threat" in verdict ? `${verdict.kind} ${verdict.threat}` : verdict.kind;
}

/** The same where another engine, which must answer, looks into archives and calls this one clean. */
function besideAnother(bytes: Buffer): string {
  const clean = { kind: "clean", engine: "other", ms: 0 } as const;
  const builtin = scanBuiltin(bytes, () => 0);
  const left = builtin.kind === "unscannable" ? { ...clean, engine: "builtin" } : builtin;
  const answers: EngineAnswer[] = [left, clean].map((result) => ({ required: true, result }));
  return combineResults(withLook(answers, ok(lookIntoFile(viewOf(bytes))))).kind;
}

describe("withLook", () => {
  it.each<[string, Buffer, string]>([
    ["texts and pictures", zipFile([TEXT, { name: "a.png", data: PICTURE }]), "clean"],
    ["archives of them", zipFile([{ name: "a", data: tarFile([TEXT]) }, TEXT]), "clean"],
    ["nothing", zipFile([]), "clean"],
    [
      "the EICAR test file, deep inside",
      tarFile([{ name: "a", data: zipFile([{ name: "b.txt", data: `x${EICAR.toString()}` }]) }]),
      "infected Eicar-Test-Signature",
    ],
    [
      "a program under another name",
      zipFile([{ name: "photo.jpg", data: pe("exe") }]),
      "suspicious Heuristics.Program application/x-msdownload",
    ],
    ["a document", zipFile([{ name: "a.docx", data: officePackage("docx") }]), UNKNOWN],
    ["a PDF", zipFile([{ name: "a.txt", data: pdfFile() }]), UNKNOWN],
    [
      "a script without a mark",
      zipFile([{ name: "a.bat", data: "@echo off\r\nstart x\r\n" }]),
      "suspicious Heuristics.Program text/x-script",
    ],
    ["what nobody recognises", zipFile([{ name: "a", data: Buffer.alloc(40, 1) }]), UNKNOWN],
    [
      "a picture that hides an archive",
      zipFile([{ name: "a.png", data: Buffer.concat([PICTURE, zipFile([TEXT])]) }]),
      "unscannable corrupt",
    ],
    [
      "an encrypted member",
      zipFile([TEXT, { ...TEXT, name: "b", encrypted: true }]),
      "unscannable encrypted",
    ],
    ["a comment in which anything may stand", zipFile([TEXT], "comment"), UNKNOWN],
  ])("says of an archive of %s what its members are", (_, bytes, expected) => {
    expect(said(bytes)).toBe(expected);
  });

  it("leaves what programs are in an archive to an engine that looks into it, but no EICAR", () => {
    expect(besideAnother(zipFile([{ name: "a.exe", data: pe("exe") }]))).toBe("clean");
    expect(besideAnother(zipFile([{ name: "a.exe", data: EICAR }]))).toBe("infected");
    expect(besideAnother(zipFile([{ name: "a", data: "x", encrypted: true }]))).toBe("unscannable");
  });

  it("is no answer when the look failed, whatever the engines say", () => {
    const clean = { kind: "clean", engine: "clamd", ms: 0 } as const;
    const answers = [{ required: true, result: clean }];
    const failed = withLook(answers, { ok: false, problem: "timeout" });
    expect(combineResults(failed)).toMatchObject({
      kind: "error",
      engine: "look",
      reason: "timeout",
    });
    expect(combineResults(failed, "first_available").kind).toBe("error");
    const infected = { kind: "infected", threat: "x", engine: "clamd", ms: 0 } as const;
    const found = withLook([{ required: true, result: infected }], { ok: false, problem: "down" });
    expect(combineResults(found).kind).toBe("infected");
  });
});
