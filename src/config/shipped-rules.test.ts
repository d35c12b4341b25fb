import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runInlineTest } from "../assembly/run-inline-test.ts";
import { NOTHING_GIVEN, type Given } from "./given.ts";
import { loadConfig } from "./load-config.ts";
import { loadPolicy, type LoadedPolicy } from "./load-policy.ts";
import { formatProblems } from "./format-problem.ts";
import { formatRuleFile } from "./format-rule-file.ts";
import { ruleAndPackPaths } from "./rule-file-paths.ts";
import { writeTemporaryFiles } from "./temporary-files.test-data.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const OFFLINE = { domains: [], trace: false };

const PACKS = [
  "access-proxy",
  "executables",
  "iim-classic",
  "lookalike-links",
  "monitor-only",
  "office-macros",
];

let asShipped: LoadedPolicy | undefined;

/** The shipped rules, and what an operator may have beside them. */
function shipped(local?: string): LoadedPolicy {
  return local === undefined ? (asShipped ??= load()) : load(local);
}

function load(local?: string): LoadedPolicy {
  using files = writeTemporaryFiles(local === undefined ? {} : { "local.yaml": local });
  const rules = [`${ROOT}rules`, ...(local === undefined ? [] : [files.path("local.yaml")])];
  const loaded = loadPolicy(
    { rules, domains: [] },
    { generation: 1, judgeGiven: runInlineTest, now: Date.UTC(2026, 10, 24) },
  );
  if (!loaded.ok) throw new Error(formatProblems(loaded.problem, "text"));
  return loaded.value;
}

function judged(given: Partial<Given>, local?: string): string {
  const { action, rule } = runInlineTest(
    shipped(local).policy,
    { ...NOTHING_GIVEN, ...given },
    OFFLINE,
  );
  return rule === undefined ? action : `${action} ${rule}`;
}

function fileOf(name: string): Partial<Given> {
  return { file: { name, size: 10, content: undefined, declaredType: undefined } };
}

describe("shipped rule files", () => {
  it("are as sluice fmt writes them", () => {
    for (const path of ruleAndPackPaths([`${ROOT}rules`])) {
      const formatted = formatRuleFile(readFileSync(path));
      expect([path, formatted]).toEqual([path, { ok: true, value: readFileSync(path, "utf8") }]);
    }
  });
});

describe("the shipped configuration", () => {
  it("loads, listens on loopback only, and is served by the embedded registrar", () => {
    const loaded = loadConfig(`${ROOT}sluice.yaml`);
    expect(loaded).toMatchObject({
      ok: true,
      value: {
        listen: [{ address: "127.0.0.1" }, { address: "127.0.0.1" }],
        upstream: { kind: "embedded" },
        data: { dir: `${ROOT}var` },
      },
    });
  });
});

describe("the shipped rules", () => {
  it("load without a warning and pass their own tests", () => {
    const { warnings, testCount, policy } = shipped();
    expect(formatProblems(warnings, "text")).toBe("");
    expect(testCount).toBeGreaterThan(30);
    expect(policy.rules.every((rule) => rule.title !== "")).toBe(true);
  });

  it("have a test for each rule", () => {
    for (const file of ["10-default.yaml", ...PACKS.map((name) => `packs/${name}/${name}.yaml`)]) {
      const text = readFileSync(`${ROOT}rules/${file}`, "utf8");
      const rules = text.split("\n  - id: ").slice(1);
      expect(
        rules.filter((rule) => !rule.includes("\n    tests:")).map((r) => r.split("\n")[0]),
      ).toEqual([]);
    }
  });

  it("hold the 76 extensions and the 17 prefixes of the original filter", () => {
    const text = readFileSync(`${ROOT}rules/packs/iim-classic/iim-classic.yaml`, "utf8");
    const [, inside = ""] = /iim-extensions:[^[]*\[([^\]]*)\]/.exec(text) ?? [];
    const extensions = inside
      .split(",")
      .map((word) => word.trim())
      .filter((word) => word !== "");
    expect(new Set(extensions).size).toBe(76);
    expect(text.match(/^ {6}- "[^"]+"$/gm)).toHaveLength(17);
    for (const extension of extensions) {
      expect(judged(fileOf(`x.${extension.toUpperCase()}`))).toBe("block file-extension");
    }
  });

  it("repeat nothing of the 76 in the pack executables", () => {
    const classic = readFileSync(`${ROOT}rules/packs/iim-classic/iim-classic.yaml`, "utf8");
    const [, inside = ""] = /iim-extensions:[^[]*\[([^\]]*)\]/.exec(classic) ?? [];
    const known = new Set(inside.split(",").map((word) => word.trim()));
    const more = readFileSync(`${ROOT}rules/packs/executables/executables.yaml`, "utf8");
    const items = [...more.matchAll(/^ {6}- ([a-z0-9-]+)$/gm)].map((match) => match[1] ?? "");
    expect(items.length).toBeGreaterThan(80);
    expect(items.filter((item) => known.has(item))).toEqual([]);
    expect(new Set(items).size).toBe(items.length);
  });

  it.each<[string, Partial<Given>, string]>([
    ["plain text", { text: "lunch?" }, "allow"],
    ["a link", { text: "see www.example.com" }, "rewrite disable-internet-links"],
    ["a bare host", { text: "see evil.com/x" }, "rewrite disable-internet-links"],
    ["a path on a server", { text: "\\\\server\\share\\x.txt" }, "rewrite disable-internet-links"],
    [
      "an anchor",
      { html: '<a href="http://evil.example">us</a>' },
      "rewrite disable-internet-links",
    ],
    [
      "a link to a program",
      { text: "http://a.example/x.EXE?a=b" },
      "block link-to-blocked-extension",
    ],
    [
      "a prefix that is not listed",
      { text: "sftp://a.example/x.exe" },
      "block link-to-blocked-extension",
    ],
    ["a link to a script", { text: "http://a.example/x.ps1" }, "block link-to-program"],
    ["an attached program", fileOf("x.exe"), "block file-extension"],
    ["an attached disk image", fileOf("x.iso"), "block program-file"],
    ["a disguised name", fileOf("invoice.pdf.exe"), "quarantine double-extension"],
    ["a transfer through the relay", { channel: "msnftp", ...fileOf("x.txt") }, "allow"],
    [
      "a program through the relay",
      { channel: "msnftp", ...fileOf("x.exe") },
      "block file-extension",
    ],
    [
      "a disguised program through the relay",
      { channel: "msnftp", ...fileOf("report.pdf.exe") },
      "quarantine double-extension",
    ],
    [
      "an infected file through the relay",
      {
        channel: "msnftp",
        ...fileOf("x.txt"),
        scan: { verdict: "infected", name: "Eicar-Test-Signature" },
      },
      "quarantine infected",
    ],
    [
      "a transfer past the relay",
      { channel: "rcs-http", ...fileOf("x.txt") },
      "block transfer-without-relay",
    ],
    ["a session of MSRP", { media: ["msrp", "file"] }, "block media-without-relay"],
    ["unknown media", { media: ["unknown"] }, "block unknown-media"],
    ["a call", { media: ["audio", "video"] }, "allow"],
  ])("judge %s", (_, given, expected) => {
    expect(judged(given)).toBe(expected);
  });

  it("are changed from a file beside them: intranet, another choice for links, a longer list", () => {
    const zone =
      "version: 1\nzones: { intranet: { suffixes: [corp.example], single_label: true } }\n";
    expect(judged({ text: "http://wiki/ and a.corp.example" }, zone)).toBe(
      "allow allow-intranet-only",
    );
    expect(judged({ text: "http://wiki/x.exe" }, zone)).toBe("block link-to-blocked-extension");
    expect(judged({ text: "http://wiki/ http://a.example" }, zone)).toBe(
      "rewrite disable-internet-links",
    );
    const block = "version: 1\noverrides: [ { rule: block-all-links, enabled: true } ]\n";
    expect(judged({ text: "http://a.example" }, block)).toBe("block block-all-links");
    const warn = `version: 1
overrides: [ { rule: disable-internet-links, enabled: false }, { rule: warn-internet-links, enabled: true } ]
`;
    expect(judged({ text: "http://a.example" }, warn)).toBe("rewrite warn-internet-links");
    const transfers = "version: 1\noverrides: [ { rule: block-all-transfers, enabled: true } ]\n";
    expect(judged(fileOf("x.txt"), transfers)).toBe("block block-all-transfers");
    const list = "version: 1\nlists: { iim-extensions: { type: extension, items: [foo] } }\n";
    expect(judged(fileOf("x.foo"), list)).toBe("block file-extension");
    const narrow = `version: 1
objects: { internet-link: { url: { zone: internet, prefix: { in_list: iim-prefixes } } } }
`;
    expect(judged({ text: "see evil.com/x" }, narrow)).toBe("allow");
    expect(judged({ text: "see http:evil.com" }, narrow)).toBe("rewrite disable-internet-links");
  });

  it("have packs that are in force only where a policy uses them", () => {
    expect(judged({ text: "http://paypa1.com" })).toBe("rewrite disable-internet-links");
    expect(readdirSync(`${ROOT}rules/packs`).toSorted()).toEqual(PACKS);
    const used = shipped().policy.rules.map((rule) => rule.pack);
    expect(new Set(used)).toEqual(new Set([undefined, "executables", "iim-classic"]));
  });

  it.each<[string, string, Partial<Given>, string]>([
    ["lookalike-links", "a plain link", { text: "http://a.example/" }, "allow"],
    ["lookalike-links", "an imitation", { text: "http://paypa1.com" }, "rewrite lookalike-link"],
    ["access-proxy", "text", { text: "lunch?" }, "allow"],
    ["access-proxy", "a link", { text: "a.example.com/x" }, "block edge-no-links"],
    ["access-proxy", "a file", { channel: "msnftp", ...fileOf("a.txt") }, "block edge-no-files"],
    ["access-proxy", "a call", { media: ["audio"] }, "allow"],
    ["monitor-only", "a link to a program", { text: "http://a.example/x.exe" }, "allow"],
    ["monitor-only", "a card number", { text: "4111 1111 1111 1111" }, "allow"],
    ["monitor-only", "a program", { channel: "msnftp", ...fileOf("x.pdf.exe") }, "allow"],
    [
      "monitor-only",
      "an infected file",
      { ...fileOf("x.exe"), scan: { verdict: "infected", name: "Eicar-Test-Signature" } },
      "quarantine infected",
    ],
  ])("with %s in place of the packs in use judge %s", (pack, _, given, expected) => {
    const policy = `version: 1\npolicies: [ { name: default, use: [${pack}] } ]\n`;
    expect(judged(given, policy)).toBe(expected);
  });

  it("keep loading when an operator replaces the lists that a pack takes from another one", () => {
    const lists = ["iim-extensions", "program-extensions", "usual-last-extensions"];
    const entries = lists.map((name) => `${name}: { type: extension, items: [foo] }`).join(", ");
    const local = `version: 1
lists: { ${entries} }
policies: [ { name: default, use: [monitor-only] } ]
`;
    expect(judged({ text: "http://a.example/x.foo" }, local)).toBe("allow");
  });

  it("let an operator name whose domains are imitated", () => {
    const local = `version: 1
policies: [ { name: default, use: [lookalike-links] } ]
objects: { imitates-known-name: { url: { lookalike_of: [corp.example] } } }
`;
    expect(judged({ text: "http://c0rp.example" }, local)).toBe("rewrite lookalike-link");
    expect(judged({ text: "http://paypa1.com" }, local)).toBe("allow");
  });
});
