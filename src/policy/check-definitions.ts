import type { ReadFile } from "./compile-definitions.ts";
import type { RulePath } from "./rule-problem.ts";
import type { RuleFile, TemplateData } from "./schema.ts";

/** Warns of objects, groups, zones and templates that nothing refers to, and of templates that lack a language. */
export function checkDefinitions(files: readonly ReadFile[]): void {
  const used = new Used();
  for (const { data } of files) {
    const { objects, rules, overrides, policies } = data;
    for (const part of [objects, rules, overrides, policies]) used.search(part);
  }
  for (const file of files) {
    for (const kind of KINDS) warnOfUnused(file, kind, used);
    checkLanguages(file, files);
  }
}

const KINDS = ["objects", "groups", "zones", "templates"] as const;

type Kind = (typeof KINDS)[number];

/** The key after which a name of this kind stands. */
const REFERENCE: Readonly<Record<string, Kind>> = {
  object: "objects",
  group: "groups",
  zone: "zones",
  template: "templates",
};

/** Names that something refers to, found by the key that they stand after. */
class Used {
  readonly #names = new Set<string>();

  has(kind: Kind, name: string): boolean {
    return this.#names.has(`${kind} ${name}`);
  }

  search(value: unknown): void {
    if (Array.isArray(value)) {
      for (const item of value) this.search(item);
      return;
    }
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      const kind = REFERENCE[key];
      if (kind !== undefined) this.#take(kind, inner);
      if (key === "notify") this.#take("templates", Object.values(inner as object));
      this.search(inner);
    }
  }

  /** A name, several, or `not:` them; the zone internet is all that is not intranet. */
  #take(kind: Kind, value: unknown): void {
    for (const name of [value].flat()) {
      if (typeof name === "string") this.#names.add(`${kind} ${name}`);
      else if (typeof name === "object" && name !== null && "not" in name) {
        this.#take(kind, name.not);
      }
      if (kind === "zones" && name === "internet") this.#names.add("zones intranet");
    }
  }
}

const SINGULAR: Readonly<Record<Kind, string>> = {
  objects: "object",
  groups: "group",
  zones: "zone",
  templates: "template",
};

function warnOfUnused(file: ReadFile, kind: Kind, used: Used): void {
  for (const name of Object.keys(file.data[kind] ?? {})) {
    if (used.has(kind, name)) continue;
    file.problems.warn([kind, name], `${SINGULAR[kind]} "${name}" is never used`, "take it out");
  }
}

/**
 * A template that lacks a language of its neighbours in the file, or of the one whose place it takes: whoever reads that language
 * gets another one there.
 */
function checkLanguages(file: ReadFile, files: readonly ReadFile[]): void {
  const templates = Object.entries(file.data.templates ?? {});
  const common = new Set(templates.flatMap(([, texts]) => Object.keys(texts)));
  for (const [name, texts] of templates) {
    const replaced = files.flatMap((other) => (other === file ? [] : textsOf(other.data, name)));
    const wanted = new Set([...common, ...replaced]);
    const missing = [...wanted].filter((language) => !Object.hasOwn(texts, language));
    if (missing.length === 0) continue;
    const path: RulePath = ["templates", name];
    const message = `template "${name}" has no text in ${missing.toSorted().join(", ")}`;
    file.problems.warn(path, message, "others have one: add it, or take the language out there");
  }
}

function textsOf(data: RuleFile, name: string): readonly string[] {
  const templates: Readonly<Record<string, TemplateData>> = data.templates ?? {};
  return Object.hasOwn(templates, name) ? Object.keys(templates[name] ?? {}) : [];
}
