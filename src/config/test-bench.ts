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
  const own = sources.filter((source) => source.pack === undefined);
  const compiled = new Map<RuleSource | string, Policy | undefined>();
  function once(key: RuleSource | string, compileIt: () => Policy | undefined): Policy | undefined {
    if (!compiled.has(key)) compiled.set(key, compileIt());
    return compiled.get(key);
  }
  function forFile(source: RuleSource): Policy | undefined {
    const { pack } = source;
    if (pack !== undefined) return once(pack, () => compilePack(pack, sources));
    if (source === own.at(-1)) return policy;
    return once(source, () => compileUpTo(source, sources) ?? policy);
  }
  return {
    forFile,
    forRule(source, rule) {
      const asked = forFile(source);
      return asked === undefined || isInForce(rule.id, asked)
        ? asked
        : compileAlone(source, rule, sources);
    },
  };
}

function isInForce(id: string, policy: Policy): boolean {
  return policy.rules.some((rule) => rule.id === id && rule.enabled && rule.mode === "enforce");
}

/** The operator's files up to this one, with the packs; undefined when it refers to names of a later one. */
function compileUpTo(last: RuleSource, sources: readonly RuleSource[]): Policy | undefined {
  const end = sources.indexOf(last);
  const read = sources.filter((source, index) => index <= end || source.pack !== undefined);
  const compiled = compilePolicy(read, { domains: [], generation: 0 });
  return compiled.ok ? compiled.value : undefined;
}

/** A pack as it was written; only if it refers to names of others, with the definitions of all other files. */
function compilePack(pack: string, sources: readonly RuleSource[]): Policy | undefined {
  const own = sources.filter((source) => source.pack === pack);
  const alone = own.map((source) => ({ ...source, pack: undefined }));
  const others = sources.filter((source) => source.pack !== pack);
  return compile(alone) ?? compile([...definitionsFor(alone, others), ...own], pack);
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
