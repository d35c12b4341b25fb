import { array, assert, constantFrom, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { INTERNAL } from "../../test/support/internal-hearing.ts";
import { parse } from "yaml";
import type { Reach } from "../../test/support/link-evasion-parts.ts";
import { hostEvasions, programEvasions, type Evasion } from "../../test/support/link-evasions.ts";
import { messageRequest, parsedBytes } from "../../test/support/parsed-request.ts";
import { inlineTestSettings } from "../assembly/judge-settings.ts";
import { carryOut, type Outcome } from "./carry-out.ts";
import { judge } from "./judge.ts";
import { compilePolicy } from "../policy/compile.ts";
import type { Policy } from "../policy/decision.ts";
import type { Verdict } from "../policy/hearing.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { applySplices } from "../wire/sip/splice.ts";

/** Every way that we know of to write a link so that a filter does not see it, through the whole judge. */

const SETTINGS = inlineTestSettings([]);

const LISTS = `version: 1
lists:
  bad:
    type: domain
    items: [evil.example, evil.com, evil.zip, bücher.example, no-go.example, 192.0.2.7]
  bad6: { type: string, items: ["2001:db8::bad"] }
rules:
`;

function policyOf(rule: string): Policy {
  const data = parse(LISTS + rule) as unknown;
  const source = { file: "a.yaml", pack: undefined, data, lineOf: () => 1 };
  const compiled = compilePolicy([source], { domains: [], generation: 1 });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problem));
  return compiled.value;
}

const BLOCKS_HOST = policyOf(
  "  - { id: r, when: { url: { host: { in_list: [bad, bad6] } } }, then: block }",
);
const BLOCKS_PROGRAM = policyOf(
  "  - { id: r, when: { url: { path_extension: exe } }, then: block }",
);
const DISARMS_HOST = policyOf(
  '  - { id: r, when: { url: { host: { in_list: [bad, bad6] } } }, then: { rewrite: { links: { prefix: "_" } } } }',
);

function verdictOn(request: SipRequest, policy: Policy): Verdict {
  const judgement = judge(request, INTERNAL, policy, SETTINGS);
  if (judgement.kind === "decided") return judgement.verdict;
  return judgement.decide(judgement.attachments.map((one) => SETTINGS.scan(one.bytes)));
}

function outcomeOf(request: SipRequest, verdict: Verdict): Outcome {
  return carryOut(request, INTERNAL, verdict, { incident: "INC-00000000", agent: "gw" });
}

function requestOf({ container, body }: Evasion): SipRequest {
  return messageRequest(body, { type: container.type });
}

function isHit(evasion: Evasion, policy: Policy): boolean {
  const { decision } = verdictOn(requestOf(evasion), policy);
  return decision?.rule?.id === "r" && decision.action === "block";
}

/** What is wrong with what a rewrite makes of it; undefined: nobody can click what goes out. */
function leftLive(evasion: Evasion): string | undefined {
  const request = requestOf(evasion);
  const first = verdictOn(request, DISARMS_HOST);
  const outcome = outcomeOf(request, first);
  if (outcome.kind === "refuse")
    return evasion.container.rigid === true ? undefined : `refused: ${first.problem?.code ?? ""}`;
  const bytes = applySplices(request.bytes, outcome.splices);
  if (evasion.reach === "clickable" && outcome.splices.length === 0) return "unchanged";
  if (evasion.reach === "defanged" && outcome.splices.length > 0) return "changed";
  const again = parsedBytes(bytes);
  const second = verdictOn(again, DISARMS_HOST);
  if (second.action !== "allow") return `then ${second.action}`;
  return undefined;
}

function shareOf(all: readonly Evasion[], missed: readonly Evasion[], reach: Reach): number {
  const count = (some: readonly Evasion[]): number =>
    some.filter((one) => one.reach === reach).length;
  return 1 - count(missed) / count(all);
}

describe("links that are hidden from a filter", () => {
  const all = hostEvasions(20_261_127, 0.17);

  it("are thousands of distinct forms", () => {
    for (const reach of ["clickable", "retyped", "defanged"] as const)
      expect(all.filter((one) => one.reach === reach).length).toBeGreaterThan(500);
    expect(all.length).toBeGreaterThan(10_000);
  });

  it("are hit by a rule that names the host", () => {
    const missed = all.filter((one) => !isHit(one, BLOCKS_HOST));
    const shares = Object.fromEntries(
      (["clickable", "defanged", "retyped"] as const).map((reach) => [
        reach,
        shareOf(all, missed, reach),
      ]),
    );
    console.info(`links: ${all.length} forms of blocked hosts, hit: ${JSON.stringify(shares)}`);
    expect(missed.filter((one) => one.reach !== "retyped").map(describeForm)).toEqual([]);
    expect(shares["retyped"]).toBeGreaterThanOrEqual(0.95);
  });

  it("cannot be clicked once they are disarmed, and are left alone when nobody could", () => {
    const live = all.flatMap((one) => {
      const wrong = leftLive(one);
      return wrong === undefined ? [] : [`${wrong}: ${describeForm(one)}`];
    });
    expect(live).toEqual([]);
  });

  it("are hit by a rule that names the extension", () => {
    const forms = programEvasions();
    expect(forms.length).toBeGreaterThan(1000);
    expect(forms.filter((one) => !isHit(one, BLOCKS_PROGRAM)).map(describeForm)).toEqual([]);
  });
});

const DISARMS_ALL = policyOf(
  '  - { id: r, when: { url: { any: true } }, then: { rewrite: { links: { prefix: "_" } } } }',
);

const SHREDS = [
  "http://evil.example/a",
  "ｈｔｔｐ://evil.example",
  "www.evil.com",
  "evil。com",
  "e\u0301vil.com",
  "𝐞𝐯𝐢𝐥.com",
  "😀evil.com",
  "i❤.ws",
  "ev\u00ADil.com",
  "\\\\evil\\x",
  "hxxp://evil.com",
  "evil[.]com",
  "\u202Emoc.live",
  "問",
  "привет",
  "é",
  "😀",
  " ",
  "\n",
  "_",
  ".",
  ",",
  "@",
  "/",
];
const MARKUP = [
  ...SHREDS,
  '<a href="http://evil.example/">',
  "<a href='&#104;ttp://evil.example'>",
  "<a href=evil.com>",
  "</a>",
  "<b>",
  "</b>",
  "&#104;ttp://evil.com",
  "evil&period;com",
  "&copy",
  "<!-- www.evil.com -->",
  "&#x1F600;evil.com",
];

function withoutMarks(text: string): string {
  return text.replaceAll("_", "");
}

describe("a rewrite", () => {
  it.each([
    ["text/plain;charset=utf-8", SHREDS],
    ["text/html;charset=utf-8", MARKUP],
  ])("puts its mark before links of %s and touches nothing else", (type, shreds) => {
    const piece = constantFrom(...shreds);
    assert(
      property(array(piece, { maxLength: 9 }), (pieces) => {
        const sent = pieces.join("");
        const request = messageRequest(sent, { type });
        const verdict = verdictOn(request, DISARMS_ALL);
        const outcome = outcomeOf(request, verdict);
        if (outcome.kind !== "forward") return;
        const out = parsedBytes(applySplices(request.bytes, outcome.splices)).body.toString();
        const starts = new Set(verdict.inspection?.links.map((link) => link.start));
        expect(withoutMarks(out)).toBe(withoutMarks(sent));
        expect(out.length - sent.length).toBeGreaterThanOrEqual(starts.size);
        // never inside of a character, a reference or a name
        expect(out.isWellFormed()).toBe(true);
        for (const start of starts)
          expect(sent.slice(0, start)).not.toMatch(/&(?!copy$)[#\w]*$|<[a-z/][^>="']*$/);
      }),
      { numRuns: 4000 },
    );
  });
});

function describeForm({ name, link }: Evasion): string {
  return `${name}: ${JSON.stringify(link)}`;
}
