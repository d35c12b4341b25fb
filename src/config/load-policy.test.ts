import { describe, expect, it } from "vitest";
import type { GivenOutcome, JudgeGiven } from "./given.ts";
import { loadPolicy } from "./load-policy.ts";
import { writeTemporaryFiles, type TemporaryFiles } from "./temporary-files.test-data.ts";

/** Stands for the judge: a text with "bad" in it is blocked by the first rule that is in force, all else allowed. */
const judgeGiven: JudgeGiven = (policy, given): GivenOutcome => {
  const rule = policy.rules.find((one) => one.enabled && one.mode === "enforce");
  const blocks = given.text?.includes("bad") === true && rule !== undefined;
  return {
    action: blocks ? "block" : "allow",
    rule: blocks ? rule.id : undefined,
    respond: blocks ? 403 : undefined,
    text: blocks ? undefined : given.text,
    severity: blocks ? "medium" : undefined,
    reason: blocks ? rule.title : undefined,
    verdict: {
      action: blocks ? "block" : "allow",
      decision: undefined,
      decisions: [],
      setting: undefined,
      problem: undefined,
      inspection: undefined,
      file: undefined,
      cookie: undefined,
      scans: [],
    },
  };
};

function load(files: TemporaryFiles, judge: JudgeGiven | undefined = judgeGiven) {
  const what = { rules: [files.path("r")], domains: ["local.test"] };
  return loadPolicy(what, { generation: 7, judgeGiven: judge, now: Date.UTC(2026, 10, 24) });
}

function problemsOf(content: Readonly<Record<string, string>>): readonly string[] {
  using files = writeTemporaryFiles(content);
  const loaded = load(files);
  return files.shown(loaded.ok ? loaded.value.warnings : loaded.problem);
}

const RULE = "version: 1\nrules:\n  - id: one\n";

describe("loadPolicy", () => {
  it("gives the compiled rules, their warnings and the number of tests that passed", () => {
    using files = writeTemporaryFiles({
      "r/a.yaml": `${RULE}    when: { text: { phrase: bad } }
    then: block
    tests:
      - given: { text: "bad word" }
        expect: { action: block, rule: one, respond: 403, incident: { severity: medium } }
      - given: { text: "good word" }
        expect: { action: allow, rule: null, text: "good word" }
lists:
  spare: { type: string, items: [x] }
`,
    });
    const loaded = load(files);
    if (!loaded.ok) throw new Error(files.shown(loaded.problem).join("\n"));
    expect(loaded.value.policy.generation).toBe(7);
    expect(loaded.value.policy.rules).toMatchObject([{ id: "one", line: 3 }]);
    expect(loaded.value.testCount).toBe(2);
    expect(files.shown(loaded.value.warnings)).toEqual([
      'r/a.yaml:12:3: warning: list "spare" is never used',
    ]);
  });

  it("takes a folder with empty files for rules that allow everything", () => {
    using files = writeTemporaryFiles({ "r/90-local.yaml": "# nothing\n" });
    expect(load(files)).toMatchObject({ ok: true, value: { testCount: 0, warnings: [] } });
  });

  // [what stands in r/a.yaml, the expected problem without the name of the file]
  it.each([
    ["rules: []", "1:1: must be 1"],
    ["version: 2", "1:1: must be 1"],
    ["- version: 1", "1:1: expected a map of keys, found a list"],
    ["version: 1\nrule: []", '2:1: unknown key "rule" (did you mean "rules"?)'],
    [
      `${RULE}    wen: { url: { any: true } }\n    then: block`,
      '4:5: unknown key "wen" (did you mean "when"?)',
    ],
    [`${RULE}    when: { ulr: { any: true } }\n    then: block`, '4:13: unknown key "ulr"'],
    [
      `${RULE}    when: { url: { extension: exe } }\n    then: block`,
      '4:20: unknown key "extension"',
    ],
    [
      `${RULE}    when: { text: { language_script: [a] } }\n    then: block`,
      '4:21: there is no script "a" (scripts are named as in Unicode: Latin, Cyrillic, Greek, Arabic, Han …)',
    ],
    [
      `${RULE}    when: { file: { sha265: [a] } }\n    then: block`,
      '4:21: unknown key "sha265" (did you mean "sha256"?)',
    ],
    [`${RULE}    when: { time: { days: [mon] } }\n    then: block`, '4:13: "tz" is missing'],
    [
      `${RULE}    when: { direction: incoming }\n    then: block`,
      '4:13: unknown value "incoming" (one of: inbound',
    ],
    [`${RULE}    when: { from: { user: 4711 } }\n    then: block`, "4:21: expected a text"],
    [
      `${RULE}    when: { file: { extension: [7z, 001] } }\n    then: block`,
      "4:37: expected a text",
    ],
    [
      `${RULE}    when: { file: { size: { gt: 25 megs } } }\n    then: block`,
      "4:29: is not a size: write 25MiB or 4096",
    ],
    [
      `${RULE}    when: { url: { path_extension: { in_list: extensions } } }\n    then: block`,
      '4:38: there is no list "extensions"',
    ],
    [
      `${RULE}    when: { url: { zone: extranet } }\n    then: block`,
      '4:20: there is no zone "extranet" (did you mean "intranet"?)',
    ],
    [
      `${RULE}    when: { from: { group: admins } }\n    then: block`,
      '4:21: there is no group "admins"',
    ],
    [`${RULE}    when: { object: links }\n    then: block`, '4:13: there is no object "links"'],
    [`${RULE}    when: { text: { regex: "a(?=b)" } }\n    then: block`, "4:21: "],
    [`${RULE}    when: { text: { regex: "(" } }\n    then: block`, "4:21: "],
    [`${RULE}    when: { any: [] }\n    then: block`, "4:13: must not be an empty list"],
    [
      `${RULE}    on: message\n    when: { file: { exists: true } }\n    then: block`,
      "4:5: file.exists does not exist yet in phase message",
    ],
    [`${RULE}    then: { notice: { template: hello } }`, '4:23: there is no template "hello"'],
    [`${RULE}    then: { notice: "Ref {incident.shrt}" }`, "4:13: unknown macro {incident.shrt}"],
    [
      `${RULE}    then: { block: {}, allow: {} }`,
      "4:13: a rule has one verdict, this one has allow and block",
    ],
    [`${RULE}    then: blok`, '4:5: unknown value "blok" (did you mean "block"?)'],
    [`${RULE}    then: { block: { respond: 200 } }`, "4:22: must be a SIP status from 400 to 699"],
    [`${RULE}    when: { url: { any: true } }`, "3:5: "],
    [
      `${RULE}    then: block\n    mode: watch`,
      '5:5: unknown value "watch" (one of: enforce, monitor, off)',
    ],
    [`${RULE}    then: block\n    expires: tomorrow`, "5:5: is not a date: write YYYY-MM-DD"],
    [
      "version: 1\nrules:\n  - id: Bad Id\n    then: block",
      "3:5: must be small letters, digits and -",
    ],
    [
      `${RULE}    then: block\n  - id: one\n    then: block`,
      '5:5: there is a rule "one" already, in r/a.yaml:3',
    ],
    [
      "version: 1\nlists:\n  l: { type: words, items: [a] }",
      '3:8: unknown value "words" (one of: extension',
    ],
    [
      "version: 1\nlists:\n  l: { type: domain, items: [a.example, co.uk] }",
      '3:41: "co.uk" is a public suffix',
    ],
    [
      "version: 1\nlists:\n  l: { type: prefix, items: [http] }",
      '3:30: "http" is not a link prefix',
    ],
    [
      "version: 1\nzones:\n  z: { cidrs: [10.0.0.0/40] }",
      '3:16: "10.0.0.0/40" is not an address or network',
    ],
    [
      "version: 1\nobjects:\n  a: { object: b }\n  b: { object: a }",
      '3:3: object "a" refers to itself: a → b → a',
    ],
    [
      "version: 1\noverrides:\n  - { rule: other, enabled: false }",
      '3:7: there is no rule "other"',
    ],
    ["version: 1\npolicies:\n  - { name: p, use: [pack-x] }", '3:22: there is no pack "pack-x"'],
    [
      `${RULE}    then: block\n    tests:\n      - given: { txt: a }\n        expect: {}`,
      '6:18: unknown key "txt" (did you mean "text"?)',
    ],
    [
      `${RULE}    then: block\n    tests:\n      - given: { text: a }\n        expect: { action: reject }`,
      '7:19: unknown value "reject"',
    ],
  ])("refuses %j at the right place", (text, expected) => {
    const problems = problemsOf({ "r/a.yaml": text }).join("\n");
    expect(problems).toContain(`r/a.yaml:${expected}`);
  });

  it("collects the problems of all files, sorted by file and line, each once", () => {
    const problems = problemsOf({
      "r/b.yaml": "version: 1\nb: 1\n",
      "r/a.yaml": "version: 1\nz: 1\nlists: { l: { type: wrd } }\n",
      "r/packs/p/x.yaml": "version: [\n",
    });
    expect(problems.map((line) => line.split(": ")[0])).toEqual([
      "r/a.yaml:2:1",
      "r/a.yaml:3:15",
      "r/b.yaml:2:1",
      "r/packs/p/x.yaml:2:1",
    ]);
  });

  it("does not report names as missing because their file cannot be read", () => {
    const problems = problemsOf({
      "r/a.yaml": "version: 1\npolicies:\n  - { name: default, use: [p] }\n",
      "r/packs/p/x.yaml": "version: 1\nversion: 1\n",
    });
    expect(problems).toEqual([
      'r/packs/p/x.yaml:2:1: duplicate key "version" (remove one of the two)',
    ]);
  });

  it("shows a hundred problems at most, and errors before warnings", () => {
    const lists = Array.from(
      { length: 150 },
      (_, index) => `  l${index}: { type: string, items: [a] }`,
    );
    const problems = problemsOf({
      "r/a.yaml": `version: 1\nlists:\n${lists.join("\n")}\n`,
      "r/b.yaml": "version: 1\nrules:\n  - { id: x, when: { object: y }, then: block }\n",
    });
    expect(problems).toHaveLength(100);
    expect(problems.at(-1)).toContain('r/b.yaml:3:22: there is no object "y"');
  });

  it("puts a failing test where the test stands, with what was expected and what came", () => {
    const problems = problemsOf({
      "r/a.yaml": `${RULE}    when: { text: { phrase: bad } }
    then: block
    tests:
      - given: { text: "good" }
        expect: { action: block }
      - name: second
        given: { text: "bad" }
        expect: { action: block, rule: two, respond: 606 }
tests:
  - given: { from: "a b", text: "x" }
    expect: { action: allow }
  - given: { file: { name: a, size: big } }
    expect: { action: allow }
  - given: { text: "bad" }
    expect: { tags: [odd] }
`,
    });
    expect(problems).toEqual([
      'r/a.yaml:7:9: test failed: expected action "block", got "allow"',
      'r/a.yaml:9:9: test "second" failed: expected rule "two", got "one"; expected respond 606, got 403',
      'r/a.yaml:13:5: test failed: "a b" is not an address',
      'r/a.yaml:15:5: test failed: "big" is not a size',
      'r/a.yaml:17:5: test failed: expected tag "odd", got none',
    ]);
  });

  it("marks failed tests as such, for the exit code", () => {
    using files = writeTemporaryFiles({
      "r/a.yaml": "version: 1\ntests:\n  - given: { text: x }\n    expect: { action: block }\n",
    });
    const loaded = load(files);
    expect(!loaded.ok && loaded.problem.map(({ kind }) => kind)).toEqual(["test-failed"]);
    expect(
      loadPolicy(
        { rules: [files.path("r")], domains: [] },
        { generation: 1, judgeGiven: undefined },
      ),
    ).toMatchObject({ ok: true, value: { testCount: 0 } });
  });

  it("hands the judge what is given", () => {
    const seen: unknown[] = [];
    using files = writeTemporaryFiles({
      "r/a.yaml": `version: 1
tests:
  - given:
      from: { aor: "sip:a@b.example", display_name: A, ip: 10.0.0.1, authenticated: false }
      to: "sip:c@d.example"
      media: audio
      now: "2026-11-22T23:10:00+01:00"
      file: { name: a.txt, size: 2KiB, declared_type: text/plain }
      scan: { verdict: infected, name: X }
    expect: {}
`,
    });
    load(files, (policy, given) => {
      seen.push(given);
      return judgeGiven(policy, given, { domains: [], trace: false });
    });
    expect(seen).toEqual([
      {
        from: "sip:a@b.example",
        fromDisplayName: "A",
        fromIp: "10.0.0.1",
        authenticated: false,
        to: "sip:c@d.example",
        toDisplayName: undefined,
        direction: undefined,
        channel: undefined,
        transport: undefined,
        encrypted: undefined,
        now: Date.UTC(2026, 10, 22, 22, 10),
        text: undefined,
        html: undefined,
        media: ["audio"],
        file: { name: "a.txt", size: 2048, content: undefined, declaredType: "text/plain" },
        scan: { verdict: "infected", name: "X" },
      },
    ]);
  });

  it("asks a pack's tests of the pack as it was written, whatever the operator overrides", () => {
    const pack = `version: 1
lists:
  words: { type: phrase, items: [bad] }
rules:
  - id: off
    enabled: false
    when: { text: { phrase: { in_list: words } } }
    then: block
    tests:
      - { given: { text: bad }, expect: { action: block, rule: off } }
  - id: on
    when: { text: { phrase: { in_list: words } } }
    then: block
    tests:
      - { given: { text: bad }, expect: { action: block, rule: on } }
tests:
  - { given: { text: bad }, expect: { rule: on } }
`;
    const own = `version: 1
lists:
  words: { type: phrase, items: [other] }
policies:
  - { name: default, use: [p] }
overrides:
  - { rule: on, mode: monitor }
rules:
  - id: first
    when: { text: { phrase: x } }
    then: block
`;
    using files = writeTemporaryFiles({ "r/a.yaml": own, "r/packs/p/x.yaml": pack });
    const loaded = load(files);
    expect(loaded.ok ? loaded.value.testCount : files.shown(loaded.problem)).toBe(3);
  });

  it("asks a file's tests of the rules up to that file, so that a later one cannot make them fail", () => {
    const problems = problemsOf({
      "r/10.yaml": `version: 1
rules:
  - id: first
    when: { text: { phrase: bad } }
    then: block
    tests:
      - { given: { text: bad }, expect: { rule: first } }
`,
      "r/90.yaml": `version: 1
overrides:
  - { rule: first, enabled: false }
rules:
  - { id: last, when: { text: { phrase: bad } }, then: block }
tests:
  - { given: { text: bad }, expect: { rule: last } }
`,
    });
    expect(problems).toEqual([]);
  });

  it("asks the operator's tests of all rules in force, and those of a rule in monitor mode of that rule", () => {
    const problems = problemsOf({
      "r/a.yaml": `version: 1
rules:
  - { id: earlier, when: { text: { phrase: a } }, then: block }
  - id: hidden
    when: { text: { phrase: bad } }
    then: block
    tests:
      - { given: { text: bad }, expect: { rule: hidden } }
  - id: watched
    mode: monitor
    when: { text: { phrase: [bad, worse] } }
    then: block
    tests:
      - { given: { text: bad }, expect: { rule: watched } }
`,
    });
    expect(problems).toEqual(['r/a.yaml:8:9: test failed: expected rule "hidden", got "earlier"']);
  });
});
