import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { formatRuleFile } from "./format-rule-file.ts";
import { ruleAndPackPaths } from "./rule-file-paths.ts";

const SHIPPED = ruleAndPackPaths([fileURLToPath(new URL("../../rules", import.meta.url))]);

function formatted(text: string): string {
  const result = formatRuleFile(Buffer.from(text, "utf8"));
  if (!result.ok) throw new Error(JSON.stringify(result.problem));
  return result.value;
}

describe("formatRuleFile", () => {
  it("keeps comments, quotes, escapes, lines of texts and the order of keys", () => {
    const text = [
      "# head",
      "",
      "",
      "version:   1   # the only one",
      "rules:",
      "    - id: a   # who",
      '      title:   "a\\u202Eb"',
      "      description: >",
      "            one line",
      "            and another",
      "      # before when",
      "      when: {text: {phrase: ['it''s', plain]}}",
      "      then: block",
      "# tail",
      "",
    ].join("\r\n");
    expect(formatted(text)).toBe(
      [
        "# head",
        "",
        "version: 1 # the only one",
        "rules:",
        "  - id: a # who",
        '    title: "a\\u202Eb"',
        "    description: >",
        "      one line",
        "      and another",
        "    # before when",
        "    when: { text: { phrase: ['it''s', plain] } }",
        "    then: block",
        "",
        "# tail",
        "",
      ].join("\n"),
    );
  });

  it("fills long lists of words to the line", () => {
    const words = Array.from({ length: 60 }, (_, index) => `ext${index}`);
    const text = formatted(`items: [${words.join(",")}]\n`);
    const lines = text.trimEnd().split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
    expect(lines.length).toBeLessThan(8);
    expect(parse(text)).toEqual({ items: words });
  });

  it("leaves a file of comments alone, but for blanks at the ends of lines", () => {
    expect(formatted("# yours  \n\n# rules\n")).toBe("# yours\n\n# rules\n");
    expect(formatted("")).toBe("");
  });

  it.each(SHIPPED)("changes no value and no comment of %s", (path) => {
    const before = readFileSync(path, "utf8");
    const after = formatted(before);
    expect(parse(after)).toEqual(parse(before));
    const comments = (text: string): readonly string[] => text.match(/(?<=^|\s)#.*$/gm) ?? [];
    expect(comments(after)).toEqual(comments(before));
    expect(formatted(after)).toBe(after);
  });

  it("refuses what is not YAML", () => {
    expect(formatRuleFile(Buffer.from("a: [1"))).toMatchObject({ ok: false });
  });
});

/** What stands in rule files: words that YAML would take for something else, lines, quotes, blanks, comments' signs. */
const words = fc.oneof(
  fc.constantFrom("yes", "010", "1:30", "#x", "a # b", "- a", "'", '"', "a: b", " lead", "trail "),
  fc.constantFrom("two\nlines", "keep\n\n", "{", "*", "@", "\u202E", "a\\nb", "", "~", "null"),
  fc.string({ maxLength: 20 }),
);

const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    words,
    fc.integer({ min: -99, max: 99 }),
    fc.boolean(),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(
      fc.stringMatching(/^[a-z][a-z_-]{0,8}$/).filter((key) => key !== "__proto__"),
      tie("value"),
      { maxKeys: 5 },
    ),
  ),
})).value;

describe("formatRuleFile over generated files", () => {
  it("never changes what a file says, and changes nothing the second time", () => {
    let refused = 0;
    const style = fc.record({
      collectionStyle: fc.constantFrom("any" as const, "block" as const, "flow" as const),
      indent: fc.integer({ min: 1, max: 7 }),
      lineWidth: fc.constantFrom(0, 40, 80),
      singleQuote: fc.boolean(),
      defaultStringType: fc.constantFrom("PLAIN" as const, "QUOTE_DOUBLE" as const),
    });
    const lines = fc.array(fc.nat(40), { maxLength: 3 });
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom("a", "b", "c"), values),
        style,
        lines,
        (data, how, at) => {
          const text = withComments(stringify(data, how), at);
          let before: unknown;
          try {
            before = parse(text);
          } catch {
            return; // A comment fell into the middle of something.
          }
          const result = formatRuleFile(Buffer.from(text, "utf8"));
          if (!result.ok) {
            refused += 1;
            return;
          }
          expect(parse(result.value)).toEqual(before);
          expect(formatted(result.value)).toBe(result.value);
        },
      ),
      { numRuns: 400, seed: 20261127 },
    );
    // Refusing is safe, but a formatter that always refuses is none.
    expect(refused).toBeLessThan(40);
  });
});

function withComments(text: string, at: readonly number[]): string {
  const lines = text.split("\n");
  for (const index of at) {
    const line = lines[index];
    if (line !== undefined && /^[a-z ]*:?$/.test(line)) lines[index] = `${line} # note ${index}`;
  }
  return lines.join("\n");
}
