import type { ListType, NamedList } from "./condition.ts";
import { parseLinkPrefix } from "./link-prefix.ts";
import { entryProblem, foldEntry } from "./list-entry.ts";
import { followFeed, lookUpIn, type ListFeed } from "./list-feed.ts";
import { longestOf } from "./longest-of.ts";
import { PHRASE_DEFAULTS, type PhraseSearches } from "./phrase-finder.ts";
import type { ProblemSink, RulePath } from "./rule-problem.ts";
import type { ListData } from "./schema.ts";

/**
 * Compiles one entry of `lists:`; entries that cannot be meant are problems.
 *
 * @param feed what the list's file holds, checked by whoever read it
 */
export function compileList(
  { name, data, feed }: ListSource,
  path: RulePath,
  { problems, phrases }: { readonly problems: ProblemSink; readonly phrases: PhraseSearches },
): NamedList {
  if (data.items === undefined && data.file === undefined) {
    problems.error(path, `list "${name}" has neither items nor a file`);
  }
  checkKeys(data, path, problems);
  const items = soundItems(data, path, problems);
  const base = { name, type: data.type, hasLink: undefined };
  if (data.type === "prefix") {
    const tests = searched(items, feed, (all) => all.map(parseLinkPrefix));
    const hasLink: NamedList["hasLink"] = (link) =>
      tests().some((test) => test !== undefined && test(link));
    return { ...base, has: () => false, hasLink };
  }
  if (data.type === "phrase") return { ...base, ...phraseTest(items, data, feed, phrases) };
  return { ...base, has: lookUp(items, data.type, feed) };
}

export interface ListSource {
  readonly name: string;
  readonly data: ListData;
  readonly feed: ListFeed | undefined;
}

function checkKeys(data: ListData, path: RulePath, problems: ProblemSink): void {
  if (data.type !== "phrase") {
    for (const key of ["match", "normalize"] as const) {
      if (data[key] !== undefined) {
        problems.error([...path, key], `"${key}" belongs to lists of type phrase`);
      }
    }
  }
  if (data.file !== undefined) return;
  for (const key of ["format", "refresh", "on_missing", "allow_shrink"] as const) {
    if (data[key] !== undefined) {
      problems.error([...path, key], `"${key}" belongs to lists with a file`);
    }
  }
}

/** The items in the rule file that can be meant. */
function soundItems(data: ListData, path: RulePath, problems: ProblemSink): readonly string[] {
  return (data.items ?? []).filter((item, index) => {
    const problem = entryProblem(data.type, item);
    if (problem !== undefined) problems.error([...path, "items", index], ...problem);
    return problem === undefined;
  });
}

/** Phrases from a file may change, so that they have a search of their own. */
function phraseTest(
  items: readonly string[],
  data: ListData,
  feed: ListFeed | undefined,
  phrases: PhraseSearches,
): Pick<NamedList, "has" | "phrases"> {
  const match = data.match ?? PHRASE_DEFAULTS.match;
  const normalize = data.normalize ?? PHRASE_DEFAULTS.normalize;
  if (feed === undefined) {
    const finder = phrases.finder(items, { match, normalize });
    return { has: (text) => finder.test(text), phrases: finder };
  }
  const find = searched(items, feed, (all) => phrases.alone(all, { match, normalize }));
  return { has: (text) => find().test(text) };
}

/** What is made of all items, those of the file among them; made anew when the file has changed. */
function searched<T>(
  items: readonly string[],
  feed: ListFeed | undefined,
  make: (items: readonly string[]) => T,
): () => T {
  if (feed === undefined) {
    const made = make(items);
    return () => made;
  }
  return followFeed(feed, (entries) =>
    make(entries.kind === "items" ? [...items, ...entries.items] : items),
  );
}

function lookUp(
  items: readonly string[],
  type: ListType,
  feed: ListFeed | undefined,
): (value: string) => boolean {
  const values = new Set(items.map((item) => foldEntry(type, item)));
  const inFile = lookUpIn(feed, type === "domain");
  if (type === "domain") {
    const longest = longestOf(values);
    return (value) => isNamed(value, values, longest) || inFile(value);
  }
  return (value) => values.has(value) || inFile(value);
}

/**
 * A name and all names under it (RULES.md §5, domain matching): the labels are walked from the left, from where the rest is
 * as long as a name can be.
 */
function isNamed(value: string, names: ReadonlySet<string>, longest: number): boolean {
  if (names.size === 0) return false;
  const first = value.length - longest;
  for (let at = first <= 0 ? 0 : value.indexOf(".", first - 1) + 1 || -1; at !== -1;) {
    if (names.has(at === 0 ? value : value.slice(at))) return true;
    const dot = value.indexOf(".", at);
    at = dot === -1 ? -1 : dot + 1;
  }
  return false;
}
