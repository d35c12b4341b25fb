import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type YAMLError,
} from "yaml";
import { failed, ok, type Result } from "../base/result.ts";
import { inspectNodes, keyText } from "./yaml-nodes.ts";

/**
 * YAML 1.2 (core schema) with positions, read strictly: what two readers could understand differently is refused.
 *
 * Refused besides broken syntax: bytes that are not UTF-8, NUL, more than 4 MiB, several documents in one file, tags
 * other than `!!str`, duplicate keys, keys that are not plain words, aliases that lead in a circle or multiply, nesting
 * deeper than 64 levels, another YAML version. Warnings of the parser are errors. A file without content is a document
 * whose `data` is null. It knows nothing of what the keys mean.
 */
export function parseYamlDocument(bytes: Uint8Array): Result<YamlDocument, readonly YamlProblem[]> {
  const text = textOf(bytes);
  if (!text.ok) return failed([text.problem]);
  const lines = new LineCounter();
  const document = parseDocument(text.value, {
    version: "1.2",
    schema: "core",
    customTags: [],
    lineCounter: lines,
    // O(n²) in the package; inspectNodes finds duplicates in one pass.
    uniqueKeys: false,
    prettyErrors: false,
    strict: true,
  });
  const problems = [...document.errors, ...document.warnings].map((error) =>
    problemOf(error, lines, text.value),
  );
  if (problems.length > 0) return failed(problems);
  const found = inspectNodes(document);
  if (found.length > 0) {
    return failed(found.map(({ offset, ...rest }) => ({ ...placeAt(lines, offset), ...rest })));
  }
  return dataOf(document, lines, text.value);
}

/** A document that was read without a problem. */
export interface YamlDocument {
  /** Plain values; null for a file without content. */
  readonly data: unknown;
  /** The whole text, for source lines in problems. */
  readonly text: string;
  /** Where a path stands: the key of its last part (or the list item); of what does not exist, the nearest ancestor. */
  positionOf(path: readonly (string | number)[]): Position;
}

/** Both count from 1; the column counts UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface YamlProblem extends Position {
  readonly message: string;
  readonly hint: string | undefined;
}

/** 4 MiB: a rule file of 50,000 rules; long lists stand in files of their own. */
const MAX_YAML_BYTES: number = 4 * 1024 * 1024;

const MAX_ALIASES = 50;

/** Decodes strictly; a byte order mark is dropped. */
function textOf(bytes: Uint8Array): Result<string, YamlProblem> {
  if (bytes.length > MAX_YAML_BYTES) {
    return failed(
      atStart("the file is larger than 4 MiB", "put long lists into files of their own"),
    );
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return failed({
      ...firstBadByte(bytes),
      message: "not UTF-8 text",
      hint: "save the file as UTF-8",
    });
  }
  const nul = text.indexOf("\0");
  if (nul === -1) return ok(text);
  return failed({
    ...positionIn(text, nul),
    message: "a NUL character",
    hint: "the file is damaged or only half written",
  });
}

function atStart(message: string, hint: string): YamlProblem {
  return { line: 1, column: 1, message, hint };
}

/** The longest prefix that decodes ends before the first bad byte. */
function firstBadByte(bytes: Uint8Array): Position {
  let low = 0;
  let high = bytes.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    try {
      // `stream` bears a character that is cut at the end of the prefix.
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, middle), { stream: true });
      low = middle;
    } catch {
      high = middle - 1;
    }
  }
  const good = new TextDecoder("utf-8").decode(bytes.subarray(0, low), { stream: true });
  return positionIn(good, good.length);
}

function positionIn(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - lineStart + 1 };
}

function placeAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function problemOf(error: YAMLError, lines: LineCounter, text: string): YamlProblem {
  const offset = Math.min(error.pos[0], text.length);
  return {
    ...placeAt(lines, offset),
    message: SYNTAX_MESSAGES[error.code] ?? lowerFirst(error.message),
    hint: SYNTAX_HINTS[error.code],
  };
}

/** Where the words of the package speak to programmers rather than to the writer of the file. */
const SYNTAX_MESSAGES: Readonly<Partial<Record<string, string>>> = {
  MULTIPLE_DOCS: "several documents in one file",
  // The package says "maximum call stack size exceeded".
  RESOURCE_EXHAUSTION: "nested too deeply",
  TAG_RESOLVE_FAILED: "tags (!name) are not allowed",
};

const SYNTAX_HINTS: Readonly<Partial<Record<string, string>>> = {
  BAD_INDENT: "check the indentation and the brackets of the lines above",
  BAD_SCALAR_START: 'put the value in quotes: "…"',
  BLOCK_AS_IMPLICIT_KEY: "put a value that holds a colon and a blank in quotes",
  MISSING_CHAR: "a quote, a bracket, a comma or a colon is missing",
  MULTIPLE_DOCS: 'remove the line "---", or use two files',
  TAB_AS_INDENT: "use blanks",
  TAG_RESOLVE_FAILED: 'put a value that begins with "!" in quotes',
};

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}

function dataOf(
  document: Document.Parsed,
  lines: LineCounter,
  text: string,
): Result<YamlDocument, readonly YamlProblem[]> {
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return failed([
      atStart(
        "aliases multiply the content of this file",
        "write the repeated part out, or use a list",
      ),
    ]);
  }
  return ok({
    data: data ?? null,
    text,
    positionOf: (path) => placeAt(lines, offsetOf(document, path)),
  });
}

function offsetOf(document: Document.Parsed, path: readonly (string | number)[]): number {
  let node: Node | null | undefined = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => keyText(item.key) === String(part));
      if (pair === undefined) return offset;
      offset = (pair.key as Node | null)?.range?.[0] ?? offset;
      node = pair.value as Node | null;
    } else if (isSeq(node)) {
      const item = node.items[Number(part)] as Node | null | undefined;
      if (item === undefined || item === null) return offset;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else if (isScalar(node) || node === null || node === undefined) {
      return offset;
    }
  }
  return offset;
}
