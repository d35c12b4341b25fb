import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What is published: bin, dist, rules and package.json, without the sources. */
let installed = "";

beforeEach(() => {
  installed = mkdtempSync(join(tmpdir(), "sluice-package-"));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const build = ["-p", join(ROOT, "tsconfig.build.json"), "--outDir", join(installed, "dist")];
  execFileSync(process.execPath, [tsc, ...build]);
  for (const part of ["bin", "rules", "package.json"]) {
    cpSync(join(ROOT, part), join(installed, part), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(installed, "node_modules"));
});

afterEach(() => rmSync(installed, { recursive: true, force: true }));

describe("the built package", () => {
  it("starts with its workers, compiles the YARA rules, says that it is ready, and ends when it is told to", async () => {
    const config = join(installed, "sluice.yaml");
    writeFileSync(
      config,
      'listen: ["udp://127.0.0.1:0", "tcp://127.0.0.1:0"]\nupstream: embedded\nrules: [rules/]\nscan: { engines: [ { type: builtin }, { type: yara } ] }\n',
    );
    const program = join(installed, "bin/sluice.js");
    const gateway = spawn(process.execPath, [program, "run", "--config", config], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const heard = { out: "", err: "" };
    gateway.stdout.on("data", (chunk: Buffer) => {
      heard.out += chunk.toString();
      if (heard.out.includes("sluice ready")) gateway.kill("SIGTERM");
    });
    gateway.stderr.on("data", (chunk: Buffer) => (heard.err += chunk.toString()));
    const [code] = (await once(gateway, "close")) as [number | null];
    expect(heard.out).toMatch(/^sluice ready: udp:\/\/127\.0\.0\.1:\d+ tcp:/);
    expect({ code, errors: heard.err.includes('"level":50') }).toEqual({ code: 0, errors: false });
  });
});
