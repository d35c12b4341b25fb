import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Alias,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
} from "yaml";

/** A problem of the node tree; `offset` counts in the text. */
export interface NodeProblem {
  readonly offset: number;
  readonly message: string;
  readonly hint: string | undefined;
}

/** Finds what the syntax of YAML allows and we do not (see yaml-document.ts). */
export function inspectNodes(document: Document.Parsed): readonly NodeProblem[] {
  const problems: NodeProblem[] = [];
  const version = document.directives.yaml;
  if (version.explicit === true && version.version !== "1.2") {
    problems.push(problem(0, `YAML ${version.version} is not supported`, "remove the %YAML line"));
  }
  if (document.contents !== null) {
    walk(document.contents, { document, problems, open: new Set() });
  }
  return problems;
}

/** A key as it stands in the data, or undefined when it is no plain word. */
export function keyText(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  const value = key.value;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
}

interface Walk {
  readonly document: Document.Parsed;
  readonly problems: NodeProblem[];
  /** The nodes that we are inside of. */
  readonly open: Set<Node>;
}

const MAX_DEPTH = 64;

const STRING_TAG = "tag:yaml.org,2002:str";

function walk(node: Node, state: Walk): void {
  if (isAlias(node)) {
    inspectAlias(node, state);
    return;
  }
  if (node.tag !== undefined && node.tag !== STRING_TAG) {
    state.problems.push(
      problem(offsetOf(node), "tags (!name) are not allowed", "write plain values"),
    );
    return;
  }
  if (isScalar(node)) return;
  if (state.open.size >= MAX_DEPTH) {
    state.problems.push(problem(offsetOf(node), `nested deeper than ${MAX_DEPTH} levels`));
    return;
  }
  state.open.add(node);
  if (isMap(node)) {
    walkMap(node, state);
  } else if (isSeq(node)) {
    for (const item of node.items) {
      if (item !== null) walk(item as Node, state);
    }
  }
  state.open.delete(node);
}

function inspectAlias(node: Alias, state: Walk): void {
  const name = node.source;
  const target = node.resolve(state.document);
  if (target === undefined) {
    state.problems.push(
      problem(
        offsetOf(node),
        `*${name} refers to nothing`,
        `a value that begins with "*" stands in quotes: "*${name}"`,
      ),
    );
  } else if (state.open.has(target)) {
    state.problems.push(problem(offsetOf(node), `*${name} refers to the place where it stands`));
  }
}

function walkMap(map: YAMLMap, state: Walk): void {
  const seen = new Map<string, Pair>();
  for (const pair of map.items) {
    const key = keyText(pair.key);
    const keyNode = pair.key as Node | null;
    const offset = keyNode === null ? offsetOf(map) : offsetOf(keyNode);
    if (key === undefined) {
      state.problems.push(problem(offset, "this key is not a plain word"));
    } else if (seen.has(key)) {
      state.problems.push(problem(offset, `duplicate key "${key}"`, "remove one of the two"));
    } else {
      seen.set(key, pair);
    }
    if (keyNode !== null && isScalar(keyNode)) walk(keyNode, state);
    if (pair.value !== null && pair.value !== undefined) walk(pair.value as Node, state);
  }
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

function problem(offset: number, message: string, hint?: string): NodeProblem {
  return { offset, message, hint };
}
