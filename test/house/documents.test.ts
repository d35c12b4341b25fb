import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "./read-sources.ts";

const TOP = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];
const DOCS = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name}`);
const ALL = [...TOP, ...DOCS];

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** Links to files of the repository, without their anchors. */
function localLinks(path: string): readonly string[] {
  const targets = [...read(path).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
  return targets
    .filter((target) => !/^([a-z]+:|#)/i.test(target))
    .map((target) => target.replace(/#.*$/, ""));
}

describe("the documents", () => {
  it.each(ALL)("%s links only to files that exist", (path) => {
    const missing = localLinks(path).filter(
      (target) => !existsSync(join(ROOT, dirname(path), target)),
    );
    expect(missing).toEqual([]);
  });

  it("README keeps to one page and gives the two commands", () => {
    const readme = read("README.md");
    expect(readme.split("\n").length).toBeLessThanOrEqual(150);
    expect(readme).toContain("npm ci && npm start");
    expect(readme).toContain("npm ci && npm test");
  });

  it("README leads to every document in docs", () => {
    const linked = new Set(localLinks("README.md"));
    const pages = DOCS.filter((path) => !path.startsWith("docs/decisions/"));
    expect(pages.filter((path) => !linked.has(path))).toEqual([]);
  });

  it("ARCHITECTURE names every folder of src", () => {
    const text = read("ARCHITECTURE.md");
    const folders = readdirSync(join(ROOT, "src"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    expect(folders.filter((name) => !text.includes(`\`${name}/\``))).toEqual([]);
  });

  it("decisions are numbered without gaps", () => {
    const numbers = readdirSync(join(ROOT, "docs/decisions"))
      .filter((name) => name.endsWith(".md"))
      .toSorted()
      .map((name) => Number(name.slice(0, 3)));
    expect(numbers).toEqual(numbers.map((_, i) => i + 1));
  });
});
