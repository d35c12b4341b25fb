import { compilePolicy } from "../policy/compile.ts";
import type { Policy } from "../policy/decision.ts";
import type { RuleSource } from "../policy/rule-problem.ts";
import type { RuleData, RuleFile } from "../policy/schema.ts";

/** Finds the rules that an inline test asks (see inline-tests.ts). */
export interface TestBench {
  /** For tests of one rule; undefined: that rule cannot be compiled by itself. */
  forRule(source: RuleSource, rule: RuleData): Policy | undefined;
  /** For tests at the end of a file. */
  forFile(source: RuleSource): Policy | undefined;
}

/** @param policy All of `sources`, compiled. */
export function createTestBench(sources: readonly RuleSource[], policy: Policy): TestBench {
  const inForce = new Set(
    policy.rules.filter((rule) => rule.enabled && rule.mode === "enforce").map((rule) => rule.id),
  );
  const packs = new Map<string, Policy | undefined>();
  function forPack(pack: string): Policy | undefined {
    if (!packs.has(pack)) packs.set(pack, compilePack(pack, sources));
    return packs.get(pack);
  }
  return {
    forRule(source, rule) {
      if (source.pack === undefined) {
        return inForce.has(rule.id) ? policy : compileAlone(source, rule, sources);
      }
      const isOn = (rule.enabled ?? true) && (rule.mode ?? "enforce") === "enforce";
      return isOn ? forPack(source.pack) : compileAlone(source, rule, sources);
    },
    forFile: (source) => (source.pack === undefined ? policy : forPack(source.pack)),
  };
}

/** A pack as it was written; only if it refers to names of others, with the definitions of the operator's files. */
function compilePack(pack: string, sources: readonly RuleSource[]): Policy | undefined {
  const own = sources.filter((source) => source.pack === pack);
  const alone = own.map((source) => ({ ...source, pack: undefined }));
  return compile(alone) ?? compile([...definitionsFor(alone, sources), ...own], pack);
}

/** One rule in force, with all definitions. */
function compileAlone(
  source: RuleSource,
  rule: RuleData,
  sources: readonly RuleSource[],
): Policy | undefined {
  const { enabled: _, mode: __, tests: ___, ...rest } = rule;
  const { defaults: { severity } = {} } = fileOf(source);
  const data = {
    ...definitionsOf(source),
    ...(severity === undefined ? undefined : { defaults: { severity } }),
    rules: [rest],
  };
  const target = { ...source, data };
  const others = sources.filter((other) => other !== source);
  const kept = definitionsFor([{ ...target, data: prune(data, [rest]) }], others);
  const pack = source.pack;
  return compile([...kept, { ...target, data: prune(data, [rest]) }], pack);
}

function compile(sources: readonly RuleSource[], pack?: string): Policy | undefined {
  const use = {
    file: "",
    pack: undefined,
    data: { version: 1, policies: [{ name: "default", use: pack === undefined ? [] : [pack] }] },
  };
  const compiled = compilePolicy([...sources, use], { domains: [], generation: 0 });
  return compiled.ok ? compiled.value : undefined;
}

/** The definitions of `sources` that `users` may refer to; packs stay packs, so that the operator's files prevail. */
function definitionsFor(
  users: readonly RuleSource[],
  sources: readonly RuleSource[],
): readonly RuleSource[] {
  const used = users.map((source) => source.data);
  const objects = sources.map((source) => fileOf(source).objects);
  return sources.map((source) => ({
    ...source,
    data: prune(definitionsOf(source), [...used, ...objects]),
  }));
}

function definitionsOf(source: RuleSource): Partial<RuleFile> & { version: 1 } {
  const { zones, lists, groups, objects, templates } = fileOf(source);
  return { version: 1, zones, lists, groups, objects, templates };
}

/** A list of a million entries is not compiled again for a rule that does not name it. */
function prune(data: Partial<RuleFile>, users: readonly unknown[]): Partial<RuleFile> {
  if (data.lists === undefined) return data;
  const text = JSON.stringify([users, data.objects, data.rules]);
  const lists = Object.entries(data.lists).filter(([name]) => text.includes(`"${name}"`));
  return { ...data, lists: Object.fromEntries(lists) };
}

function fileOf(source: RuleSource): Partial<RuleFile> {
  return source.data ?? {};
}
