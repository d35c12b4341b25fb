import { z } from "zod";
import { ExitCode } from "./exit-code.ts";
import type { AskContext } from "./incident-commands.ts";
import { type Column, fieldLines, printOne, printRows, type Row } from "./print.ts";
import { cellText, safeText } from "./safe-text.ts";

const rowSchema = z.record(z.string(), z.unknown());

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
  const answer = z
    .object({ rules: z.array(rowSchema) })
    .parse(await context.client.get("/v1/rules"));
  const csvOnly = { key: "line", title: "LINE" };
  printRows(context.terminal, context.format, {
    columns: context.format === "csv" ? [...RULE_COLUMNS, csvOnly] : RULE_COLUMNS,
    rows: answer.rules,
    none: "no rules are in force",
  });
  return ExitCode.Success;
}

/** `sluice rules status`: which generation serves, and how the last reload went. */
export async function showRulesStatus(context: AskContext): Promise<ExitCode> {
  const row = rowSchema.parse(await context.client.get("/v1/rules/status"));
  printOne(context.terminal, context.format, row, (status) => {
    const failure = failureSchema.safeParse(status["last_failure"]).data;
    const last =
      failure === undefined
        ? "last reload: ok\n"
        : `last reload failed at ${failure.at}, these rules stayed in force:\n${sentences(failure.problems)}`;
    return (
      fieldLines([
        ["generation", status["generation"]],
        ["hash", status["hash"]],
        ["rules", status["loaded"]],
        ["loaded at", status["loaded_at"]],
      ]) + last
    );
  });
  return ExitCode.Success;
}

const failureSchema = z.object({ at: z.string(), problems: z.array(z.string()) });

const reloadSchema = z.looseObject({
  ok: z.boolean(),
  generation: z.number(),
  problems: z.array(z.string()),
});

/** `sluice reload`: 1 when the new rules were refused; the old ones then stay in force. */
export async function reloadRules(context: AskContext): Promise<ExitCode> {
  const outcome = reloadSchema.parse(await context.client.post("/v1/reload"));
  printOne(context.terminal, context.format, { ...outcome }, () => {
    const head = outcome.ok
      ? `rules reloaded: generation ${outcome.generation}`
      : `rules not reloaded: generation ${outcome.generation} stays in force`;
    return `${head}\n${sentences(outcome.problems)}`;
  });
  return outcome.ok ? ExitCode.Success : ExitCode.Bad;
}

const healthSchema = z.looseObject({
  ready: z.boolean(),
  version: z.string(),
  started_at: z.string(),
  parts: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
});

/** `sluice health`: 0 ready, 1 not ready (4, not reachable, is the client's). */
export async function showHealth(context: AskContext): Promise<ExitCode> {
  const health = healthSchema.parse(await context.client.get("/v1/health"));
  printOne(context.terminal, context.format, { ...health }, () => {
    const parts = health.parts.map((part): readonly [string, string] => [
      `  ${part.name}`,
      part.ok ? part.detail : `NOT OK, ${part.detail}`,
    ]);
    const head = health.ready ? "ready" : "not ready";
    const lines = parts.length === 0 ? "" : fieldLines(parts);
    return `${head} (sluice ${safeText(health.version)}, up since ${safeText(health.started_at)})\n${lines}`;
  });
  return health.ready ? ExitCode.Success : ExitCode.Bad;
}

/** `sluice stats`: the gateway's counters. */
export async function showStats(context: AskContext): Promise<ExitCode> {
  const stats = rowSchema.parse(await context.client.get("/v1/stats"));
  printOne(context.terminal, context.format, stats, () => {
    const lines = Object.entries(stats).flatMap(([name, value]) => flat(name, value));
    return lines.length === 0 ? "" : fieldLines(lines);
  });
  return ExitCode.Success;
}

function flat(name: string, value: unknown): readonly (readonly [string, unknown])[] {
  const group = rowSchema.safeParse(value);
  if (!group.success || Array.isArray(value)) return [[name, value]];
  return Object.entries(group.data).map(([key, one]) => [`${name} ${key}`, one]);
}

function sentences(problems: readonly string[]): string {
  return problems.map((problem) => `  ${safeText(problem)}\n`).join("");
}
