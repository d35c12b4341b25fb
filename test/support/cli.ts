import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The program's entry; run by the Node that runs the tests. */
export const MAIN: string = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one `sluice` command to its end. A code other than 0 is a result, not an error. */
export async function runSluice(args: readonly string[], cwd?: string): Promise<CliResult> {
  const { promise, resolve } = Promise.withResolvers<CliResult>();
  execFile(
    process.execPath,
    [MAIN, ...args],
    { maxBuffer: 1 << 26, ...(cwd === undefined ? {} : { cwd }) },
    (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr });
    },
  );
  return promise;
}

/** The lines of NDJSON output. */
export function readNdjson(text: string): readonly Readonly<Record<string, unknown>>[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
