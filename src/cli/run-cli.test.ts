import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CodedError } from "../base/coded-error.ts";
import { failed, ok } from "../base/result.ts";
import { fakePorts } from "../review/fake-ports.test-data.ts";
import type { CliDeps, RunningGateway, TryInput } from "./cli-deps.ts";
import { createFakeTerminal, type FakeTerminal } from "./fake-terminal.test-data.ts";
import { runCli } from "./run-cli.ts";

let folder = "";
let configFile = "";
let socket = "";
let server: Server | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-cli-"));
  configFile = join(folder, "sluice.yaml");
  socket = join(folder, "admin.sock");
  mkdirSync(join(folder, "rules"));
  writeFileSync(
    configFile,
    `listen: [ "udp://127.0.0.1:0" ]\nupstream: embedded\ndomains: [ a.example ]\nrules: [ rules/ ]\nadmin: { socket: ${socket} }\n`,
  );
});

afterEach(async () => {
  if (server !== undefined) {
    server.close();
    await once(server, "close");
    server = undefined;
  }
  rmSync(folder, { recursive: true, force: true });
});

function depsFor(terminal: FakeTerminal, changes: Partial<CliDeps> = {}): CliDeps {
  return {
    terminal,
    version: "1.2.3",
    checkYaraRules: async () => [],
    judgeGiven: () => {
      throw new Error("no inline tests here");
    },
    tryMessage: async () => failed("not in this test"),
    startGateway: async () => failed([]),
    runDemo: async () => false,
    ...changes,
  };
}

async function cli(
  argv: readonly string[],
  terminal: FakeTerminal = createFakeTerminal(),
  changes: Partial<CliDeps> = {},
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const code = await runCli(["--config", configFile, ...argv], depsFor(terminal, changes));
  return { code, out: terminal.out(), err: terminal.err() };
}

/** A gateway that answers as the admin API does. */
async function gatewayAnswers(
  answers: Readonly<Record<string, readonly [number, unknown]>>,
): Promise<string[]> {
  const asked: string[] = [];
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const path = (request.url ?? "").split("?")[0] ?? "";
    const [status, body] = answers[path] ?? [404, { error: { code: "NOT_FOUND", message: "no" } }];
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  server.listen(socket);
  await once(server, "listening");
  return asked;
}

const incident = {
  id: "INC-0123ABCD",
  state: "open",
  count: 2,
  first_seen: "2026-01-01T00:00:00.000Z",
  last_seen: "2026-01-01T00:00:01.000Z",
  from: "sip:alice@a.example",
  to: ["sip:bob@a.example"],
  direction: "internal",
  channel: "sip-message",
  action: "block",
  rule: "no-programs",
  reason: "=cmd \u001b[2Jlink to a program",
  file: null,
  scan: [],
  answer: { status: 403, reason: "Forbidden" },
  severity: "high",
  delivery: "refused",
  details: {
    rule_file: "rules/10.yaml",
    rule_line: 7,
    events: [{ ts: "t", delivery: "refused", status: 403 }],
  },
};

describe("runCli", () => {
  it("exits with 2 and says what is wrong on a bad command line", async () => {
    for (const argv of [["fly"], ["incidents", "list", "--sort", "x"], ["-o", "xml", "health"]]) {
      const { code, err } = await cli(argv);
      expect(code).toBe(2);
      expect(err).toMatch(/error:/);
    }
  });

  it("prints help and version with exit code 0", async () => {
    expect(await cli(["--version"])).toMatchObject({ code: 0, out: "1.2.3\n" });
    const help = await cli(["--help"]);
    expect(help.code).toBe(0);
    expect(help.out).toContain("incidents");
  });

  it("prints the schemas", async () => {
    for (const name of ["rules", "config", "event"]) {
      const { code, out } = await cli(["schema", name]);
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({
        $schema: expect.stringContaining("json-schema.org") as unknown,
      });
    }
  });
});

describe("runCli asking a gateway", () => {
  it("exits with 4 and names the socket when nobody answers", async () => {
    const { code, err } = await cli(["health"]);
    expect(code).toBe(4);
    expect(err).toContain(socket);
    expect(err).toContain("sluice run");
  });

  it("says health by its exit code", async () => {
    const health = {
      version: "1",
      started_at: "s",
      parts: [{ name: "journal", ok: false, detail: "disk full" }],
    };
    await gatewayAnswers({ "/v1/health": [200, { ready: false, ...health }] });
    expect((await cli(["health"])).code).toBe(1);
    const { out } = await cli(["-o", "table", "health"]);
    expect(out).toContain("not ready");
    expect(out).toContain("NOT OK, disk full");
  });

  it("lists incidents as table, JSON, lines and CSV, without letting text run anything", async () => {
    const asked = await gatewayAnswers({ "/v1/incidents": [200, { incidents: [incident] }] });
    const table = await cli(
      ["incidents", "list", "--since", "24h", "--user", "alice"],
      createFakeTerminal({ isTTY: true, columns: 80 }),
    );
    expect(table.code).toBe(0);
    expect(table.out).toContain("INC-0123ABCD");
    expect(table.out).not.toContain("\u001b");
    expect(asked[0]).toMatch(/^GET \/v1\/incidents\?limit=100.*since=\d+/);
    const lines = await cli(["incidents", "list"]);
    expect(lines.out.split("\n")).toHaveLength(2);
    expect(JSON.parse(lines.out)).toEqual(incident);
    const json = await cli(["incidents", "list", "-o", "json"]);
    expect(JSON.parse(json.out)).toEqual([incident]);
    const csv = await cli(["-o", "csv", "incidents", "list"]);
    expect(csv.out.split("\r\n")[0]).toMatch(/^id,state,count,/);
    expect(csv.out).toContain("'=cmd");
  });

  it("colours the heading on a terminal unless NO_COLOR says no", async () => {
    await gatewayAnswers({ "/v1/incidents": [200, { incidents: [incident] }] });
    const coloured = await cli(["incidents", "list"], createFakeTerminal({ isTTY: true, env: {} }));
    expect(coloured.out).toContain("\u001b[1m");
  });

  it("shows and explains one incident, and exits with 6 when there is none", async () => {
    const explained = {
      ...incident,
      rule_file: "rules/10.yaml",
      rule_line: 7,
      trace: [
        {
          rule: "no-programs",
          file: "rules/10.yaml",
          line: 7,
          matched: true,
          leaves: [{ field: "url.path_extension", value: "exe", matched: true }],
        },
      ],
    };
    await gatewayAnswers({
      "/v1/incidents/INC-0123ABCD": [
        200,
        {
          ...incident,
          file: { name: "a.exe", sha256: "abcd" },
          details: { ...incident.details, quarantine: "01JQ" },
        },
      ],
      "/v1/incidents/INC-0123ABCD/explain": [200, explained],
    });
    const shown = await cli(["-o", "table", "incidents", "show", "INC-0123ABCD"]);
    expect(shown.out).toContain("rules/10.yaml:7");
    expect(shown.out).toContain("403 Forbidden");
    expect(shown.out).toMatch(/^quarantine: +01JQ$/m);
    expect(shown.out).toMatch(/^sha256: +abcd$/m);
    const why = await cli(["-o", "table", "incidents", "explain", "INC-0123ABCD"]);
    expect(why.out).toMatch(/matched +no-programs +rules\/10.yaml:7\n +\+ url.path_extension: exe/);
    expect((await cli(["incidents", "show", "INC-00000000"])).code).toBe(6);
  });

  it("exits with 2 on a time that cannot be meant", async () => {
    const { code, err } = await cli(["incidents", "list", "--since", "yesterday"]);
    expect(code).toBe(2);
    expect(err).toContain("--since");
  });

  it("exits with 1 when the new rules were refused, and prints why", async () => {
    await gatewayAnswers({
      "/v1/reload": [200, { ok: false, generation: 4, problems: ["r.yaml:3:1: unknown key"] }],
    });
    const { code, out } = await cli(["-o", "table", "reload"]);
    expect(code).toBe(1);
    expect(out).toContain("generation 4 stays in force");
    expect(out).toContain("r.yaml:3:1");
  });

  it.each([
    [true, "up", 0],
    [true, "down", 1],
    [true, "unknown", 1],
    [false, "down", 0],
  ])("exits by the required engines: required %s and %s is %s", async (required, state, code) => {
    const builtin = {
      name: "builtin",
      required: true,
      state: "up",
      detail: "",
      scans: 1,
      errors: 0,
    };
    const at = { signatures_at: "2025-11-24T09:40:12.000Z", signatures_age_seconds: 300_000 };
    const clamd = {
      ...builtin,
      name: "clamd",
      required,
      state,
      detail: "refused \u001b[2J",
      ...at,
    };
    const asked = await gatewayAnswers({
      "/v1/engines": [200, { engines: [builtin, clamd] }],
      "/v1/engines/test": [200, { engines: [builtin, clamd] }],
    });
    const table = await cli(["-o", "table", "engines"]);
    expect(table.code).toBe(code);
    expect(table.out).toMatch(new RegExp(`clamd +${required ? "yes" : "no"} +${state}`));
    expect(table.out).toMatch(/builtin .* -$/m);
    expect(table.out).toMatch(/clamd .* 2025-11-24 \(3 d\) /);
    expect(table.out).not.toContain("\u001b");
    const tested = await cli(["engines", "test"]);
    expect(tested.code).toBe(code);
    expect(
      tested.out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([builtin, clamd]);
    expect(asked).toEqual(["GET /v1/engines", "POST /v1/engines/test"]);
  });

  it("lists the transfers, or says that there are none", async () => {
    const transfer = {
      id: "01T",
      state: "receiving",
      port: 6891,
      size: 2048,
      received_bytes: 1024,
      delivered_bytes: 0,
      age_ms: 61_500,
      from: "sip:alice@a.example",
      to: ["sip:bob@a.example"],
      name: "gpj\u202eexe.scr",
      call_id: "c1",
    };
    await gatewayAnswers({ "/v1/transfers": [200, { transfers: [transfer] }] });
    const { out } = await cli(["-o", "table", "transfers"]);
    expect(out).toContain("2.0 KiB  1.0 KiB  0 B  61s");
    expect(out).toContain("alice@a.example → bob@a.example");
    expect(out).not.toContain("\u202e");
    const csv = await cli(["-o", "csv", "transfers"]);
    expect(csv.out.split("\r\n")[0]).toBe(
      "id,state,port,size,received_bytes,delivered_bytes,age_ms,from,name,to,call_id",
    );
    expect((await cli(["transfers", "abort"])).code).toBe(2);
  });

  it("says how often each rule has matched, and which never have", async () => {
    await gatewayAnswers({ "/v1/rules/hits": [200, fakePorts().ruleHits()] });
    const all = createFakeTerminal();
    expect((await cli(["-o", "table", "rules", "hits"], all)).out).toMatch(
      /^links +enforce +7 +0 +0 +2026-01-02T00:00:00$/m,
    );
    expect(all.out()).toMatch(/^idle +monitor +0 +0 +0 +never$/m);
    expect(all.err()).toContain("counted since 2026-01-01T00:00:00.000Z");
    const { out } = await cli(["-o", "json", "rules", "hits", "--unused"]);
    expect((JSON.parse(out) as { id: string }[]).map((rule) => rule.id)).toEqual(["idle"]);
  });

  it("shows the lists of the gateway, refreshes them, and exits with 1 when one is not what its file holds", async () => {
    const list = {
      name: "bad",
      kind: "list",
      type: "domain",
      entries: 1_000_000,
      file: "lists/bad.txt",
      refresh: "watch",
      loaded_at: "2026-11-27T08:00:00.000Z",
      checked_at: "2026-11-27T09:00:00.000Z",
      trouble: null,
    };
    await gatewayAnswers({
      "/v1/lists": [200, { lists: [list] }],
      "/v1/lists/refresh": [
        200,
        { lists: [{ name: "bad", outcome: "kept", entries: 9, problem: "has 3 entries" }] },
      ],
      "/v1/rules/status": [
        200,
        {
          generation: 2,
          hash: "ab",
          loaded: 1,
          loaded_at: "t",
          last_failure: null,
          lists_in_trouble: [{ name: "bad", trouble: "bad.txt does not exist" }],
        },
      ],
    });
    const shown = await cli(["-o", "table", "lists"]);
    expect(shown.code).toBe(0);
    expect(shown.out).toMatch(/bad +domain +1000000 +watch +2026-11-27T08:00:00 +2026-11-27T09/);
    const refreshed = await cli(["-o", "table", "lists", "refresh", "bad", "--allow-shrink"]);
    expect(refreshed.code).toBe(1);
    expect(refreshed.out).toContain("has 3 entries");
    expect((await cli(["-o", "table", "rules", "status"])).out).toContain(
      "list bad, the old entries stay: bad.txt does not exist",
    );
  });

  it("answers offline whether a value is in a list or group, and by which entry", async () => {
    writeFileSync(
      join(folder, "rules", "a.yaml"),
      `version: 1
lists:
  bad: { type: domain, items: [inline.example], file: bad.txt }
  words: { type: phrase, items: [project nightjar] }
  links: { type: prefix, items: ["http:"] }
groups:
  staff: { domains: [corp.example], members_file: staff.txt }
`,
    );
    writeFileSync(join(folder, "rules", "bad.txt"), "evil.example\nmünchen.example\n");
    writeFileSync(join(folder, "rules", "staff.txt"), "sip:Carol@partner.example\n");
    const asked = async (...argv: readonly string[]) => cli(["lists", "test", ...argv]);
    const hit = await asked("bad", "http://a.b.evil.example:8080/x");
    expect(hit.code).toBe(0);
    expect(hit.out).toContain('is in the list bad, by the entry "evil.example"');
    expect((await asked("bad", "WWW.MÜNCHEN.example.")).out).toContain("xn--mnchen-3ya.example");
    expect((await asked("bad", "inline.example")).code).toBe(0);
    const miss = await asked("bad", "notevil.example");
    expect(miss.code).toBe(1);
    expect(miss.out).toBe('"notevil.example" is not in the list bad\n');
    expect((await asked("words", "the  PROJECT Nightjar plan")).out).toContain("project nightjar");
    expect((await asked("staff", "sip:carol@partner.example")).code).toBe(0);
    expect((await asked("staff", "sip:dave@corp.example")).out).toContain('"corp.example"');
    expect((await asked("staff", "sip:dave@partner.example")).code).toBe(1);
    expect((await asked("links", "http://a.example/")).code).toBe(2);
    expect((await asked("none", "x")).code).toBe(6);
    const shown = await cli(["lists", "show", "bad", "--limit", "2"]);
    expect(shown.out).toContain("1 in the rules, 2 in the file");
    expect(shown.out).toContain("  inline.example\n  evil.example\n  … and 1 more (--limit)\n");
    expect(JSON.parse((await cli(["-o", "json", "lists", "show", "staff"])).out)).toMatchObject({
      kind: "group",
      entries: ["corp.example", "carol@partner.example"],
    });
  });

  it("lists the rules and tells how the last reload went", async () => {
    const rule = {
      id: "r1",
      title: "T",
      file: "r.yaml",
      line: 3,
      enabled: true,
      mode: "enforce",
      phase: "message",
      action: "block",
    };
    const failure = { at: "2026", problems: ["r.yaml:9:1: bad"] };
    await gatewayAnswers({
      "/v1/rules": [200, { rules: [rule] }],
      "/v1/rules/status": [
        200,
        { generation: 2, hash: "ab", loaded: 1, loaded_at: "t", last_failure: failure },
      ],
    });
    expect((await cli(["-o", "table", "rules", "list"])).out).toContain("r.yaml:3");
    expect((await cli(["-o", "table", "rules", "status"])).out).toContain("r.yaml:9:1: bad");
  });
});

describe("runCli check", () => {
  it("says ok for a good configuration", async () => {
    expect(await cli(["check"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^ok: 0 rules/m) as unknown,
    });
  });

  it("gives YARA rules that are named, and those of the configuration, to who can read them", async () => {
    const asked: unknown[] = [];
    const problem = {
      file: "a.yar",
      line: 2,
      column: 14,
      message: "unknown pattern",
      hint: undefined,
      severity: "error",
      kind: "invalid",
      sourceLine: undefined,
    } as const;
    const checkYaraRules: CliDeps["checkYaraRules"] = async (what) => {
      asked.push("scan" in what ? what.scan.engines : what);
      return [problem];
    };
    const own = join(folder, "a.yar");
    const named = await cli(["check", own], createFakeTerminal(), { checkYaraRules });
    expect(named).toMatchObject({
      code: 1,
      out: expect.stringContaining("a.yar:2:14: error: unknown pattern") as unknown,
    });
    expect((await cli(["check"], createFakeTerminal(), { checkYaraRules })).code).toBe(1);
    expect(asked).toEqual([[own], [{ type: "builtin" }]]);
  });

  it("says what is in force beside the rules, and prints their phases when asked", async () => {
    writeFileSync(
      join(folder, "rules", "10.yaml"),
      "version: 1\nrules:\n  - { id: a, when: { file: { exists: true } }, then: block }\n",
    );
    const { code, out } = await cli(["check", "--phases"]);
    expect(code).toBe(0);
    expect(out).toContain(
      "scan results that no rule decides: infected quarantine, unscannable block, error block\n",
    );
    expect(out).toMatch(/^a +session +enforce +block +\S*10\.yaml:3$/m);
    expect(out).toMatch(/ok: 1 rule, 0 inline tests passed\n$/);
  });

  it("names the rules without a test, which counts as an error when it is strict", async () => {
    writeFileSync(
      join(folder, "rules", "10.yaml"),
      "version: 1\nrules:\n  - { id: a, on: message, then: block }\n",
    );
    const { code, out } = await cli(["check", "--coverage"]);
    expect(code).toBe(0);
    expect(out).toMatch(/10\.yaml:3:7: warning: no test hits "a"/);
    expect(out).toContain("0 of 1 rules are hit by a test\n");
    expect((await cli(["check", "--coverage", "--strict"])).code).toBe(1);
    expect((await cli(["check", "--coverage", "--no-tests"])).code).toBe(2);
  });

  it("says that nobody will be told, which counts as an error when it is strict", async () => {
    writeFileSync(configFile, "listen: [ 'udp://127.0.0.1:0' ]\nupstream: embedded\nrules: []\n");
    const { code, out } = await cli(["check"]);
    expect(code).toBe(0);
    expect(out).toMatch(/sluice\.yaml:1:1: warning: nobody is told what was stopped/);
    expect(out).toMatch(/^ok: /m);
    expect((await cli(["check", "--strict"])).code).toBe(1);
  });

  it("exits with 1 and names file, line and column of a bad rule, in every form", async () => {
    const rules = join(folder, "rules", "10.yaml");
    writeFileSync(rules, "version: 1\nrulez: []\n");
    const text = await cli(["check", rules]);
    expect(text.code).toBe(1);
    expect(text.out).toMatch(/10\.yaml:2:1: error:/);
    expect(text.err).toContain("only what was named was read");
    expect((await cli(["check"])).err).toBe("");
    const json = await cli(["check", "--format", "json", rules]);
    expect(JSON.parse(json.out)).toMatchObject([{ line: 2, column: 1, severity: "error" }]);
    const sarif = await cli(["check", "--format", "sarif"]);
    expect(sarif.code).toBe(1);
    expect(JSON.parse(sarif.out)).toMatchObject({ version: "2.1.0" });
  });

  it("takes a named file with listeners for a configuration", async () => {
    writeFileSync(configFile, "listen: [ 3 ]\nupstream: embedded\n");
    const { code, out } = await cli(["check", configFile]);
    expect(code).toBe(1);
    expect(out).toContain("sluice.yaml:1:");
  });
});

const NOW = Date.UTC(2026, 10, 22, 22, 10);

describe("runCli try", () => {
  const outcome = {
    action: "block",
    respond: 403,
    rule: "no-programs",
    reason: "link to a program",
    policy: "default",
    text: null,
    parts: [],
    trace: [],
  };

  it("hands over what was given and prints the outcome as JSON", async () => {
    const inputs: TryInput[] = [];
    const tryMessage: CliDeps["tryMessage"] = async (_config, _policy, input) => {
      inputs.push(input);
      return ok(outcome);
    };
    const between = ["--from", "sip:a@x", "--to", "sip:b@x", "--now", "2026-11-22T23:10:00+01:00"];
    const asked = ["try", ...between, "--text", "hi"];
    const json = await cli([...asked, "--json"], createFakeTerminal(), { tryMessage });
    expect(json.code).toBe(0);
    expect(JSON.parse(json.out)).toEqual(outcome);
    expect(inputs).toEqual([
      { from: "sip:a@x", to: "sip:b@x", now: NOW, source: { kind: "text", text: "hi" } },
    ]);
    const text = await cli([...asked, "--exit-code"], createFakeTerminal(), { tryMessage });
    expect(text.code).toBe(1);
    expect(text.out).toMatch(/action: +block/);
  });

  it("asks candidate rules, and prints phase by phase what each saw", async () => {
    const candidate = join(folder, "candidate.yaml");
    writeFileSync(candidate, "version: 1\nrules: [ { id: new, on: message, then: block } ]\n");
    let asked: readonly string[] = [];
    const step = { file: "r.yaml", line: 3, matched: false, leaves: [] };
    const trace = [
      {
        ...step,
        rule: "a",
        phase: "session",
        leaves: [{ field: "file.name", value: "x", matched: false }],
      },
      { ...step, rule: "b", phase: "session", note: "phase file" },
      { ...step, rule: "a", phase: "file", note: "phase session" },
      { ...step, rule: "b", phase: "file", matched: true },
    ];
    const tryMessage: CliDeps["tryMessage"] = async (_config, policy) => {
      asked = policy.rules.map((rule) => rule.id);
      return ok({ ...outcome, trace });
    };
    const terminal = createFakeTerminal();
    const args = ["try", "--from", "a@x", "--to", "b@x", "--text", "x", "--rules", candidate];
    const { out } = await cli(["-o", "table", ...args], terminal, { tryMessage });
    expect(asked).toEqual(["new"]);
    expect(out.slice(out.indexOf("phase session"))).toBe(
      [
        "phase session",
        "  no       a  r.yaml:3",
        "           - file.name: x",
        "  (1 rules of other phases)",
        "phase file",
        "  matched  b  r.yaml:3",
        "  (1 rules of other phases)",
        "",
      ].join("\n"),
    );
  });

  it("reads a SIP message byte for byte", async () => {
    const file = join(folder, "m.sip");
    writeFileSync(file, Buffer.from([0x4d, 0xff, 0x0d, 0x0a]));
    let bytes: Buffer | undefined;
    const tryMessage: CliDeps["tryMessage"] = async (_config, _policy, input) => {
      if (input.source.kind === "message") bytes = input.source.bytes;
      return failed("the message is malformed");
    };
    const { code, err } = await cli(["try", "--message", file], createFakeTerminal(), {
      tryMessage,
    });
    expect(bytes?.toString("hex")).toBe("4dff0d0a");
    expect(code).toBe(2);
    expect(err).toContain("malformed");
  });

  it.each([
    [["--text", "x"]],
    [["--from", "a", "--to", "b"]],
    [["--from", "a", "--to", "b", "--text", "x", "--html", "y"]],
    [["--from", "a", "--to", "b", "--file", "/nowhere/at/all"]],
    [["--from", "a", "--to", "b", "--text", "x", "--now", "tomorrow"]],
    [["--from", "a", "--to", "b", "--text", "x", "--now", "2026-11-22T23:10:00"]],
  ])("exits with 2 on %j", async (options) => {
    expect((await cli(["try", ...options])).code).toBe(2);
  });
});

describe("runCli run", () => {
  function gateway(changes: Partial<RunningGateway> = {}): RunningGateway {
    return {
      endpoints: ["udp://127.0.0.1:5060"],
      hints: ["try this"],
      warnings: [],
      stop: async () => undefined,
      reload: async () => ({ ok: true, generation: 2, problems: [] }),
      reopenLogs: async () => undefined,
      failed: Promise.withResolvers<Error>().promise,
      ...changes,
    };
  }

  it("says ready, reloads and reopens on signals, drains on SIGTERM, exits with 0", async () => {
    const terminal = createFakeTerminal();
    const calls: string[] = [];
    const running = gateway({
      reload: async () => {
        calls.push("reload");
        return { ok: false, generation: 1, problems: ["r.yaml:1:1: bad"] };
      },
      reopenLogs: async () => void calls.push("reopen"),
      stop: async () => void calls.push("stop"),
    });
    const done = cli([], terminal, { startGateway: async () => ok(running) });
    await vi.waitFor(() =>
      expect(terminal.out()).toMatch(/^sluice ready: udp:\/\/127\.0\.0\.1:5060\n/),
    );
    terminal.raise("SIGHUP");
    terminal.raise("SIGUSR1");
    await vi.waitFor(() => expect(terminal.log()).toContain("r.yaml:1:1: bad"));
    terminal.raise("SIGTERM");
    expect((await done).code).toBe(0);
    expect(calls).toEqual(["reload", "reopen", "stop"]);
    for (const line of terminal.log().trim().split("\n")) JSON.parse(line);
  });

  it("repeats the warnings of the configuration, except to who tries things out", async () => {
    const start = async (upstream: string) => {
      writeFileSync(configFile, `listen: [ "udp://127.0.0.1:0" ]\nupstream: ${upstream}\n`);
      const terminal = createFakeTerminal();
      const startGateway: CliDeps["startGateway"] = async () => {
        terminal.raise("SIGTERM");
        return ok(gateway());
      };
      return cli(["run"], terminal, { startGateway });
    };
    expect(await start('["sip:10.0.0.5"]')).toMatchObject({
      code: 0,
      err: expect.stringMatching(/warning: nobody is told/) as unknown,
    });
    expect(await start("embedded")).toMatchObject({ code: 0, err: "" });
  });

  it("does not lose a SIGTERM that comes while it starts", async () => {
    const terminal = createFakeTerminal();
    const startGateway: CliDeps["startGateway"] = async () => {
      terminal.raise("SIGTERM");
      return ok(gateway());
    };
    expect((await cli(["run"], terminal, { startGateway })).code).toBe(0);
  });

  it("stops at once on a second signal", async () => {
    const terminal = createFakeTerminal();
    const stop = async (hurry: AbortSignal): Promise<void> => {
      await once(hurry, "abort");
    };
    const done = cli(["run"], terminal, { startGateway: async () => ok(gateway({ stop })) });
    await vi.waitFor(() => expect(terminal.out()).toContain("ready"));
    terminal.raise("SIGINT");
    await vi.waitFor(() => expect(terminal.log()).toContain("draining"));
    terminal.raise("SIGINT");
    expect((await done).code).toBe(0);
  });

  it("exits with 1 when the gateway cannot go on, after stopping it", async () => {
    const running = gateway({ failed: Promise.resolve(new Error("boom")) });
    const terminal = createFakeTerminal();
    expect((await cli(["run"], terminal, { startGateway: async () => ok(running) })).code).toBe(1);
    expect(terminal.log()).toContain("boom");
  });

  it("exits with 1 on a bad configuration, bad rules and a port that is taken, and says why", async () => {
    const problem = { file: "r.yaml", line: 3, column: 5, message: "unknown key", hint: undefined };
    const rules = [
      { ...problem, severity: "error", kind: "invalid", sourceLine: undefined },
    ] as const;
    const bad = await cli(["run"], createFakeTerminal(), {
      startGateway: async () => failed(rules),
    });
    expect(bad).toMatchObject({ code: 1, out: "" });
    expect(bad.err).toContain("r.yaml:3:5: error: unknown key");
    const taken = await cli(["run"], createFakeTerminal(), {
      startGateway: async () =>
        Promise.reject(new CodedError("LISTEN_FAILED", "udp port 5060 is taken")),
    });
    expect(taken).toMatchObject({ code: 1, err: "sluice: udp port 5060 is taken\n" });
    writeFileSync(configFile, "lisen: []\n");
    const config = await cli(["run"]);
    expect(config.code).toBe(1);
    expect(config.err).toContain("sluice.yaml:1:1");
  });
});

describe("what no command foresaw", () => {
  it("is no success, and says what the system said", async () => {
    const error = Object.assign(new Error("EACCES: permission denied, scandir '/r'"), {
      code: "EACCES",
      syscall: "scandir",
    });
    const { code, err } = await cli(["demo"], createFakeTerminal(), {
      runDemo: async () => Promise.reject(error),
    });
    expect([code, err]).toEqual([1, "sluice: EACCES: permission denied, scandir '/r'\n"]);
  });

  it("names the place in the program when it is a bug", async () => {
    const { code, err } = await cli(["demo"], createFakeTerminal(), {
      runDemo: async () => Promise.reject(new TypeError("x is\u001b undefined")),
    });
    expect(code).toBe(1);
    expect(err).toMatch(/^sluice: TypeError: x is undefined\n +at /);
  });
});

describe("sluice demo", () => {
  it("hands its options on and ends with 0 or 1", async () => {
    const asked: unknown[] = [];
    for (const isGood of [true, false]) {
      const runDemo: CliDeps["runDemo"] = async (options) => {
        asked.push(options);
        return isGood;
      };
      const argv = isGood ? ["demo"] : ["demo", "--keep", "--port-range", "20000-20009"];
      const { code } = await cli(argv, createFakeTerminal(), { runDemo });
      expect(code).toBe(isGood ? 0 : 1);
    }
    expect(asked).toEqual([
      { keep: false, portRange: undefined },
      { keep: true, portRange: "20000-20009" },
    ]);
  });

  it("calls what is no range of ports a mistake of usage", async () => {
    const { code, err } = await cli(["demo", "--port-range", "twenty"]);
    expect(code).toBe(2);
    expect(err).toContain("20000-20009");
  });
});
