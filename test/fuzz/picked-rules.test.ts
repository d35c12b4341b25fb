import {
  array,
  assert,
  constant,
  constantFrom,
  integer,
  oneof,
  option,
  property,
  record,
  subarray,
  type Arbitrary,
} from "fast-check";
import { describe, expect, it } from "vitest";
import { inlineTestSettings } from "../../src/assembly/judge-settings.ts";
import { judge } from "../../src/judge/judge.ts";
import { compilePolicy } from "../../src/policy/compile.ts";
import type { Policy } from "../../src/policy/decision.ts";
import type { Party } from "../../src/policy/facts.ts";
import type { RuleProblem } from "../../src/policy/rule-problem.ts";
import type { HearingContext, Verdict } from "../../src/policy/hearing.ts";
import type { SipRequest } from "../../src/wire/sip/message.ts";
import { parsedRequest } from "../support/parsed-request.ts";

/**
 * Most rules are never asked, for lack of something that they require. The definition of a decision is to ask them all, which is
 * what a trace does: both must decide alike, whatever the rules and the message. Few words, so that rules do match.
 */
const NOW = Date.parse("2026-11-27T12:00:00Z");

const USERS = ["alice", "bob", "Алиса", "ALICE", ""];
const DOMAINS = ["corp.example", "a.corp.example", "evil.example", "notevil.example"];
const HOSTS = [
  "evil.example",
  "www.evil.example",
  "notevil.example",
  "1.2.3.4",
  "xn--80ak6aa92e.com",
];
const WORDS = [
  "red",
  "draft",
  "Red Draft",
  "secret",
  "42",
  "K9",
  "straße",
  "ｒｅｄ",
  "4111 1111 1111 1111",
  "5555555555554444",
  "DE89 3704 0044 0532 0130 00",
];
const LINKS = HOSTS.flatMap((host) => [`http://${host}/a.exe`, `https://u@${host}:8080/x`, host]);
const REGEXES = [
  "(?i)re+d",
  "dra(ft|in)",
  "[0-9]{2}",
  "(secret|k9)",
  "^red",
  "(?i)k9\\b",
  "a|b",
  "(?i)stra(ss|ß)e",
];
const EXTENSIONS = ["exe", "zip", "txt"];

/** Two keys at most: with all of them nothing would ever match. Empty maps say nothing. */
function onlyFew(data: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(data).filter(([, value]) => JSON.stringify(value) !== "{}");
  const from = JSON.stringify(data).length;
  const at = from % Math.max(1, entries.length);
  return Object.fromEntries(
    [...entries.slice(at), ...entries.slice(0, at)].slice(0, 1 + (from % 2)),
  );
}

function oneOrSome(values: readonly string[]): Arbitrary<unknown> {
  const some = subarray([...values], { minLength: 1, maxLength: Math.min(3, values.length) });
  return oneof(constantFrom(...values), some);
}

function textLeaf(values: readonly string[], list: string): Arbitrary<unknown> {
  const pieces = values.filter((value) => value !== "").map((value) => value.slice(0, 4));
  const operators = record(
    {
      in_list: constant(list),
      not_in_list: constant(list),
      suffix: oneOrSome([...pieces, "evil.example", ".corp.example", "example"]),
      contains: oneOrSome(pieces),
      regex: oneOrSome(REGEXES),
      not: oneOrSome(values.filter((value) => value !== "")),
      exists: constantFrom(true, false),
    },
    { requiredKeys: [] },
  ).map(onlyFew);
  return oneof(oneOrSome(values.filter((value) => value !== "")), operators);
}

function some(shape: Readonly<Record<string, Arbitrary<unknown>>>): Arbitrary<unknown> {
  return record(shape, { requiredKeys: [] }).map(onlyFew);
}

const link = {
  scheme: oneOrSome(["http", "https"]),
  host: textLeaf(HOSTS, "hosts"),
  registrable_domain: textLeaf(["evil.example", "apple.com"], "hosts"),
  path_extension: textLeaf(EXTENSIONS, "extensions"),
  port: oneof(
    constant(8080),
    constant([80, 8080]),
    constant({ gt: 80 }),
    constant({ exists: false }),
  ),
  is_ip: constantFrom(true, false),
  has_userinfo: constantFrom(true, false),
  zone: constantFrom("internet", "intranet"),
  lookalike_of: oneOrSome(["apple.com", "evi1.example"]),
};

const party = {
  user: textLeaf(USERS, "names"),
  domain: textLeaf(DOMAINS, "hosts"),
  aor: textLeaf(
    DOMAINS.map((domain) => `sip:alice@${domain}`),
    "aors",
  ),
  group: oneOrSome(["staff", "others"]),
  display_name: textLeaf(WORDS, "names"),
};

const leaves = {
  from: some(party),
  to: some(party),
  direction: oneOrSome(["inbound", "outbound"]),
  text: some({
    phrase: oneof(
      oneOrSome(WORDS),
      constant({ in_list: "words" }),
      constant({ in_list: ["words", "parts"] }),
    ),
    regex: oneOrSome(REGEXES),
    length: constantFrom<unknown>(
      { gt: 12 },
      { lt: 30 },
      { gte: 20, lt: 60 },
      { between: [10, 40] },
      [11, 19, 27],
      34,
      { exists: false },
    ),
    detector: constantFrom<unknown>(
      { payment_card: {} },
      { payment_card: { min: 2 } },
      { iban: {} },
    ),
  }),
  url: oneof(some({ ...link, any: constant(true), every: some(link) }), constant({ any: false })),
  file: some({
    exists: constantFrom(true, false),
    name: textLeaf(["red.exe", "draft.txt"], "names"),
    extension: textLeaf(EXTENSIONS, "extensions"),
    declared_type: textLeaf(["application/zip", "application/x"], "names"),
    size: oneof(constant({ gt: 4 }), constant({ lt: 4 })),
  }),
  media: constant({ has: "audio" }),
  scan: some({ verdict: constantFrom("clean", "infected"), engine: oneOrSome(["none", "x"]) }),
  object: constant("red-object"),
};

function condition(depth: number): Arbitrary<Record<string, unknown>> {
  if (depth === 0) return record(leaves, { requiredKeys: [] }).map(onlyFew);
  const inner = condition(depth - 1);
  const nested = {
    ...leaves,
    any: array(inner, { minLength: 1, maxLength: 3 }),
    all: array(inner, { minLength: 1, maxLength: 2 }),
    not: inner,
  };
  return record(nested, { requiredKeys: [] }).map(onlyFew);
}

const rule = record({
  when: condition(2),
  then: constantFrom<unknown>(
    "block",
    "allow",
    { tag: ["a"] },
    { rewrite: { links: { prefix: "_" } } },
    "quarantine",
  ),
  mode: constantFrom("enforce", "monitor", "off"),
  unless: option(array(condition(0), { maxLength: 2 }), { nil: [] }),
  expires: constantFrom(undefined, undefined, undefined, "2020-01-01", "2027-01-01"),
});

function policyOf(rules: readonly Readonly<Record<string, unknown>>[]): Policy | undefined {
  const data = {
    version: 1,
    zones: { intranet: { suffixes: ["corp.example"] } },
    lists: {
      hosts: { type: "domain", items: ["evil.example"] },
      names: { type: "string", items: ["red", "alice", "red.exe"] },
      aors: { type: "aor", items: ["sip:alice@corp.example"] },
      extensions: { type: "extension", items: ["exe"] },
      words: { type: "phrase", items: ["red draft", "secret"] },
      parts: { type: "phrase", match: "substring", normalize: ["case"], items: ["raf", "k9"] },
    },
    groups: { staff: { aors: ["sip:alice@corp.example"] }, others: { domains: ["evil.example"] } },
    objects: { "red-object": { text: { phrase: "red" } } },
    rules: rules.map((made, index) => ({
      ...made,
      id: `r${index}`,
      unless: (made["unless"] as object[])
        .map((exception, at) => ({ name: `e${at}`, ...exception }))
        .filter((exception) => Object.keys(exception).length > 1),
    })),
  };
  const sources = [{ file: "0.yaml", pack: undefined, data }];
  const compiled = compilePolicy(sources, { domains: ["corp.example"], generation: 1 });
  return compiled.ok ? compiled.value : undefined;
}

function partyOf(user: string, domain: string, displayName: string): Party {
  const aor = `sip:${user}@${domain}`;
  return { aor, user, domain, displayName, ip: "10.0.0.1", authenticated: true };
}

const someParty = record({
  user: constantFrom(...USERS),
  domain: constantFrom(...DOMAINS),
  name: constantFrom(...WORDS, ""),
}).map(({ user, domain, name }) => partyOf(user, domain, name));

const someText = array(constantFrom(...WORDS, ...LINKS, "x"), { maxLength: 6 }).map((words) =>
  words.join(" "),
);

const message = record({
  texts: array(someText, { minLength: 1, maxLength: 3 }),
  file: option(
    record({
      name: constantFrom("red.exe", "draft.txt", "x.tar.zip"),
      type: constantFrom("application/zip", "application/x"),
    }),
  ),
  media: integer({ min: 0, max: 3 }),
  from: someParty,
  to: someParty,
  direction: constantFrom("inbound" as const, "outbound" as const),
});

interface Message {
  readonly texts: readonly string[];
  readonly file: { readonly name: string; readonly type: string } | null;
  readonly media: number;
}

function requestOf({ texts, file, media }: Message): SipRequest {
  const method = media === 0 ? "INVITE" : "MESSAGE";
  const parts = texts.map((text) => `Content-Type: text/plain;charset=UTF-8\r\n\r\n${text}`);
  if (file !== null) parts.push(`Content-Type: ${file.type};name="${file.name}"\r\n\r\nbytes`);
  if (media === 0)
    parts.push(
      "Content-Type: application/sdp\r\n\r\nv=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
    );
  const body = `${parts.map((part) => `--b\r\n${part}\r\n`).join("")}--b--\r\n`;
  const head = [
    `${method} sip:bob@corp.example SIP/2.0`,
    "Via: SIP/2.0/TCP 192.0.2.10:5060;branch=z9hG4bKpick",
    "Max-Forwards: 70",
    "From: <sip:alice@corp.example>;tag=a",
    "To: <sip:bob@corp.example>",
    "Call-ID: pick@192.0.2.10",
    `CSeq: 1 ${method}`,
    "Content-Type: multipart/mixed; boundary=b",
  ];
  return parsedRequest(head, body);
}

function verdictOf(request: SipRequest, context: HearingContext, policy: Policy): Verdict {
  const judgement = judge(request, context, policy, inlineTestSettings(["corp.example"]));
  if (judgement.kind === "decided") return judgement.verdict;
  const clean = { verdict: "clean", engine: "none", name: "", reason: "" } as const;
  return judgement.decide(judgement.attachments.map(() => clean));
}

/** The rule that a warning says is never reached. */
function unreachableRule({ message }: RuleProblem): readonly string[] {
  const id = /^"(r\d+)" (?:is never reached|never decides)/.exec(message)?.[1];
  return id === undefined ? [] : [id];
}

describe("rules that are picked by what a message holds", () => {
  it("decide as all rules do, and those that are said to be unreachable never match", () => {
    let compiled = 0;
    let matched = 0;
    let warned = 0;
    const all = property(
      array(rule, { minLength: 1, maxLength: 12 }),
      array(message, { minLength: 1, maxLength: 6 }),
      (rules, messages) => {
        // What comes again is mostly out of reach.
        const policy = policyOf([...rules, ...rules.slice(0, 3)]);
        if (policy === undefined) return;
        compiled += 1;
        const unreachable = new Set(policy.warnings.flatMap(unreachableRule));
        warned += unreachable.size;
        for (const { from, to, direction, ...rest } of messages) {
          const request = requestOf(rest);
          const context = {
            from,
            to,
            direction,
            channel: "sip-message",
            transport: "tcp",
            encrypted: false,
            now: NOW,
          } as const;
          const picked = verdictOf(request, { ...context, trace: false }, policy);
          const asked = verdictOf(request, { ...context, trace: true }, policy);
          const untraced = asked.decisions.map((decision) => ({ ...decision, trace: [] }));
          expect(picked.decisions).toEqual(untraced);
          expect(picked.action).toBe(asked.action);
          for (const { matched: those, monitored } of picked.decisions) {
            const spoke = [...those, ...monitored.map((one) => one.rule)];
            expect(spoke.filter((id) => unreachable.has(id))).toEqual([]);
          }
          if (
            picked.decisions.some(
              ({ rule, monitored }) => rule !== undefined || monitored.length > 0,
            )
          )
            matched += 1;
        }
      },
    );
    assert(all, { numRuns: 300 });
    expect(compiled).toBeGreaterThan(150);
    expect(matched).toBeGreaterThan(compiled);
    expect(warned).toBeGreaterThan(5);
  });
});
