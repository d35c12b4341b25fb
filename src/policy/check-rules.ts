import { familyUses } from "./compile-condition.ts";
import type { Names, ReadFile } from "./compile-definitions.ts";
import type { CompiledRule, PlacedRule } from "./compile-rule.ts";
import { REGEX_WORK } from "./message-work.ts";

/** A compiled rule beside its source. */
export interface CheckedRule {
  readonly placed: PlacedRule;
  readonly compiled: CompiledRule;
}

/** Warnings about rules that are valid but surprise (RULES.md §5). */
export function checkRules(
  rules: readonly CheckedRule[],
  names: Names,
  domains: readonly string[],
): void {
  for (const rule of rules) {
    checkNegations(rule, names);
    checkPhases(rule, names);
    checkDirection(rule, names, domains);
  }
}

/** `not: {url: {zone: intranet}}` says that no link is intranet, which is seldom meant (RULES §5, exists vs every). */
function checkNegations({ placed }: CheckedRule, names: Names): void {
  const { data, path, source } = placed;
  for (const use of familyUses(data.when ?? {}, names.objects, [...path, "when"])) {
    if (!use.negated || !use.condition.multiValued) continue;
    if (Object.keys(use.data as object).every((key) => key === "any" || key === "every")) continue;
    source.problems.warn(
      use.path,
      `not around ${use.condition.family} says that none of several fits, and holds when there are none`,
      "for one that does not fit negate inside, as in zone: { not: intranet }; for all of them use every:",
    );
  }
}

/** A rule by sender alone refuses messages only, unless it says more. */
function checkPhases({ placed, compiled }: CheckedRule, names: Names): void {
  const { data, path, source } = placed;
  const { terminal } = compiled.effects;
  if (data.on !== undefined || terminal === undefined || terminal === "allow") return;
  const uses = familyUses(data.when ?? {}, names.objects, path);
  if (compiled.phases.includes("session")) return;
  if (!uses.every((use) => use.condition.everywhere)) return;
  const hint = "add on: [message, session] to cover invitations and file offers, or on: message";
  source.problems.warn([...path, "id"], `"${data.id}" is asked about messages only`, hint);
}

function checkDirection(rule: CheckedRule, names: Names, domains: readonly string[]): void {
  if (domains.length > 0) return;
  const { data, path, source } = rule.placed;
  const uses = familyUses(data.when ?? {}, names.objects, [...path, "when"]);
  const use = uses.find((entry) => entry.condition.family === "direction");
  if (use === undefined) return;
  const hint = "set domains: in the configuration";
  source.problems.warn(use.path, "without domains every direction is internal", hint);
}

/** Honest texts are seldom longer. */
const COMMON_LENGTH = 2000;

/** Warns of so many expressions that read every text that they fail on honest ones, which are then blocked. */
export function checkReaders(file: ReadFile | undefined, readers: number): void {
  const longest = Math.floor(REGEX_WORK / Math.max(1, readers));
  if (longest >= COMMON_LENGTH) return;
  file?.problems.warn(
    ["rules"],
    `${readers} regular expressions read every text: of more than ${longest} characters they fail, and those that block match`,
    "put a word into them that each match must hold, or use lists of type phrase",
  );
}

/** Warns of lists that nothing refers to. */
export function checkLists(names: Names): void {
  for (const [name, { path, source }] of names.lists) {
    if (names.definitions.usedLists.has(name)) continue;
    source.problems.warn(path, `list "${name}" is never used`);
  }
}

/** What a pack must not hold: it is used under many policies, and changes nobody else's rules. */
export function checkPack(file: ReadFile): void {
  if (file.pack === undefined) return;
  for (const key of ["policies", "overrides"] as const) {
    if ((file.data[key] ?? []).length === 0) continue;
    file.problems.error([key], `a pack has no ${key}`, "move them to a file beside packs/");
  }
  for (const key of ["verdict", "language"] as const) {
    if (file.data.defaults?.[key] === undefined) continue;
    const hint = "move it to a file beside packs/";
    file.problems.error(["defaults", key], `a pack does not set the default ${key}`, hint);
  }
}
