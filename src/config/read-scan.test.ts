import { describe, expect, it } from "vitest";
import type { ScanConfig } from "./config.ts";
import { loadConfig } from "./load-config.ts";
import { writeTemporaryFiles } from "./temporary-files.test-data.ts";

const HEAD = 'domains: [example.com]\nupstream: ["sip:10.0.0.5"]\n';

/** The configuration stands in `etc`; `scan` is in place of its folder's name in what was read. */
function load(text: string, files: Readonly<Record<string, string>> = {}) {
  using written = writeTemporaryFiles({ "etc/sluice.yaml": HEAD + text, ...files });
  const loaded = loadConfig(written.path("etc/sluice.yaml"));
  const problems = loaded.ok ? loaded.value.warnings : loaded.problem;
  const scan = loaded.ok ? loaded.value.scan : undefined;
  return {
    scan: JSON.parse(
      JSON.stringify(scan ?? null).replaceAll(written.dir, "DIR"),
    ) as ScanConfig | null,
    shown: written.shown(problems).map((line) => line.replace("etc/sluice.yaml:", "")),
  };
}

const engines = (entries: string): string => `scan: { engines: [ ${entries} ] }`;

describe("readScan", () => {
  it("reads clamd by socket and by host, in the order of the file, with the defaults", () => {
    const { scan, shown } = load(
      engines(
        "{ type: clamd, socket: run/clamd.ctl }, { type: builtin }, { type: clamd, host: clamav }, { type: clamd, host: '[::1]', port: 33110, client: clamscan, required: false }",
      ),
    );
    expect(shown).toEqual([]);
    expect(scan?.engines).toEqual([
      {
        type: "clamd",
        client: "instream",
        address: { path: "DIR/etc/run/clamd.ctl" },
        required: true,
      },
      { type: "builtin" },
      {
        type: "clamd",
        client: "instream",
        address: { host: "clamav", port: 3310 },
        required: true,
      },
      {
        type: "clamd",
        client: "clamscan",
        address: { host: "::1", port: 33_110 },
        required: false,
      },
    ]);
  });

  it.each([
    ["worst", "{ type: builtin }"],
    ["majority", "{ type: clamd, host: a }, { type: clamd, host: b }, { type: clamd, host: c }"],
    [
      "first_available",
      "{ type: clamd, host: a, required: false }, { type: clamd, host: b, required: false }, { type: builtin }",
    ],
  ])("takes %s where there are enough engines for it", (combine, entries) => {
    const { scan, shown } = load(`scan: { combine: ${combine}, engines: [ ${entries} ] }`);
    expect(shown).toEqual([]);
    expect(scan?.combine).toBe(combine);
  });

  it("reads icap by its URL, with the defaults", () => {
    const { scan, shown } = load(
      engines(
        "{ type: icap, url: 'icap://av.example/avscan?mode=simple' }, { type: icap, url: 'icap://[::1]:1345/', timeout: 30s, required: false }",
      ),
    );
    expect(shown).toEqual([]);
    expect(scan?.engines).toEqual([
      {
        type: "icap",
        address: { host: "av.example", port: 1344, path: "/avscan?mode=simple" },
        required: true,
      },
      {
        type: "icap",
        address: { host: "::1", port: 1345, path: "/" },
        required: false,
        timeoutMs: 30_000,
      },
    ]);
  });

  it("keeps results by default, for as long as it is told, or not at all", () => {
    const hours24 = 24 * 3_600_000;
    const byDefault = { cleanMs: 600_000, infectedMs: hours24, entries: 10_000 };
    expect(load("scan: {}").scan?.cache).toEqual(byDefault);
    const written = load("scan: { cache: { clean: 1m, infected: 2h, entries: 5 } }");
    expect(written.shown).toEqual([]);
    expect(written.scan?.cache).toEqual({ cleanMs: 60_000, infectedMs: 7_200_000, entries: 5 });
    expect(load("scan: { cache: { clean: 0s } }").scan?.cache).toEqual({
      ...byDefault,
      cleanMs: 0,
    });
    expect(load("scan: { cache: off }").shown).toEqual([]);
    expect(load("scan: { cache: off }").scan?.cache).toBeUndefined();
  });

  it("warns of signatures that are a week old by default, of others as it is told, or not at all", () => {
    const day = 86_400_000;
    expect(load("scan: {}").scan?.signatureAgeMs).toBe(7 * day);
    expect(load("scan: { signature_age: 36h }").scan?.signatureAgeMs).toBe(1.5 * day);
    const off = load("scan: { signature_age: off }");
    expect([off.shown, off.scan?.signatureAgeMs]).toEqual([[], undefined]);
    expect(load("scan: { signature_age: 7 }").shown.join()).toContain(
      "expected off, or a duration such as 7d",
    );
  });

  it("reads the largest file that clamd takes", () => {
    const { scan, shown } = load(engines("{ type: clamd, host: h, max_file_size: 25MiB }"));
    expect(shown).toEqual([]);
    expect(scan?.engines).toMatchObject([{ type: "clamd", maxBytes: 25 * 1024 * 1024 }]);
    const icap = load(engines("{ type: icap, url: 'icap://h/s', max_file_size: 1KiB }"));
    expect(icap.scan?.engines).toMatchObject([{ type: "icap", maxBytes: 1024 }]);
  });

  it("resolves hash files beside the configuration", () => {
    const { scan, shown } = load("scan: { hashes: [ bad.txt, ../worse.txt ] }", {
      "etc/bad.txt": "",
      "worse.txt": "",
    });
    expect(shown).toEqual([]);
    expect(scan?.hashFiles).toEqual(["DIR/etc/bad.txt", "DIR/worse.txt"]);
  });

  it("reads where YARA's rules lie, a folder's own files alone", () => {
    const { scan, shown } = load(
      engines("{ type: yara }, { type: builtin }").replace(
        "yara }",
        "yara, rules: [ rules/yara/, own.yar ], required: false }",
      ),
      { "etc/rules/yara/a.yar": "", "etc/own.yar": "" },
    );
    expect(shown).toEqual([]);
    expect(scan?.engines[0]).toEqual({
      type: "yara",
      rules: ["DIR/etc/rules/yara", "DIR/etc/own.yar"],
      required: false,
    });
  });

  const not = (name: string) => `"${name}" is not available in this version`;
  it.each([
    [engines("{ type: icap }"), "3:20: icap needs a url (write url: icap://127.0.0.1:1344/avscan)"],
    [
      engines("{ type: icap, url: 'icaps://h/s' }"),
      `3:34: ${not("icaps")} (use icap: within one machine or a network of its own)`,
    ],
    ...[
      "http://h/s",
      "icap://h",
      "icap:///s",
      "icap://u@h/s",
      "icap://h:x/s",
      "icap://h/a b",
      "icap://h/s#f",
      "icap://[127.0.0.1]/s",
      "icap://[::1/s",
      "icap://::1/s",
      "icap://a%b/s",
    ].map((url): [string, string] => [
      engines(`{ type: icap, url: '${url}' }`),
      `3:34: "${url}" is not the URL of an ICAP service (write url: icap://127.0.0.1:1344/avscan)`,
    ]),
    [
      engines("{ type: icap, url: 'icap://h:70000/s' }"),
      "3:34: there is no port 70000 (ports go from 1 to 65535)",
    ],
    [engines("{ type: icap, url: 'icap://h/s', timeout: soon }"), '3:53: "soon" is not a duration'],
    [
      engines("{ type: icap, url: 'icap://h/s', client: instream }"),
      '3:53: "client" means nothing for an icap engine (remove it)',
    ],
    [
      engines("{ type: clamd, host: h, url: 'icap://h/s' }"),
      '3:44: "url" means nothing for clamd (remove it)',
    ],
    [
      engines("{ type: icap, url: 'icap://h/s' }, { type: icap, url: 'icap://h:1344/s' }"),
      "the same icap is named twice",
    ],
    [engines("{ type: yara }"), "3:20: rules/yara does not exist (check the spelling of the path)"],
    [
      engines("{ type: yara, rules: [ sluice.yaml, none.yar ] }"),
      "3:56: none.yar does not exist (check the spelling of the path)",
    ],
    [
      engines("{ type: yara, rules: [ . ] }"),
      "has no file of YARA rules (their names end in .yar or .yara)",
    ],
    [engines("{ type: yara, rules: [] }"), "3:34: must name at least one file or folder"],
    [
      engines("{ type: yara, rules: [ sluice.yaml ], host: h }"),
      '3:58: "host" means nothing for yara (remove it)',
    ],
    [
      engines("{ type: clamd, host: h, rules: [ x ] }"),
      '3:44: "rules" means nothing for clamd (remove it)',
    ],
    [
      engines("{ type: yara, rules: [ sluice.yaml ] }, { type: yara, rules: [ sluice.yaml ] }"),
      "the same yara is named twice",
    ],
    [engines("{ type: clamav }"), '3:22: unknown value "clamav"'],
    [engines("{ host: x }"), '"type" is missing'],
    [engines("{ type: clamd, path: x }"), '3:35: unknown key "path"'],
    [engines("{ type: clamd }"), "3:20: clamd needs a socket or a host"],
    [engines("{ type: clamd, port: 3310 }"), "3:20: clamd needs a socket or a host"],
    [
      engines("{ type: clamd, socket: s, host: h }"),
      "3:46: clamd has a socket and a host (keep one of the two)",
    ],
    [
      engines("{ type: clamd, socket: s, port: 3310 }"),
      '3:46: "port" means nothing beside a socket (remove it)',
    ],
    [
      engines(`{ type: clamd, socket: /${"x".repeat(107)} }`),
      "is too long (a socket path has at most 107 bytes)",
    ],
    [engines("{ type: clamd, host: 'a b' }"), '3:35: "a b" is not a host name or address'],
    [engines("{ type: clamd, host: h, port: 0 }"), "3:44: there is no port 0"],
    [engines("{ type: clamd, host: h, port: 65536 }"), "3:44: there is no port 65536"],
    [
      engines("{ type: clamd, host: h, client: npm }"),
      '3:44: unknown value "npm" (one of: instream, clamscan)',
    ],
    [engines("{ type: clamd, host: h, required: maybe }"), "3:44: expected true or false"],
    [
      engines("{ type: builtin, socket: s }"),
      '3:37: "socket" means nothing for the builtin engine (remove it)',
    ],
    [engines("{ type: builtin }, { type: builtin }"), "3:39: the same builtin is named twice"],
    [
      engines("{ type: clamd, host: h }, { type: clamd, host: h, port: 3310, client: clamscan }"),
      "the same clamd is named twice",
    ],
    ["scan: { timeout: 0s }", "3:9: must be from 1ms to 24h"],
    ["scan: { timeout: 25d }", "3:9: must be from 1ms to 24h"],
    [engines("{ type: icap, url: 'icap://h/s', timeout: 0ms }"), "3:53: must be from 1ms to 24h"],
    [
      "scan: { combine: best }",
      '3:9: unknown value "best" (one of: worst, majority, first_available)',
    ],
    [
      "scan: { combine: majority, engines: [ { type: builtin }, { type: clamd, host: a }, { type: clamd, host: b } ] }",
      "3:9: majority needs 3 engines beside builtin and yara (those know no malware by themselves and have no vote; write worst)",
    ],
    [
      "scan: { combine: majority, engines: [ { type: yara, rules: [ sluice.yaml ] }, { type: clamd, host: a }, { type: clamd, host: b } ] }",
      "3:9: majority needs 3 engines beside builtin and yara",
    ],
    [
      "scan: { combine: first_available, engines: [ { type: yara, rules: [ sluice.yaml ], required: false }, { type: clamd, host: a, required: false }, { type: clamd, host: b, required: false } ] }",
      "3:84: yara stands in for no other engine (with first_available it must be required, else it could keep clamd from being asked)",
    ],
    [
      "scan: { combine: first_available, engines: [ { type: builtin }, { type: clamd, host: a, required: false }, { type: clamd, host: b } ] }",
      "3:9: first_available needs 2 engines with required: false (a required engine is always asked, and without its answer the scan has failed)",
    ],
    [
      "scan: { hashes: [ none.txt ] }",
      "3:19: none.txt does not exist (check the spelling of the path)",
    ],
    ["scan: { hashes: [ . ] }", "is a folder, not a file"],
    [
      engines("{ type: clamd, host: h, max_file_size: 0 }"),
      "3:44: must be at least 1 byte (write the largest file that the engine takes, as 100MiB)",
    ],
    [
      engines("{ type: builtin, max_file_size: 1MiB }"),
      '3:37: "max_file_size" means nothing for the builtin engine (remove it)',
    ],
    ["scan: { cache: on }", "3:9: expected off, or clean, infected and entries"],
    ["scan: { cache: { clean: 10 } }", "3:18: 10 is not a duration: write it with its unit"],
    ["scan: { cache: { entries: 0 } }", "3:18: 0 must be at least 1"],
    ["scan: { cache: { entries: 1000001 } }", "3:18: 1000001 is too large"],
    ["scan: { cache: { errors: 1m } }", '3:18: unknown key "errors"'],
    [
      "scan: { hashes: [ sluice.yaml ] }",
      "3:19: sluice.yaml:1: not a SHA-256 in hex at the beginning of a line, and 2 more such lines",
    ],
    [
      "scan: { engines: [ { type: clamd, host: h } ], hashes: [] }\n".replace("[]", "[ none.txt ]"),
      "only the builtin engine reads hashes, and it is not named",
    ],
  ])("refuses %s", (text, expected) => {
    const { scan, shown } = load(text);
    expect(scan).toBeNull();
    expect(shown.join("\n").replaceAll("etc/", "")).toContain(expected);
  });

  it("takes a socket path of just the length that the system allows", () => {
    expect(load(engines(`{ type: clamd, socket: /${"x".repeat(106)} }`)).shown).toEqual([]);
  });
});
