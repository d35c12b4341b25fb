import type { LoadedList } from "../config/list-files.ts";
import type { ListFile } from "../config/list-file.ts";
import { displayPath } from "../config/read-file.ts";
import { listProblemText, type ListReading } from "../config/read-list.ts";
import { feedKey, type ListFeed } from "../policy/list-feed.ts";
import type { RuleSource } from "../policy/rule-problem.ts";

/** How the entries of a list or group stand that come from a file. */
export interface ListStatus {
  readonly name: string;
  readonly section: "lists" | "groups";
  readonly type: string;
  /** Of the file; those in the rule file are not counted. */
  readonly entries: number;
  /** As the operator knows it. */
  readonly file: string;
  readonly watched: boolean;
  /** When these entries were read, milliseconds since 1970. */
  readonly loadedAt: number;
  /** When the file was last looked at. */
  readonly checkedAt: number;
  /** Why the file is not what is in force. */
  readonly trouble: string | undefined;
}

/** What a refresh made of one list. */
export interface ListChange {
  readonly name: string;
  readonly outcome: "same" | "new" | "kept" | "failed";
  readonly entries: number;
  /** Why it was kept, or what is wrong with the file. */
  readonly problem: string | undefined;
  /** The same could be said before: nothing to report. */
  readonly isNews: boolean;
}

interface Held {
  loaded: LoadedList;
  readonly feed: ListFeed | undefined;
  loadedAt: number;
  checkedAt: number;
  trouble: string | undefined;
}

/** The list files of the rules in force, with the feeds through which the compiled rules see them. */
export class ListBook {
  #held = new Map<string, Held>();

  /** What the next reading starts from. */
  get known(): readonly LoadedList[] {
    return [...this.#held.values()].map((held) => held.loaded);
  }

  get statuses(): readonly ListStatus[] {
    return [...this.#held.values()].map(({ loaded, loadedAt, checkedAt, trouble }) => {
      const { name, section, type, path, watched } = loaded.file;
      const entries = loaded.version.count;
      const file = displayPath(path);
      return { name, section, type, entries, file, watched, loadedAt, checkedAt, trouble };
    });
  }

  /** New rules are in force. */
  replace(lists: readonly LoadedList[], sources: readonly RuleSource[], now: number): void {
    const before = this.#held;
    const feeds = feedsOf(sources);
    this.#held = new Map(
      lists.map((loaded) => {
        const { file, version, kept } = loaded;
        const known = before.get(file.key);
        const isSame = known?.loaded.version.entries === version.entries;
        const held = {
          loaded,
          feed: feeds.get(placeOf(file)),
          loadedAt: isSame ? known.loadedAt : now,
          checkedAt: now,
          trouble: kept && listProblemText(file, kept),
        };
        return [file.key, held];
      }),
    );
  }

  /** Files were read again: what is new is in force from here on. */
  take(readings: readonly (readonly [ListFile, ListReading])[], now: number): ListChange[] {
    return readings.flatMap(([file, reading]) => {
      const held = this.#held.get(file.key);
      return held === undefined ? [] : [takeOne(held, reading, now)];
    });
  }
}

function takeOne(held: Held, reading: ListReading, now: number): ListChange {
  const { file } = held.loaded;
  const before = held.trouble;
  held.checkedAt = now;
  if (reading.kind === "failed") {
    const [first] = reading.problems;
    held.loaded = { ...held.loaded, kept: first };
    held.trouble = first && listProblemText(file, first);
  } else {
    const { version } = reading;
    const kept = reading.kind === "kept" ? reading.problem : undefined;
    held.loaded = { file, version, kept };
    held.trouble = kept && listProblemText(file, kept);
    if (reading.kind === "new") {
      held.loadedAt = now;
      if (held.feed !== undefined) held.feed.current = version.entries;
    }
  }
  return {
    name: file.name,
    outcome: reading.kind,
    entries: held.loaded.version.count,
    problem: held.trouble,
    isNews: reading.kind === "new" || held.trouble !== before,
  };
}

/** By rule file and name: the lists of two packs may have the same name. */
function feedsOf(sources: readonly RuleSource[]): ReadonlyMap<string, ListFeed> {
  const all = sources.flatMap(({ file, feeds }) =>
    [...(feeds ?? [])].map(([key, feed]): [string, ListFeed] => [`${file} ${key}`, feed]),
  );
  return new Map(all);
}

function placeOf(file: ListFile): string {
  return `${file.ruleFile} ${feedKey(file.section, file.name)}`;
}
