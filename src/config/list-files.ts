import { dirname, resolve } from "node:path";
import { failed, ok, type Result } from "../base/result.ts";
import { fileProblem, type YamlFile } from "./read-yaml-file.ts";
import type { ConfigProblem } from "./config-problem.ts";
import { displayPath, readRegularFile } from "./read-file.ts";

/** Where the items of a list came from that stand in a file of their own. */
export interface ListOrigin {
  /** As problems name it. */
  readonly file: string;
  /** Index of the first item that came from the file. */
  readonly firstIndex: number;
  /** Line of each item of the file. */
  readonly lines: readonly number[];
}

export interface ResolvedLists {
  /** The document with the items of list files in place of `file`, `format` and `on_missing`. */
  readonly data: unknown;
  /** By name of the list. */
  readonly origins: ReadonlyMap<string, ListOrigin>;
  readonly problems: readonly ConfigProblem[];
}

/** A million domain names are 22 MB. */
const MAX_LIST_BYTES: number = 128 * 1024 * 1024;

/**
 * Reads the files of `lists:` (formats lines, hosts and csv:N; paths are relative to the rule file). What does not have
 * the shape of a list is left as it is: the schema says what is wrong with it.
 */
export function resolveListFiles(yaml: YamlFile): ResolvedLists {
  const problems: ConfigProblem[] = [];
  const origins = new Map<string, ListOrigin>();
  const { data } = yaml;
  if (!isRecord(data) || !isRecord(data["lists"])) return { data, origins, problems };
  const lists: Record<string, unknown> = {};
  for (const [name, list] of Object.entries(data["lists"])) {
    const read = isRecord(list) ? resolveList(name, list, yaml) : undefined;
    if (read === undefined) setOwn(lists, name, list);
    else {
      setOwn(lists, name, read.list);
      if (read.origin !== undefined) origins.set(name, read.origin);
      problems.push(...read.problems);
    }
  }
  return { data: { ...data, lists }, origins, problems };
}

type ListData = Readonly<Record<string, unknown>>;

interface ReadList {
  readonly list: ListData;
  readonly origin: ListOrigin | undefined;
  readonly problems: readonly ConfigProblem[];
}

function resolveList(name: string, list: ListData, yaml: YamlFile): ReadList | undefined {
  const { file, format = "lines", on_missing: onMissing = "fail", ...rest } = list;
  const items = rest["items"] ?? [];
  if (typeof file !== "string" || !Array.isArray(items)) return undefined;
  const refused = (key: string, message: string, hint: string): ReadList => ({
    list: { ...rest, items },
    origin: undefined,
    problems: [yaml.problemAt(["lists", name, key], { message, hint })],
  });
  const reader = typeof format === "string" ? readerOf(format) : undefined;
  if (reader === undefined) {
    return refused("format", `unknown format ${JSON.stringify(format)}`, "lines, hosts or csv:2");
  }
  if (onMissing !== "fail" && onMissing !== "empty" && onMissing !== "last-good") {
    const message = `unknown value ${JSON.stringify(onMissing)}`;
    return refused("on_missing", message, "fail, empty or last-good");
  }
  const path = resolve(dirname(yaml.path), file);
  const text = readListText(path);
  if (!text.ok) {
    // last-good is fail here: whoever loads the rules anew keeps the old ones when this fails.
    if (onMissing === "empty" && text.problem.message.endsWith("does not exist")) {
      return { list: { ...rest, items }, origin: undefined, problems: [] };
    }
    return refused("file", text.problem.message, text.problem.hint ?? "");
  }
  const entries = reader(text.value);
  return {
    list: { ...rest, items: [...items, ...entries.map((entry) => entry.item)] },
    origin: {
      file: displayPath(path),
      firstIndex: items.length,
      lines: entries.map((entry) => entry.line),
    },
    problems: [],
  };
}

function readListText(path: string): Result<string, ConfigProblem> {
  const name = displayPath(path);
  const bytes = readRegularFile(path, MAX_LIST_BYTES);
  if (!bytes.ok) {
    return failed(fileProblem(name, `${name} ${bytes.problem.message}`, bytes.problem.hint));
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.value);
    if (!text.includes("\0")) return ok(text);
  } catch {
    return failed(fileProblem(name, `${name} is not UTF-8 text`, "save it as UTF-8"));
  }
  return failed(fileProblem(name, `${name} holds a NUL character`, "it is damaged"));
}

interface ListEntry {
  readonly item: string;
  /** From 1. */
  readonly line: number;
}

type ListReader = (text: string) => readonly ListEntry[];

function readerOf(format: string): ListReader | undefined {
  if (format === "lines") return (text) => entriesOf(text, (line) => [line]);
  if (format === "hosts") return (text) => entriesOf(text, hostsOf);
  const column = /^csv:([1-9]\d?)$/.exec(format)?.[1];
  if (column === undefined) return undefined;
  return (text) => entriesOf(text, (line) => [cellOf(line, Number(column))]);
}

/** Blank lines and lines that begin with # hold nothing. */
function entriesOf(
  text: string,
  itemsOf: (line: string) => readonly string[],
): readonly ListEntry[] {
  const entries: ListEntry[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    for (const item of itemsOf(line)) {
      if (item !== "") entries.push({ item, line: index + 1 });
    }
  }
  return entries;
}

/** The form of /etc/hosts: an address, then names; names of the machine itself are no entries. */
function hostsOf(line: string): readonly string[] {
  const [, ...names] = (line.split("#")[0] ?? "").trim().split(/\s+/);
  return names.filter((name) => !OWN_NAMES.has(name.toLowerCase()));
}

const OWN_NAMES: ReadonlySet<string> = new Set([
  "localhost",
  "localhost.localdomain",
  "local",
  "broadcasthost",
  "ip6-localhost",
  "ip6-loopback",
  "ip6-allnodes",
  "ip6-allrouters",
  "0.0.0.0",
]);

/** One cell of a line of comma separated values; cells may be quoted, and then hold commas and "" for a quote. */
function cellOf(line: string, column: number): string {
  const cells = line.matchAll(/(?:^|,)(?:\s*"((?:[^"]|"")*)"\s*|([^,]*))/g);
  let index = 0;
  for (const cell of cells) {
    index += 1;
    if (index < column) continue;
    return (cell[1]?.replaceAll('""', '"') ?? cell[2] ?? "").trim();
  }
  return "";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A list may be named `__proto__` by someone who tries things out; it stays a plain key. */
function setOwn(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}
