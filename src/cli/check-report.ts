import type { Config } from "../config/config.ts";
import type { TestCoverage } from "../config/test-coverage.ts";
import type { RuleSummary } from "../policy/decision.ts";
import { formatTable } from "./table.ts";

const PLAIN = { width: undefined, colour: false };

/** What becomes of a scan result that no rule decides: these settings are in force then, never the default verdict. */
export function scanText({ onInfected, onUnscannable, onError }: Config["scan"]): string {
  return `scan results that no rule decides: infected ${onInfected}, unscannable ${onUnscannable}, error ${onError}\n`;
}

/** The rules in their effective order, each with the phases in which it is asked, written or derived. */
export function phasesText(rules: readonly RuleSummary[]): string {
  const columns = ["RULE", "ON", "MODE", "ACTION", "WHERE"].map((title) => ({ title }));
  const rows = rules.map((rule) => [
    rule.id,
    rule.phase,
    rule.enabled ? rule.mode : "off",
    rule.action,
    `${rule.file}:${rule.line}`,
  ]);
  return formatTable(columns, rows, PLAIN);
}

/** How many tests hit each rule, those without one first. */
export function coverageText({ rules }: TestCoverage): string {
  const columns = [
    { title: "TESTS" },
    { title: "RULE" },
    { title: "EXCEPTIONS WITHOUT A TEST" },
    { title: "WHERE" },
  ];
  const rows = rules
    .toSorted((a, b) => Number(a.tests > 0) - Number(b.tests > 0))
    .map((rule) => [
      String(rule.tests),
      rule.rule,
      rule.unusedExceptions.join(", "),
      `${rule.file}:${rule.line}`,
    ]);
  const hit = rules.filter((rule) => rule.tests > 0).length;
  return `${formatTable(columns, rows, PLAIN)}${hit} of ${rules.length} rules are hit by a test\n`;
}
