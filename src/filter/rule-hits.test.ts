import { describe, expect, it } from "vitest";
import { compilePolicy } from "../policy/compile.ts";
import type { Decision, Policy } from "../policy/decision.ts";
import type { Facts } from "../policy/facts.ts";
import type { Verdict } from "../policy/hearing.ts";
import { RuleHits } from "./rule-hits.ts";

const PARTY = {
  aor: "sip:a@x.example",
  user: "a",
  domain: "x.example",
  displayName: "",
  ip: undefined,
  authenticated: true,
};
const FACTS: Facts = {
  phase: "message",
  from: PARTY,
  to: PARTY,
  direction: "internal",
  channel: "sip-message",
  transport: "tcp",
  encrypted: false,
  now: 0,
  texts: ["lunch"],
  links: [],
  media: [],
  file: undefined,
  scan: undefined,
  rates: undefined,
};

const POLICY: Policy = (() => {
  const rules = [
    { id: "tagged", on: "message", then: { tag: "x" } },
    { id: "watched", mode: "monitor", when: { text: { phrase: "lunch" } }, then: "block" },
    { id: "other", when: { text: { phrase: "dinner" } }, then: "block" },
    { id: "failing", when: { text: { regex: "x" } }, then: { tag: "y" } },
    { id: "blocked", when: { text: { phrase: "lunch" } }, then: "block" },
    { id: "behind", on: "message", then: { tag: "z" } },
  ];
  const compiled = compilePolicy([{ file: "r", pack: undefined, data: { version: 1, rules } }], {
    domains: [],
    generation: 1,
    limits: { regexInput: 3 },
  });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problem));
  return compiled.value;
})();

function verdictOf(...decisions: readonly Decision[]): Verdict {
  return {
    action: "allow",
    decision: undefined,
    decisions,
    setting: undefined,
    problem: undefined,
    inspection: undefined,
    file: undefined,
    cookie: undefined,
    scans: [],
  };
}

describe("RuleHits", () => {
  it("counts what matched, would have matched and failed, once for each judgement", () => {
    const hits = new RuleHits(500);
    const decision = POLICY.decide(FACTS);
    hits.take(verdictOf(decision, decision), 1000);
    hits.take(verdictOf(decision), 2000);
    hits.take(verdictOf(POLICY.decide({ ...FACTS, phase: "session" })), 3000);
    expect(hits.snapshot()).toEqual({
      v: 1,
      since: 500,
      rules: {
        tagged: { hits: 2, would: 0, errors: 0, last: 2000 },
        watched: { hits: 0, would: 2, errors: 0, last: 2000 },
        failing: { hits: 0, would: 0, errors: 2, last: 2000 },
        blocked: { hits: 2, would: 0, errors: 0, last: 2000 },
      },
    });
  });

  it("goes on from what was kept", () => {
    const before = new RuleHits(500);
    before.take(verdictOf(POLICY.decide(FACTS)), 1000);
    const after = new RuleHits(9000);
    after.restore(JSON.parse(JSON.stringify(before.snapshot())));
    after.take(verdictOf(POLICY.decide(FACTS)), 9500);
    const { since, rules } = after.snapshot();
    expect(since).toBe(500);
    expect(rules["blocked"]).toEqual({ hits: 2, would: 0, errors: 0, last: 9500 });
  });

  it.each([
    undefined,
    null,
    "x",
    { v: 2, since: 1, rules: {} },
    { v: 1, since: -1, rules: {} },
    { v: 1, since: 1, rules: { a: { hits: "many" }, b: null } },
  ])("begins anew with %j", (kept) => {
    const hits = new RuleHits(500);
    hits.restore(kept);
    expect(hits.snapshot().rules).toEqual({});
  });

  it("does not take a rule called __proto__ for anything else", () => {
    const hits = new RuleHits(1);
    const kept = '{"v":1,"since":1,"rules":{"__proto__":{"hits":1,"would":0,"errors":0,"last":1}}}';
    hits.restore(JSON.parse(kept));
    expect(JSON.stringify(hits.snapshot())).toBe(kept);
  });
});
