import { systemClock } from "../base/clock.ts";
import { failed, ok, type Result } from "../base/result.ts";
import type { AdminClient } from "./admin-client.ts";
import { isObject, objectIn, objectsIn } from "./answer-reader.ts";
import type { TraceStep } from "./cli-deps.ts";
import { ExitCode } from "./exit-code.ts";
import { fromTo } from "./from-to.ts";
import {
  fieldLines,
  isColoured,
  type Column,
  type OutputFormat,
  printOne,
  printRows,
  type Row,
} from "./print.ts";
import { cellText } from "./safe-text.ts";
import type { Terminal } from "./terminal.ts";
import { traceText } from "./trace-text.ts";
import { readMoment } from "./duration.ts";

/** What the commands that ask a running gateway share. */
export interface AskContext {
  readonly terminal: Terminal;
  readonly client: AdminClient;
  readonly format: OutputFormat;
}

/** The filters of `sluice incidents list`, as commander reads them. */
export interface ListOptions {
  readonly since?: string;
  readonly until?: string;
  readonly action?: string;
  readonly rule?: string;
  readonly user?: string;
  readonly state?: string;
  readonly limit?: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { key: "id", title: "ID" },
  { key: "last_seen", title: "TIME", show: (row) => cellText(row["last_seen"]).slice(0, 19) },
  { key: "action", title: "ACT" },
  { key: "severity", title: "SEV" },
  { key: "count", title: "N" },
  {
    key: "from",
    title: "FROM → TO",
    flexible: true,
    show: fromTo,
  },
  { key: "reason", title: "WHAT", flexible: true },
  { key: "rule", title: "RULE", flexible: true },
];

/** More than the table shows: what a spreadsheet may want. */
const CSV_COLUMNS: readonly Column<Row>[] = [
  "id",
  "state",
  "count",
  "first_seen",
  "last_seen",
  "from",
  "to",
  "direction",
  "channel",
  "action",
  "rule",
  "reason",
  "severity",
  "delivery",
  "answer",
  "file",
  "scan",
].map((key) => ({ key, title: key }));

/** `sluice incidents list`. */
export async function listIncidents(context: AskContext, options: ListOptions): Promise<ExitCode> {
  const query = readFilters(options);
  if (!query.ok) {
    context.terminal.stderr.write(`sluice incidents list: ${query.problem}\n`);
    return ExitCode.Usage;
  }
  const answer = objectIn(await context.client.get("/v1/incidents", query.value));
  printRows(context.terminal, context.format, {
    columns: context.format === "csv" ? CSV_COLUMNS : COLUMNS,
    rows: objectsIn(answer["incidents"]),
    none: "no incidents",
  });
  return ExitCode.Success;
}

function readFilters(options: ListOptions): Result<Record<string, string | undefined>, string> {
  const now = systemClock.now();
  const { since, until, ...rest } = options;
  const moments: Record<string, string | undefined> = {};
  for (const [name, text] of Object.entries({ since, until })) {
    if (text === undefined) continue;
    const moment = readMoment(text, now);
    if (!moment.ok) return failed(`--${name}: ${moment.problem}`);
    moments[name] = String(moment.value);
  }
  return ok({ ...rest, ...moments });
}

/** `sluice incidents show ID`. */
export async function showIncident(context: AskContext, id: string): Promise<ExitCode> {
  const row = objectIn(await context.client.get(`/v1/incidents/${encodeURIComponent(id)}`));
  printOne(context.terminal, context.format, row, incidentText);
  return ExitCode.Success;
}

function incidentText(row: Row): string {
  const details = isObject(row["details"]) ? row["details"] : {};
  const events = objectsIn(details["events"]);
  const fields = fieldLines([
    ["incident", row["id"]],
    ["state", row["state"]],
    ["count", row["count"]],
    ["first seen", row["first_seen"]],
    ["last seen", row["last_seen"]],
    ["from", row["from"]],
    ["actor", details["actor"]],
    ["to", row["to"]],
    ["direction", row["direction"]],
    ["channel", row["channel"]],
    ["action", row["action"]],
    [
      "rule",
      `${cellText(row["rule"])}  ${cellText(details["rule_file"])}:${cellText(details["rule_line"])}`,
    ],
    ["reason", row["reason"]],
    ["severity", row["severity"]],
    ["answer", answerText(row["answer"])],
    ["delivery", row["delivery"]],
    ["links", details["urls"]],
    ["file", row["file"]],
    ["sha256", isObject(row["file"]) ? row["file"]["sha256"] : undefined],
    ["sha1", isObject(row["file"]) ? row["file"]["sha1"] : undefined],
    ["quarantine", details["quarantine"]],
    ["scan", row["scan"]],
    ["notices", details["notify"]],
    ["Call-ID", details["call_id"]],
    ...reviewFields(row),
  ]);
  const lines = events.map((event) =>
    [event["ts"], event["delivery"], event["status"]].map(cellText).join("  ").trimEnd(),
  );
  return `${fields}\nlatest decisions:\n${fieldLines(lines.map((line, index) => [`  ${index + 1}`, line]))}`;
}

/** What people did about it, a line each. */
export function reviewFields(row: Row): readonly (readonly [string, unknown])[] {
  const deeds = objectsIn(row["reviews"]).map((one) => {
    const who = cellText(one["said_by"]) || cellText(one["by"]);
    const why = cellText(one["why"]);
    const words = `${cellText(one["ts"])}  ${cellText(one["action"])}  by ${who}`;
    return [`review`, why === "" ? words : `${words}: ${why}`] as const;
  });
  const releases = objectsIn(row["releases"]).map((one) => {
    const times = `until ${cellText(one["until"])}, ${cellText(one["state"])}`;
    return ["release", `${cellText(one["sha256"])} to ${cellText(one["to"])} ${times}`] as const;
  });
  return [...deeds, ...releases];
}

/** `sluice incidents explain ID`: which rule, and what it saw. */
export async function explainIncident(context: AskContext, id: string): Promise<ExitCode> {
  const path = `/v1/incidents/${encodeURIComponent(id)}/explain`;
  const row = objectIn(await context.client.get(path));
  printOne(context.terminal, context.format, row, () => {
    const colour = isColoured(context.terminal, context.terminal.stdout);
    return explainText(row, colour);
  });
  return ExitCode.Success;
}

function explainText(row: Row, colour: boolean): string {
  const trace = objectsIn(row["trace"]).map(stepOf);
  const fields = fieldLines([
    ["incident", row["id"]],
    ["action", row["action"]],
    [
      "rule",
      `${cellText(row["rule"])}  ${cellText(row["rule_file"])}:${cellText(row["rule_line"])}`,
    ],
    ["title", row["rule_title"]],
    ["policy", row["policy"]],
    ["reason", row["reason"]],
    ["answer", answerText(row["answer"])],
  ]);
  const cut =
    row["trace_cut"] === true
      ? "  (the trace was too long; rules that did not match are left out)\n"
      : "";
  return `${fields}\nrules:\n${traceText(trace, colour)}${cut}`;
}

/** A step of the trace as the journal keeps it; what is missing is empty. */
function stepOf(step: Row): TraceStep {
  const note = step["note"];
  return {
    rule: cellText(step["rule"]),
    file: cellText(step["file"]),
    line: Number(step["line"] ?? 0),
    phase: cellText(step["phase"]),
    matched: step["matched"] === true,
    note: typeof note === "string" ? note : undefined,
    leaves: objectsIn(step["leaves"]).map((leaf) => ({
      field: cellText(leaf["field"]),
      value: cellText(leaf["value"]),
      matched: leaf["matched"] === true,
    })),
  };
}

function answerText(answer: unknown): string {
  if (!isObject(answer)) return "";
  return `${cellText(answer["status"])} ${cellText(answer["reason"])}`.trimEnd();
}
