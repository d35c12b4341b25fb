import { describe, expect, it } from "vitest";
import { factsOf, rules } from "./policy.test-data.ts";

/** A hundred expressions, none of which can be told to be absent without reading the text. */
const MANY = Array.from(
  { length: 100 },
  (_, n) =>
    `  - { id: r${n}, when: { text: { regex: '[a-z]{3}[0-9]{${n + 10}}[a-z]' } }, then: { tag: [t] } }`,
).join("\n");
const LONG = "x".repeat(65_536);

describe("regular expressions on a long message", () => {
  it("fail when all of them together are too much work: a rule that blocks then matches", () => {
    const policy = rules(
      `${MANY}\n  - { id: last, when: { text: { regex: '[0-9]{9}' } }, then: block }`,
    );
    const decision = policy.decide(factsOf({ texts: [LONG] }));
    expect(decision).toMatchObject({ action: "block", rule: { id: "last" } });
    expect(decision.ruleErrors.at(-1)).toEqual({
      rule: "last",
      message:
        "the message is too much work for the regular expressions of all rules; counted as match",
    });
  });

  it("fail, and a rule that allows then does not match", () => {
    const policy = rules(
      `${MANY}\n  - { id: last, when: { text: { regex: 'x' } }, then: allow }\n  - { id: end, then: block }`,
    );
    expect(policy.decide(factsOf({ texts: [LONG] })).rule?.id).toBe("end");
    expect(policy.decide(factsOf({ texts: ["x"] })).rule?.id).toBe("last");
  });

  it("cost nothing where the text lacks a word that they need", () => {
    const literal = Array.from(
      { length: 500 },
      (_, n) =>
        `  - { id: r${n}, when: { text: { regex: '(?i)order no [0-9]{${n + 1}}' } }, then: block }`,
    ).join("\n");
    const policy = rules(literal);
    expect(policy.decide(factsOf({ texts: [LONG] }))).toMatchObject({
      action: "allow",
      ruleErrors: [],
    });
    expect(policy.decide(factsOf({ texts: [LONG] }), { trace: true }).ruleErrors).toEqual([]);
  });

  it("are asked again about the next message", () => {
    const policy = rules(MANY);
    expect(policy.decide(factsOf({ texts: [LONG] })).ruleErrors.length).toBeGreaterThan(50);
    expect(policy.decide(factsOf({ texts: ["abc1234567890z"] }))).toMatchObject({
      tags: ["t"],
      ruleErrors: [],
    });
  });
});

describe("hundreds of expressions", () => {
  const shapes = ["[A-Z]{2}[0-9]{", "[a-z]{3}[0-9]{", "\\\\b[0-9]{3}[- ][0-9]{", "\\\\pL-[0-9]{"];
  const many = (count: number) =>
    Array.from(
      { length: count },
      (_, n) =>
        `  - { id: r${n}, when: { text: { regex: "${shapes[n % 4]}${(n % 9) + 3}}" } }, then: block }`,
    ).join("\n");

  it("that read every text are worth a warning, before honest texts are refused for them", () => {
    const warnings = (count: number) => rules(many(count)).warnings.map(({ message }) => message);
    expect(warnings(400).join()).not.toContain("read every text");
    expect(warnings(500)).toContain(
      "500 regular expressions read every text: of more than 1600 characters they fail, and those that block match",
    );
  });
});

describe("a host of thirty thousand labels", () => {
  it("is looked up in a list of domains in little time", () => {
    const policy = rules(
      "  - { id: r, when: { from: { domain: { in_list: bad } } }, then: block }\nlists: { bad: { type: domain, items: [evil.example] } }",
    );
    const { from } = factsOf();
    const asked = (domain: string) => policy.decide(factsOf({ from: { ...from, domain } })).action;
    const begin = process.cpuUsage();
    expect(asked("a.".repeat(30_000))).toBe("allow");
    expect(asked(`${"a.".repeat(30_000)}evil.example`)).toBe("block");
    expect(process.cpuUsage(begin).user / 1000).toBeLessThan(200);
  });
});
