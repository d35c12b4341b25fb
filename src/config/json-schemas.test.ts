import { readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ruleFileJsonSchema } from "../policy/schema.ts";
import { configJsonSchema } from "./config-schema.ts";

function contentOf(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}

function validator(schema: unknown): ValidateFunction {
  return new Ajv({ strict: false, formats: { date: true, "date-time": true } }).compile(
    schema as object,
  );
}

describe("the JSON Schemas beside the rules", () => {
  it.each([
    ["rules/config.schema.json", configJsonSchema],
    ["rules/rules.schema.json", ruleFileJsonSchema],
  ])("%s is what scripts/generate-schemas.ts writes", (path, schema) => {
    expect(JSON.parse(contentOf(path))).toEqual(JSON.parse(JSON.stringify(schema())));
  });

  it("accept the shipped files and refuse a misspelt key", () => {
    const rules = validator(JSON.parse(contentOf("rules/rules.schema.json")));
    for (const file of [
      "rules/10-default.yaml",
      "rules/packs/iim-classic/iim-classic.yaml",
      "rules/packs/executables/executables.yaml",
      "rules/packs/lookalike-links/lookalike-links.yaml",
      "rules/packs/access-proxy/access-proxy.yaml",
      "rules/packs/monitor-only/monitor-only.yaml",
      "rules/packs/office-macros/office-macros.yaml",
    ]) {
      rules(parse(contentOf(file)));
      expect(rules.errors).toBeNull();
    }
    expect(rules({ version: 1, rulez: [] })).toBe(false);
    const misspelt = "{ version: 1, rules: [{ id: a, when: { ulr: {} }, then: block }] }";
    expect(rules(parse(misspelt))).toBe(false);
    const config = validator(JSON.parse(contentOf("rules/config.schema.json")));
    config(parse(contentOf("sluice.yaml")));
    expect(config.errors).toBeNull();
    expect(config({ upstream: "embedded", lisen: [] })).toBe(false);
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
