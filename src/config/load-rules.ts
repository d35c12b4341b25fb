import { createHash, type Hash } from "node:crypto";
import { readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { RulePath, RuleSource } from "../policy/rule-problem.ts";
import type { ConfigProblem } from "./config-problem.ts";
import { resolveListFiles, type LoadedList } from "./list-files.ts";
import type { ListFile } from "./list-file.ts";
import { displayPath, isFolder, readProblem } from "./read-file.ts";
import { readList, type ListReading } from "./read-list.ts";
import { fileProblem, readYamlFile, type ProblemText } from "./read-yaml-file.ts";
import { WatchPlaces, type WatchPlace } from "./watch-places.ts";

/** A rule file that was read, with what is needed to speak of places in it. */
export interface RuleFileSource extends RuleSource {
  problemAt(path: RulePath, what: ProblemText): ConfigProblem;
}

export interface LoadedRules {
  /** In effective order: the files and folders as given, then the packs by name. */
  readonly sources: readonly RuleFileSource[];
  readonly problems: readonly ConfigProblem[];
  /** The files of their lists and groups that could be read. */
  readonly lists: readonly LoadedList[];
  /** SHA-256 over the rule files as they were found; of list files, only what keeps them from being read. Hex. */
  readonly digest: string;
  /** Where a change of the rules would be seen. */
  readonly places: readonly WatchPlace[];
}

export interface LoadRulesOptions {
  /** The list files in force: one that has not changed since is not read again. */
  readonly known?: readonly LoadedList[];
  /** Known list files are not even looked at. */
  readonly trustKnown?: boolean;
  /** Where copies for `on_missing: last-good` lie. */
  readonly copies?: string | undefined;
}

/**
 * Reads rule files and folders in the order given. A folder gives its own `*.yaml` in lexical order, not its sub-folders;
 * each folder `packs/NAME/` beside a rule file is the pack NAME. List files are read in.
 *
 * Never throws for what an operator may have written or left lying about: links in circles, folders called x.yaml, pipes,
 * files without read permission and half-written files are problems with a name.
 *
 * @param paths Absolute.
 */
export function loadRules(paths: readonly string[], options: LoadRulesOptions = {}): LoadedRules {
  const reading: Reading = {
    sources: [],
    problems: [],
    listProblems: [],
    lists: [],
    seen: new Set(),
    packs: new Map(),
    options,
    hash: createHash("sha256"),
    places: new WatchPlaces(),
  };
  const folders = new Set<string>();
  for (const path of paths) {
    reading.places.addRules(path);
    const status = statusOf(path, reading);
    if (status === undefined) continue;
    if (status === "file") {
      readSource(path, undefined, reading);
      folders.add(dirname(path));
    } else {
      for (const file of ruleFilesIn(path, reading)) readSource(file, undefined, reading);
      folders.add(path);
    }
  }
  for (const folder of folders) {
    reading.places.addRules(folder);
    findPacks(join(folder, "packs"), reading);
  }
  const packs = [...reading.packs].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, folder] of packs) {
    reading.places.addRules(folder);
    for (const file of ruleFilesIn(folder, reading)) readSource(file, name, reading);
  }
  const { sources, problems, listProblems, lists, hash, places } = reading;
  // Lists that could not be read too: when they can, it is worth another try.
  hash.update(JSON.stringify([problems, listProblems.filter((one) => one.severity === "error")]));
  return {
    sources,
    problems: [...problems, ...listProblems],
    lists,
    digest: hash.digest("hex"),
    places: places.all(),
  };
}

interface Reading {
  readonly sources: RuleFileSource[];
  readonly problems: ConfigProblem[];
  readonly listProblems: ConfigProblem[];
  readonly lists: LoadedList[];
  readonly options: LoadRulesOptions;
  readonly hash: Hash;
  readonly places: WatchPlaces;
  /** Real paths of the files read. */
  readonly seen: Set<string>;
  /** Name → folder. */
  readonly packs: Map<string, string>;
}

function statusOf(path: string, reading: Reading): "file" | "folder" | undefined {
  try {
    return statSync(path).isDirectory() ? "folder" : "file";
  } catch (error) {
    const { message, hint } = readProblem(error);
    const name = displayPath(path);
    reading.problems.push(fileProblem(name, `${name} ${message}`, hint));
    return undefined;
  }
}

function ruleFilesIn(folder: string, reading: Reading): readonly string[] {
  const names = namesIn(folder, reading);
  for (const name of names) {
    if (name.startsWith(".") || !name.endsWith(".yml")) continue;
    const file = displayPath(join(folder, name));
    const message = `${file} is not read`;
    reading.problems.push(fileProblem(file, message, 'rule files end in ".yaml"', "warning"));
  }
  return names
    .filter((name) => name.endsWith(".yaml") && !name.startsWith("."))
    .map((name) => join(folder, name));
}

/** Sorted by code unit, as `ls` does in the C locale. */
function namesIn(folder: string, reading: Reading): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    const { message, hint } = readProblem(error);
    const name = displayPath(folder);
    reading.problems.push(fileProblem(name, `${name} ${message}`, hint));
    return [];
  }
}

const PACK_NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;

function findPacks(folder: string, reading: Reading): void {
  if (!isFolder(folder)) return;
  reading.places.addRules(folder);
  for (const name of namesIn(folder, reading)) {
    const path = join(folder, name);
    if (name.startsWith(".") || statusOf(path, reading) !== "folder") continue;
    const known = reading.packs.get(name);
    if (!PACK_NAME.test(name)) {
      const hint = "small letters, digits and hyphens";
      reading.problems.push(fileProblem(displayPath(path), `"${name}" is no name of a pack`, hint));
    } else if (known === undefined) {
      reading.packs.set(name, path);
    } else if (realpathSync(known) !== realpathSync(path)) {
      const message = `the pack "${name}" is defined in ${displayPath(known)} already`;
      reading.problems.push(fileProblem(displayPath(path), message, "rename one of the folders"));
    }
  }
}

function readSource(path: string, pack: string | undefined, reading: Reading): void {
  reading.places.addFile(path);
  const yaml = readYamlFile(path);
  if (!yaml.ok) {
    reading.problems.push(...yaml.problem);
    return;
  }
  const real = realpathSync(path);
  if (reading.seen.has(real)) {
    const hint = 'name it once under "rules"';
    reading.problems.push(fileProblem(yaml.value.name, "this file is read twice", hint));
    return;
  }
  reading.seen.add(real);
  reading.hash.update(JSON.stringify([path, pack, yaml.value.text]));
  const lists = resolveListFiles(yaml.value, (file) => readKnown(file, reading));
  reading.listProblems.push(...lists.problems);
  reading.lists.push(...lists.lists);
  reading.sources.push({
    file: yaml.value.name,
    pack,
    data: yaml.value.data,
    feeds: lists.feeds,
    lineOf: (at) => yaml.value.positionOf(at).line,
    problemAt: (at, what) => yaml.value.problemAt(at, what),
  });
}

/** A list whose definition has changed is another list. */
function readKnown(file: ListFile, { options, places }: Reading): ListReading {
  if (file.watched) places.addFile(file.path);
  const { known, trustKnown, copies } = options;
  const before = known?.find((one) => one.file.key === file.key && isSameFile(one.file, file));
  if (before !== undefined && trustKnown === true) {
    const { version, kept } = before;
    return kept === undefined
      ? { kind: "same", version }
      : { kind: "kept", version, problem: kept };
  }
  const reading = readList(file, { known: before?.version, copies });
  // Without it the rules are not taken: they are tried again when it comes.
  if (reading.kind === "failed") places.addFile(file.path);
  return reading;
}

function isSameFile(a: ListFile, b: ListFile): boolean {
  return a.path === b.path && a.type === b.type && a.format === b.format;
}
