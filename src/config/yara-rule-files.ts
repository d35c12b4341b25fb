import { readdirSync } from "node:fs";
import { join } from "node:path";
import { failed, ok, type Result } from "../base/result.ts";
import { displayPath, isFolder, readProblem, readRegularFile } from "./read-file.ts";

/** A file of YARA rules. */
export interface YaraRuleFile {
  /** As the operator knows it: relative to the working directory where it lies below it. */
  readonly file: string;
  readonly text: string;
}

/** A file that cannot be read, or a path without one. */
export interface YaraFileProblem {
  /** Which of the paths. */
  readonly index: number;
  readonly message: string;
  readonly hint: string | undefined;
}

const MIB = 1024 * 1024;
const MAX_FILE_BYTES = 8 * MIB;
/** All of them together: 50,000 rules, which take some 20 seconds to compile. */
const MAX_ALL_BYTES = 8 * MIB;
const MAX_FILES = 2000;

/**
 * Reads files of YARA rules, in the order of the paths; a folder gives its own `*.yar` and `*.yara` in lexical order, not its
 * sub-folders. What they say is not looked at.
 */
export function readYaraRuleFiles(
  paths: readonly string[],
): Result<readonly YaraRuleFile[], readonly YaraFileProblem[]> {
  const files = new Map<string, YaraRuleFile>();
  const problems: YaraFileProblem[] = [];
  let bytes = 0;
  for (const [index, path] of paths.entries()) {
    const found = filesOf(path);
    if (!found.ok) problems.push({ index, ...found.problem });
    for (const name of found.ok ? found.value : []) {
      if (files.has(name)) continue;
      const read = readText(name);
      if (!read.ok) problems.push({ index, ...read.problem });
      else files.set(name, { file: displayPath(name), text: read.value });
      bytes += read.ok ? read.value.length : 0;
      if (bytes <= MAX_ALL_BYTES && files.size <= MAX_FILES) continue;
      const message = `YARA rules have more than ${MAX_FILES} files or ${MAX_ALL_BYTES / MIB} MiB`;
      return failed([{ index, message, hint: "name only the files that are needed" }]);
    }
  }
  return problems.length === 0 ? ok([...files.values()]) : failed(problems);
}

type Problem = Omit<YaraFileProblem, "index">;

function filesOf(path: string): Result<readonly string[], Problem> {
  if (!isFolder(path)) return ok([path]);
  try {
    const names = readdirSync(path).filter((name) => /^[^.].*\.yara?$/.test(name));
    if (names.length > 0) return ok(names.toSorted().map((name) => join(path, name)));
    const message = `${displayPath(path)} has no file of YARA rules`;
    return failed({ message, hint: "their names end in .yar or .yara" });
  } catch (error) {
    const { message, hint } = readProblem(error);
    return failed({ message: `${displayPath(path)} ${message}`, hint });
  }
}

function readText(path: string): Result<string, Problem> {
  const shown = displayPath(path);
  const read = readRegularFile(path, MAX_FILE_BYTES);
  if (!read.ok) return failed({ ...read.problem, message: `${shown} ${read.problem.message}` });
  try {
    return ok(new TextDecoder("utf-8", { fatal: true }).decode(read.value));
  } catch {
    return failed({ message: `${shown} is not UTF-8`, hint: "save it as UTF-8" });
  }
}
