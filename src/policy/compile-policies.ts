import { compileCondition, familyUses } from "./compile-condition.ts";
import type { ReadFile } from "./compile-definitions.ts";
import { inLanguage } from "./compile-effects.ts";
import type { CompiledRule, RuleOptions } from "./compile-rule.ts";
import type { Matcher } from "./condition.ts";
import { createRuleSet, type RuleSet } from "./decide.ts";
import type { RulePath } from "./rule-problem.ts";
import type { LinkMode, PolicyData } from "./schema.ts";
import { didYouMean } from "./suggest.ts";

interface PlacedPolicy {
  readonly data: PolicyData;
  readonly path: RulePath;
  readonly source: ReadFile;
}

/**
 * One set of rules for each entry of `policies:`, in the order of choosing, and a last one for all else. The operator's
 * own rules come first, then the packs in the order of `use`.
 *
 * Entries of several files are read together: one with the name of an earlier one takes its place, and those without
 * `when` come last, so that a later file can put its own policies before the shipped default.
 */
export function compilePolicies(
  files: readonly ReadFile[],
  rules: readonly CompiledRule[],
  options: RuleOptions,
): readonly RuleSet[] {
  const policies = gatherPolicies(files);
  const packs = new Set(files.map((file) => file.pack).filter((pack) => pack !== undefined));
  const verdict =
    files.map((file) => file.data.defaults?.verdict).findLast((named) => named !== undefined) ??
    "allow";
  const language = files
    .map((file) => file.data.defaults?.language)
    .findLast((named) => named !== undefined);
  const own = rules.filter((rule) => rule.pack === undefined);
  const sets = policies.map(({ data, path, source }) => {
    for (const [index, pack] of (data.use ?? []).entries()) {
      if (packs.has(pack)) continue;
      const message = `there is no pack "${pack}"`;
      source.problems.error([...path, "use", index], message, didYouMean(pack, packs));
    }
    const used = (data.use ?? []).flatMap((pack) => rules.filter((rule) => rule.pack === pack));
    const inForce = [...own, ...used].map((rule) =>
      spoken(underLinkMode(rule, data.link_mode), data.language ?? language),
    );
    const when = compileWhen({ data, path, source }, options);
    return createRuleSet({ name: data.name, when }, inForce, verdict);
  });
  if (sets.at(-1)?.when !== undefined || sets.length === 0) {
    const inForce = own.map((rule) => spoken(rule, language));
    sets.push(createRuleSet({ name: "default", when: undefined }, inForce, verdict));
  }
  return sets;
}

function gatherPolicies(files: readonly ReadFile[]): readonly PlacedPolicy[] {
  const byName = new Map<string, PlacedPolicy>();
  for (const source of files) {
    for (const [index, data] of (source.data.policies ?? []).entries()) {
      const path = ["policies", index];
      if (byName.get(data.name)?.source === source) {
        source.problems.error(
          [...path, "name"],
          `there are two policies "${data.name}" in this file`,
        );
      }
      byName.set(data.name, { data, path, source });
    }
  }
  const all = [...byName.values()];
  const open = all.filter((policy) => policy.data.when === undefined);
  for (const { data, path, source } of open.slice(1)) {
    const message = `policy "${data.name}" is never chosen: "${open[0]?.data.name}" takes all that is left`;
    source.problems.warn(
      [...path, "name"],
      message,
      "give it a when:, or the other's name to replace it",
    );
  }
  return [...all.filter((policy) => policy.data.when !== undefined), ...open.slice(0, 1)];
}

function compileWhen(
  { data, path, source }: PlacedPolicy,
  { names, limits }: RuleOptions,
): Matcher | undefined {
  if (data.when === undefined) return undefined;
  const at = [...path, "when"];
  for (const use of familyUses(data.when, names.objects, at)) {
    if (use.condition.everywhere) continue;
    const message = `a policy is chosen before ${use.condition.family} is looked at`;
    source.problems.error(use.path, message, "choose by from, to, direction or channel");
  }
  const { problems } = source;
  const { definitions } = names;
  const owner = `policy ${data.name}`;
  const context = { owner, path: at, problems, definitions, limits };
  return compileCondition(data.when, names.objects, context);
}

function spoken(rule: CompiledRule, language: string | undefined): CompiledRule {
  return { ...rule, effects: inLanguage(rule.effects, language) };
}

/** What a rule that disarms links does under `link_mode`. */
function underLinkMode(rule: CompiledRule, mode: LinkMode | undefined): CompiledRule {
  if (rule.effects.rewriteStyle === undefined) return rule;
  const { effects } = rule;
  if (mode === "warn") return { ...rule, effects: { ...effects, rewriteStyle: undefined } };
  if (mode !== "block") return rule;
  return {
    ...rule,
    effects: { ...effects, terminal: "block", rewriteStyle: undefined, notices: [] },
  };
}
