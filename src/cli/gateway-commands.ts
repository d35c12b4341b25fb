import { isObject, objectIn, objectsIn, textsIn } from "./answer-reader.ts";
import { byteText } from "./byte-text.ts";
import { ExitCode } from "./exit-code.ts";
import type { AskContext } from "./incident-commands.ts";
import { fromTo } from "./from-to.ts";
import { type Column, fieldLines, printOne, printRows, type Row } from "./print.ts";
import { cellText, safeText } from "./safe-text.ts";

const RULE_COLUMNS: readonly Column<Row>[] = [
  { key: "id", title: "RULE" },
  { key: "action", title: "ACTION" },
  { key: "phase", title: "ON" },
  {
    key: "mode",
    title: "MODE",
    show: (row) => (row["enabled"] === false ? "off" : cellText(row["mode"])),
  },
  { key: "pack", title: "PACK" },
  { key: "title", title: "TITLE", flexible: true },
  {
    key: "file",
    title: "WHERE",
    flexible: true,
    show: (row) => `${cellText(row["file"])}:${cellText(row["line"])}`,
  },
];

/** `sluice rules list`: the rules in force, in effective order. */
export async function listRules(context: AskContext): Promise<ExitCode> {
  const answer = objectIn(await context.client.get("/v1/rules"));
  const csvOnly = { key: "line", title: "LINE" };
  printRows(context.terminal, context.format, {
    columns: context.format === "csv" ? [...RULE_COLUMNS, csvOnly] : RULE_COLUMNS,
    rows: objectsIn(answer["rules"]),
    none: "no rules are in force",
  });
  return ExitCode.Success;
}

/** `sluice rules status`: which generation serves, and how the last reload went. */
export async function showRulesStatus(context: AskContext): Promise<ExitCode> {
  const row = objectIn(await context.client.get("/v1/rules/status"));
  printOne(context.terminal, context.format, row, (status) => {
    const failure = status["last_failure"];
    const last = isObject(failure)
      ? `last reload failed at ${safeText(cellText(failure["at"]))}, these rules stayed in force:\n${sentences(textsIn(failure["problems"]))}`
      : "last reload: ok\n";
    return (
      fieldLines([
        ["generation", status["generation"]],
        ["hash", status["hash"]],
        ["rules", status["loaded"]],
        ["loaded at", status["loaded_at"]],
      ]) +
      last +
      troubleLines(objectsIn(status["lists_in_trouble"]))
    );
  });
  return ExitCode.Success;
}

function troubleLines(lists: readonly Row[]): string {
  return lists
    .map(
      ({ name, trouble }) =>
        `list ${safeText(cellText(name))}, the old entries stay: ${safeText(cellText(trouble))}\n`,
    )
    .join("");
}

/** Reading and testing the largest rules that are admitted; other reloads may come first. */
const RELOAD_MS = 130_000;

/** `sluice reload`: 1 when the new rules were refused; the old ones then stay in force. */
export async function reloadRules(context: AskContext): Promise<ExitCode> {
  const outcome = objectIn(await context.client.post("/v1/reload", RELOAD_MS));
  const isDone = outcome["ok"] === true;
  printOne(context.terminal, context.format, outcome, () => {
    const generation = `generation ${cellText(outcome["generation"])}`;
    const head = isDone
      ? `rules reloaded: ${generation}`
      : `rules not reloaded: ${generation} stays in force`;
    return `${head}\n${sentences(textsIn(outcome["problems"]))}`;
  });
  return isDone ? ExitCode.Success : ExitCode.Bad;
}

/** `sluice health`: 0 ready, 1 not ready (4, not reachable, is the client's). */
export async function showHealth(context: AskContext): Promise<ExitCode> {
  const health = objectIn(await context.client.get("/v1/health"));
  const isReady = health["ready"] === true;
  printOne(context.terminal, context.format, health, () => {
    const parts = objectsIn(health["parts"]).map((part): readonly [string, string] => {
      const detail = cellText(part["detail"]);
      return [`  ${cellText(part["name"])}`, part["ok"] === true ? detail : `NOT OK, ${detail}`];
    });
    const program = `sluice ${cellText(health["version"])}, up since ${cellText(health["started_at"])}`;
    const head = `${isReady ? "ready" : "not ready"} (${safeText(program)})\n`;
    return head + (parts.length === 0 ? "" : fieldLines(parts));
  });
  return isReady ? ExitCode.Success : ExitCode.Bad;
}

const TRANSFER_COLUMNS: readonly Column<Row>[] = [
  { key: "id", title: "ID" },
  { key: "state", title: "STATE" },
  { key: "port", title: "PORT" },
  { key: "size", title: "SIZE", show: (row) => byteText(row["size"]) },
  { key: "received_bytes", title: "IN", show: (row) => byteText(row["received_bytes"]) },
  { key: "delivered_bytes", title: "OUT", show: (row) => byteText(row["delivered_bytes"]) },
  { key: "age_ms", title: "AGE", show: (row) => `${Math.floor(Number(row["age_ms"]) / 1000)}s` },
  { key: "from", title: "FROM → TO", flexible: true, show: fromTo },
  { key: "name", title: "NAME", flexible: true },
];

/** `sluice transfers`: the file transfers under way. */
export async function listTransfers(context: AskContext): Promise<ExitCode> {
  const answer = objectIn(await context.client.get("/v1/transfers"));
  const csvOnly = ["to", "call_id"].map((key) => ({ key, title: key }));
  printRows(context.terminal, context.format, {
    columns: context.format === "csv" ? [...TRANSFER_COLUMNS, ...csvOnly] : TRANSFER_COLUMNS,
    rows: objectsIn(answer["transfers"]),
    none: "no transfers are under way",
  });
  return ExitCode.Success;
}

/** `sluice stats`: the gateway's counters. */
export async function showStats(context: AskContext): Promise<ExitCode> {
  const stats = objectIn(await context.client.get("/v1/stats"));
  printOne(context.terminal, context.format, stats, () => {
    const lines = Object.entries(stats).flatMap(([name, value]) => flat(name, value));
    return lines.length === 0 ? "" : fieldLines(lines);
  });
  return ExitCode.Success;
}

function flat(name: string, value: unknown): readonly (readonly [string, unknown])[] {
  if (!isObject(value)) return [[name, value]];
  return Object.entries(value).map(([key, one]) => [`${name} ${key}`, one]);
}

function sentences(problems: readonly string[]): string {
  return problems.map((problem) => `  ${safeText(problem)}\n`).join("");
}
