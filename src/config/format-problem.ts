import { unreachable } from "../base/unreachable.ts";
import type { ConfigProblem } from "./config-problem.ts";

/** The forms of `sluice check --format`. */
export const PROBLEM_FORMATS = ["text", "json", "github", "sarif"] as const;

export type ProblemFormat = (typeof PROBLEM_FORMATS)[number];

/** All problems in one form; "" for none, except that json and sarif are always whole documents. */
export function formatProblems(problems: readonly ConfigProblem[], format: ProblemFormat): string {
  switch (format) {
    case "text":
      return problems
        .map(
          (problem) => `${formatProblem(problem)}
`,
        )
        .join("");
    case "json":
      return `${inertJson(problems.map(jsonOf))}
`;
    case "github":
      return problems
        .map(
          (problem) => `${githubLine(problem)}
`,
        )
        .join("");
    case "sarif":
      return `${inertJson(sarifOf(problems))}
`;
    default:
      return unreachable(format);
  }
}

/**
 * One problem for people, as compilers write it, so that editors and terminals find the place:
 *
 * @example
 * sluice.yaml:3:1: error: unknown key `lisen`, did you mean `listen`?
 *    3 | lisen: [ "udp://127.0.0.1:5060" ]
 *      | ^
 */
export function formatProblem(problem: ConfigProblem): string {
  const { file, line, column, severity } = problem;
  const head = `${printable(file)}:${line}:${column}: ${severity}: ${printable(sentence(problem))}`;
  if (problem.sourceLine === undefined) return head;
  return `${head}\n${excerpt(problem.sourceLine, line, column)}`;
}

function sentence(problem: ConfigProblem): string {
  if (problem.hint === undefined) return problem.message;
  // A hint that asks belongs to the sentence; one that says what to do stands after it.
  const separator = problem.hint.startsWith("did you mean") ? ", " : ": ";
  return `${problem.message}${separator}${problem.hint}`;
}

const MAX_LINE_LENGTH = 120;

/** The source line and a caret below; of a long line the part around the column. */
function excerpt(sourceLine: string, line: number, column: number): string {
  const start = Math.max(0, Math.min(column - 41, sourceLine.length - MAX_LINE_LENGTH));
  const shown = printable(sourceLine.slice(start, start + MAX_LINE_LENGTH));
  const number = String(line).padStart(4);
  const gutter = " ".repeat(number.length);
  return `${number} | ${shown}\n${gutter} | ${" ".repeat(column - 1 - start)}^`;
}

/** Files are written by others: nothing in them moves the cursor or reorders the line. One sign stays one column. */
function printable(text: string): string {
  return text.replaceAll("\t", " ").replaceAll(UNPRINTABLE, "\uFFFD");
}

const UNPRINTABLE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** The same for documents, in which such signs stand as escapes: read back, they are what they were. */
function inertJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replaceAll(UNPRINTABLE, (sign) =>
    sign === "\n" ? sign : escaped(sign),
  );
}

function escaped(sign: string): string {
  return sign
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}

function jsonOf(problem: ConfigProblem): Omit<ConfigProblem, "sourceLine"> {
  const { sourceLine: _, ...rest } = problem;
  return rest;
}

/** A workflow command of GitHub Actions, which shows the problem beside the line. */
function githubLine(problem: ConfigProblem): string {
  const { file, line, column, severity } = problem;
  const at = `file=${githubProperty(printable(file))},line=${line},col=${column}`;
  return `::${severity} ${at}::${githubData(printable(sentence(problem)))}`;
}

function githubData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function githubProperty(text: string): string {
  return githubData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** What a finding is, as code scanning groups and explains it. */
const SARIF_RULES = [
  { id: "invalid", text: "The file cannot be used as it is." },
  { id: "questionable", text: "The file can be used, and probably does not do what was meant." },
  { id: "test-failed", text: "A test inside a rule file failed." },
] as const;

type SarifRuleId = (typeof SARIF_RULES)[number]["id"];

function sarifRuleOf({ kind, severity }: ConfigProblem): SarifRuleId {
  if (kind === "test-failed") return kind;
  return severity === "warning" ? "questionable" : "invalid";
}

/** SARIF 2.1.0, the least that code scanning takes. */
function sarifOf(problems: readonly ConfigProblem[]): unknown {
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "sluice check",
            rules: SARIF_RULES.map(({ id, text }) => ({ id, shortDescription: { text } })),
          },
        },
        columnKind: "utf16CodeUnits",
        results: problems.map(sarifResult),
      },
    ],
  };
}

function sarifResult(problem: ConfigProblem): unknown {
  const ruleId = sarifRuleOf(problem);
  const snippet =
    problem.sourceLine === undefined ? undefined : { snippet: { text: problem.sourceLine } };
  return {
    ruleId,
    ruleIndex: SARIF_RULES.findIndex((rule) => rule.id === ruleId),
    level: problem.severity,
    message: { text: sentence(problem) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: encodeURI(problem.file.replaceAll("\\", "/")) },
          region: { startLine: problem.line, startColumn: problem.column, ...snippet },
        },
      },
    ],
  };
}
