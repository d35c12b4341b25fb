import { describe, expect, it } from "vitest";
import type { Facts, RateCounter } from "../facts.ts";
import { factsOf, ruleProblems, rules } from "../policy.test-data.ts";

const FLOOD = `- { id: flood, on: message, when: { rate: { key: from.aor, over: 10m, count: { gt: 20 } } }, then: block }`;

/** Gives `count` for every question, and writes the questions down. */
function counting(count: number): RateCounter & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    count({ id, overMs }, value) {
      asked.push(`${id}, ${overMs}, ${value}`);
      return count;
    },
  };
}

function sender(authenticated: boolean): Facts["from"] {
  return { ...factsOf().from, authenticated };
}

describe("rate", () => {
  it("compares what has been counted", () => {
    const policy = rules(FLOOD);
    expect(policy.decide(factsOf({ rates: counting(20) })).action).toBe("allow");
    expect(policy.decide(factsOf({ rates: counting(21) })).action).toBe("block");
  });

  it("counts a message that stands alone as one", () => {
    expect(rules(FLOOD).decide(factsOf()).action).toBe("allow");
  });

  it("is asked only when all that stands beside it holds, so that only such messages count", () => {
    const policy = rules(
      `- { id: r, on: message, when: { rate: { key: from.aor, over: 1h, count: { gt: 2 } }, text: { phrase: offer } }, then: block }`,
    );
    const rates = counting(3);
    policy.decide(factsOf({ rates, texts: ["lunch"] }));
    expect(rates.asked).toEqual([]);
    expect(policy.decide(factsOf({ rates, texts: ["an offer"] })).action).toBe("block");
    expect(rates.asked).toEqual(["rule r when.rate, 3600000, sip:alice@corp.example"]);
  });

  it.each([
    ["from.aor", "sip:alice@corp.example"],
    ["from.domain", "corp.example"],
    ["from.ip", "10.1.2.3"],
    ["to.aor", "sip:bob@corp.example"],
    ["pairs", "sip:alice@corp.example sip:bob@corp.example"],
  ])("counts by %s", (key, value) => {
    const policy = rules(
      `- { id: r, on: message, when: { rate: { key: ${key}, over: 90s, count: 2 } }, then: block }`,
    );
    const rates = counting(2);
    expect(policy.decide(factsOf({ rates })).action).toBe("block");
    expect(rates.asked).toEqual([`rule r when.rate, 90000, ${value}`]);
  });

  it("counts what comes under somebody's unproven name apart from what he sends", () => {
    const rates = counting(1);
    const policy = rules(FLOOD);
    policy.decide(factsOf({ rates, from: sender(true) }));
    policy.decide(factsOf({ rates, from: sender(false) }));
    expect(new Set(rates.asked).size).toBe(2);
  });

  it("has a meter of its own at each place of a rule, in exceptions and in policies", () => {
    const policy = rules(`
- id: r
  on: message
  when: { any: [ { rate: { key: to.aor, over: 1m, count: { gt: 5 } } }, { object: busy } ] }
  unless: [ { name: seldom, rate: { key: pairs, over: 1d, count: { lt: 3 } } } ]
  then: block
objects: { busy: { rate: { key: from.ip, over: 1m, count: 1 } } }
policies: [ { name: quiet, when: { rate: { key: from.aor, over: 1h, count: { lt: 9 } } } }, { name: default } ]`);
    const rates = counting(1);
    policy.decide(factsOf({ rates }));
    expect(rates.asked.map((one) => one.replace(/, [0-9]+, .*$/, ""))).toEqual([
      "policy quiet when.rate",
      "rule r when.any.0.rate",
      "rule r when.any.1.object.rate",
      "rule r, except seldom unless.0.rate",
    ]);
  });

  it("shows the count in a trace", () => {
    const rates = counting(7);
    const [entry] = rules(FLOOD).decide(factsOf({ rates }), { trace: true }).trace;
    expect(entry?.leaves).toEqual([
      { field: "rate", value: "7 in 10m of sip:alice@corp.example", matched: false },
    ]);
  });

  it.each([
    ["{ key: from.aor, count: 1 }", '"over" is missing'],
    ["{ key: from.name, over: 1m, count: 1 }", "from.name"],
    ["{ key: from.aor, over: 10, count: 1 }", "expected a text, found the number 10"],
    ["{ key: from.aor, over: 30d, count: 1 }", "from 1s to 7d"],
    ["{ key: from.aor, over: 1m }", '"count" is missing'],
  ])("refuses %s", (rate, expected) => {
    expect(ruleProblems(`when: { rate: ${rate} }, then: block`).join("\n")).toContain(expected);
  });
});
