import { createListTableReader, type ListTable } from "./list-table.ts";

/**
 * What the file of a list holds, valid and folded: a table where values are looked up whole or by their domains, texts
 * where they are searched for (phrases, prefixes). Plain data.
 */
export type ListEntries =
  | { readonly kind: "table"; readonly table: ListTable }
  | { readonly kind: "items"; readonly items: readonly string[] };

/**
 * The entries from a file that a compiled list looks into. It lives outside the policy, and its owner replaces the
 * entries as a whole when the file changes, so that rules need not be compiled for it.
 */
export interface ListFeed {
  current: ListEntries;
}

/** By `feedKey` of what the feed belongs to. */
export type ListFeeds = ReadonlyMap<string, ListFeed>;

/** @example feedKey("lists", "bad-domains"); feedKey("groups", "finance") */
export function feedKey(section: "lists" | "groups", name: string): string {
  return `${section}/${name}`;
}

/** What is made of the entries of a feed, made anew when they have changed. */
export function followFeed<T>(feed: ListFeed, make: (entries: ListEntries) => T): () => T {
  let entries = feed.current;
  let made = make(entries);
  return () => {
    if (feed.current !== entries) {
      entries = feed.current;
      made = make(entries);
    }
    return made;
  };
}

type Test = (value: string) => boolean;

/** Looks a folded value up among the entries in force; `domains`: names under an entry count too. */
export function lookUpIn(feed: ListFeed | undefined, domains: boolean): Test {
  if (feed === undefined) return () => false;
  const test = followFeed(feed, (entries): Test => {
    if (entries.kind === "items") {
      const items = new Set(entries.items);
      return (value) => items.has(value);
    }
    const reader = createListTableReader(entries.table);
    return domains ? reader.hasDomain : reader.has;
  });
  return (value) => test()(value);
}
