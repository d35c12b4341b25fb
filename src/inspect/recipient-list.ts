import { failed, ok, type Result } from "../base/result.ts";
import type { Attachment, InspectProblem } from "./inspection.ts";

/** More than a person writes to at a time; each costs a question to all rules. */
const MAX_RECIPIENTS = 100;

/** Of nearly every message. */
const NOBODY: Result<readonly string[], InspectProblem> = ok([]);

const TYPE = "application/resource-lists+xml";

/**
 * The URIs of everybody to whom a server is asked to send a message on (RFC 5365 "recipient-list"), each once. A list that can be
 * read in two ways, or that refers to others kept elsewhere, is a problem: rules about receivers would not see whom it names.
 *
 * @example readRecipients(inspection.attachments) // ["sip:bill@example.com", "sip:joe@example.org"]
 */
export function readRecipients(
  attachments: readonly Attachment[],
): Result<readonly string[], InspectProblem> {
  if (attachments.length === 0) return NOBODY;
  const found = new Set<string>();
  for (const { declaredType, bytes } of attachments) {
    if (declaredType.toLowerCase() !== TYPE) continue;
    const uris = readList(bytes);
    if (uris === undefined) return failed({ code: "recipient-list", detail: "cannot be read" });
    for (const uri of uris) found.add(uri);
    if (found.size > MAX_RECIPIENTS) {
      return failed({ code: "recipient-list", detail: `more than ${MAX_RECIPIENTS} receivers` });
    }
  }
  return ok([...found]);
}

/** Elements of RFC 4826 §3 that say everything themselves; the others refer to lists that a server keeps. */
const ELEMENTS: ReadonlySet<string> = new Set(["resource-lists", "list", "entry", "display-name"]);

const TAG = /<\/?(?:[\w.-]+:)?([\w.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*\/?>/g;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** Undefined: not a plain list in UTF-8. Neither comments nor declarations: some readers look into them. */
function readList(bytes: Buffer): readonly string[] | undefined {
  const text = decodeUtf8(bytes)?.replace(/^\s*<\?xml\s[^<>?]*\?>/, "");
  if (text === undefined) return undefined;
  const uris: (string | undefined)[] = [];
  const rest = text.replaceAll(TAG, (_, element: string, attributes: string) => {
    if (!ELEMENTS.has(element)) uris.push(undefined);
    if (element !== "entry") return "";
    for (const [, name, double, single] of attributes.matchAll(ATTRIBUTE)) {
      if (name === "uri") uris.push(unescaped(double ?? single ?? ""));
    }
    return "";
  });
  if (rest.includes("<") || uris.length === 0) return undefined;
  return uris.every((uri) => uri !== undefined) ? uris : undefined;
}

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    // In any other encoding that a declaration may name, another text.
    return /encoding\s*=\s*["'](?!utf-8["'])/i.test(text.slice(0, 200)) ? undefined : text;
  } catch {
    return undefined;
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

/** Undefined for an entity that XML does not define by itself. */
function unescaped(value: string): string | undefined {
  let known = true;
  const text = value.replaceAll(/&(#x?[0-9a-f]{1,6}|[a-z]*);?/gi, (_, name: string) => {
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    const character = name.startsWith("#") ? characterOf(code) : ENTITIES[name];
    known &&= character !== undefined;
    return character ?? "";
  });
  return known ? text.trim() : undefined;
}

function characterOf(code: number): string | undefined {
  return code > 0x1f && code < 0x110000 ? String.fromCodePoint(code) : undefined;
}
