import { getPublicSuffix, parse } from "tldts";
import type { ListType, NamedList } from "./condition.ts";
import { parseLinkPrefix, type LinkPrefix, PREFIX_HINT } from "./link-prefix.ts";
import { createPhraseFinder, PHRASE_DEFAULTS } from "./phrase-finder.ts";
import type { ProblemSink, RulePath } from "./rule-problem.ts";
import type { ListData } from "./schema.ts";
import { foldAor, foldDomain, foldExtension, foldText } from "./text-test.ts";

/** Compiles one entry of `lists:`; entries that cannot be meant are problems. */
export function compileList(
  name: string,
  data: ListData,
  path: RulePath,
  problems: ProblemSink,
): NamedList {
  const items = data.items ?? [];
  if (data.items === undefined && data.file === undefined) {
    problems.error(path, `list "${name}" has neither items nor a file`);
  }
  if (data.type !== "phrase") {
    for (const key of ["match", "normalize"] as const) {
      if (data[key] !== undefined) {
        problems.error([...path, key], `"${key}" belongs to lists of type phrase`);
      }
    }
  }
  const at = [...path, "items"];
  const base = { name, type: data.type, hasLink: undefined };
  if (data.type === "domain") return { ...base, has: domainTest(items, at, problems) };
  if (data.type === "prefix") {
    const tests = prefixTests(items, at, problems);
    return { ...base, has: () => false, hasLink: (link) => tests.some((test) => test(link)) };
  }
  if (data.type === "phrase") {
    const match = data.match ?? PHRASE_DEFAULTS.match;
    const normalize = data.normalize ?? PHRASE_DEFAULTS.normalize;
    return { ...base, has: createPhraseFinder(items, { match, normalize }) };
  }
  return { ...base, has: setTest(items, data.type, at, problems) };
}

function setTest(
  items: readonly string[],
  type: Exclude<ListType, "domain" | "prefix" | "phrase">,
  path: RulePath,
  problems: ProblemSink,
): (value: string) => boolean {
  const fold = { extension: foldExtension, aor: foldAor, string: foldText }[type];
  for (const [index, item] of items.entries()) {
    const hint = entryHint(type, item);
    if (hint !== undefined) problems.error([...path, index], `"${item}" is no ${type}`, hint);
  }
  const values = new Set(items.map(fold));
  return (value) => values.has(value);
}

function entryHint(type: ListType, item: string): string | undefined {
  if (type === "extension" && /[*/\\\s]/.test(item)) return "write the extension alone, as in exe";
  if (type === "aor" && !item.includes("@")) return "write it as sip:user@domain";
  return undefined;
}

/** A name and all names under it (RULES.md §5, domain matching): the labels are walked from the left. */
function domainTest(
  items: readonly string[],
  path: RulePath,
  problems: ProblemSink,
): (value: string) => boolean {
  const names = new Set<string>();
  for (const [index, item] of items.entries()) {
    const name = foldDomain(item).replace(/^\./, "");
    const hint = domainProblem(name);
    if (hint === undefined) names.add(name);
    else problems.error([...path, index], ...hint);
  }
  return (value) => isNamed(value, names);
}

/** Why an entry of a domain list cannot be meant: message and hint. */
function domainProblem(name: string): [string, string | undefined] | undefined {
  if (name === "" || /[\s/:@*]/.test(name)) {
    return [`"${name}" is no domain name`, "write the name alone; names under it count too"];
  }
  if (isPublicSuffix(name)) {
    return [`"${name}" is a public suffix: it would match everybody under it`, "name the domain"];
  }
  return undefined;
}

/** Names come folded, and there may be a million of them. */
const AS_IS = { extractHostname: false, validateHostname: false, detectIp: false } as const;

/** Registries' suffixes only: github.io may be meant, and a label that is no top-level domain (corp) is somebody's own. */
function isPublicSuffix(name: string): boolean {
  return getPublicSuffix(name, AS_IS) === name && parse(name).isIcann === true;
}

function isNamed(value: string, names: ReadonlySet<string>): boolean {
  for (let at = 0; at !== -1;) {
    if (names.has(at === 0 ? value : value.slice(at))) return true;
    const dot = value.indexOf(".", at);
    at = dot === -1 ? -1 : dot + 1;
  }
  return false;
}

function prefixTests(
  items: readonly string[],
  path: RulePath,
  problems: ProblemSink,
): readonly LinkPrefix[] {
  const tests: LinkPrefix[] = [];
  for (const [index, item] of items.entries()) {
    const test = parseLinkPrefix(item);
    if (test !== undefined) tests.push(test);
    else problems.error([...path, index], `"${item}" is not a link prefix`, PREFIX_HINT);
  }
  return tests;
}
