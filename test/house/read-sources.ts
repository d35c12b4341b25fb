import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's top folder. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** How one module names another. */
export interface ImportEdge {
  /** As written between the quotes. */
  readonly specifier: string;
  /** Nothing of it is left when the program runs. */
  readonly typeOnly: boolean;
}

/** One file of src, read for what the tests of the house ask. */
export interface SourceFile {
  /** Relative to the repository, with slashes: "src/proxy/via.ts". */
  readonly path: string;
  readonly text: string;
  /** The text with comments blanked out, strings kept. */
  readonly code: string;
  readonly imports: readonly ImportEdge[];
  readonly isTest: boolean;
}

/** Every TypeScript file below a folder of the repository. */
export function readSources(folder: string): readonly SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const text = readFileSync(file, "utf8");
      const code = blankComments(text);
      const path = relative(ROOT, file).replaceAll("\\", "/");
      const isTest = /\.(test|test-data)\.ts$/.test(path);
      return { path, text, code, imports: findImports(code), isTest };
    })
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * Every way to name another module: import and export … from, import for its effect, import(), and the entry of a worker by
 * `new URL("./x.ts", …)` or `workerEntry("./x.ts", …)`. TypeScript 7 has no programming interface, so this reads text.
 */
export function findImports(code: string): readonly ImportEdge[] {
  const found: ImportEdge[] = [];
  const statement = /\b(import|export)(\s+type)?\s+([^"'`;]*?)\s*from\s*["']([^"']+)["']/g;
  for (const match of code.matchAll(statement)) {
    const names = /^\{([^}]*)\}$/.exec(match[3]?.trim() ?? "")?.[1];
    const everyNameIsType =
      names !== undefined &&
      names.trim() !== "" &&
      names.split(",").every((name) => name.trim() === "" || name.trim().startsWith("type "));
    const typeOnly = match[2] !== undefined || everyNameIsType;
    found.push({ specifier: match[4] ?? "", typeOnly });
  }
  const others = [
    /\bimport\s*["']([^"']+)["']/g,
    /\bimport\s*\(\s*["'`]([^"'`]+)["'`]/g,
    /\b(?:new URL|workerEntry)\s*\(\s*["'`](\.[^"'`]+)["'`]/g,
    /\brequire\s*\(\s*["'`]([^"'`]+)["'`]/g,
  ];
  for (const pattern of others) {
    for (const match of code.matchAll(pattern)) {
      found.push({ specifier: match[1] ?? "", typeOnly: false });
    }
  }
  return found;
}

/** Replaces what stands in comments by blanks, so that line numbers and strings stay. */
export function blankComments(text: string): string {
  const token =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`|\/(?![*/\s])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[dgimsuvy]*/g;
  return text.replaceAll(token, (piece) =>
    piece.startsWith("/*") || piece.startsWith("//") ? piece.replaceAll(/[^\n]/g, " ") : piece,
  );
}

/** Lines that hold code: neither blank nor comment only. */
export function countCodeLines(code: string): number {
  return code.split("\n").filter((line) => line.trim() !== "").length;
}
