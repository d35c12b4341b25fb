import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "./read-sources.ts";

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly license?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
}

interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
}

const LOCK_TEXT = readFileSync(join(ROOT, "package-lock.json"), "utf8");
const LOCKED = Object.entries((JSON.parse(LOCK_TEXT) as Lock).packages).filter(
  ([path]) => path !== "",
);
const MANIFEST = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Manifest;

/** Licences that ask for no more than their text to be kept. */
const LICENCES = new Set(["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "0BSD"]);

describe("package-lock.json", () => {
  it("names no address to download from", () => {
    expect(LOCKED.filter(([, locked]) => locked.resolved !== undefined)).toEqual([]);
    expect(LOCK_TEXT).not.toMatch(/https?:\/\/[^"]*\.tgz/);
  });

  it("holds a checksum for every package", () => {
    const without = LOCKED.filter(([, locked]) => locked.integrity === undefined);
    expect(without.map(([path]) => path)).toEqual([]);
  });

  it("lets node alone run an install script", () => {
    const scripted = LOCKED.filter(([, locked]) => locked.hasInstallScript === true);
    const names = scripted.map(([path]) => path.replace(/^.*node_modules\//, ""));
    // fsevents is for another operating system and optional; npm never installs it where it would build.
    expect(names.filter((name) => name !== "fsevents")).toEqual(["node"]);
    expect(MANIFEST.allowScripts).toEqual({ node: true });
  });

  it("ships packages under permissive licences only", () => {
    const shipped = LOCKED.filter(([, locked]) => locked.dev !== true);
    const others = shipped.filter(([, locked]) => !LICENCES.has(locked.license ?? "none given"));
    expect(others.map(([path, locked]) => `${path}: ${locked.license}`)).toEqual([]);
  });
});

describe("package.json", () => {
  it("pins every package to one version", () => {
    const all = Object.entries({ ...MANIFEST.dependencies, ...MANIFEST.devDependencies });
    // The types follow the runtime's major version, whichever patch that is.
    const loose = all.filter(([name, range]) => name !== "@types/node" && !/^\d/.test(range));
    expect(loose).toEqual([]);
  });

  it("has the two commands of the README", () => {
    expect(MANIFEST.scripts["start"]).toBe("node src/main.ts");
    expect(MANIFEST.scripts["test"]).toBe("node scripts/test.ts");
    expect(MANIFEST.bin["sluice"]).toBe("bin/sluice.js");
  });
});
