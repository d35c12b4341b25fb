import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv, type ValidateFunction } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ruleFileJsonSchema } from "../policy/schema.ts";
import { readRuleFile } from "../policy/schema-problems.ts";
import { configJsonSchema } from "./config-schema.ts";
import { ruleAndPackPaths } from "./rule-file-paths.ts";

function contentOf(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}

function validator(schema: unknown): ValidateFunction {
  return new Ajv({ strict: false, formats: { date: true, "date-time": true } }).compile(
    schema as object,
  );
}

const RULES = validator(JSON.parse(contentOf("rules/rules.schema.json")));

const SHIPPED = [
  ...ruleAndPackPaths([fileURLToPath(new URL("../../rules", import.meta.url))]),
  fileURLToPath(new URL("../../sluice.yaml", import.meta.url)),
];

function rule(rest: string): string {
  return `{ version: 1, rules: [ { id: a, ${rest} } ] }`;
}

const BROKEN: readonly string[] = [
  "{ version: 2 }",
  "{ rules: [] }",
  "{ version: 1, rulez: [] }",
  "{ version: 1, rules: {} }",
  "{ version: 1, rules: [ { then: block } ] }",
  "{ version: 1, rules: [ { id: Big Id, then: block } ] }",
  "{ version: 1, lists: { Bad Name: { type: domain, items: [] } } }",
  "{ version: 1, lists: { a: { type: dommain, items: [] } } }",
  "{ version: 1, lists: { a: { type: extension, items: [7] } } }",
  "{ version: 1, groups: { a: { members: [] } } }",
  "{ version: 1, zones: { a: { hosts: x } } }",
  "{ version: 1, defaults: { verdict: maybe } }",
  "{ version: 1, overrides: [ { enabled: false } ] }",
  "{ version: 1, policies: [ { use: [a] } ] }",
  "{ version: 1, templates: { a: text } }",
  "{ version: 1, tests: [ { given: {} } ] }",
  "{ version: 1, tests: [ { given: { txt: x }, expect: {} } ] }",
  rule("when: { ulr: {} }, then: block"),
  rule("when: { url: { hots: a } }, then: block"),
  rule("when: { url: { host: { in_lists: a } } }, then: block"),
  rule("when: { url: { host: [] } }, then: block"),
  rule("when: { any: [] }, then: block"),
  rule("when: { any: [ { ulr: {} } ] }, then: block"),
  rule("when: { not: [ { direction: inbound } ] }, then: block"),
  rule("when: { direction: inwards }, then: block"),
  rule("when: { file: { size: { gt: many } } }, then: block"),
  rule("then: reject"),
  rule("then: { block: { respond: 200 } }"),
  rule("then: { notify: { everybody: x } }"),
  rule("on: mesage, then: block"),
  rule("mode: monitr, then: block"),
  rule("severity: huge, then: block"),
  rule("enabled: 1, then: block"),
  rule("unless: [ { from: { user: x } } ], then: block"),
  rule("then: block, tests: [ { given: { text: x }, expect: { acton: block } } ]"),
];

const SOUND: readonly string[] = [
  "{ version: 1 }",
  rule("then: block"),
  rule(
    "when: { url: { every: { zone: { not: [a, b] } } } }, then: { rewrite: { links: { prefix: _ } } }",
  ),
  rule(
    "when: { any: [ { not: { object: x } }, { file: { size: { between: [1KiB, 25MiB] } } } ] }, then: allow",
  ),
  rule("unless: [ { name: n, expires: '2027-06-30', from: { user: x } } ], then: quarantine"),
  rule(
    "then: block, tests: [ { given: { message: x }, expect: { rule: null, notify: { sender: null } } } ]",
  ),
];

describe("the JSON Schemas beside the rules", () => {
  it.each([
    ["rules/config.schema.json", configJsonSchema],
    ["rules/rules.schema.json", ruleFileJsonSchema],
  ])("%s is what scripts/generate-schemas.ts writes", (path, schema) => {
    expect(JSON.parse(contentOf(path))).toEqual(JSON.parse(JSON.stringify(schema())));
  });

  it.each(SHIPPED)("accept %s, whose first line names them", (path) => {
    const text = readFileSync(path, "utf8");
    const [, named = ""] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
    const schema = resolve(dirname(path), named);
    expect(named).not.toBe("");
    const validate = validator(JSON.parse(readFileSync(schema, "utf8")));
    validate(parse(text) ?? { version: 1 });
    expect(validate.errors).toBeNull();
  });

  it("accept the shipped configuration and refuse a misspelt key in one", () => {
    const config = validator(JSON.parse(contentOf("rules/config.schema.json")));
    config(parse(contentOf("sluice.yaml")));
    expect(config.errors).toBeNull();
    expect(config({ upstream: "embedded", lisen: [] })).toBe(false);
  });

  it.each(BROKEN)("refuse what check refuses by its shape: %s", (yaml) => {
    const data: unknown = parse(yaml);
    const source = { file: "broken.yaml", pack: undefined, data };
    expect(readRuleFile(source).ok).toBe(false);
    expect(RULES(data)).toBe(false);
  });

  it.each(SOUND)("accept what check accepts: %s", (yaml) => {
    const data: unknown = parse(yaml);
    expect(readRuleFile({ file: "sound.yaml", pack: undefined, data }).ok).toBe(true);
    RULES(data);
    expect(RULES.errors).toBeNull();
  });

  it("explain every key", () => {
    const bare: string[] = [];
    function walk(node: unknown, path: string): void {
      if (typeof node !== "object" || node === null) return;
      const { properties } = node as { properties?: Record<string, { description?: string }> };
      for (const [key, value] of Object.entries(properties ?? {})) {
        if (value.description === undefined) bare.push(`${path}.${key}`);
      }
      for (const [key, value] of Object.entries(node)) walk(value, `${path}.${key}`);
    }
    walk(configJsonSchema(), "");
    expect(bare).toEqual([]);
  });
});
