import { failed, ok, type Result } from "../base/result.ts";
import type { ConfigProblem } from "./config-problem.ts";
import { displayPath, readRegularFile } from "./read-file.ts";
import { parseYamlDocument, type YamlDocument } from "./yaml-document.ts";

/** A YAML file with what is needed to speak of places in it. */
export interface YamlFile extends YamlDocument {
  /** Absolute. */
  readonly path: string;
  /** As problems name it. */
  readonly name: string;
  /** A problem at a path of the document. */
  problemAt(path: readonly (string | number)[], what: ProblemText): ConfigProblem;
}

export interface ProblemText {
  readonly message: string;
  readonly hint?: string | undefined;
  readonly severity?: ConfigProblem["severity"];
  readonly kind?: ConfigProblem["kind"];
}

/** Reads and parses one file; `path` is absolute. */
export function readYamlFile(path: string): Result<YamlFile, readonly ConfigProblem[]> {
  const name = displayPath(path);
  const bytes = readRegularFile(path, MAX_FILE_BYTES);
  if (!bytes.ok) {
    return failed([fileProblem(name, `${name} ${bytes.problem.message}`, bytes.problem.hint)]);
  }
  const parsed = parseYamlDocument(bytes.value);
  if (!parsed.ok) {
    const lines = bytes.value.toString("utf8").split("\n");
    return failed(
      parsed.problem.map((problem) => ({
        file: name,
        ...problem,
        severity: "error",
        kind: "invalid",
        sourceLine: lineOf(lines, problem.line),
      })),
    );
  }
  return ok(yamlFile(path, name, parsed.value));
}

/** A problem of a file as a whole. */
export function fileProblem(
  file: string,
  message: string,
  hint?: string,
  severity: ConfigProblem["severity"] = "error",
): ConfigProblem {
  return {
    file,
    line: 1,
    column: 1,
    message,
    hint,
    severity,
    kind: "invalid",
    sourceLine: undefined,
  };
}

/** The parser's own limit is 4 MiB and it says so better; this one bounds what is read at all. */
const MAX_FILE_BYTES: number = 16 * 1024 * 1024;

function yamlFile(path: string, name: string, document: YamlDocument): YamlFile {
  let lines: readonly string[] | undefined;
  return {
    ...document,
    path,
    name,
    problemAt(at, what) {
      lines ??= document.text.split("\n");
      const position = document.positionOf(at);
      return {
        file: name,
        ...position,
        message: what.message,
        hint: what.hint,
        severity: what.severity ?? "error",
        kind: what.kind ?? "invalid",
        sourceLine: lineOf(lines, position.line),
      };
    },
  };
}

function lineOf(lines: readonly string[], line: number): string | undefined {
  return lines[line - 1]?.replace(/\r$/, "");
}
