import { compileCondition, type NamedConditions } from "./compile-condition.ts";
import type {
  ConditionContext,
  Definitions,
  NamedGroup,
  NamedList,
  NamedZone,
  PolicyLimits,
} from "./condition.ts";
import type { ConditionData } from "./condition-schema.ts";
import { FieldLookups } from "./field-lookups.ts";
import { feedKey, type ListFeed, type ListFeeds } from "./list-feed.ts";
import { LookalikeSearch } from "./lookalike-search.ts";
import { MessageWork } from "./message-work.ts";
import { compileList } from "./named-list.ts";
import { compileGroup, compileZone } from "./named-zone.ts";
import { PhraseSearches } from "./phrase-finder.ts";
import type { ProblemSink, RulePath } from "./rule-problem.ts";
import type { GroupData, ListData, RuleFile, TemplateData } from "./schema.ts";
import { unknownMacros } from "./template.ts";

/** A rule file that fits the schema, with the place its problems go to. */
export interface ReadFile {
  readonly file: string;
  readonly pack: string | undefined;
  readonly data: RuleFile;
  readonly problems: ProblemSink;
  readonly lineOf: (path: RulePath) => number;
  /** What the files of its lists and groups hold. */
  readonly feeds: ListFeeds | undefined;
}

/** Everything that rules refer to by name. */
export interface Names {
  readonly definitions: Definitions;
  readonly objects: NamedConditions;
  readonly templates: ReadonlyMap<string, TemplateData>;
  readonly lists: ReadonlyMap<string, Defined<unknown>>;
}

/** A definition and where it stands. */
interface Defined<T> {
  readonly data: T;
  readonly path: RulePath;
  readonly source: ReadFile;
}

/**
 * Gathers the definitions of all files into one space of names and compiles them. What the operator's own files define
 * takes the place of what a pack defines; two definitions of equal standing are a problem.
 */
export function compileDefinitions(files: readonly ReadFile[], limits: PolicyLimits): Names {
  const work = new MessageWork();
  const phrases = new PhraseSearches(work);
  const lists = gather(files, "lists", (file) => file.lists);
  const definitions: Definitions = {
    lists: compileEach<NamedList, ListData>(lists, (name, entry) =>
      compileList({ name, data: entry.data, feed: feedOf(entry, "lists", name) }, entry.path, {
        problems: entry.source.problems,
        phrases,
      }),
    ),
    groups: compileEach<NamedGroup, GroupData>(
      gather(files, "groups", (file) => file.groups),
      (name, entry) =>
        compileGroup(
          { data: entry.data, feed: feedOf(entry, "groups", name) },
          entry.path,
          entry.source.problems,
        ),
    ),
    zones: compileEach<NamedZone, Parameters<typeof compileZone>[0]>(
      gather(files, "zones", (file) => file.zones),
      (name, entry) => {
        if (name === "internet") {
          const hint = "define intranet: internet is all that is not intranet";
          entry.source.problems.error(entry.path, "the zone internet is built in", hint);
        }
        return compileZone(entry.data, entry.path, entry.source.problems);
      },
    ),
    usedLists: new Set(),
    work,
    phrases,
    lookalikes: new LookalikeSearch(work),
    lookups: new FieldLookups(),
  };
  const objects = gather(files, "objects", (file) => file.objects);
  const conditions = compileEach<ConditionData, ConditionData>(objects, (_, entry) => entry.data);
  for (const [name, { data, path, source }] of objects) {
    const { problems } = source;
    const owner = `object ${name}`;
    const context: ConditionContext = { owner, path, problems, definitions, limits };
    compileCondition(data, conditions, context, [name]);
    const round = roundOf(name, conditions);
    if (round === undefined) continue;
    source.problems.error(path, `object "${name}" refers to itself: ${round.join(" → ")}`);
  }
  const templates = compileEach<TemplateData, TemplateData>(
    gather(files, "templates", (file) => file.templates),
    (_, entry) => checkTemplate(entry),
  );
  return { definitions, objects: conditions, templates, lists };
}

function feedOf(
  { source }: Defined<unknown>,
  section: "lists" | "groups",
  name: string,
): ListFeed | undefined {
  return source.feeds?.get(feedKey(section, name));
}

function gather<T>(
  files: readonly ReadFile[],
  key: string,
  read: (file: RuleFile) => Readonly<Record<string, T>> | undefined,
): ReadonlyMap<string, Defined<T>> {
  const found = new Map<string, Defined<T>>();
  for (const source of files) {
    for (const [name, data] of Object.entries(read(source.data) ?? {})) {
      const path = [key, name];
      const earlier = found.get(name);
      const ownStanding = source.pack === undefined;
      if (earlier !== undefined && (earlier.source.pack === undefined) === ownStanding) {
        const where = `${earlier.source.file}:${earlier.source.lineOf(earlier.path)}`;
        source.problems.error(path, `"${name}" is defined already, in ${where}`);
      } else if (earlier === undefined || ownStanding) {
        found.set(name, { data, path, source });
      }
    }
  }
  return found;
}

function compileEach<Compiled, T>(
  entries: ReadonlyMap<string, Defined<T>>,
  compile: (name: string, entry: Defined<T>) => Compiled,
): ReadonlyMap<string, Compiled> {
  return new Map([...entries].map(([name, entry]) => [name, compile(name, entry)]));
}

function checkTemplate({ data, path, source }: Defined<TemplateData>): TemplateData {
  const languages = Object.entries(data);
  if (languages.length === 0) source.problems.error(path, "a template needs a text", "en: …");
  for (const [language, text] of languages) {
    checkMacros(text, [...path, language], source.problems);
  }
  return data;
}

/** Reports macros that do not exist. */
export function checkMacros(text: string, path: RulePath, problems: ProblemSink): void {
  for (const { name, hint } of unknownMacros(text)) {
    problems.error(path, `unknown macro {${name}}`, hint);
  }
}

/** The way from an object back to itself, or undefined. */
function roundOf(name: string, objects: NamedConditions): readonly string[] | undefined {
  const seen = new Set<string>();
  function search(at: string, way: readonly string[]): readonly string[] | undefined {
    for (const next of referredBy(objects.get(at) ?? {})) {
      if (next === name) return [...way, next];
      if (seen.has(next)) continue;
      seen.add(next);
      const found = search(next, [...way, next]);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return search(name, [name]);
}

function referredBy(data: ConditionData): readonly string[] {
  const nested = [data["any"], data["all"], data["not"]].flat().filter((inner) => inner);
  const own = typeof data["object"] === "string" ? [data["object"]] : [];
  return [...own, ...nested.flatMap((inner) => referredBy(inner as ConditionData))];
}
