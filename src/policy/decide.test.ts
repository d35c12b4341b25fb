import { assert, constantFrom, array, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { FileName, Link } from "../inspect/inspection.ts";
import { compilePolicy, type PolicyOptions } from "./compile.ts";
import type { Decision, Policy } from "./decision.ts";
import type { Facts, FileFacts, Party, ScanFacts } from "./facts.ts";

const NOON = Date.parse("2026-11-22T12:00:00Z");

function policyOf(yaml: string, options: Partial<PolicyOptions> = {}): Policy {
  return policyFrom([{ pack: undefined, yaml }], options);
}

function policyFrom(
  files: readonly { readonly pack: string | undefined; readonly yaml: string }[],
  options: Partial<PolicyOptions> = {},
): Policy {
  const sources = files.map(({ pack, yaml }, index) => ({
    file: `${index}.yaml`,
    pack,
    data: parse(yaml) as unknown,
    lineOf: (path: readonly (string | number)[]) => Number(path[1] ?? 0) + 1,
  }));
  const domains = ["corp.example"];
  const compiled = compilePolicy(sources, { domains, generation: 1, ...options });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problem));
  return compiled.value;
}

/** The rules alone, without the head of the file. */
function rules(yaml: string, options: Partial<PolicyOptions> = {}): Policy {
  return policyOf(`version: 1\nrules:\n${yaml}`, options);
}

function party(aor: string, ip?: string): Party {
  const [user = "", domain = ""] = aor.split("@");
  return { aor: `sip:${aor}`, user, domain, displayName: "", ip, authenticated: true };
}

function link(raw: string, part = 0): Link {
  const url = URL.parse(raw.startsWith("www.") ? `http://${raw}` : raw);
  const host = url === null || url.hostname === "" ? undefined : url.hostname;
  const last = url?.pathname.split("/").at(-1) ?? "";
  return {
    part,
    start: 0,
    end: raw.length,
    raw,
    scheme: url?.protocol.slice(0, -1) ?? "",
    canonical: raw.toLowerCase(),
    attribute: false,
    host,
    registrableDomain: host?.split(".").slice(-2).join("."),
    port: url === null || url.port === "" ? undefined : Number(url.port),
    path: url?.pathname ?? "",
    pathExtensions: last.includes(".") ? [last.split(".").at(-1)?.toLowerCase() ?? ""] : [],
    isIp: host !== undefined && /^[\d.]+$|^\[/.test(host),
    hasUserinfo: url !== null && url.username !== "",
    punycode: host?.includes("xn--") === true,
    mixedScript: false,
  };
}

function fileName(name: string): FileName {
  const extensions = name.toLowerCase().split(".").slice(1).reverse();
  const doubleExtension = extensions.length > 1;
  return { raw: name, normalized: name, extensions, doubleExtension, bidi: false };
}

function fileOf(name: string, size?: number): FileFacts {
  return { name: fileName(name), size, declaredType: undefined };
}

function factsOf(given: Partial<Facts> & { readonly urls?: readonly string[] } = {}): Facts {
  const { urls = [], ...rest } = given;
  return {
    phase: "message",
    from: party("alice@corp.example", "10.1.2.3"),
    to: party("bob@corp.example"),
    direction: "internal",
    channel: "sip-message",
    transport: "tcp",
    encrypted: false,
    now: NOON,
    texts: ["hello"],
    links: urls.map((url) => link(url)),
    media: [],
    file: undefined,
    scan: undefined,
    ...rest,
  };
}

function offered(name: string, size?: number): Facts {
  return factsOf({ phase: "session", channel: "msnftp", texts: [], file: fileOf(name, size) });
}

function scanned(verdict: ScanFacts["verdict"], reason = "", name = ""): Facts {
  const scan = { verdict, reason, name, engine: "builtin" };
  return factsOf({ phase: "file", channel: "msnftp", file: fileOf("a.txt", 8), scan });
}

const EXAMPLES = `
version: 1
zones:
  intranet:
    hosts: [intranet, wiki.corp.example]
    suffixes: [corp.example, svc.internal]
    cidrs: [10.0.0.0/8, "fd00::/8"]
    single_label: true
lists:
  dangerous-extensions: { type: extension, items: [exe, scr, .COM, "7z"] }
  bad-domains: { type: domain, items: [bad.example, Bücher.example] }
  own-domains: { type: domain, items: [corp.example] }
  project-words: { type: phrase, items: [project nightjar, "merger model"], normalize: [case, nfkc, confusables, zero-width] }
groups:
  it-helpdesk: { aors: ["sip:help@corp.example"] }
  partners: { domains: [partner.example] }
templates:
  links-disabled: { de: "Links aus", en: "[Links disabled by {policy.name}, rule {rule.id}. Ref {incident.short}]" }
  words-blocked: { en: "Not delivered: {rule.title}. Ref {incident.short}" }
rules:
  - id: link-to-blocked-extension
    title: Links to program files are not allowed
    when: { url: { path_extension: { in_list: dangerous-extensions } } }
    then: { block: { reason: Link not permitted }, notify: { sender: words-blocked } }
  - id: bad-domain
    severity: high
    when: { url: { host: { in_list: bad-domains } } }
    then: block
  - id: no-leaks
    severity: high
    when: { direction: outbound, text: { phrase: { in_list: project-words } } }
    then: { block: {}, notify: { sender: words-blocked } }
  - id: allow-intranet-only
    on: message
    when: { url: { every: { zone: intranet } } }
    then: allow
  - id: lookalike-link
    mode: monitor
    when:
      any:
        - url: { mixed_script: true }
        - url: { has_userinfo: true, registrable_domain: { not_in_list: own-domains } }
        - url: { is_ip: true, zone: internet }
    then: { rewrite: { links: { prefix: "_" } }, tag: [phishing] }
  - id: disable-internet-links
    when: { url: { zone: internet } }
    then:
      rewrite: { links: { prefix: "_" } }
      notice: { template: links-disabled, position: prepend }
  - id: file-extension
    on: session
    when: { file: { extension: { in_list: dangerous-extensions } } }
    unless:
      - { name: it-helpdesk, from: { group: it-helpdesk }, direction: internal, expires: 2027-06-30 }
    then: { block: { reason: File type not permitted } }
  - id: double-extension
    when: { any: [ { file: { double_extension: true } }, { file: { name_bidi: true } } ] }
    then: quarantine
  - id: too-big
    when:
      any:
        - { direction: outbound, file: { size: { gt: 25MiB } } }
        - { direction: internal, file: { size: { gt: 200MiB } } }
    then: { block: { respond: 413 } }
  - id: partner-only-documents
    when:
      direction: [inbound, outbound]
      not: { any: [ { from: { group: partners } }, { to: { group: partners } } ] }
      file: { exists: true }
    then: block
  - id: unknown-media
    when: { media: { has: unknown } }
    then: block
  - id: infected
    severity: critical
    when: { scan: { verdict: infected } }
    then: { block: { respond: 403 }, quarantine: { copy: true } }
  - id: cannot-scan
    when: { scan: { verdict: unscannable, reason: [encrypted, too-deep, bomb] } }
    then: quarantine
`;

describe("decide, on the examples of the rule language", () => {
  const policy = policyOf(EXAMPLES);
  const outbound = { direction: "outbound" } as const;
  const helpdesk = { ...offered("a.exe"), from: party("help@corp.example") };
  const invite = { phase: "session", media: ["audio", "unknown"], texts: [] } as const;

  it.each<[string, Facts, string, string | undefined]>([
    ["plain text", factsOf(), "allow", undefined],
    [
      "a program link",
      factsOf({ urls: ["http://wiki/tool.EXE?x=1"] }),
      "block",
      "link-to-blocked-extension",
    ],
    [
      "an extension with a digit",
      factsOf({ urls: ["http://wiki/a.7z"] }),
      "block",
      "link-to-blocked-extension",
    ],
    [
      "a host that ends in .com",
      factsOf({ urls: ["http://a.com"] }),
      "rewrite",
      "disable-internet-links",
    ],
    ["a bad domain", factsOf({ urls: ["http://bad.example/"] }), "block", "bad-domain"],
    ["a name under it", factsOf({ urls: ["http://x.y.bad.example/"] }), "block", "bad-domain"],
    [
      "the same name with another beginning",
      factsOf({ urls: ["http://notbad.example/"] }),
      "rewrite",
      "disable-internet-links",
    ],
    ["an international name", factsOf({ urls: ["http://bücher.example/"] }), "block", "bad-domain"],
    [
      "only intranet links",
      factsOf({ urls: ["http://wiki/", "http://10.2.3.4/", "http://[fd00::1]/"] }),
      "allow",
      "allow-intranet-only",
    ],
    [
      "a name beside the intranet",
      factsOf({ urls: ["http://notcorp.example/"] }),
      "rewrite",
      "disable-internet-links",
    ],
    ["a phrase", factsOf({ ...outbound, texts: ["the Project\n Nightjar"] }), "block", "no-leaks"],
    [
      "a phrase with hidden characters",
      factsOf({ ...outbound, texts: ["рroject night\u200Bjar"] }),
      "block",
      "no-leaks",
    ],
    [
      "part of a longer word",
      factsOf({ ...outbound, texts: ["project nightjars"] }),
      "allow",
      undefined,
    ],
    ["the phrase inside the house", factsOf({ texts: ["project nightjar"] }), "allow", undefined],
    ["a blocked file", offered("a.exe"), "block", "file-extension"],
    ["a blocked file of the helpdesk", helpdesk, "allow", undefined],
    [
      "the helpdesk after its time",
      { ...helpdesk, now: Date.parse("2027-07-01T00:00:00Z") },
      "block",
      "file-extension",
    ],
    [
      "the helpdesk on its last day",
      { ...helpdesk, now: Date.parse("2027-06-30T23:59:59Z") },
      "allow",
      undefined,
    ],
    ["two extensions", offered("invoice.pdf.doc"), "quarantine", "double-extension"],
    ["a large file", offered("a.txt", 201 * 1024 ** 2), "block", "too-big"],
    ["a file of just the limit", offered("a.txt", 200 * 1024 ** 2), "allow", undefined],
    [
      "a file for a stranger",
      { ...offered("a.txt"), ...outbound },
      "block",
      "partner-only-documents",
    ],
    [
      "a file for a partner",
      { ...offered("a.txt"), ...outbound, to: party("x@eu.partner.example") },
      "allow",
      undefined,
    ],
    ["media of no known kind", factsOf(invite), "block", "unknown-media"],
    ["a clean file", scanned("clean"), "allow", undefined],
    ["an infected file", scanned("infected", "", "Eicar"), "block", "infected"],
    ["a suspicious file", scanned("suspicious"), "block", "infected"],
    ["an encrypted file", scanned("unscannable", "encrypted"), "quarantine", "cannot-scan"],
    ["a corrupt file", scanned("unscannable", "corrupt"), "allow", undefined],
  ])("decides %s", (_, facts, action, rule) => {
    const decision = policy.decide(facts);
    expect([decision.action, decision.rule?.id]).toEqual([action, rule]);
  });

  it("touches only the links that matched, and puts the notice with the rule's own name", () => {
    const decision = policy.decide(factsOf({ urls: ["http://wiki/", "http://evil.example/"] }));
    expect(decision.linkRewrites).toEqual([{ link: 1, style: "underscore" }]);
    expect(decision.notices).toEqual([
      {
        text: "[Links disabled by {policy.name}, rule disable-internet-links. Ref {incident.short}]",
        position: "prepend",
      },
    ]);
    expect(decision.policy).toBe("default");
    expect(decision.byDefault).toBe(true);
  });

  it("reports reason, status, severity and place of the rule", () => {
    const blocked = policy.decide(scanned("infected"));
    expect(blocked).toMatchObject({ respond: 403, severity: "critical", keepCopy: true });
    const link = policy.decide(factsOf({ urls: ["http://wiki/a.exe"] }));
    expect(link).toMatchObject({
      reason: "Link not permitted",
      respond: undefined,
      byDefault: false,
    });
    expect(link.rule).toEqual({
      id: "link-to-blocked-extension",
      title: "Links to program files are not allowed",
      file: "0.yaml",
      line: 1,
    });
    expect(link.notify[0]?.text).toContain("Links to program files are not allowed");
  });

  it("records what a monitored rule would have done, and goes on", () => {
    const decision = policy.decide(factsOf({ urls: ["http://u@evil.example/"] }));
    expect(decision.monitored).toEqual([{ rule: "lookalike-link", would: "rewrite" }]);
    expect(decision.rule?.id).toBe("disable-internet-links");
    expect(decision.tags).toEqual([]);
  });

  it("shares one frozen decision while nothing matches", () => {
    expect(policy.decide(factsOf())).toBe(policy.decide(factsOf({ texts: ["other"] })));
    expect(Object.isFrozen(policy.decide(factsOf()))).toBe(true);
  });
});

describe("decide, conditions that are easily mistaken (RULES §5)", () => {
  const zones = "version: 1\nzones: { intranet: { hosts: [wiki] } }\nrules:\n";

  function blocks(when: string, ...urls: string[]): boolean {
    const yaml = `${zones}  - { id: r, on: message, when: ${when}, then: block }`;
    return policyOf(yaml).decide(factsOf({ urls })).action === "block";
  }

  it("tells no link from not every link", () => {
    expect(
      blocks("{ not: { url: { zone: intranet } } }", "http://wiki/", "http://x.example/"),
    ).toBe(false);
    expect(
      blocks("{ url: { zone: { not: intranet } } }", "http://wiki/", "http://x.example/"),
    ).toBe(true);
    expect(blocks("{ not: { url: { zone: intranet } } }")).toBe(true);
    expect(blocks("{ url: { zone: { not: intranet } } }")).toBe(false);
  });

  it("takes every over no link as false", () => {
    expect(blocks("{ url: { every: { zone: intranet } } }")).toBe(false);
    expect(blocks("{ url: { every: { zone: internet } } }")).toBe(false);
  });

  it("binds the keys of one url to the same link, and two urls to any two", () => {
    const urls = ["http://wiki/a.txt", "http://x.example/b.zip"] as const;
    expect(blocks("{ url: { zone: intranet, path_extension: zip } }", ...urls)).toBe(false);
    expect(
      blocks("{ all: [ { url: { zone: intranet } }, { url: { path_extension: zip } } ] }", ...urls),
    ).toBe(true);
  });

  it("asks for both when every stands beside other keys", () => {
    const when = "{ url: { path_extension: zip, every: { zone: internet } } }";
    expect(blocks(when, "http://x.example/", "http://x.example/a.zip")).toBe(true);
    expect(blocks(when, "http://wiki/", "http://x.example/a.zip")).toBe(false);
    expect(blocks(when, "http://x.example/")).toBe(false);
  });

  it("knows that there is no link", () => {
    expect(blocks("{ url: { any: false } }")).toBe(true);
    expect(blocks("{ url: { any: false } }", "http://wiki/")).toBe(false);
    expect(blocks("{ url: { any: true } }", "http://wiki/")).toBe(true);
  });

  it("keeps suffixes of domains to label boundaries", () => {
    const when = "{ from: { domain: { suffix: corp.example } } }";
    const policy = rules(`  - { id: r, on: message, when: ${when}, then: block }`);
    const from = (domain: string) => policy.decide(factsOf({ from: party(`a@${domain}`) })).action;
    expect(["corp.example", "eu.corp.example", "notcorp.example"].map(from)).toEqual([
      "block",
      "block",
      "allow",
    ]);
  });

  it("compares addresses of record without scheme and case", () => {
    const policy = rules(
      '  - { id: r, on: message, when: { from: { aor: "sips:ALICE@Corp.example" } }, then: block }',
    );
    expect(policy.decide(factsOf()).action).toBe("block");
  });

  it("finds an address in a network, IPv4 inside IPv6 too", () => {
    const policy = rules(
      "  - { id: r, on: message, when: { from: { ip: { cidr: [10.0.0.0/8] } } }, then: block }",
    );
    const from = (ip: string) => policy.decide(factsOf({ from: party("a@b.example", ip) })).action;
    expect(["10.9.9.9", "::ffff:10.9.9.9", "11.0.0.1", "fd00::1", "nonsense"].map(from)).toEqual([
      "block",
      "block",
      "allow",
      "allow",
      "allow",
    ]);
  });

  it.each([
    ["http:", "http://x.example/", true],
    ["http:", "https://x.example/", false],
    ["www*.", "www.x.example", true],
    ["www*.", "www2.x.example/a", true],
    ["www*.", "http://wwwx.x.example/", true],
    ["www*.", "http://x.example/www.", false],
    ["ftp.", "ftp.x.example", true],
    ["ftp.", "ftpx.x.example", false],
  ])("reads the prefix %s on %s", (prefix, url, matched) => {
    expect(blocks(`{ url: { prefix: "${prefix}" } }`, url)).toBe(matched);
  });

  it("takes href for a link in an attribute", () => {
    const policy = rules("  - { id: r, when: { url: { prefix: href } }, then: block }");
    const shown = link("http://x.example/");
    expect(policy.decide(factsOf({ links: [shown] })).action).toBe("allow");
    expect(policy.decide(factsOf({ links: [{ ...shown, attribute: true }] })).action).toBe("block");
  });

  it("takes absent values as being in no list and unequal to everything", () => {
    const mail = link("mailto:a@b.example");
    const policy = rules("  - { id: r, when: { url: { host: { not: wiki } } }, then: block }");
    expect(policy.decide(factsOf({ links: [mail] })).action).toBe("block");
    const exists = rules("  - { id: r, when: { url: { host: { exists: true } } }, then: block }");
    expect(exists.decide(factsOf({ links: [mail] })).action).toBe("allow");
  });

  it.each([
    ["name: { prefix: Report }", true],
    ["name: { contains: 'ORT.v' }", true],
    ["name: { suffix: .pdf }", true],
    ["name: { regex: '^report\\.v\\d' }", false],
    ["name: { regex: '(?i)^report\\.v\\d' }", true],
    ["extension: pdf", true],
    ["extension: v2", true],
    ["extension: { not: pdf }", false],
    ["size: { between: [1KiB, 2KiB] }", true],
    ["size: { lt: 1500 }", false],
    ["size: 1500", true],
    ["declared_type: { exists: false }", true],
    ["exists: false", false],
  ])("asks a file for %s", (condition, matched) => {
    const policy = rules(`  - { id: r, when: { file: { ${condition} } }, then: block }`);
    expect(policy.decide(offered("REPORT.v2.pdf", 1500)).action).toBe(matched ? "block" : "allow");
  });
});

describe("decide, links to rewrite", () => {
  const urls = ["http://a.example/", "http://u@b.example/", "http://c.example/d.zip"];

  function rewritten(when: string): readonly number[] {
    const policy = rules(
      `  - { id: r, on: message, when: ${when}, then: { rewrite: { links: { prefix: "_" } } } }`,
    );
    return policy.decide(factsOf({ urls })).linkRewrites.map((rewrite) => rewrite.link);
  }

  it.each<[string, readonly number[]]>([
    ["{ url: { has_userinfo: true } }", [1]],
    ["{ any: [ { url: { has_userinfo: true } }, { url: { path_extension: zip } } ] }", [1, 2]],
    ["{ all: [ { url: { has_userinfo: true } }, { url: { path_extension: zip } } ] }", [1, 2]],
    [
      "{ any: [ { url: { has_userinfo: true }, direction: inbound }, { url: { path_extension: zip } } ] }",
      [2],
    ],
    ["{ url: { every: { scheme: http } } }", [0, 1, 2]],
    ["{ url: { path_extension: zip, every: { scheme: http } } }", [2]],
    ["{ direction: internal }", [0, 1, 2]],
    ["{ not: { url: { scheme: https } } }", [0, 1, 2]],
    ["{ not: { url: { has_userinfo: true } } }", []],
  ])("takes those that satisfied %s", (when, links) => {
    expect(rewritten(when)).toEqual(links);
  });

  it("rewrites a link once, however many rules ask for it", () => {
    const rule = "when: { url: { any: true } }, then: { rewrite: { links: { prefix: _ } } }";
    const policy = rules(`  - { id: a, ${rule} }\n  - { id: b, ${rule} }`);
    expect(policy.decide(factsOf({ urls })).linkRewrites).toHaveLength(3);
  });
});

describe("decide, the order of evaluation (RULES §4)", () => {
  it("ends the phase at the first verdict", () => {
    const policy = rules(`
  - { id: first, on: message, when: { direction: internal }, then: allow }
  - { id: second, on: message, then: block }`);
    expect(policy.decide(factsOf()).rule?.id).toBe("first");
    expect(policy.decide(factsOf({ direction: "inbound" })).rule?.id).toBe("second");
  });

  it("gathers effects that are no verdict, in order, and a later allow keeps them", () => {
    const policy = rules(`
  - { id: a, on: message, then: { notice: "one", tag: [x] } }
  - { id: b, on: message, then: { notice: { text: "two", position: append }, tag: [x, y], set_severity: high } }
  - { id: c, on: message, then: allow }`);
    const decision = policy.decide(factsOf());
    expect(decision).toMatchObject({
      action: "rewrite",
      severity: "high",
      tags: ["x", "y"],
      byDefault: false,
    });
    expect(decision.rule?.id).toBe("a");
    expect(decision.notices.map((notice) => [notice.text, notice.position])).toEqual([
      ["one", "prepend"],
      ["two", "append"],
    ]);
  });

  it("drops edits when a later rule blocks or quarantines", () => {
    for (const verdict of ["block", "quarantine"]) {
      const policy = rules(`
  - { id: a, on: message, then: { notice: "one", rewrite: { links: { prefix: _ } }, tag: [x] } }
  - { id: b, on: message, then: ${verdict} }`);
      const decision = policy.decide(factsOf({ urls: ["http://a.example/"] }));
      expect(decision).toMatchObject({
        action: verdict,
        linkRewrites: [],
        notices: [],
        tags: ["x"],
      });
      expect(decision.rule?.id).toBe("b");
    }
  });

  it("still scans a file that an earlier rule allowed", () => {
    const policy = rules(`
  - { id: infected, when: { scan: { verdict: infected } }, then: block }
  - { id: mine, on: file, when: { direction: internal }, then: allow }`);
    expect(policy.decide(scanned("infected")).rule?.id).toBe("infected");
    expect(policy.decide(scanned("clean"))).toMatchObject({ action: "allow", byDefault: true });
    // Nobody decided what becomes of it: the caller asks scan.on_unscannable.
    expect(policy.decide(scanned("unscannable", "bomb"))).toMatchObject({ byDefault: true });
  });

  it("skips the scan only when a rule says so and why", () => {
    const policy = rules(`
  - { id: infected, when: { scan: { verdict: infected } }, then: block }
  - { id: mine, on: file, then: { allow: { skip_scan: true, because: "test bench" } } }`);
    expect(policy.decide(scanned("infected"))).toMatchObject({
      action: "allow",
      byDefault: false,
      skipScan: "test bench",
    });
    expect(policy.warnings.map((warning) => warning.path)).toContainEqual([
      "rules",
      1,
      "then",
      "allow",
      "skip_scan",
    ]);
  });

  it("takes suspicious as infected only where no rule speaks of suspicious", () => {
    const policy = rules(`
  - { id: infected, when: { scan: { verdict: infected } }, then: block }
  - { id: maybe, when: { scan: { verdict: suspicious, engine: builtin } }, then: quarantine }`);
    expect(policy.decide(scanned("suspicious")).rule?.id).toBe("maybe");
  });

  it("applies the default verdict to messages and sessions, never to files", () => {
    const policy = policyOf("version: 1\ndefaults: { verdict: block }");
    expect(policy.decide(factsOf())).toMatchObject({
      action: "block",
      byDefault: true,
      rule: undefined,
    });
    expect(policy.decide(offered("a.txt")).action).toBe("block");
    expect(policy.decide(scanned("clean"))).toMatchObject({ action: "allow", byDefault: true });
  });

  it("names no rule when the default verdict blocks, whatever was tagged before", () => {
    const yaml =
      "version: 1\ndefaults: { verdict: block }\nrules: [ { id: t, on: message, then: { tag: x } } ]";
    expect(policyOf(yaml).decide(factsOf())).toMatchObject({
      action: "block",
      rule: undefined,
      tags: ["x"],
    });
  });

  it.each([
    ["enforce", "enforce", "enforce", "block"],
    ["monitor", "enforce", "enforce", "allow"],
    ["enforce", "monitor", "enforce", "allow"],
    ["enforce", "enforce", "monitor", "allow"],
    ["enforce", "enforce", "off", "allow"],
  ] as const)("takes the least strict mode of %s, %s and %s", (global, file, rule, action) => {
    const yaml = `version: 1\ndefaults: { mode: ${file} }\nrules: [ { id: r, mode: ${rule}, on: message, then: block } ]`;
    const decision = policyOf(yaml, { mode: global }).decide(factsOf());
    expect(decision.action).toBe(action);
    expect(decision.monitored).toHaveLength(action === "allow" && rule !== "off" ? 1 : 0);
  });

  it("does not ask rules that are disabled or have expired", () => {
    const policy = rules(`
  - { id: a, enabled: false, on: message, then: block }
  - { id: b, expires: 2026-11-21, on: message, then: block }`);
    expect(policy.decide(factsOf()).action).toBe("allow");
  });

  it("counts a rule that fails against what would pass, and says so", () => {
    const broken = { ...factsOf(), texts: ["a".repeat(300_000)] };
    const condition = "when: { text: { regex: 'a' } }";
    const failing = (rule: string) => rules(`  - { id: r, ${condition}, ${rule} }`).decide(broken);
    expect(failing("then: block")).toMatchObject({ action: "block" });
    expect(failing("then: quarantine")).toMatchObject({ action: "quarantine" });
    expect(failing("then: allow")).toMatchObject({ action: "allow", byDefault: true });
    expect(failing("error_is: no-match, then: block")).toMatchObject({ action: "allow" });
    expect(failing("error_is: match, then: allow")).toMatchObject({ byDefault: false });
    expect(failing("then: block").ruleErrors).toEqual([
      {
        rule: "r",
        message:
          "the text has 300000 characters, regular expressions take 262144; counted as match",
      },
    ]);
  });
});

describe("decide, overrides and policies", () => {
  const shipped = `
version: 1
rules:
  - { id: look, mode: monitor, when: { url: { any: true } }, then: block }
  - { id: ext, when: { file: { extension: exe } }, then: block }`;

  it("changes shipped rules without editing them", () => {
    const policy = policyFrom([
      { pack: undefined, yaml: shipped },
      {
        pack: undefined,
        yaml: `
version: 1
overrides:
  - { rule: look, mode: enforce }
  - { rule: ext, add_unless: [ { name: bots, from: { aor: "sip:ci@corp.example" } } ] }`,
      },
    ]);
    expect(policy.decide(factsOf({ urls: ["http://a.example/"] })).action).toBe("block");
    expect(policy.decide(offered("a.exe")).action).toBe("block");
    expect(policy.decide({ ...offered("a.exe"), from: party("ci@corp.example") }).action).toBe(
      "allow",
    );
  });

  const packs = [
    {
      pack: "links",
      yaml: "version: 1\nrules: [ { id: l, when: { url: { any: true } }, then: { rewrite: { links: { prefix: _ } }, notice: hint } } ]",
    },
    {
      pack: "words",
      yaml: "version: 1\nrules: [ { id: w, when: { text: { phrase: secret } }, then: block } ]",
    },
    { pack: "unused", yaml: "version: 1\nrules: [ { id: u, on: message, then: block } ]" },
  ];
  const choosing = `
version: 1
rules: [ { id: own, when: { text: { phrase: own } }, then: block } ]
policies:
  - { name: default, use: [words, links] }
  - { name: guests, when: { from: { domain: guests.example } }, use: [links], link_mode: block }
  - { name: staff, when: { from: { domain: staff.example } }, use: [links], link_mode: warn }`;
  const policy = policyFrom([{ pack: undefined, yaml: choosing }, ...packs]);

  function decideFor(domain: string, facts: Facts): Decision {
    return policy.decide({ ...facts, from: party(`a@${domain}`) });
  }

  it("chooses packs by the first policy that fits, the one without a condition last", () => {
    expect(decideFor("corp.example", factsOf({ texts: ["secret"] }))).toMatchObject({
      action: "block",
      policy: "default",
    });
    expect(decideFor("guests.example", factsOf({ texts: ["secret"] }))).toMatchObject({
      action: "allow",
      policy: "guests",
    });
    expect(decideFor("guests.example", factsOf({ texts: ["own"] })).rule?.id).toBe("own");
  });

  it("prints the effective order, own rules before packs, without packs that nobody uses", () => {
    expect(policy.rules.map((rule) => [rule.id, rule.pack])).toEqual([
      ["own", undefined],
      ["l", "links"],
      ["w", "words"],
    ]);
  });

  it("lets a policy say what becomes of links", () => {
    const facts = factsOf({ urls: ["http://a.example/"] });
    expect(decideFor("corp.example", facts)).toMatchObject({
      action: "rewrite",
      linkRewrites: [{ link: 0 }],
    });
    expect(decideFor("guests.example", facts)).toMatchObject({ action: "block", notices: [] });
    expect(decideFor("staff.example", facts)).toMatchObject({
      action: "rewrite",
      linkRewrites: [],
      notices: [{ text: "hint" }],
    });
  });

  it("lets a later file replace the shipped default policy", () => {
    const later = "version: 1\npolicies: [ { name: default, use: [words] } ]";
    const replaced = policyFrom([
      { pack: undefined, yaml: choosing },
      { pack: undefined, yaml: later },
      ...packs,
    ]);
    expect(replaced.decide(factsOf({ urls: ["http://a.example/"] })).action).toBe("allow");
  });

  it("has only the own rules in force when there are no policies", () => {
    const alone = policyFrom([{ pack: undefined, yaml: "version: 1" }, ...packs]);
    expect(alone.decide(factsOf({ texts: ["secret"] })).action).toBe("allow");
    expect(alone.rules).toEqual([]);
  });
});

describe("decide, the trace", () => {
  it("tells of every rule in order, with the values that its leaves saw", () => {
    const policy = rules(
      `
  - { id: off, enabled: false, on: message, then: block }
  - { id: later, when: { file: { exists: true } }, then: block }
  - { id: watch, mode: monitor, when: { direction: internal }, then: { tag: seen } }
  - { id: spared, on: message, when: { channel: sip-message }, unless: [ { name: alice, from: { user: alice } } ], then: block }
  - { id: hit, when: { url: { zone: internet, scheme: http } }, then: block }
  - { id: rest, on: message, then: allow }`,
    );
    const decision = policy.decide(factsOf({ urls: ["http://a.example/"] }), { trace: true });
    expect(decision.trace.map((entry) => [entry.rule, entry.matched, entry.note])).toEqual([
      ["off", false, "off"],
      ["later", false, "phase session"],
      ["watch", true, "monitor"],
      ["spared", false, "excepted: alice"],
      ["hit", true, undefined],
      ["rest", false, "not reached"],
    ]);
    expect(decision.trace[4]?.leaves).toEqual([
      { field: "url.scheme", value: "http", matched: true },
      { field: "url.zone", value: "a.example internet", matched: true },
    ]);
  });

  it("decides the same with and without a trace", () => {
    const policy = policyOf(EXAMPLES);
    for (const facts of [
      factsOf(),
      offered("a.exe"),
      scanned("suspicious"),
      factsOf({ urls: ["http://u@x.example/"] }),
    ]) {
      const traced = policy.decide(facts, { trace: true });
      expect({ ...traced, trace: [] }).toEqual(policy.decide(facts));
    }
  });

  it("cuts long values", () => {
    const policy = rules("  - { id: r, when: { text: { regex: b } }, then: block }");
    const decision = policy.decide(factsOf({ texts: ["a".repeat(1000)] }), { trace: true });
    expect(decision.trace[0]?.leaves[0]?.value).toHaveLength(200);
  });
});

describe("rates in exceptions that two overrides add", () => {
  it("are counted apart", () => {
    const policy = rules(
      `  - { id: r, then: block }
overrides:
  - { rule: r, add_unless: [ { name: a, from: { user: alice }, rate: { key: from.aor, over: 1h, count: { gt: 9 } } } ] }
  - { rule: r, add_unless: [ { name: b, rate: { key: from.aor, over: 1h, count: { gt: 9 } } } ] }`,
    );
    const meters = new Set<string>();
    policy.decide(factsOf({ rates: { count: ({ id }) => meters.add(id).size } }));
    expect(meters.size).toBe(2);
  });
});

describe("decide, whatever comes", () => {
  const urls = constantFrom(
    "http://wiki/",
    "http://evil.example/x.exe",
    "mailto:a@b",
    "http://10.1.1.1/",
    "www.x.example",
  );
  const facts = record({
    phase: constantFrom("message" as const, "session" as const, "file" as const),
    direction: constantFrom("inbound" as const, "outbound" as const, "internal" as const),
    texts: array(constantFrom("", "project nightjar", "hello http://x"), { maxLength: 3 }),
    urls: array(urls, { maxLength: 4 }),
    media: array(constantFrom("audio" as const, "unknown" as const), { maxLength: 2 }),
    file: constantFrom(undefined, fileOf("a.exe", 9), fileOf("b.pdf.doc"), fileOf("")),
    scan: constantFrom(
      undefined,
      scanned("infected").scan,
      scanned("suspicious").scan,
      scanned("clean").scan,
    ),
  });
  const conditions = constantFrom(
    "{}",
    "{ url: { any: true } }",
    "{ not: { url: { zone: internet } } }",
    "{ text: { regex: 'h.*o' } }",
    "{ scan: { verdict: [infected, clean] } }",
    "{ file: { size: { gt: 1 } } }",
  );
  const effects = constantFrom(
    "block",
    "allow",
    "quarantine",
    "{ notice: x }",
    "{ rewrite: { links: { prefix: _ } } }",
    "{ set_severity: high, tag: t }",
  );

  it("never throws", () => {
    const policy = policyOf(EXAMPLES);
    assert(
      property(facts, (given) => {
        expect(policy.decide(factsOf(given)).policy).toBe("default");
      }),
    );
    const broken = new Proxy(factsOf(), {
      get: (target, key) => {
        if (key === "phase" || key === "now") return target[key];
        throw new Error(`no ${String(key)}`);
      },
    });
    expect(policy.decide(broken)).toMatchObject({
      action: "block",
      rule: { id: "link-to-blocked-extension" },
    });
  });

  it("never changes its action because of a rule in monitor mode", () => {
    const plain = policyOf(EXAMPLES);
    assert(
      property(facts, conditions, effects, (given, when, then) => {
        const watched = `  - { id: watched, mode: monitor, when: ${when}, then: ${then} }\n`;
        const more = policyOf(EXAMPLES.replace("rules:\n", `rules:\n${watched}`));
        const before = plain.decide(factsOf(given));
        const after = more.decide(factsOf(given));
        expect(after.action).toBe(before.action);
        expect(after.rule?.id).toBe(before.rule?.id);
        expect(after.byDefault).toBe(before.byDefault);
        expect(after.severity).toBe(before.severity);
        expect(after.linkRewrites).toEqual(before.linkRewrites);
      }),
    );
  });
});
