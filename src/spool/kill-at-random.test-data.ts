import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Runs a script in a process of its own and kills it (SIGKILL) once it has acknowledged `lines` things, wherever it is then.
 *
 * @param modules file URLs that the script imports, given to it as its first arguments, before `dir`
 * @returns the whole lines that it wrote: what it had acknowledged
 */
export async function killAtRandom(
  dir: string,
  script: string,
  modules: readonly string[],
  lines: number,
): Promise<readonly string[]> {
  const path = join(dir, "killed.mjs");
  writeFileSync(path, script);
  const args = [path, ...modules, join(dir, "data")];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    if (output.split("\n").length > lines) child.kill("SIGKILL");
  });
  await once(child, "close");
  return output.split("\n").slice(0, -1);
}
