import { describe, expect, it } from "vitest";
import { runInlineTest } from "../assembly/run-inline-test.ts";
import { loadPolicy } from "./load-policy.ts";
import { writeTemporaryFiles } from "./temporary-files.test-data.ts";

describe("the coverage of inline tests", () => {
  it("says which rules and exceptions the tests reach, and where those stand that none does", () => {
    const own = `version: 1
rules:
  - id: hit
    when: { text: { phrase: bad } }
    unless:
      - { name: held, from: { user: carol } }
      - { name: never, from: { user: dave } }
    then: block
    tests:
      - { given: { text: bad }, expect: { rule: hit } }
      - { given: { text: bad, from: "sip:carol@a.example" }, expect: { rule: null } }
  - { id: missed, when: { text: { phrase: worse } }, then: block }
overrides:
  - { rule: hit, add_unless: [ { name: added, from: { user: erin } } ] }
`;
    using files = writeTemporaryFiles({
      "r/a.yaml": own,
      "r/packs/p/p.yaml":
        "version: 1\nrules: [ { id: idle, on: message, then: { tag: x }, tests: [ { given: { text: x }, expect: { tags: x } } ] } ]\n",
    });
    const loaded = loadPolicy(
      { rules: [files.path("r")], domains: [] },
      { generation: 1, judgeGiven: runInlineTest, coverage: true },
    );
    if (!loaded.ok) throw new Error("must load");
    const { coverage, unusedPacks, warnings } = loaded.value;
    expect(unusedPacks).toEqual(["p"]);
    expect(coverage?.rules.map((rule) => [rule.rule, rule.line, rule.tests])).toEqual([
      ["hit", 3, 1],
      ["missed", 12, 0],
      ["idle", 2, 1],
    ]);
    expect(coverage?.rules[0]?.unusedExceptions).toEqual(["never", "added"]);
    expect(warnings.map((one) => `${one.line}:${one.column} ${one.message}`)).toEqual([
      '7:9 no test uses the exception "never" of "hit"',
      '12:7 no test hits "missed"',
      '14:32 no test uses the exception "added" of "hit"',
    ]);
  });
});
