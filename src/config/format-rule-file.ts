import { isDeepStrictEqual } from "node:util";
import { isScalar, isSeq, Lexer, parseDocument, type ParsedNode, type YAMLSeq } from "yaml";
import { failed, ok, type Result } from "../base/result.ts";
import { parseYamlDocument, type YamlProblem } from "./yaml-document.ts";

/**
 * A rule file in the one canonical form: two blanks of indentation, lists of words filled to the line, one blank line where there
 * were several. Order of keys, quotes, comments and every value stay. Formatting what is canonical changes nothing.
 *
 * The result is read again and compared: a file whose values or comments would not come out the same is refused and left alone,
 * since a formatter must never change what a rule means.
 */
export function formatRuleFile(bytes: Uint8Array): Result<string, readonly YamlProblem[]> {
  const read = parseYamlDocument(bytes);
  if (!read.ok) return read;
  const { text, data } = read.value;
  const formatted = printed(text);
  const again = parseYamlDocument(Buffer.from(formatted, "utf8"));
  const same =
    again.ok &&
    isDeepStrictEqual(again.value.data, data) &&
    isDeepStrictEqual(commentsOf(formatted), commentsOf(text)) &&
    printed(formatted) === formatted;
  return same ? ok(formatted) : failed([CANNOT]);
}

const CANNOT: YamlProblem = {
  line: 1,
  column: 1,
  message: "cannot be formatted without a change to a value or a comment",
  hint: "nothing is wrong with it; comments in unusual places are the most likely cause",
};

const LINE_WIDTH = 120;

function printed(text: string): string {
  const document = parseDocument(text, { version: "1.2", schema: "core", uniqueKeys: false });
  if (document.contents === null) return onlyComments(text);
  const { schema } = document;
  schema.tags = schema.tags.map((tag) => asWritten(tag, text));
  return document.toString({ indent: 2, lineWidth: LINE_WIDTH, trailingComma: true });
}

type Tag = ReturnType<typeof parseDocument>["schema"]["tags"][number];

/** Scalars are printed as they are written; lists of words are filled, where the package would give each a line. */
function asWritten(tag: Tag, text: string): Tag {
  if (tag.tag === "tag:yaml.org,2002:map") return tag;
  function stringify(node: ParsedNode, context: PrintContext, onComment: Done, onKeep: Done) {
    if (isScalar(node)) {
      const source = sourceOf(node, text, context.indent);
      if (source !== undefined) return source;
      const options = { ...context.options, lineWidth: 0 };
      return tag.stringify?.(node, { ...context, options }, onComment, onKeep) ?? "";
    }
    const words = isSeq(node) ? plainWords(node, text) : undefined;
    if (words !== undefined) return filled(words, context.indent);
    return (node as YAMLSeq).toString(context, onComment, onKeep);
  }
  return { ...tag, stringify } as unknown as Tag;
}

/**
 * A scalar as its author wrote it, with the indentation of its new place: escapes and quotes keep their form, and a text over
 * several lines its lines. Undefined: only the package knows how.
 */
function sourceOf(node: ParsedNode, text: string, indent: string): string | undefined {
  const source = text.slice(node.range[0], node.range[1]).replaceAll("\r\n", "\n");
  if (!isScalar(node) || source === "") return undefined;
  const lines = source.split("\n");
  const [head = "", ...rest] = lines;
  if (rest.length === 0) return source;
  if (node.type === "PLAIN" || node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE") {
    const after = rest.map((line) => line.trim()).map((line) => (line === "" ? "" : indent + line));
    return [head.trimEnd(), ...after].join("\n");
  }
  // A block scalar that says how deep it stands, or keeps the blank lines behind it, is the package's.
  if (!/^[|>]-?$/.test(head.trim())) return undefined;
  while (rest.at(-1)?.trim() === "") rest.pop();
  const depth = /^ */.exec(rest.find((line) => line.trim() !== "") ?? "")?.[0].length ?? 0;
  const content = rest.map((line) => (line.trim() === "" ? "" : indent + line.slice(depth)));
  return [head.trim(), ...content].join("\n");
}

type PrintContext = NonNullable<Parameters<YAMLSeq["toString"]>[0]>;
type Done = () => void;

/** The items of `[a, b, c]` as they are written; undefined: they are not words alone, or comments stand among them. */
function plainWords(node: YAMLSeq, text: string): readonly string[] | undefined {
  if (node.flow !== true || node.comment || node.items.length === 0) return undefined;
  const words: string[] = [];
  for (const item of node.items as readonly ParsedNode[]) {
    if (!isScalar(item) || item.comment || item.commentBefore) return undefined;
    if (item.anchor !== undefined || item.tag !== undefined) return undefined;
    const word = sourceOf(item, text, "");
    if (word === undefined || word.includes("\n")) return undefined;
    words.push(word);
  }
  return words;
}

function filled(words: readonly string[], indent: string): string {
  const line = `[${words.join(", ")}]`;
  if (line.length + indent.length <= LINE_WIDTH) return line;
  const lines: string[] = [];
  let current = "";
  for (const word of words) {
    const longer = current === "" ? `${word},` : `${current} ${word},`;
    if (current !== "" && longer.length + indent.length + 2 > LINE_WIDTH) {
      lines.push(current);
      current = `${word},`;
    } else {
      current = longer;
    }
  }
  lines.push(current);
  return `[\n${lines.map((one) => `${indent}  ${one}\n`).join("")}${indent}]`;
}

/** A file without content keeps its lines; blanks at their ends go. */
function onlyComments(text: string): string {
  const lines = text.split(/\r?\n/).map((line) => line.trimEnd());
  return `${lines.join("\n").trim()}\n`.replace(/^\n$/, "");
}

/** Every comment in the order of the file, without the blanks around it. */
function commentsOf(text: string): readonly string[] {
  const comments: string[] = [];
  let previous = "";
  for (const token of new Lexer().lex(text)) {
    if (token.startsWith("#") && previous !== SCALAR_FOLLOWS) comments.push(token.trimEnd());
    previous = token;
  }
  return comments;
}

/** The lexer's mark before the content of a scalar. */
const SCALAR_FOLLOWS = "\u001F";
