import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { failed } from "../base/result.ts";
import { createFakeTerminal } from "./fake-terminal.test-data.ts";
import { runCli } from "./run-cli.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-fmt-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
}

async function fmt(...argv: readonly string[]) {
  const terminal = createFakeTerminal();
  const code = await runCli(argv, {
    terminal,
    version: "1",
    checkYaraRules: async () => [],
    judgeGiven: () => {
      throw new Error("not asked");
    },
    tryMessage: async () => failed("not asked"),
    startGateway: async () => failed([]),
    runDemo: async () => false,
  });
  return { code, out: terminal.out(), err: terminal.err() };
}

const UGLY = "version:  1\nrules:\n    - {id: a, then: block}   # why\n";
const NEAT = "version: 1\nrules:\n  - { id: a, then: block } # why\n";

describe("sluice fmt", () => {
  it.runIf(process.getuid?.() === 0)(
    "keeps owner, group and mode: the gateway's user reads on",
    async () => {
      const file = write("a.yaml", UGLY);
      chownSync(file, 4711, 4712);
      chmodSync(file, 0o640);
      expect(await fmt("fmt", file)).toMatchObject({ code: 0 });
      expect(readFileSync(file, "utf8")).toBe(NEAT);
      const { uid, gid, mode } = statSync(file);
      expect([uid, gid, mode & 0o777]).toEqual([4711, 4712, 0o640]);
    },
  );

  it("says which file could not be written, goes on with the others, and is no success", async () => {
    const stuck = write("a.yaml", UGLY);
    const other = write("b.yaml", UGLY);
    mkdirSync(join(folder, `.a.yaml.${process.pid}.new`));
    const { code, out, err } = await fmt("fmt", folder);
    expect([code, out]).toEqual([1, `${other}\n`]);
    expect(err).toContain(`sluice fmt: ${stuck} is as it was: EEXIST`);
    expect(readFileSync(stuck, "utf8")).toBe(UGLY);
  });

  it("formats a pack that is a link to a folder, as it is read", async () => {
    write("sluice.yaml", `listen: [ "udp://127.0.0.1:0" ]\nupstream: embedded\nrules: [ r ]\n`);
    const file = write("elsewhere/p.yaml", UGLY);
    write("r/packs/.keep", "");
    write("r/ok.yaml", NEAT);
    symlinkSync(join(folder, "elsewhere"), join(folder, "r/packs/p"));
    await fmt("--config", join(folder, "sluice.yaml"), "fmt");
    expect(readFileSync(file, "utf8")).toBe(NEAT);
  });

  it("writes what is not canonical and names it, once", async () => {
    const file = write("a.yaml", UGLY);
    const neat = write("b.yaml", NEAT);
    expect(await fmt("fmt", folder)).toEqual({ code: 0, out: `${file}\n`, err: "" });
    expect(readFileSync(file, "utf8")).toBe(NEAT);
    expect(readFileSync(neat, "utf8")).toBe(NEAT);
    expect(await fmt("fmt", folder)).toEqual({ code: 0, out: "", err: "" });
    expect(readdirSync(folder).toSorted()).toEqual(["a.yaml", "b.yaml"]);
  });

  it("with --check changes nothing and ends with 1", async () => {
    const file = write("a.yaml", UGLY);
    expect(await fmt("fmt", "--check", file)).toEqual({ code: 1, out: `${file}\n`, err: "" });
    expect(readFileSync(file, "utf8")).toBe(UGLY);
  });

  it("leaves what is not YAML alone, says where it is wrong, and formats the rest", async () => {
    const broken = write("a.yaml", "version: [1\n");
    const file = write("b.yaml", UGLY);
    const { code, err } = await fmt("fmt", folder);
    expect(code).toBe(1);
    expect(err).toContain(`${broken}:`);
    expect(readFileSync(broken, "utf8")).toBe("version: [1\n");
    expect(readFileSync(file, "utf8")).toBe(NEAT);
  });

  it("keeps the mode of a file and the link that leads to it", async () => {
    const target = write("kept/real.yaml", UGLY);
    chmodSync(target, 0o640);
    symlinkSync(target, join(folder, "link.yaml"));
    expect((await fmt("fmt", join(folder, "link.yaml"))).code).toBe(0);
    expect(lstatSync(join(folder, "link.yaml")).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, "utf8")).toBe(NEAT);
    expect(statSync(target).mode & 0o777).toBe(0o640);
  });

  it("without a path takes the rules of the configuration and their packs", async () => {
    const config = write(
      "sluice.yaml",
      `listen: [ "udp://127.0.0.1:0" ]\nupstream: embedded\nrules: [ rules/ ]\n`,
    );
    write("rules/10.yaml", UGLY);
    write("rules/packs/one/one.yaml", UGLY.replace("id: a", "id: b"));
    write("rules/lists/words.yaml", UGLY);
    const { code, out } = await fmt("--config", config, "fmt");
    expect(code).toBe(0);
    expect(out.trim().split("\n")).toEqual([
      join(folder, "rules/10.yaml"),
      join(folder, "rules/packs/one/one.yaml"),
    ]);
  });
});
