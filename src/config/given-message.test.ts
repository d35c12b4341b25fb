import { describe, expect, it } from "vitest";
import { runInlineTest } from "../assembly/run-inline-test.ts";
import { loadPolicy } from "./load-policy.ts";
import { writeTemporaryFiles } from "./temporary-files.test-data.ts";

const RULES = `version: 1
templates: { told: { en: "stopped" } }
rules:
  - id: program
    when: { url: { path_extension: exe }, to: { user: bob }, from: { authenticated: true } }
    then: { block: { respond: 488 }, notify: { sender: told }, tag: link }
`;

/** The problems of these tests under these rules. */
function problemsOf(tests: string, more: Readonly<Record<string, string>> = {}): readonly string[] {
  using files = writeTemporaryFiles({ "r/a.yaml": `${RULES}tests:\n${tests}`, ...more });
  const loaded = loadPolicy(
    { rules: [files.path("r/a.yaml")], domains: ["x.example"] },
    { generation: 1, judgeGiven: runInlineTest },
  );
  const problems = loaded.ok ? loaded.value.warnings : loaded.problem;
  return problems.map((problem) => problem.message);
}

const MESSAGE = `MESSAGE sip:bob@x.example SIP/2.0
Via: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKa
From: <sip:alice@x.example>;tag=1
To: <sip:bob@x.example>
Call-ID: c
CSeq: 1 MESSAGE
Max-Forwards: 70
Content-Type: text/html

<a href="http://evil.example/setup.exe">look</a>`;

const INDENTED = MESSAGE.split("\n")
  .map((line) => `        ${line}`.trimEnd())
  .join("\n");

const WHOLE = `  - given:
      message: |
${INDENTED}
`;

describe("an inline test with a whole SIP message", () => {
  it("judges it as the gateway would", () => {
    const expected =
      "    expect: { action: block, rule: program, respond: 488, tags: link, notify: { sender: told, recipient: null } }\n";
    expect(problemsOf(`${WHOLE}${expected}`)).toEqual([]);
    expect(problemsOf(`${WHOLE}    expect: { notify: { sender: null, admins: told } }\n`)).toEqual([
      'test failed: expected notice to sender none, got "told"; expected notice to admins "told", got none',
    ]);
  });

  it("takes it from a file beside the rules, byte for byte", () => {
    const sip = { "r/m.sip": MESSAGE.replaceAll("\n", "\r\n") };
    const test = (name: string) =>
      `  - { given: { message_file: ${name} }, expect: { rule: program } }\n`;
    expect(problemsOf(test("m.sip"), sip)).toEqual([]);
    expect(problemsOf(test("other.sip"), sip)[0]).toMatch(/other\.sip does not exist$/);
  });

  it("lets the test say how it came", () => {
    const unproven = WHOLE.replace(
      "- given:\n",
      "- given:\n      from: { authenticated: false }\n",
    );
    expect(problemsOf(`${unproven}    expect: { action: allow, rule: null }\n`)).toEqual([]);
  });

  it.each([
    ["text: x", '"text" stands in the message: leave it out'],
    ["to: sip:x@y", '"to" stands in the message: leave it out'],
    ["from: sip:x@y", '"from" stands in the message: leave it out'],
    ["message_file: m.sip", "given has a message and a message_file: leave one out"],
  ])("refuses %s beside it", (key, message) => {
    const given = WHOLE.replace("- given:\n", `- given:\n      ${key}\n`);
    expect(problemsOf(`${given}    expect: {}\n`)).toEqual([`test failed: ${message}`]);
  });

  it("says why a message cannot be read", () => {
    const test = "  - { given: { message: hello }, expect: {} }\n";
    expect(problemsOf(test)[0]).toMatch(/^test failed: the message cannot be read: /);
  });
});
