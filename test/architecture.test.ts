import { existsSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { describe, expect, it } from "vitest";
import {
  CLOCK_FILES,
  CODE_LINES_PER_FILE,
  NODE_IO,
  ROOMS,
  type Room,
} from "./house/import-table.ts";
import {
  blankComments,
  countCodeLines,
  findImports,
  readSources,
  ROOT,
  type ImportEdge,
  type SourceFile,
} from "./house/read-sources.ts";

const SOURCES = readSources("src");
/** Tests beside the code may import what they like. */
const PROGRAM = SOURCES.filter((file) => !file.isTest);

/** "proxy" of src/proxy/via.ts, "wire/sip" of src/wire/sip/uri.ts, "gateway" of src/gateway.ts. */
function roomOf(path: string): string {
  const parts = path.split("/").slice(1);
  if (parts.length === 1) return (parts[0] ?? "").replace(/(-.*)?\.ts$/, "");
  return parts[0] === "wire" ? `wire/${parts[1] ?? ""}` : (parts[0] ?? "");
}

function targetOf(file: SourceFile, edge: ImportEdge): string {
  return posix.join(dirname(file.path), edge.specifier);
}

function room(name: string): Room | undefined {
  return Object.hasOwn(ROOMS, name) ? ROOMS[name] : undefined;
}

/** What is wrong with one import; undefined when the table has it. */
function breach(file: SourceFile, edge: ImportEdge): string | undefined {
  const from = roomOf(file.path);
  const rules = room(from);
  if (rules === undefined) return `${file.path}: no such room in the import table: ${from}`;
  const complaint = `${file.path}: ${from} must not import ${edge.specifier}`;
  if (edge.specifier.startsWith(".")) {
    const target = targetOf(file, edge);
    // The version that `sluice --version` prints.
    if (target === "package.json" && from === "main") return undefined;
    if (!target.startsWith("src/")) return complaint;
    const to = roomOf(target);
    if (to === from || (rules.may.includes("*") && to !== "cli")) return undefined;
    if (rules.may.includes(to)) return undefined;
    if (rules.may.includes(`${to}(types)`)) {
      return edge.typeOnly ? undefined : `${complaint} but for its types`;
    }
    return complaint;
  }
  if (edge.specifier.startsWith("node:")) {
    return !rules.io && NODE_IO.includes(edge.specifier.slice(5)) ? complaint : undefined;
  }
  const name = edge.specifier.split("/").slice(0, edge.specifier.startsWith("@") ? 2 : 1);
  return rules.packages.includes(name.join("/")) ? undefined : complaint;
}

/** Rooms that reach each other in a circle by imports that are left when the program runs. */
function roomCycles(files: readonly SourceFile[]): readonly string[] {
  const graph = new Map<string, Set<string>>();
  for (const file of files) {
    const from = roomOf(file.path);
    const targets = graph.get(from) ?? new Set<string>();
    graph.set(from, targets);
    for (const edge of file.imports) {
      if (!edge.specifier.startsWith(".") || edge.typeOnly) continue;
      const to = roomOf(targetOf(file, edge));
      if (to !== from) targets.add(to);
    }
  }
  const cycles: string[] = [];
  const visit = (name: string, trail: readonly string[]): void => {
    const seenAt = trail.indexOf(name);
    if (seenAt >= 0) {
      cycles.push([...trail.slice(seenAt), name].join(" → "));
      return;
    }
    for (const next of graph.get(name) ?? []) visit(next, [...trail, name]);
  };
  for (const name of graph.keys()) visit(name, []);
  return [...new Set(cycles)];
}

function linesWith(file: SourceFile, pattern: RegExp): readonly string[] {
  return file.code
    .split("\n")
    .flatMap((line, i) => (pattern.test(line) ? [`${file.path}:${i + 1}: ${line.trim()}`] : []));
}

describe("the import table", () => {
  it("covers every import of src, types too", () => {
    const breaches = PROGRAM.flatMap((file) =>
      file.imports.map((edge) => breach(file, edge)).filter((found) => found !== undefined),
    );
    expect(breaches).toEqual([]);
  });

  it("knows every folder of src", () => {
    const unknown = new Set(PROGRAM.map((file) => roomOf(file.path)).filter((name) => !room(name)));
    expect([...unknown]).toEqual([]);
  });

  it("names no room that the table does not define", () => {
    const targets = Object.values(ROOMS).flatMap((rules) => rules.may);
    const names = targets.map((target) => target.replace("(types)", ""));
    expect(names.filter((name) => name !== "*" && !room(name))).toEqual([]);
  });

  it("has no circle between rooms", () => {
    expect(roomCycles(PROGRAM)).toEqual([]);
  });

  it("finds every form of import", () => {
    const code = blankComments(
      [
        'import { a, type B } from "./both.ts";',
        'import { type C, type D } from "./types-only.ts";',
        'import type { E } from "./type.ts";',
        'export { F } from "./again.ts"; // import { x } from "./comment.ts";',
        'import "./effect.ts";',
        'const later = await import("./later.ts");',
        'new Worker(new URL("./worker.ts", import.meta.url));',
        'const text = "/* not a comment */";',
      ].join("\n"),
    );
    expect(findImports(code)).toEqual([
      { specifier: "./both.ts", typeOnly: false },
      { specifier: "./types-only.ts", typeOnly: true },
      { specifier: "./type.ts", typeOnly: true },
      { specifier: "./again.ts", typeOnly: false },
      { specifier: "./effect.ts", typeOnly: false },
      { specifier: "./later.ts", typeOnly: false },
      { specifier: "./worker.ts", typeOnly: false },
    ]);
  });

  it("would notice a forbidden import", () => {
    const planted = (path: string, code: string): readonly (string | undefined)[] => {
      const file = { path, text: code, code, imports: findImports(code), isTest: false };
      return file.imports.map((edge) => breach(file, edge));
    };
    const proxyReadsPolicy = 'import type { Policy } from "../policy/policy.ts";';
    expect(planted("src/proxy/x.ts", proxyReadsPolicy)[0]).toContain("must not import");
    expect(planted("src/inspect/x.ts", 'import fs from "node:fs";')[0]).toContain(
      "must not import",
    );
    expect(planted("src/wire/sip/x.ts", 'import pino from "pino";')[0]).toContain(
      "must not import",
    );
    const valueOfPolicy = 'import { decide } from "../policy/decide.ts";';
    expect(planted("src/enforce/x.ts", valueOfPolicy)[0]).toContain("but for its types");
    expect(planted("src/nowhere/x.ts", 'import "../base/x.ts";')[0]).toContain("no such room");
  });
});

describe("the habits of the house", () => {
  it("reads the time and waits in one file only", () => {
    const clocks =
      /\b(setTimeout|setInterval|Date\.now|performance\.now|process\.hrtime)\b|new Date\(\)/;
    const found = PROGRAM.filter((file) => !CLOCK_FILES.includes(file.path)).flatMap((file) =>
      linesWith(file, clocks),
    );
    expect(found).toEqual([]);
  });

  it("takes chance from node:crypto", () => {
    expect(PROGRAM.flatMap((file) => linesWith(file, /\bMath\.random\b/))).toEqual([]);
  });

  it("keeps every file within its length", () => {
    const long = PROGRAM.map((file) => ({ path: file.path, lines: countCodeLines(file.code) }));
    expect(long.filter((file) => file.lines > CODE_LINES_PER_FILE)).toEqual([]);
  });

  it("names files for what they hold", () => {
    const drawers = /\/(index|types|utils|helpers|common|[a-z-]*-?(manager|service))\.ts$/;
    expect(SOURCES.map((file) => file.path).filter((path) => drawers.test(path))).toEqual([]);
  });

  it("leaves no promise to do it later and no test that does not run", () => {
    const later = /\b(TODO(?!\(#\d+\))|FIXME|XXX)\b|\b(it|test|describe)\.(skip|todo|only)\s*\(/;
    const files = [...SOURCES, ...readSources("test")].filter(
      (file) => file.path !== "test/architecture.test.ts",
    );
    const found = files.flatMap((file) =>
      file.text
        .split("\n")
        .flatMap((line, i) => (later.test(line) ? [`${file.path}:${i + 1}: ${line.trim()}`] : [])),
    );
    expect(found).toEqual([]);
  });
});

describe("docs/errors.md", () => {
  const path = join(ROOT, "docs/errors.md");
  const listed = existsSync(path)
    ? [...readFileSync(path, "utf8").matchAll(/^\|\s*`([A-Za-z][A-Za-z0-9_-]*)`/gm)].map(
        (match) => match[1] ?? "",
      )
    : [];

  it("lists every code of a CodedError, and none that is gone", () => {
    const inSource = new Set(PROGRAM.flatMap((file) => errorCodesOf(file.code)));
    const inDocument = listed.filter((code) => /^[A-Z][A-Z0-9_]*$/.test(code));
    expect([...inSource].filter((code) => !inDocument.includes(code))).toEqual([]);
    expect(inDocument.filter((code) => !inSource.has(code))).toEqual([]);
  });

  it("lists problem codes that the program really uses", () => {
    const quoted = new Set(
      PROGRAM.flatMap((file) => [...file.code.matchAll(/["'`]([a-z][a-z0-9-]*)["'`]/g)]).map(
        (match) => match[1] ?? "",
      ),
    );
    const problems = listed.filter((code) => /^[a-z]/.test(code));
    expect(problems.filter((code) => !quoted.has(code))).toEqual([]);
  });

  it("lists every problem code that a parser can give", () => {
    const codes = new Set(PROGRAM.flatMap((file) => problemCodesOf(file)));
    expect([...codes].filter((code) => !listed.includes(code))).toEqual([]);
  });
});

/** Codes named in files that deal with coded errors; Node's own (ERR_…) and errno names are not ours. */
function errorCodesOf(code: string): readonly string[] {
  if (!code.includes("CodedError")) return [];
  const codes = [...code.matchAll(/["']([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)["']/g)];
  return codes.map((match) => match[1] ?? "").filter((found) => !found.startsWith("ERR_"));
}

/** Members of a union or list named …ProblemCode or …PROBLEM_CODES. */
function problemCodesOf(file: SourceFile): readonly string[] {
  const pattern = /\b(?:type \w*ProblemCode|const \w*PROBLEM_CODES)\b[^=]*=([^;]*);/g;
  return [...file.code.matchAll(pattern)].flatMap((match) =>
    [...(match[1] ?? "").matchAll(/["']([a-z][a-z0-9-]*)["']/g)].map((quoted) => quoted[1] ?? ""),
  );
}
