import type { YaraProblem } from "./yara-messages.ts";

/** Warnings that are errors here: a peer's file could make such a rule work for minutes. */
const SLOW: ReadonlySet<string> = new Set(["slow_pattern", "potentially_slow_loop"]);

/** Matters of style; some write bytes in hex so that no antivirus takes the rule for the virus. */
const STYLE = /^warning\[text_as_hex\]/;

/** Whether an operator need not hear of it. */
export function isYaraStyle(text: string): boolean {
  return STYLE.test(text);
}

const SLOW_HINTS: Readonly<Record<string, string>> = {
  slow_pattern:
    "give it at least four fixed bytes in a row, with no wide gap before or behind them",
  potentially_slow_loop: "let the loop end at a number, not at the size of the file",
};

const MAX_MESSAGE = 300;

/**
 * Reads what the compiler of YARA-X says: a first line `error[E025]: title`, a second with line and column, then the source with the
 * place underlined, and a word beside it.
 *
 * @example readYaraProblem("error[E009]: unknown identifier\n --> line:6:22\n", "a.yar").line // 6
 */
export function readYaraProblem(text: string, file: string): YaraProblem {
  const lines = text.split("\n");
  const first = /^(error|warning)(?:\[(\w+)\])?: (.*)$/.exec(lines[0] ?? "");
  const place = /^ *--> \S*?:(\d+):(\d+)$/.exec(lines[1] ?? "");
  const code = first?.[2] ?? "";
  const isSlow = SLOW.has(code);
  const title = first?.[3] ?? lines[0] ?? "cannot be compiled";
  const label = isSlow ? undefined : labelOf(lines);
  const message = label === undefined || title.includes(label) ? title : `${title}: ${label}`;
  return {
    file,
    line: Number(place?.[1] ?? 1),
    column: Number(place?.[2] ?? 1),
    message: isSlow ? `${title}: a file could keep it busy for minutes` : cut(message),
    hint: SLOW_HINTS[code],
    severity: first?.[1] === "warning" && !isSlow ? "warning" : "error",
  };
}

/** The word beside the underlined place. */
function labelOf(lines: readonly string[]): string | undefined {
  for (const line of lines.slice(2)) {
    const label = /^ *\| +[\^-]+ (\S.*)$/.exec(line)?.[1];
    if (label !== undefined) return label;
  }
  return undefined;
}

function cut(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE)}…`;
}
