import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runSluice } from "../support/cli.ts";
import { writeConfig } from "../support/write-config.ts";

const WORDS = "words that somebody knows to be bad";

const BETWEEN = ["--from", "sip:alice@example.test", "--to", "sip:bob@example.test"];

describe("a list of hashes that sha256sum wrote", () => {
  let dir: string;
  let config: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "sluice-test-"));
    await writeFile(join(dir, "words.txt"), WORDS);
    const hash = createHash("sha256").update(WORDS).digest("hex");
    await writeFile(join(dir, "bad.sha256"), `${hash}  words.txt\n`);
    config = await writeConfig(dir, { scan: { hashes: ["bad.sha256"] } });
  });

  afterAll(async () => rm(dir, { recursive: true, force: true }));

  it("passes the check, and stops its file in a trial", async () => {
    expect((await runSluice(["check", "--config", config])).code).toBe(0);
    const file = join(dir, "words.txt");
    const tried = await runSluice([
      "try",
      ...BETWEEN,
      "--file",
      file,
      "--json",
      "--config",
      config,
    ]);
    expect(JSON.parse(tried.stdout)).toMatchObject({ action: "quarantine" });
  });
});
