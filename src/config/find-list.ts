import type { ListType } from "../policy/condition.ts";
import { foldEntry } from "../policy/list-entry.ts";
import { feedKey, lookUpIn, type ListFeed } from "../policy/list-feed.ts";
import { LINE_FEED } from "../policy/list-table.ts";
import { MessageWork } from "../policy/message-work.ts";
import { PHRASE_DEFAULTS, PhraseSearches } from "../policy/phrase-finder.ts";
import type { GroupData, ListData, RuleFile } from "../policy/schema.ts";
import type { RuleFileSource } from "./load-rules.ts";

/** A list or group of valid rules, to be looked into by people. */
export interface FoundList {
  readonly kind: "list" | "group";
  readonly name: string;
  readonly type: ListType;
  readonly pack: string | undefined;
  /** Where it is defined: file and line. */
  readonly where: string;
  /** As the rule file names it; undefined: there is none. */
  readonly file: string | undefined;
  /** In the rule file, and in the list's own file. */
  readonly counts: { readonly items: number; readonly file: number };
  /** Those of the rule file first. */
  entries(): Iterable<string>;
  /** The entry for which the value is in the list; undefined: it is not. */
  entryFor(value: string): string | undefined;
}

/** By name, a list before a group; what the operator's own files define before what packs do. */
export function findList(sources: readonly RuleFileSource[], name: string): FoundList | undefined {
  for (const section of ["lists", "groups"] as const) {
    const own = sources.filter((source) => source.pack === undefined);
    const found = [...own, ...sources].find((source) => dataIn(source, section, name));
    if (found !== undefined) return listIn(found, section, name);
  }
  return undefined;
}

function dataIn(
  { data }: RuleFileSource,
  section: "lists" | "groups",
  name: string,
): (ListData & GroupData) | undefined {
  // Rules were validated before anybody asks for a list.
  const all = (data as Partial<RuleFile> | null | undefined)?.[section];
  return all !== undefined && Object.hasOwn(all, name)
    ? (all[name] as ListData & GroupData)
    : undefined;
}

function listIn(
  source: RuleFileSource,
  section: "lists" | "groups",
  name: string,
): FoundList | undefined {
  const data = dataIn(source, section, name);
  if (data === undefined) return undefined;
  const type = section === "lists" ? data.type : "aor";
  const items = data.items ?? [...(data.aors ?? []), ...(data.domains ?? [])];
  const feed = source.feeds?.get(feedKey(section, name));
  return {
    kind: section === "lists" ? "list" : "group",
    name,
    type,
    pack: source.pack,
    where: `${source.file}:${source.lineOf?.([section, name]) ?? 0}`,
    file: data.file ?? data.members_file,
    counts: { items: items.length, file: countOf(feed) },
    *entries() {
      yield* items;
      yield* entriesOf(feed);
    },
    entryFor: entryFinder({ ...data, type }, { items, feed }),
  };
}

function countOf(feed: ListFeed | undefined): number {
  if (feed === undefined) return 0;
  const { current } = feed;
  return current.kind === "table" ? current.table.entries : current.items.length;
}

/** In the order of the file; an entry that stands there twice comes twice. */
function* entriesOf(feed: ListFeed | undefined): Iterable<string> {
  if (feed === undefined) return;
  const { current } = feed;
  if (current.kind === "items") {
    yield* current.items;
    return;
  }
  const text = Buffer.from(current.table.text.buffer);
  for (let at = 0; ;) {
    const end = text.indexOf(LINE_FEED, at);
    // Behind the last entry there may be room that was not needed.
    if (end === -1) return;
    yield text.toString("utf8", at, end);
    at = end + 1;
  }
}

function entryFinder(
  data: ListData & GroupData,
  { items, feed }: { readonly items: readonly string[]; readonly feed: ListFeed | undefined },
): FoundList["entryFor"] {
  const { type } = data;
  if (type === "phrase") return phraseFinder(data, [...items, ...entriesOf(feed)]);
  const folded = new Map(items.map((item) => [foldEntry(type, item), item]));
  const inFile = lookUpIn(feed, false);
  const exact = (value: string): string | undefined =>
    folded.get(value) ?? (inFile(value) ? value : undefined);
  if (type === "domain") return (value) => ofNames(foldEntry("domain", hostOf(value)), exact);
  const domains = (data.domains ?? []).map((domain) => foldEntry("domain", domain));
  return (value) => {
    const own = foldEntry(type, value);
    const host = own.slice(own.lastIndexOf("@") + 1);
    const under = (name: string): string | undefined => domains.find((one) => one === name);
    return exact(own) ?? (domains.length === 0 ? undefined : ofNames(host, under));
  };
}

/** The name itself, or the nearest one above it. */
function ofNames(value: string, exact: (name: string) => string | undefined): string | undefined {
  for (let name = value; name !== "";) {
    const entry = exact(name);
    if (entry !== undefined) return entry;
    const dot = name.indexOf(".");
    name = dot === -1 ? "" : name.slice(dot + 1);
  }
  return undefined;
}

/** A whole link may be given for its host. */
function hostOf(value: string): string {
  return value.includes("://") ? (URL.parse(value)?.hostname ?? value) : value;
}

function phraseFinder(data: ListData, phrases: readonly string[]): FoundList["entryFor"] {
  const options = {
    match: data.match ?? PHRASE_DEFAULTS.match,
    normalize: data.normalize ?? PHRASE_DEFAULTS.normalize,
  };
  const searches = new PhraseSearches(new MessageWork());
  return (text) => phrases.find((phrase) => searches.alone([phrase], options).test(text));
}
