import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openEventLogFile } from "./event-log-file.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-log-"));
  path = join(folder, "events.ndjson");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("openEventLogFile", () => {
  it("goes on in the new file after a rotation", () => {
    const file = openEventLogFile(path);
    file.append("one\n");
    renameSync(path, `${path}.1`);
    file.append("two\n");
    file.reopen();
    file.append("three\n");
    file.close();
    expect(readFileSync(`${path}.1`, "utf8")).toBe("one\ntwo\n");
    expect(readFileSync(path, "utf8")).toBe("three\n");
  });

  it("cuts off half a line that a power cut left", () => {
    writeFileSync(path, '{"ts":"a"}\n{"ts":"20ä');
    openEventLogFile(path).close();
    expect(readFileSync(path, "utf8")).toBe('{"ts":"a"}\n');
  });

  it("ends a line that is not ours instead of cutting it off", () => {
    writeFileSync(path, "somebody's notes");
    openEventLogFile(path).close();
    expect(readFileSync(path, "utf8")).toBe("somebody's notes\n");
  });
});
