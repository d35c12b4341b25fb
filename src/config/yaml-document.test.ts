import { assert, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { parseYamlDocument } from "./yaml-document.ts";

function problemsOf(text: string | Uint8Array): readonly string[] {
  const parsed = parseYamlDocument(typeof text === "string" ? Buffer.from(text) : text);
  if (parsed.ok) return [];
  return parsed.problem.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

const BOMB = [
  "a: &a [x, x, x, x, x, x, x, x, x]",
  ..."bcdefghi".split("").map((name, index) => {
    const inner = Array.from({ length: 9 }, () => `*${"abcdefgh"[index]}`).join(", ");
    return `${name}: &${name} [${inner}]`;
  }),
].join("\n");

describe("parseYamlDocument", () => {
  it("takes a file without content for an empty document", () => {
    for (const text of ["", "\n", "# only a comment\n", "---\n"]) {
      const parsed = parseYamlDocument(Buffer.from(text));
      expect(parsed).toMatchObject({ ok: true, value: { data: null } });
    }
  });

  it("keeps the words that older YAML took for booleans, and drops a byte order mark", () => {
    const parsed = parseYamlDocument(Buffer.from("\uFEFFlisten: off\nand: yes\nat: 12:30\n"));
    expect(parsed).toMatchObject({
      ok: true,
      value: { data: { listen: "off", and: "yes", at: "12:30" } },
    });
  });

  it.each([
    [
      "a: [1, 2\nb: 3\n",
      "2:1 flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
    ["a: 'open\n", "2:1 missing closing 'quote"],
    ["a:\n  b: 1\n c: 2\n", "3:1 all mapping items must start at the same column"],
    ["a: one: two\n", "1:4 nested mappings are not allowed in compact mappings"],
    ["a:\n\t- b\n", "2:1 tabs are not allowed as indentation"],
    ["a: @list\n", "1:4 plain value cannot start with reserved character @"],
    ['a: "\\q"\n', "1:5 invalid escape sequence \\q"],
    ["a: 1\n---\nb: 2\n", "2:1 several documents in one file"],
    ["%YAML 1.1\n---\na: yes\n", "1:1 YAML 1.1 is not supported"],
    ["a: 1\nb: 2\na: 3\n", '3:1 duplicate key "a"'],
    ['x:\n  1: a\n  "1": b\n', '3:3 duplicate key "1"'],
    ["a: !env HOME\n", "1:4 tags (!name) are not allowed"],
    ["a: !!binary aGk=\n", "1:13 tags (!name) are not allowed"],
    ["a: !!set {x, y}\n", "1:10 tags (!name) are not allowed"],
    ["a: *.exe\n", "1:4 *.exe refers to nothing"],
    ["a: &a\n  - *a\n", "2:5 *a refers to the place where it stands"],
    ["? [a, b]\n: 1\n", "1:3 this key is not a plain word"],
    ["? {a: 1}\n: 1\n", "1:3 this key is not a plain word"],
    ["~: 1\n", "1:1 this key is not a plain word"],
    [BOMB, "1:1 aliases multiply the content of this file"],
    ["ok: 1\nbad: a\0b\n", "2:7 a NUL character"],
    [`a: ${"[".repeat(80)}${"]".repeat(80)}`, "1:67 nested deeper than 64 levels"],
  ])("refuses %j", (text, expected) => {
    expect(problemsOf(text)).toContain(expected);
  });

  it("names the place of the first byte that is not UTF-8", () => {
    const bytes = Buffer.concat([
      Buffer.from("a: ü\nb: x"),
      Buffer.from([0xff]),
      Buffer.from("\n"),
    ]);
    expect(problemsOf(bytes)).toEqual(["2:5 not UTF-8 text"]);
    expect(problemsOf(Buffer.from([0x61, 0xc3]))).toEqual(["1:2 not UTF-8 text"]);
  });

  it("refuses more than 4 MiB", () => {
    expect(problemsOf(Buffer.alloc(4 * 1024 * 1024 + 1, "#"))).toEqual([
      "1:1 the file is larger than 4 MiB",
    ]);
  });

  it("reports every duplicate, not only the first", () => {
    expect(problemsOf("a: 1\na: 2\na: 3\n")).toEqual([
      '2:1 duplicate key "a"',
      '3:1 duplicate key "a"',
    ]);
  });

  it("keeps __proto__ a key like any other", () => {
    const parsed = parseYamlDocument(Buffer.from("__proto__: { polluted: 1 }\n"));
    expect(parsed.ok && Object.keys(parsed.value.data as object)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("bears thousands of brackets and keys", () => {
    expect(problemsOf("[".repeat(20_000)).length).toBeGreaterThan(0);
    const keys = Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join("\n");
    expect(problemsOf(keys)).toEqual([]);
  });

  it("says where a key, a list item and a missing key's parent stand", () => {
    const parsed = parseYamlDocument(
      Buffer.from("one: &x\n  two: [a, { three: 1 }]\nagain: *x\nflow: { a: 1, b: 2 }\n"),
    );
    if (!parsed.ok) throw new Error("does not parse");
    const at = (...path: (string | number)[]) => {
      const { line, column } = parsed.value.positionOf(path);
      return `${line}:${column}`;
    };
    expect(at("one")).toBe("1:1");
    expect(at("one", "two")).toBe("2:3");
    expect(at("one", "two", 0)).toBe("2:9");
    expect(at("one", "two", 1, "three")).toBe("2:14");
    expect(at("one", "two", 7, "x")).toBe("2:3");
    expect(at("one", "missing")).toBe("1:1");
    expect(at("again", "two", 1)).toBe("2:12");
    expect(at("flow", "b")).toBe("4:15");
    expect(at("nothing")).toBe("1:1");
    expect(at()).toBe("1:1");
  });

  it("never throws, whatever the text", () => {
    assert(
      property(string({ unit: "binary", maxLength: 60 }), (text) => {
        const parsed = parseYamlDocument(Buffer.from(text));
        return parsed.ok || parsed.problem.every(({ line, column }) => line >= 1 && column >= 1);
      }),
      { numRuns: 2000 },
    );
    assert(
      property(
        string({ unit: "grapheme-ascii", maxLength: 40 }).map((text) =>
          text.replaceAll(
            /[a-zA-Z0-9]/g,
            (char) => "[]{}:,-?&*!|>'\"%@`#\n \ta~<="[char.charCodeAt(0) % 27] ?? "a",
          ),
        ),
        (text) => parseYamlDocument(Buffer.from(text)).ok || true,
      ),
      { numRuns: 3000 },
    );
  });
});
