import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ConfigProblem } from "./config-problem.ts";

/** A folder that is gone when its test ends. */
export interface TemporaryFiles extends Disposable {
  readonly dir: string;
  path(name: string): string;
  /** "name:line:column: message (hint)", names relative to the folder. */
  shown(problems: readonly ConfigProblem[]): readonly string[];
}

/** Writes files by relative name. */
export function writeTemporaryFiles(
  files: Readonly<Record<string, string | Uint8Array>>,
): TemporaryFiles {
  const dir = mkdtempSync(join(tmpdir(), "sluice-config-"));
  const path = (name: string) => join(dir, name);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), content);
  }
  return {
    dir,
    path,
    shown: (problems) =>
      problems.map(({ file, line, column, severity, message, hint }) => {
        const place = `${file}:${line}:${column}: `;
        const kind = severity === "warning" ? "warning: " : "";
        const advice = hint === undefined ? "" : ` (${hint})`;
        return `${place}${kind}${message}${advice}`.replaceAll(`${dir}/`, "");
      }),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}
