import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load-config.ts";
import { ROOT } from "./read-sources.ts";

const DEPLOY = join(ROOT, "deploy");
const read = (...path: readonly string[]): string => readFileSync(join(DEPLOY, ...path), "utf8");

describe("the examples in deploy", () => {
  it.each(readdirSync(join(DEPLOY, "gateway")))("gateway/%s is a good configuration", (name) => {
    const loaded = loadConfig(join(DEPLOY, "gateway", name));
    expect(loaded.ok ? [] : loaded.problem).toEqual([]);
  });

  it("takes thirteen lines of a Kamailio that has the gateway beside it", () => {
    const text = read("kamailio", "kamailio-beside.cfg").replaceAll(
      /#!ifdef WITH_FAIL_OPEN\n.*?#!endif\n/gs,
      "",
    );
    const route = /^route\[SLUICE\] \{\n.*?^\}\n/ms.exec(text)?.[0] ?? "";
    const isCode = (line: string): boolean => line.trim() !== "" && !/^\s*#/.test(line);
    const own = route.split("\n").filter(isCode);
    const calls = text
      .replace(route, "")
      .split("\n")
      .filter((line) => /^[^#]+# sluice/.test(line));
    expect(calls).toHaveLength(5);
    expect(own.length + calls.length).toBeLessThanOrEqual(13);
  });

  it("leads from its first page to every other file, and says of the others that they were not run", () => {
    const first = read("README.md");
    const folders = readdirSync(DEPLOY, { withFileTypes: true }).filter((one) => one.isDirectory());
    for (const { name } of folders) expect(first).toContain(`(${name}/`);
    for (const server of ["opensips", "asterisk", "freeswitch", "lcs"]) {
      expect(read(server, "README.md")).toContain("**Not run.**");
    }
  });
});
