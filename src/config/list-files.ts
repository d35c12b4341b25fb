import { dirname, resolve } from "node:path";
import { LIST_TYPES, type ListType } from "../policy/condition.ts";
import { feedKey, type ListFeed } from "../policy/list-feed.ts";
import { LIST_FORMAT, type OnMissing } from "../policy/schema.ts";
import type { ConfigProblem } from "./config-problem.ts";
import type { ListFile, ListProblem, ListVersion } from "./list-file.ts";
import { displayPath } from "./read-file.ts";
import { fileProblem, type YamlFile } from "./read-yaml-file.ts";
import type { ListReading } from "./read-list.ts";

/** A list file with what of it is to be in force. */
export interface LoadedList {
  readonly file: ListFile;
  readonly version: ListVersion;
  /** Why that is not what the file holds now. */
  readonly kept: ListProblem | undefined;
}

export interface ResolvedLists {
  readonly feeds: ReadonlyMap<string, ListFeed>;
  readonly lists: readonly LoadedList[];
  readonly problems: readonly ConfigProblem[];
}

/**
 * Reads the files of a rule file's lists and groups (paths are relative to the rule file). What does not have the shape of
 * a list is passed over: the schema says what is wrong with it.
 */
export function resolveListFiles(
  yaml: YamlFile,
  read: (file: ListFile) => ListReading,
): ResolvedLists {
  const feeds = new Map<string, ListFeed>();
  const lists: LoadedList[] = [];
  const problems: ConfigProblem[] = [];
  for (const file of findListFiles(yaml)) {
    const reading = read(file);
    if (reading.kind === "failed") {
      problems.push(...reading.problems.map((problem) => placed(file, problem, yaml)));
      continue;
    }
    const kept = reading.kind === "kept" ? reading.problem : undefined;
    if (kept !== undefined) problems.push({ ...placed(file, kept, yaml), severity: "warning" });
    feeds.set(feedKey(file.section, file.name), { current: reading.version.entries });
    lists.push({ file, version: reading.version, kept });
  }
  return { feeds, lists, problems };
}

type Data = Readonly<Record<string, unknown>>;

/** The list files that a rule file names, as far as it makes sense. */
function findListFiles(yaml: YamlFile): readonly ListFile[] {
  const { data } = yaml;
  if (!isRecord(data)) return [];
  const listed = entriesOf(data["lists"]).map(([name, list]) =>
    listFile(yaml, { section: "lists", name, data: list, path: list["file"], type: list["type"] }),
  );
  const grouped = entriesOf(data["groups"]).map(([name, group]) =>
    listFile(yaml, {
      section: "groups",
      name,
      data: group,
      path: group["members_file"],
      type: "aor",
    }),
  );
  return [...listed, ...grouped].filter((file) => file !== undefined);
}

function listFile(
  yaml: YamlFile,
  given: Pick<ListFile, "section" | "name"> & {
    readonly data: Data;
    readonly path: unknown;
    readonly type: unknown;
  },
): ListFile | undefined {
  const { section, name, data, path, type } = given;
  const { format = "lines", on_missing: onMissing = "fail" } = data;
  if (typeof path !== "string" || path === "" || !isListType(type)) return undefined;
  if (typeof format !== "string" || !LIST_FORMAT.test(format) || !isOnMissing(onMissing)) {
    return undefined;
  }
  return {
    key: `${yaml.path} ${feedKey(section, name)}`,
    ruleFile: yaml.name,
    section,
    name,
    type,
    path: resolve(dirname(yaml.path), path),
    format: section === "groups" ? "lines" : format,
    onMissing,
    watched: data["refresh"] === "watch",
    allowShrink: data["allow_shrink"] === true,
  };
}

/** An entry is shown where it stands, the file as a whole where the rule file names it. */
function placed(file: ListFile, problem: ListProblem, yaml: YamlFile): ConfigProblem {
  const { line, message, hint } = problem;
  const shown = displayPath(file.path);
  if (line !== undefined) return { ...fileProblem(shown, message, hint), line };
  const key = file.section === "lists" ? "file" : "members_file";
  return yaml.problemAt([file.section, file.name, key], { message: `${shown} ${message}`, hint });
}

function entriesOf(value: unknown): readonly (readonly [string, Data])[] {
  return isRecord(value)
    ? Object.entries(value).flatMap(([name, data]) => (isRecord(data) ? [[name, data]] : []))
    : [];
}

function isListType(value: unknown): value is ListType {
  return LIST_TYPES.some((type) => type === value);
}

function isOnMissing(value: unknown): value is OnMissing {
  return value === "fail" || value === "empty" || value === "last-good";
}

function isRecord(value: unknown): value is Data {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
