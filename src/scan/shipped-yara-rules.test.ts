import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { systemClock } from "../base/clock.ts";
import { ok } from "../base/result.ts";
import { checkYara } from "./check-yara.ts";
import { createMemorySource } from "./memory-source.ts";
import { createYaraEngine } from "./yara-engine.ts";

const sources = [
  {
    file: "10-sluice.yar",
    text: readFileSync(new URL("../../rules/yara/10-sluice.yar", import.meta.url), "utf8"),
  },
];

const engine = createYaraEngine(
  { clock: systemClock, readRules: () => ok(sources) },
  { required: true, leaveContainers: true },
);

afterAll(async () => engine[Symbol.asyncDispose]());

/** A DOS header, and a PE header for x86 with no sections behind it. */
function program(...texts: readonly string[]): Buffer {
  const head = Buffer.alloc(512);
  head.write("MZ", 0, "latin1");
  head.writeUInt32LE(0x80, 0x3c);
  head.write("PE\0\0", 0x80, "latin1");
  head.writeUInt16LE(0x14c, 0x84);
  head.writeUInt16LE(0xe0, 0x94);
  head.writeUInt16LE(0x10b, 0x98);
  return Buffer.concat([head, ...texts.map((text) => Buffer.from(text, "utf16le"))]);
}

const DOS = "This program cannot be run in DOS mode";
const LNK = Buffer.from("4c0000000114020000000000c000000000000046", "hex");

describe("the shipped YARA rules", () => {
  it("compile without a warning", async () => {
    expect(await checkYara({ clock: systemClock }, sources)).toEqual(ok([]));
  });

  it.each([
    ["Program_Named_As_Document", program("Invoice.PDF.exe")],
    ["Program_In_Picture", Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.from(DOS)])],
    [
      "Shortcut_Runs_Script_Host",
      Buffer.concat([LNK, Buffer.from("C:\\Windows\\PowerShell.exe -enc AA", "utf16le")]),
    ],
    [
      "Html_Unpacks_A_Download",
      Buffer.from(
        "<html><script>a.href = URL.createObjectURL(new Blob([atob(x)])); a.download = 'x.iso'</script>",
      ),
    ],
  ])("find %s", async (threat, bytes) => {
    const result = await engine.scan(createMemorySource(bytes), new AbortController().signal);
    expect(result).toMatchObject({ kind: "suspicious", threat });
  });

  it.each([
    ["a program with a name of its own", program("setup.exe", DOS)],
    ["a text that speaks of one", Buffer.from("do not open invoice.pdf.exe")],
    ["a picture", Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(1000, 7)])],
    ["a shortcut to a document", Buffer.concat([LNK, Buffer.from("C:\\a.docx", "utf16le")])],
    ["a page with a script", Buffer.from("<html><script>alert(atob('aGk='))</script>")],
  ])("leave alone %s", async (_, bytes) => {
    const result = await engine.scan(createMemorySource(bytes), new AbortController().signal);
    expect(result.kind).toBe("clean");
  });
});
