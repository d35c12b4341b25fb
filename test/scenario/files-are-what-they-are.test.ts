import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { freePortRange } from "../support/port-range.ts";
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

  it("what nobody can look into is not called clean", async () => {
    const bytes = zipFile([{ name: "a.txt", data: "x", encrypted: true }]);
    const agreed = await story.agree({ name: "sealed.zip", bytes }, { way: "direct" });
    expect((await agreed.receiver.result).content).toHaveLength(0);
    const incident = await incidentOf("sealed.zip");
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
