import { describe, expect, it } from "vitest";
import { INTERNAL } from "../support/internal-hearing.ts";
import { SHIPPED_RULES } from "../support/shipped-policy.ts";
import { inlineTestSettings } from "../../src/assembly/judge-settings.ts";
import { loadPolicy } from "../../src/config/load-policy.ts";
import { judge } from "../../src/judge/judge.ts";
import type { Policy } from "../../src/policy/decision.ts";
import type { Verdict } from "../../src/policy/hearing.ts";
import type { SipRequest } from "../../src/wire/sip/message.ts";
import { NAME_CARRIERS } from "../support/file-name-carriers.ts";
import { fileNameForms } from "../support/file-name-forms.ts";
import { benignFileNames } from "../support/benign-file-names.ts";
import { writeTemporaryFiles } from "../../src/config/temporary-files.test-data.ts";

/** Files of Lync, whose bytes nobody can look into, are decided by their names here too. */
const SETTINGS = { ...inlineTestSettings([]), onUnscannable: "allow" } as const;

/** The shipped rules, but without those that refuse a whole channel: what is left decides by the name. */
const BY_NAME = `
version: 1
overrides:
  - { rule: transfer-without-relay, enabled: false }
  - { rule: media-without-relay, enabled: false }
`;
/** The rules that may say it; a problem of the structure is another answer than one to the name. */
const NAME_RULES = ["file-extension", "program-file", "double-extension", "name-hides-direction"];

const POLICY: Policy = (() => {
  using files = writeTemporaryFiles({ "by-name.yaml": BY_NAME });
  const rules = [SHIPPED_RULES, files.path("by-name.yaml")];
  const loaded = loadPolicy({ rules, domains: [] }, { generation: 1, judgeGiven: undefined });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problem));
  return loaded.value.policy;
})();

function verdictOn(request: SipRequest): Verdict {
  const judgement = judge(request, INTERNAL, POLICY, SETTINGS);
  if (judgement.kind === "decided") return judgement.verdict;
  return judgement.decide(judgement.attachments.map((one) => SETTINGS.scan(one.bytes)));
}

function wordOf(verdict: Verdict): string {
  if (verdict.problem !== undefined) return `problem ${verdict.problem.code}`;
  return `${verdict.action} ${verdict.decision?.rule?.id ?? verdict.setting ?? ""}`.trim();
}

describe("the name of a blocked file", () => {
  const forms = [
    ...fileNameForms("setup", "exe"),
    ...fileNameForms("Angebot 2024", "scr"),
    ...fileNameForms("r\u00e9sum\u00e9", "bat"),
  ];

  it("is written in more than 500 ways each", () => {
    expect(fileNameForms("setup", "exe").length).toBeGreaterThan(500);
    expect(forms.length).toBeGreaterThan(500);
  });

  it.each(NAME_CARRIERS)("is seen in every form: $title", ({ carry, odd }) => {
    const missed: string[] = [];
    let carried = 0;
    let byStructure = 0;
    for (const { trick, name } of forms) {
      const request = carry(name);
      if (request === undefined) continue;
      carried += 1;
      const verdict = verdictOn(request);
      const stopped = verdict.action === "block" || verdict.action === "quarantine";
      const rule = verdict.decision?.rule?.id ?? "";
      if (stopped && verdict.problem !== undefined) byStructure += 1;
      else if (!stopped || !NAME_RULES.includes(rule))
        missed.push(`${trick}: ${JSON.stringify(name.slice(0, 80))} -> ${wordOf(verdict)}`);
    }
    expect(missed).toEqual([]);
    expect(carried).toBeGreaterThan(500);
    // pieces in another order than their numbers are refused as such
    expect(byStructure / carried).toBeLessThan(odd === true ? 1.01 : 0.2);
  });
});

describe("the name of a harmless file", () => {
  const names = benignFileNames();

  it("is one of a thousand and more", () => {
    expect(names.length).toBeGreaterThan(1000);
  });

  it.each(NAME_CARRIERS.filter(({ odd }) => odd !== true))("passes: $title", ({ carry }) => {
    const refused: string[] = [];
    for (const name of names) {
      const request = carry(name);
      if (request === undefined) continue;
      const verdict = verdictOn(request);
      if (verdict.action !== "allow" && verdict.action !== "rewrite")
        refused.push(`${name} -> ${wordOf(verdict)}`);
    }
    expect(refused).toEqual([]);
  });
});
