import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { compilePolicy, type PolicyOptions } from "./compile.ts";
import type { RuleProblem } from "./rule-problem.ts";
import { ruleFileJsonSchema } from "./schema.ts";

type Files = readonly { readonly pack?: string; readonly yaml: string }[];

function problemsOf(files: Files, options: Partial<PolicyOptions> = {}): readonly RuleProblem[] {
  const sources = files.map(({ pack, yaml }, index) => ({
    file: `${index}.yaml`,
    pack,
    data: parse(yaml) as unknown,
    lineOf: () => 7,
  }));
  const compiled = compilePolicy(sources, { domains: ["a.example"], generation: 3, ...options });
  return compiled.ok ? compiled.value.warnings : compiled.problem;
}

function shown(problem: RuleProblem | undefined): string {
  if (problem === undefined) return "none";
  const hint = problem.hint === undefined ? "" : ` (${problem.hint})`;
  return `${problem.severity} ${problem.path.join(".")}: ${problem.message}${hint}`;
}

function first(yaml: string, options: Partial<PolicyOptions> = {}): string {
  return shown(problemsOf([{ yaml: `version: 1\n${yaml}` }], options)[0]);
}

function ruleProblem(rule: string): string {
  return first(`rules: [ { id: r, on: [file], ${rule} } ]`).replace("rules.0.", "");
}

describe("compilePolicy, on files that do not fit the schema", () => {
  it.each([
    [
      "when: { from: { usr: a } }, then: block",
      'error when.from.usr: unknown key "usr" (did you mean "user"?)',
    ],
    [
      "when: { url: { host: { in_lst: a } } }, then: block",
      'error when.url.host.in_lst: unknown key "in_lst" (did you mean "in_list"?)',
    ],
    [
      "when: , text: { phrase: a }, then: block",
      "error when: expected a map of keys, found nothing (write it below, further to the right, or take the key out)",
    ],
    [
      "text: { phrase: a }, then: block",
      'error text: unknown key "text" (conditions stand under when:, further to the right than it)',
    ],
    [
      "block: {}, then: { tag: [a] }",
      'error block: unknown key "block" (what happens stands under then:, further to the right than it)',
    ],
    ["whne: {}, then: block", 'error whne: unknown key "whne" (did you mean "when"?)'],
    ["whn: {}, then: block", 'error whn: unknown key "whn" (did you mean "when"?)'],
    ["when: { time: {} }, then: block", 'error when.time.tz: "tz" is missing'],
    [
      "when: { any: [ { rate: {} } ] }, then: block",
      'error when.any.0.rate.key: "key" is missing (one of: from.aor, to.aor, from.ip, from.domain, pairs)',
    ],
    [
      "when: { file: { true_type: { group: [program] } } }, then: block",
      'error when.file.true_type.group.0: unknown value "program" (one of: executable, script, installer, shortcut, office, document, archive, disk-image, image, audio, video, text)',
    ],
    [
      "when: { url: { every: { lookalike_off: [x] } } }, then: block",
      'error when.url.every.lookalike_off: unknown key "lookalike_off" (did you mean "lookalike_of"?)',
    ],
    [
      "when: { text: { language_script: x } }, then: block",
      'error when.text.language_script: there is no script "x" (scripts are named as in Unicode: Latin, Cyrillic, Greek, Arabic, Han …)',
    ],
    [
      "when: { text: { detector: { payment_crd: {} } } }, then: block",
      'error when.text.detector.payment_crd: unknown key "payment_crd" (did you mean "payment_card"?)',
    ],
    [
      "when: { text: { detector: { passport: {} } } }, then: block",
      'error when.text.detector.passport: unknown key "passport" (known here: payment_card, iban)',
    ],
    [
      "when: { text: { detector: {} } }, then: block",
      "error when.text.detector: must name a detector: payment_card, iban",
    ],
    [
      "when: { text: { detector: { iban: { min: 0 } } } }, then: block",
      "error when.text.detector.iban.min: must be at least 1",
    ],
    [
      "then: { quarantine: { release: two-eyes } }",
      'error then.quarantine.release: unknown value "two-eyes" (one of: four-eyes)',
    ],
    [
      "then: { rewrite: { links: { style: hxxp, prefix: _ } } }",
      "error then.rewrite.links.style: prefix and style: hxxp exclude each other (leave prefix: out)",
    ],
    [
      "when: { media: { has: chat } }, then: { strip: { accept_types: x-msmsgsinvite } }",
      "error then.strip.accept_types: is not a media type: write text/html",
    ],
    [
      "when: { media: { has: chat } }, then: { strip: {} }",
      "error then.strip: does not say what is taken out (accept_types: text/x-msmsgsinvite, or media: app_sharing)",
    ],
    [
      "when: { from: { user: a } }, then: { strip: { media: t120 } }",
      "error then.strip: strip works in phase session, this rule is asked in file (on: session)",
    ],
    [
      "when: { file: { extension: exe } }, then: { replace: gone }",
      "error then.replace: replace goes with block or quarantine (add one of them)",
    ],
    [
      "when: { file: { extension: exe } }, then: { block: {}, replace: { template: gone } }",
      'error then.replace.template: there is no template "gone"',
    ],
    [
      "when: { file: { extension: exe } }, then: { block: {}, replace: '{file.nme}' }",
      'error then.replace: unknown macro {file.nme} (did you mean "file.name"?)',
    ],
    [
      "when: { file: { extension: 001 } }, then: block",
      'error when.file.extension: expected a text or a list or a map of keys, found the number 1 (quote it, as in "1"; unquoted, YAML reads 001 as 1)',
    ],
    [
      "when: { from: { user: [alice, 4917] } }, then: block",
      'error when.from.user.1: expected a text, found the number 4917 (quote it, as in "4917"; unquoted, YAML reads 001 as 1)',
    ],
    [
      "when: { direction: inbund }, then: block",
      'error when.direction: unknown value "inbund" (did you mean "inbound"?)',
    ],
    [
      "when: { media: { has: [radio] } }, then: block",
      'error when.media.has.0: unknown value "radio" (one of: audio, video, t120, file, chat, msrp, app_sharing, netmeeting, whiteboard, remote_assistance, webcam, unknown)',
    ],
    [
      "when: { file: { size: { gt: 25 megs } } }, then: block",
      "error when.file.size.gt: is not a size: write 25MiB or 4096",
    ],
    ["when: [], then: block", "error when: expected a map of keys, found a list"],
    ["when: { any: [] }, then: block", "error when.any: must not be an empty list"],
    ["then: blok", 'error then: unknown value "blok" (did you mean "block"?)'],
    ["unless: [ { from: { user: a } } ], then: block", 'error unless.0.name: "name" is missing'],
    ["expires: 2027-13-01, then: block", "error expires: is not a date: write YYYY-MM-DD"],
    [
      "then: { block: { respond: 200 } }",
      "error then.block.respond: must be a SIP status from 400 to 699",
    ],
    [
      "then: { block: }",
      "error then.block: expected a map of keys, found nothing (write it below, further to the right, or take the key out)",
    ],
  ])("explains { %s }", (rule, problem) => {
    expect(ruleProblem(rule)).toBe(problem);
  });

  it.each([
    [
      "groups: { g: { aors: [sip:a@b.example], on_missing: empty } }",
      'error groups.g.on_missing: "on_missing" belongs to groups with a members_file',
    ],
    [
      'lists: { l: { type: domain, file: x, format: "csv" } }',
      "error lists.l.format: unknown format: write lines, hosts or csv:2",
    ],
    [
      "lists: { l: { type: domain, items: [a.example], refresh: watch } }",
      'error lists.l.refresh: "refresh" belongs to lists with a file',
    ],
    [
      "lists: { l: { type: domain, file: x, refresh: hourly } }",
      'error lists.l.refresh: unknown value "hourly" (one of: watch)',
    ],
    [
      "lists: { l: { type: domains, items: [a.example] } }",
      'error lists.l.type: unknown value "domains" (did you mean "domain"?)',
    ],
    [
      "lists: { l: { items: [a] } }",
      'error lists.l.type: "type" is missing (one of: extension, domain, phrase, prefix, aor, string)',
    ],
    [
      "rules: [ { id: Loud, then: block } ]",
      "error rules.0.id: must be small letters, digits and -, at most 64",
    ],
    ["ruls: []", 'error ruls: unknown key "ruls" (did you mean "rules"?)'],
  ])("explains %s", (yaml, problem) => {
    expect(first(yaml)).toBe(problem);
  });

  it("tells a misspelt detector once", () => {
    const when = "{ text: { detector: { payment_crd: { min: 1 } } } }";
    const yaml = `version: 1\nrules: [ { id: r, when: ${when}, then: block } ]`;
    expect(problemsOf([{ yaml }])).toHaveLength(1);
  });

  it("takes a file without content", () => {
    expect(problemsOf([{ yaml: "# nothing but a comment" }])).toEqual([]);
  });

  it("names the file of each problem", () => {
    const files = [{ yaml: "version: 1" }, { yaml: "version: 2" }];
    expect(problemsOf(files)).toEqual([
      { file: "1.yaml", path: ["version"], message: "must be 1", severity: "error" },
    ]);
  });
});

describe("compilePolicy, on names and values that cannot be meant", () => {
  it.each([
    [
      "when: { url: { host: { in_list: bad-domain } } }, then: block",
      'error when.url.host.in_list: there is no list "bad-domain"',
    ],
    [
      "when: { from: { group: staff } }, then: block",
      'error when.from.group: there is no group "staff"',
    ],
    [
      "when: { url: { zone: [intranet, extranet] } }, then: block",
      'error when.url.zone.1: there is no zone "extranet" (did you mean "intranet"?)',
    ],
    ["when: { object: o }, then: block", 'error when.object: there is no object "o"'],
    ["then: { notice: { template: t } }", 'error then.notice.template: there is no template "t"'],
    ["then: { notify: { admins: t } }", 'error then.notify.admins: there is no template "t"'],
    [
      'then: { notice: "by {rule.titel}" }',
      'error then.notice: unknown macro {rule.titel} (did you mean "rule.title"?)',
    ],
    [
      "then: { allow: {}, block: {} }",
      "error then.block: a rule has one verdict, this one has allow and block (leave one out, or make two rules)",
    ],
    [
      "then: { block: {}, quarantine: {} }",
      "error then.quarantine: a rule has one verdict, this one has block and quarantine (to refuse and keep a copy write quarantine: { copy: true } beside block)",
    ],
    [
      "then: { allow: { skip_scan: true } }",
      'error then.allow.skip_scan: skip_scan needs a reason (add because: "…")',
    ],
    ["then: {}", "error then: then: does nothing (name a verdict or an effect)"],
    [
      "when: { text: { regex: 'a(?=b)' } }, then: block",
      "error when.text.regex: look-ahead and look-behind are not part of RE2 syntax (write two conditions under all: instead, the excluded one under not:)",
    ],
    [
      "when: { text: { regex: ['x', '(a)\\1'] } }, then: block",
      "error when.text.regex.1: back-references are not part of RE2 syntax (write the alternatives out, as in (aa|bb|cc))",
    ],
    ["when: { text: { regex: '(a{100}){100}' } }, then: block", "error when.text.regex: "],
    [
      "when: { text: { regex: '[a' } }, then: block",
      "error when.text.regex: not a regular expression: missing closing ]: `[a` (RE2 syntax; in YAML put the expression into single quotes)",
    ],
    [
      "when: { from: { ip: 10.0.0.0/33 } }, then: block",
      'error when.from.ip: "10.0.0.0/33" is not an address or network (as in 10.0.0.0/8)',
    ],
    [
      "unless: [ { name: all } ], then: block",
      'error unless.0: exception "all" has no condition (say who or what is excepted, or take the rule out with enabled: false)',
    ],
    [
      "when: { url: { prefix: http } }, then: block",
      'error when.url.prefix: "http" is not a link prefix (a prefix ends in a colon or a dot, as in http: ftp. www*. or is the word href)',
    ],
    [
      "when: { file: { exists: false, size: { lt: 4 } } }, then: block",
      "error when.file.exists: exists: false says that there is no file, so no other key can hold (leave the other keys out)",
    ],
    [
      "when: { url: { any: false, host: x } }, then: block",
      "error when.url.any: any: false says that there is no link, so no other key can hold (leave the other keys out)",
    ],
  ])("explains { %s }", (rule, problem) => {
    expect(ruleProblem(rule).slice(0, problem.length)).toBe(problem);
  });

  it("does not let a rule replace a file before it is here", () => {
    expect(
      first(
        "rules: [ { id: r, when: { file: { extension: exe } }, then: { block: {}, replace: gone } } ]",
      ),
    ).toBe(
      "error rules.0.then.replace: replace works in phase file, this rule is asked in session (on: file)",
    );
  });

  it("does not let a rule speak of what its phase cannot know", () => {
    expect(
      first("rules: [ { id: r, on: message, when: { scan: { verdict: clean } }, then: block } ]"),
    ).toBe(
      "error rules.0.on: scan.verdict does not exist yet in phase message (on: file, or leave it out)",
    );
    expect(
      first(
        "rules: [ { id: r, on: [session, message], when: { not: { file: { exists: true } } }, then: block } ]",
      ),
    ).toBe(
      "error rules.0.on.1: file.exists does not exist yet in phase message (on: session, or leave it out)",
    );
  });

  it.each([
    [
      "url: { host: '*.evil.example' }",
      'error when.url.host: "*.evil.example" matches nothing: "*" is no wildcard here (suffix: evil.example takes the name and all names under it)',
    ],
    [
      "from: { domain: { not: [a.example, '*.b.example'] } }",
      'error when.from.domain.not.1: "*.b.example" matches nothing: "*" is no wildcard here (suffix: b.example takes the name and all names under it)',
    ],
    [
      "url: { host: 'http://evil.example/' }",
      'error when.url.host: "http://evil.example/" is no domain name (write the name alone, as in evil.example)',
    ],
    [
      "file: { extension: [exe, '*.scr'] }",
      'error when.file.extension.1: "*.scr" is no extension (write the extension alone, as in exe)',
    ],
    [
      "file: { name: '*.exe' }",
      'warning when.file.name: "*.exe" is compared as it is written: "*" is no wildcard (suffix: ".exe" takes what ends so)',
    ],
    [
      "time: { tz: UTC, between: ['24:00', '06:00'] }",
      'error when.time.between: no window begins at 24:00 (write "00:00", on the day that begins then)',
    ],
    ["time: { tz: UTC, between: ['22:00', '24:00'] }", "none"],
    ["from: { user: '*97' }", "none"],
    ["url: { host: ['[2001:db8::1]', '192.0.2.1', evil.example] }", "none"],
  ])("tells what can never match, or not as it was meant: %s", (when, expected) => {
    expect(ruleProblem(`when: { ${when} }, then: block`)).toBe(expected);
  });

  it("refuses more rules than it would be quick with", () => {
    const rules = Array.from({ length: 10_001 }, (_, index) => ({ id: `r${index}` }));
    const data = { version: 1, rules: rules.map((rule) => ({ ...rule, then: "block" })) };
    const compiled = compilePolicy([{ file: "a", pack: undefined, data }], {
      domains: [],
      generation: 1,
      checked: true,
    });
    expect(compiled.ok ? "none" : shown(compiled.problem[0])).toBe(
      "error rules.10000: there are more than 10000 rules (let rules ask for lists (in_list))",
    );
  });

  it("refuses a public suffix in a list of domains, but not somebody's own label", () => {
    const list = (items: string) => first(`lists: { l: { type: domain, items: [${items}] } }`);
    expect(list("a.example, co.uk")).toBe(
      'error lists.l.items.1: "co.uk" is a public suffix: it would match everybody under it (name the domain)',
    );
    expect(list("'*.example'")).toContain("is no domain name");
    expect(list("corp, github.io")).toBe('warning lists.l: list "l" is never used');
  });

  it("refuses a list of a type that does not fit", () => {
    const yaml = `
lists: { l: { type: domain, items: [a.example] } }
rules: [ { id: r, when: { file: { extension: { in_list: l } } }, then: block } ]`;
    expect(first(yaml)).toBe(
      'error rules.0.when.file.extension.in_list: list "l" is of type domain, which does not fit here (a list of type extension is needed)',
    );
  });

  it("finds objects that lead back to themselves", () => {
    const yaml = "objects: { a: { any: [ { object: b } ] }, b: { not: { object: a } } }";
    expect(first(yaml)).toBe('error objects.a: object "a" refers to itself: a → b → a');
  });

  it("tells what is wrong in an object once, where it stands", () => {
    const yaml = `
objects: { o: { from: { group: staff } } }
rules:
  - { id: r, on: message, when: { object: o }, then: allow }
  - { id: s, on: message, when: { object: o }, then: { tag: x } }`;
    expect(problemsOf([{ yaml: `version: 1${yaml}` }]).map(shown)).toEqual([
      'error objects.o.from.group: there is no group "staff"',
    ]);
  });

  it("refuses a second rule or definition of the same name, and says where the first is", () => {
    const one =
      "version: 1\nrules: [ { id: r, on: message, then: { tag: x } } ]\ngroups: { g: {} }";
    expect(problemsOf([{ yaml: one }, { yaml: one }]).map(shown)).toEqual([
      'error groups.g: "g" is defined already, in 0.yaml:7',
      'error rules.0.id: there is a rule "r" already, in 0.yaml:7',
    ]);
  });

  it("lets the operator's own definition take the place of a pack's", () => {
    const template = (text: string) => `version: 1\ntemplates: { t: { en: ${text} } }`;
    const use = "\nrules: [ { id: r, on: message, then: { notice: { template: t } } } ]";
    const sources = [
      { file: "own.yaml", pack: undefined, data: parse(template("mine") + use) as unknown },
      { file: "pack.yaml", pack: "p", data: parse(template("theirs")) as unknown },
    ];
    const compiled = compilePolicy(sources, { domains: [], generation: 1 });
    expect(compiled).toMatchObject({ ok: true, value: { rules: [{ id: "r", action: "notice" }] } });
  });

  it("refuses unknown packs, unknown rules in overrides, and policies inside packs", () => {
    expect(first("policies: [ { name: p, use: [executable] } ]")).toBe(
      'error policies.0.use.0: there is no pack "executable"',
    );
    expect(
      first("rules: [ { id: abcd, then: allow } ]\noverrides: [ { rule: abce, enabled: false } ]"),
    ).toBe('error overrides.0.rule: there is no rule "abce" (did you mean "abcd"?)');
    const inPack = problemsOf([{ pack: "p", yaml: "version: 1\npolicies: [ { name: x } ]" }]);
    expect(shown(inPack[0])).toBe(
      "error policies: a pack has no policies (move them to a file beside packs/)",
    );
  });

  it("chooses policies only by what is known before any content", () => {
    expect(first("policies: [ { name: p, when: { text: { phrase: x } } } ]")).toBe(
      "error policies.0.when.text: a policy is chosen before text is looked at (choose by from, to, direction or channel)",
    );
  });
});

describe("compilePolicy, warnings", () => {
  it("warns of not around links", () => {
    expect(
      first("rules: [ { id: r, when: { not: { url: { zone: intranet } } }, then: block } ]"),
    ).toContain("warning rules.0.when.not.url: not around url says that none of several fits");
    expect(
      first(
        "rules: [ { id: r, when: { not: { url: { every: { zone: intranet } } } }, then: block } ]",
      ),
    ).toBe("none");
  });

  it("warns of a rule that nothing reaches, in every policy that has it", () => {
    const all = "{ id: all, on: message, then: allow }";
    expect(first(`rules: [ ${all}, { id: r, when: { url: { any: true } }, then: block } ]`)).toBe(
      'warning rules.1.id: "r" is never reached: "all" before it always decides (take it out, or move it before 0.yaml:7)',
    );
    expect(
      first(
        `rules: [ { id: r, when: { scan: { verdict: infected } }, then: block }, { id: x, on: file, then: allow } ]`,
      ),
    ).toBe("none");
    expect(
      first(`rules: [ ${all}, { id: r, when: { file: { exists: true } }, then: block } ]`),
    ).toBe("none");
  });

  it("warns of a rule in whose place an earlier one always decides", () => {
    const earlier = (more: string) =>
      `{ id: wide, on: session, when: { file: { extension: [exe, com] } }, ${more} }`;
    const later = "{ id: r, when: { file: { extension: exe }, direction: inbound }, then: block }";
    const warned = (more: string) => first(`rules: [ ${earlier(more)}, ${later} ]`);
    expect(warned("then: block")).toBe(
      'warning rules.1.id: "r" never decides: "wide" before it matches whatever it matches (take it out, or move it before 0.yaml:7)',
    );
    expect(warned("then: allow")).toContain('"r" never decides');
    for (const more of [
      "then: { tag: x }",
      "then: block, mode: monitor",
      "then: block, expires: 2099-01-01",
      "then: block, unless: [ { name: n, from: { user: x } } ]",
    ]) {
      expect(warned(more)).toBe("none");
    }
    expect(first(`rules: [ ${later}, ${earlier("then: block")} ]`)).toBe("none");
  });

  it("leaves a rule about the scan alone, which an allow before it does not skip", () => {
    const scanned = (more: string) =>
      first(
        `rules: [ { id: a, on: file, when: { file: { extension: txt } }, then: ${more} }, { id: r, when: { file: { extension: txt }, scan: { verdict: infected } }, then: block } ]`,
      );
    expect(scanned("allow")).toBe("none");
    expect(scanned("block")).toContain('"r" never decides');
  });

  it("warns of definitions that nothing refers to", () => {
    const yaml = `
objects: { o: { direction: inbound }, inner: { channel: msrp }, outer: { not: { object: inner } } }
groups: { g: { domains: [b.example] }, staff: { domains: [a.example] } }
zones: { z: { hosts: [x] }, intranet: { hosts: [y] } }
templates: { t: { en: a }, told: { en: b } }
rules:
  - id: r
    when: { object: outer, from: { group: [staff] }, url: { zone: { not: internet } } }
    then: { notice: { template: told } }`;
    expect(problemsOf([{ yaml: `version: 1${yaml}` }]).map(shown)).toEqual([
      'warning objects.o: object "o" is never used (take it out)',
      'warning groups.g: group "g" is never used (take it out)',
      'warning zones.z: zone "z" is never used (take it out)',
      'warning templates.t: template "t" is never used (take it out)',
    ]);
  });

  it("warns of a template without a language that others have, or that the one it replaces had", () => {
    const use =
      "rules: [ { id: r, on: message, then: { notice: { template: a }, notify: { sender: b } } } ]";
    expect(first(`templates: { a: { en: x, de: y }, b: { en: x } }\n${use}`)).toBe(
      'warning templates.b: template "b" has no text in de (others have one: add it, or take the language out there)',
    );
    const files = [
      { yaml: "version: 1\ntemplates: { a: { en: x } }" },
      {
        pack: "p",
        yaml: `version: 1\ntemplates: { a: { en: x, fr: y }, b: { en: x, fr: z } }\n${use}`,
      },
    ];
    expect(problemsOf(files).map(shown)).toEqual([
      'warning templates.a: template "a" has no text in fr (others have one: add it, or take the language out there)',
    ]);
  });

  it("warns of a block by sender that covers messages only", () => {
    const rule = (more: string) =>
      first(`rules: [ { id: r, ${more} when: { from: { user: x } }, then: block } ]`);
    expect(rule("")).toContain('"r" is asked about messages only (add on: [message, session]');
    expect(rule("on: message,")).toBe("none");
  });

  it("warns of dates that have passed or come soon", () => {
    const now = Date.parse("2026-11-22T12:00:00Z");
    const rule = (date: string) =>
      first(
        `rules: [ { id: r, on: message, unless: [ { name: n, from: { user: x }, expires: ${date} } ], then: { tag: x } } ]`,
        { now },
      );
    expect(rule("2026-11-21")).toBe(
      "warning rules.0.unless.0.expires: expired on 2026-11-21 (extend it, or take it out)",
    );
    expect(rule("2026-11-22")).toBe("warning rules.0.unless.0.expires: expires on 2026-11-22");
    expect(rule("2027-11-22")).toBe("none");
  });

  it("warns of directions without domains", () => {
    const yaml = "rules: [ { id: r, on: message, when: { direction: inbound }, then: block } ]";
    expect(first(yaml, { domains: [] })).toContain("without domains every direction is internal");
    expect(first(yaml)).toBe("none");
  });
});

describe("compilePolicy, what it hands out", () => {
  it("prints phase, mode and action of each rule", () => {
    const yaml = `version: 1
rules:
  - { id: a, when: { url: { any: true } }, then: { rewrite: { links: { style: underscore } }, notice: x } }
  - { id: b, when: { channel: msnftp }, then: block }
  - { id: c, on: [message, session], mode: monitor, when: { channel: sip-message }, then: quarantine }
  - { id: d, when: { text: { phrase: x }, file: { exists: true } }, then: { tag: x } }`;
    const data = parse(yaml) as unknown;
    const compiled = compilePolicy([{ file: "f", pack: undefined, data }], {
      domains: [],
      generation: 4,
    });
    if (!compiled.ok) throw new Error("must compile");
    const { rules, generation, hash } = compiled.value;
    expect(rules.map((rule) => [rule.id, rule.mode, rule.phase, rule.action])).toEqual([
      ["a", "enforce", "message", "rewrite, notice"],
      ["b", "enforce", "session", "block"],
      ["c", "monitor", "message, session", "quarantine"],
      ["d", "enforce", "session", "tag"],
    ]);
    expect(generation).toBe(4);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe("ruleFileJsonSchema", () => {
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(
    ruleFileJsonSchema() as object,
  );

  it("accepts and refuses as the compiler does", () => {
    expect(
      validate(
        parse(
          "version: 1\nrules: [ { id: r, when: { any: [ { url: { host: { suffix: x } } } ] }, then: block } ]",
        ),
      ),
    ).toBe(true);
    expect(
      validate(
        parse(
          "version: 1\nrules: [ { id: r, when: { any: [ { url: { hst: x } } ] }, then: block } ]",
        ),
      ),
    ).toBe(false);
    expect(
      validate(
        parse("version: 1\nrules: [ { id: r, when: { not: { direction: up } }, then: block } ]"),
      ),
    ).toBe(false);
  });
});
