import type { Command } from "commander";
import { systemClock } from "../base/clock.ts";
import { failed, ok, type Result } from "../base/result.ts";
import type { Config } from "../config/config.ts";
import { judgeAgain } from "../judge/judge-again.ts";
import { stricter, type Action, type Policy } from "../policy/decision.ts";
import type { FailureSettings } from "../policy/hearing.ts";
import { isObject } from "./answer-reader.ts";
import { loadAskedRules } from "./asked-rules.ts";
import type { CliDeps } from "./cli-deps.ts";
import type { Wiring } from "./command-wiring.ts";
import { readMoment } from "./duration.ts";
import { ExitCode } from "./exit-code.ts";
import { fromTo } from "./from-to.ts";
import { outputFormat, printRows, type Column, type OutputFormat, type Row } from "./print.ts";
import { cellText } from "./safe-text.ts";
import { storedIncidents, type TimeRange } from "./stored-incidents.ts";

/** `sluice replay` */
export function addReplay(program: Command, { deps, outcome, common }: Wiring): void {
  program
    .command("replay")
    .description("ask candidate rules about stored incidents, and show what they decide otherwise")
    .option("--since <time>", "24h, 7d, or 2026-01-31T12:00:00Z", "7d")
    .option("--until <time>")
    .option("--rules <path...>", "files and folders in place of the configuration's rules")
    .option("--all", "incidents that are decided alike too")
    .action(async (options: ReplayOptions) => {
      const { config, output } = common();
      outcome.code = await replayIncidents(deps, options, { config, output });
    });
}

/** The options of `sluice replay`, as commander reads them. */
interface ReplayOptions {
  readonly since: string;
  readonly until?: string;
  readonly rules?: readonly string[];
  readonly all?: boolean;
}

/**
 * `sluice replay`: asks candidate rules about the incidents that are stored, and shows where they decide otherwise. The incidents come from
 * the running gateway, or from its store where none runs. Only what was stopped or changed is stored: what the candidates would newly stop
 * among what passed, it cannot say.
 */
async function replayIncidents(
  deps: CliDeps,
  options: ReplayOptions,
  common: { readonly config: string | undefined; readonly output: OutputFormat | undefined },
): Promise<ExitCode> {
  const { terminal } = deps;
  const now = systemClock.now();
  const range = readRange(options, now);
  if (!range.ok) {
    terminal.stderr.write(`sluice replay: ${range.problem}\n`);
    return ExitCode.Usage;
  }
  const asked = loadAskedRules(terminal, { config: common.config, rules: options.rules, now });
  if (!asked.ok) return asked.problem;
  const { config, loaded } = asked.value;
  const settings = failureSettings(config);
  const comparisons: Comparison[] = [];
  for await (const incident of storedIncidents(config, range.value)) {
    comparisons.push(compare(incident, loaded.policy, settings));
  }
  const shown = options.all === true ? comparisons : comparisons.filter(isWorthALook);
  printRows(terminal, outputFormat(terminal, common.output), {
    columns: COLUMNS,
    rows: shown.map((one) => ({ ...one })),
    none: "no incident would be decided otherwise",
  });
  terminal.stderr.write(`${sumOf(comparisons)}\n`);
  return ExitCode.Success;
}

interface Comparison {
  readonly id: string;
  readonly last_seen: unknown;
  /** How many messages the incident stands for. */
  readonly count: unknown;
  readonly from: unknown;
  readonly to: unknown;
  readonly then_action: string;
  readonly then_rule: string;
  readonly now_action: string;
  readonly now_rule: string;
  readonly change: "same" | "rule" | "looser" | "stricter" | "unknown";
  /** Why it is unknown. */
  readonly needs: readonly string[];
}

const COLUMNS: readonly Column<Row>[] = [
  { key: "id", title: "ID" },
  { key: "last_seen", title: "TIME", show: (row) => cellText(row["last_seen"]).slice(0, 19) },
  { key: "count", title: "N" },
  { key: "from", title: "FROM → TO", flexible: true, show: fromTo },
  { key: "then_action", title: "THEN" },
  { key: "then_rule", title: "BY", flexible: true },
  { key: "now_action", title: "NOW" },
  { key: "now_rule", title: "BY", flexible: true },
  { key: "change", title: "CHANGE" },
  {
    key: "needs",
    title: "NEEDS",
    flexible: true,
    show: (row) => (Array.isArray(row["needs"]) ? row["needs"].map(cellText).join("; ") : ""),
  },
];

function isWorthALook({ change }: Comparison): boolean {
  return change !== "same";
}

function compare(incident: Row, policy: Policy, settings: FailureSettings): Comparison {
  const features = incident["features"];
  const judged = judgeAgain(features, policy, settings);
  const thenRule = cellText(incident["rule"]);
  // The record says what was done; the rules may have said more (no copy could be kept of what was to be quarantined).
  const thenAction = cellText(isObject(features) ? features["action"] : incident["action"]);
  const base = {
    id: cellText(incident["id"]),
    last_seen: incident["last_seen"],
    count: incident["count"],
    from: incident["from"],
    to: incident["to"],
    then_action: thenAction,
    then_rule: thenRule,
  };
  if (judged === undefined) {
    const needs = ["what the rules were asked about, which was not kept"];
    return { ...base, now_action: "", now_rule: "", change: "unknown", needs };
  }
  if (judged.kind === "unasked") {
    // Settings decide such messages, and no rule is asked about them.
    return { ...base, now_action: thenAction, now_rule: thenRule, change: "same", needs: [] };
  }
  const now = { now_action: judged.action, now_rule: judged.rule, needs: judged.needs };
  const change = judged.needs.length > 0 ? "unknown" : changeOf(base, judged);
  return { ...base, ...now, change };
}

function changeOf(
  then: { readonly then_action: string; readonly then_rule: string },
  now: { readonly action: string; readonly rule: string },
): Comparison["change"] {
  if (then.then_action === now.action) return then.then_rule === now.rule ? "same" : "rule";
  const strictest = stricter(then.then_action as Action, now.action as Action);
  return strictest === now.action ? "stricter" : "looser";
}

function sumOf(comparisons: readonly Comparison[]): string {
  const count = (change: Comparison["change"]): number =>
    comparisons.filter((one) => one.change === change).length;
  const passing = comparisons.filter(
    ({ change, now_action }) => change === "looser" && now_action === "allow",
  );
  return [
    `${comparisons.length} incidents`,
    `${count("same")} the same`,
    `${count("rule")} by another rule`,
    `${count("looser")} looser (${passing.length} would pass)`,
    `${count("stricter")} stricter`,
    `${count("unknown")} unknown`,
  ].join(", ");
}

function readRange({ since, until }: ReplayOptions, now: number): Result<TimeRange, string> {
  const from = readMoment(since, now);
  if (!from.ok) return failed(`--since: ${from.problem}`);
  if (until === undefined) return ok({ since: from.value, until: undefined });
  const to = readMoment(until, now);
  return to.ok ? ok({ since: from.value, until: to.value }) : failed(`--until: ${to.problem}`);
}

function failureSettings({ onFailure, scan }: Config): FailureSettings {
  return {
    onParseProblem: onFailure.parseProblem,
    onOpaque: onFailure.opaque,
    onInfected: scan.onInfected,
    onUnscannable: scan.onUnscannable,
    onScanError: scan.onError,
  };
}
