import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { cabFile } from "../support/cab-file.ts";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { oleFile } from "../support/ole-file.ts";
import { ENCRYPTED_PDF } from "../support/pdf-encrypted.ts";
import { pdfFile } from "../support/pdf-file.ts";
import { freePortRange } from "../support/port-range.ts";
import { rar4File, rar5File } from "../support/rar-file.ts";
import { SEVEN_ZIP_FILES } from "../support/seven-zip-files.ts";
import { tarFile } from "../support/tar-file.ts";
import { officePackage, pe } from "../support/typed-samples.ts";
import { zipFile } from "../support/zip-file.ts";

let gateway: GatewayProcess;
let story: FileStory;

beforeAll(async () => {
  const { text } = await freePortRange(3);
  gateway = await GatewayProcess.start({ relay: { msnftp: { ports: text } } });
  story = await FileStory.begin({ gateway: gateway.at("tcp") });
  return async () => {
    await story[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
  };
});

/** BOF, FilePass, EOF ([MS-XLS]). */
const SEALED_SHEET = Buffer.from(
  "\x09\x08\x04\0\0\x06\x05\0\x2f\0\x02\0\x01\0\x0a\0\0\0",
  "latin1",
);
const PROGRAM = { name: "b/Setup.EXE", data: "MZ" };

/** The incident about a file of this name. */
async function incidentOf(name: string): Promise<unknown> {
  const incidents = await gateway.incidents();
  return incidents.find(({ file }) => (file as { name?: string } | null)?.name === name);
}

describe("a transferred file is judged by what it is", () => {
  it.each([
    [
      "a program called a picture",
      "photo.jpg",
      pe("exe"),
      "true-type-mismatch",
      "application/x-msdownload",
    ],
    [
      "a script called a text",
      "notes.txt",
      Buffer.from("@echo off\r\nstart calc.exe\r\n"),
      "true-type-mismatch",
      "application/x-bat",
    ],
    [
      "a zip with a program",
      "photos.zip",
      zipFile([{ name: "a.jpg", data: "x" }, PROGRAM]),
      "archive-hides-program",
      "application/zip",
    ],
    [
      "a zip in a zip",
      "nested.zip",
      zipFile([{ name: "in.dat", data: zipFile([PROGRAM]) }]),
      "archive-hides-program",
      "application/zip",
    ],
    [
      "a tar that is packed",
      "photos.tgz",
      gzipSync(tarFile([PROGRAM])),
      "archive-hides-program",
      "application/gzip",
    ],
    [
      "a 7z with a program",
      "photos.7z",
      SEVEN_ZIP_FILES.lzma,
      "archive-hides-program",
      "application/x-7z-compressed",
    ],
    [
      "a RAR with a program",
      "photos.rar",
      rar5File([PROGRAM]),
      "archive-hides-program",
      "application/vnd.rar",
    ],
    [
      "a cabinet with a program",
      "photos.cab",
      cabFile([PROGRAM], { method: "mszip" }),
      "archive-hides-program",
      "application/vnd.ms-cab-compressed",
    ],
    [
      "a PDF with a program",
      "paper.pdf",
      pdfFile({ attachments: [PROGRAM], packed: true }),
      "archive-hides-program",
      "application/pdf",
    ],
    [
      "an archive called a picture",
      "photo.png",
      zipFile([{ name: "a.txt", data: "x" }]),
      "true-type-mismatch",
      "application/zip",
    ],
  ])("%s is stopped before a byte arrives", async (_, name, bytes, rule, trueType) => {
    const agreed = await story.agree({ name, bytes }, { way: "direct" });
    const got = await agreed.receiver.result;
    expect(got.content).toHaveLength(0);
    expect(await incidentOf(name)).toMatchObject({ rule, file: { name, true_type: trueType } });
  });

  it.each([
    ["sealed.zip", zipFile([{ name: "a.txt", data: "x", encrypted: true }])],
    ["sealed.rar", rar5File([{ name: "a.txt", data: "x", encrypted: true }])],
    ["names.rar", rar4File([{ name: "a.txt", data: "x" }], { headersEncrypted: true })],
    ["names.7z", SEVEN_ZIP_FILES.names],
    ["sealed.pdf", ENCRYPTED_PDF],
    ["sealed.docx", oleFile([{ name: "EncryptedPackage", data: Buffer.from("x") }])],
    ["sealed.xls", oleFile([{ name: "Workbook", data: SEALED_SHEET }])],
  ])("what nobody can look into is not called clean: %s", async (name, bytes) => {
    const agreed = await story.agree({ name, bytes }, { way: "direct" });
    expect((await agreed.receiver.result).content).toHaveLength(0);
    const incident = await incidentOf(name);
    expect(incident).toMatchObject({ rule: "on_unscannable" });
    expect(JSON.stringify(incident)).toContain('"reason":"encrypted"');
  });

  it("a document under its own name is left to the scan", async () => {
    const agreed = await story.agree(
      { name: "letter.docx", bytes: officePackage("docx") },
      { way: "direct" },
    );
    await agreed.receiver.result;
    expect(await incidentOf("letter.docx")).toMatchObject({
      rule: "on_unscannable",
      file: { true_type: expect.stringContaining("wordprocessingml") as unknown },
    });
  });
});

describe("a file in a message is judged by what it is", () => {
  it("and the record says so", async () => {
    const body = [
      "--b",
      "Content-Type: image/jpeg",
      'Content-Disposition: attachment; filename="holiday.jpg"',
      "Content-Transfer-Encoding: base64",
      "",
      pe("exe").toString("base64"),
      "--b--",
      "",
    ].join("\r\n");
    const { client } = story.alice;
    const answer = await client.sends(story.bob.client.aor, Buffer.from(body), {
      contentType: "multipart/mixed; boundary=b",
    });
    expect(answer.status).toBe(606);
    expect(await incidentOf("holiday.jpg")).toMatchObject({
      rule: "true-type-mismatch",
      action: "quarantine",
      file: { name: "holiday.jpg", true_type: "application/x-msdownload" },
    });
  });
});
