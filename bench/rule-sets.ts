/** Rule sets of any size, of all kinds in turn, as an organisation that has grown them over years might have. */
import { compilePolicy } from "../src/policy/compile.ts";
import type { Policy } from "../src/policy/decision.ts";

/** 2026-11-27, so that the exceptions of the rules are in force. */
export const NOW: number = Date.parse("2026-11-27T12:00:00Z");

type Rule = Readonly<Record<string, unknown>>;

const WORDS =
  "amber basalt cobalt damask ember fjord garnet harbor indigo jasper kestrel lagoon marble nectar onyx pollen quartz raven sable topaz umber velvet willow xenon yarrow zephyr".split(
    " ",
  );
const EXTENSIONS = "exe scr com bat cmd pif vbs js jse wsf hta msi ps1 jar lnk cpl reg chm".split(
  " ",
);

/** A name of two words that no other `n` below 676 × 1,000 gives. */
function name(n: number): string {
  const count = WORDS.length;
  const round = Math.floor(n / (count * count));
  const first = WORDS[n % count] ?? "";
  const second = WORDS[Math.floor(n / count) % count] ?? "";
  return `${first}-${second}${round === 0 ? "" : round}`;
}

function phrase(n: number): string {
  return `project ${name(n).replace("-", " ")}`;
}

const block = (reason: string) => ({ block: { reason } });

/** One kind of rule for each; `n` makes it a different one each time. */
const KINDS: readonly ((n: number) => Rule)[] = [
  (n) => ({ when: { url: { host: { suffix: [`${name(n)}.test`, `${name(n)}.example`] } } } }),
  (n) => ({ when: { url: { host: `www.${name(n)}.invalid` } } }),
  (n) => ({ when: { url: { host: { in_list: `hosts-${n % 8}` }, path_extension: "zip" } } }),
  (n) => ({ when: { url: { host: { regex: `^(cdn|dl)[0-9]*\\.${name(n)}\\.` } } } }),
  (n) => ({
    when: { url: { zone: "internet", path_extension: [EXTENSIONS[n % 18], `x${n}`] } },
    then: { rewrite: { links: { prefix: "_" } } },
  }),
  (n) => ({ when: { url: { registrable_domain: { not_in_list: "own" }, port: 8000 + n } } }),
  (n) => ({ when: { url: { lookalike_of: [`${name(n)}-bank.test`] } } }),
  (n) => ({
    when: { text: { phrase: { in_list: `phrases-${n % 8}` } } },
    then: { tag: ["words"] },
  }),
  (n) => ({ when: { text: { phrase: [phrase(n), phrase(n + 7000)] } } }),
  (n) => ({ when: { direction: "outbound", text: { phrase: `internal ${name(n)}` } } }),
  (n) => ({ when: { text: { regex: `(?i)\\b${name(n)}[- ]?[0-9]{4,8}\\b` } } }),
  (n) => ({ when: { text: { regex: `(?i)contract\\s+no\\.?\\s*${n}[0-9]{5}` } } }),
  (n) => ({ when: { text: { regex: `\\b[A-Z]{3}-${n}-[0-9]{6}\\b`, length: { gt: 20 } } } }),
  (n) => ({
    mode: "monitor",
    when: { direction: "outbound", text: { detector: { payment_card: { min: 1 + (n % 3) } } } },
  }),
  (n) => ({ mode: "monitor", when: { text: { length: { gt: 100_000 + n } } } }),
  (n) => ({ when: { from: { domain: { suffix: `${name(n)}.example` } }, url: { any: true } } }),
  (n) => ({ when: { from: { aor: `sip:${name(n)}@example.com` } }, then: { tag: ["watched"] } }),
  (n) => ({ when: { to: { group: `group-${n % 8}` }, from: { ip: `10.${n % 250}.0.0/16` } } }),
  (n) => ({ when: { from: { display_name: { contains: `Support ${name(n)}` } } } }),
  (n) => ({ when: { direction: ["inbound", "transit"], from: { user: { prefix: name(n) } } } }),
  (n) => ({ when: { file: { extension: { in_list: "programs" }, size: { gt: n } } } }),
  (n) => ({ when: { file: { name: { regex: `(?i)^${name(n)}.*\\.(doc|xls)m?$` } } } }),
  (n) => ({ when: { media: { has: ["t120", "app_sharing"] }, from: { user: name(n) } } }),
  (n) => ({ when: { scan: { verdict: "infected", name: { contains: name(n) } } } }),
  (n) => ({
    when: {
      any: [{ url: { host: `${name(n)}.invalid` } }, { text: { phrase: `${name(n)} ltd` } }],
      not: { from: { group: "group-1" } },
    },
  }),
  (n) => ({
    when: { all: [{ object: "to-partner" }, { text: { phrase: `${name(n)} draft` } }] },
    unless: [{ name: "desk", from: { user: name(n) }, expires: "2027-06-30" }],
  }),
  (n) => ({ mode: "monitor", when: { url: { every: { host: { suffix: `${name(n)}.test` } } } } }),
];

/** The rule file of `count` rules. */
export function ruleFile(count: number): Readonly<Record<string, unknown>> {
  const lists: Record<string, unknown> = {
    own: { type: "domain", items: ["corp.example"] },
    programs: { type: "extension", items: EXTENSIONS },
  };
  const groups: Record<string, unknown> = {};
  for (let n = 0; n < 8; n += 1) {
    const hundred = Array.from({ length: 100 }, (_, at) => 2000 + n * 100 + at);
    lists[`hosts-${n}`] = { type: "domain", items: hundred.map((at) => `${name(at)}.test`) };
    lists[`phrases-${n}`] = { type: "phrase", items: hundred.map(phrase) };
    groups[`group-${n}`] = { aors: hundred.map((at) => `sip:${name(at)}@corp.example`) };
  }
  return {
    version: 1,
    zones: { intranet: { suffixes: ["corp.example"], single_label: true } },
    lists,
    groups,
    objects: {
      "to-partner": { direction: "outbound", to: { domain: { suffix: "partner.test" } } },
    },
    rules: Array.from({ length: count }, (_, n) => {
      const kind = KINDS[n % KINDS.length];
      return { id: `rule-${n}`, then: block(`rule ${n}`), ...kind?.(n) };
    }),
  };
}

/** Expressions that the text can lead into ever new states, of several shapes, and a host that is asked about with each link. */
const EXPLODING: readonly ((n: number) => Rule)[] = [
  (n) => ({ text: { regex: `[ab][^x]{12}[c-e][p-q]{1,${(n % 9) + 1}}z` } }),
  (n) => ({ text: { regex: `[ab]\\pL{20}[c-e][p-q]{1,${(n % 9) + 1}}z` } }),
  (n) => ({ text: { regex: `[ab].{${300 + n}}c` } }),
  (n) => ({ text: { regex: `a.{20}b.{${20 + (n % 9)}}c` } }),
  (n) => ({ text: { regex: `(?i)\\b(\\w+\\s){3,9}contract ${n}\\b` } }),
  (n) => ({ url: { host: { regex: `[ab][^x]{12}[c-e]x${n}` } } }),
];

/** A policy of 200 rules whose expressions explode; they only tag, so that one failure does not spare the others. */
export function explodingPolicy(): Policy {
  const rules = Array.from({ length: 200 }, (_, n) => {
    const when = EXPLODING[n % EXPLODING.length]?.(n);
    return { id: `rule-${n}`, mode: "monitor", when, then: block(`rule ${n}`) };
  });
  return compiled({ version: 1, rules });
}

/** A policy of `count` rules of all kinds; ten take every third kind, so that they are mixed too. */
export function policyOf(count: number): Policy {
  const file = ruleFile(count < KINDS.length ? count * 3 : count);
  const rules = (file["rules"] as readonly Rule[]).filter((_, n) => count >= 27 || n % 3 === 1);
  return compiled({ ...file, rules });
}

function compiled(data: Readonly<Record<string, unknown>>): Policy {
  const sources = [{ file: "bench.yaml", pack: undefined, data }];
  const policy = compilePolicy(sources, { domains: ["corp.example"], generation: 1, now: NOW });
  if (!policy.ok) throw new Error(JSON.stringify(policy.problem.slice(0, 3)));
  return policy.value;
}

/** Words that rules look for: phrases, hosts and the beginnings of expressions, for texts that nearly match them all. */
export function wantedWords(count: number): readonly string[] {
  return Array.from({ length: count }, (_, n) => name(n));
}
