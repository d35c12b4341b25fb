import { systemClock } from "../base/clock.ts";
import { failed, ok, type Result } from "../base/result.ts";
import { findList, type FoundList } from "../config/find-list.ts";
import { loadAskedRules } from "./asked-rules.ts";
import { ExitCode } from "./exit-code.ts";
import { fieldLines, printOne, type OutputFormat } from "./print.ts";
import { safeText } from "./safe-text.ts";
import type { Terminal } from "./terminal.ts";

/** What every question about a list needs: it is answered offline, from the configuration, as `sluice try` does. */
export interface ListQuestion {
  readonly terminal: Terminal;
  readonly format: OutputFormat;
  readonly config: string | undefined;
  readonly name: string;
}

/** `sluice lists show NAME`: how the list is defined, and its first entries. */
export function showList(question: ListQuestion, limit: number): ExitCode {
  const found = listOf(question);
  if (!found.ok) return found.problem;
  const { kind, name, type, pack, where, file, counts } = found.value;
  const entries: string[] = [];
  for (const entry of found.value.entries()) {
    if (entries.length === limit) break;
    entries.push(entry);
  }
  const left = counts.items + counts.file - entries.length;
  const row = { name, kind, type, pack: pack ?? null, where, file: file ?? null, counts, entries };
  printOne(question.terminal, question.format, row, () => {
    const fields = fieldLines([
      [kind, name],
      ["type", type],
      ["defined in", where],
      ["file", file ?? "none"],
      ["entries", `${counts.items} in the rules, ${counts.file} in the file`],
    ]);
    const more = left > 0 ? `  … and ${left} more (--limit)\n` : "";
    return `${fields}${entries.map((entry) => `  ${safeText(entry)}\n`).join("")}${more}`;
  });
  return ExitCode.Success;
}

/** `sluice lists test NAME VALUE`: 0 when the value is in the list, 1 when it is not. */
export function testList(question: ListQuestion, value: string): ExitCode {
  const found = listOf(question);
  if (!found.ok) return found.problem;
  const list = found.value;
  if (list.type === "prefix") {
    const advice = "prefixes are compared with links: ask sluice try --text";
    question.terminal.stderr.write(`sluice lists test: ${advice}\n`);
    return ExitCode.Usage;
  }
  const entry = list.entryFor(value);
  const row = { name: list.name, value, listed: entry !== undefined, entry: entry ?? null };
  printOne(question.terminal, question.format, row, () => {
    const shown = `"${safeText(value)}"`;
    const named = `${list.kind} ${safeText(list.name)}`;
    return entry === undefined
      ? `${shown} is not in the ${named}\n`
      : `${shown} is in the ${named}, by the entry "${safeText(entry)}"\n`;
  });
  return entry === undefined ? ExitCode.Bad : ExitCode.Success;
}

function listOf({ terminal, config, name }: ListQuestion): Result<FoundList, ExitCode> {
  const asked = loadAskedRules(terminal, { config, now: systemClock.now() });
  if (!asked.ok) return asked;
  const found = findList(asked.value.loaded.rules.sources, name);
  if (found !== undefined) return ok(found);
  terminal.stderr.write(`sluice lists: there is no list or group "${safeText(name)}"\n`);
  return failed(ExitCode.NotFound);
}
