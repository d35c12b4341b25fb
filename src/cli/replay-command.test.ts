import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { failed } from "../base/result.ts";
import { openIncidentStore } from "../journal/incident-store.ts";
import { sampleDraft } from "../journal/sample-records.test-data.ts";
import { createFakeTerminal } from "./fake-terminal.test-data.ts";
import { runCli } from "./run-cli.ts";

let folder = "";
let server: Server | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-replay-"));
  writeFileSync(
    join(folder, "sluice.yaml"),
    `listen: [ "udp://127.0.0.1:0" ]\nupstream: embedded\ndomains: [ a.example ]\nrules: []\ndata: { dir: ./data }\nadmin: { socket: ${folder}/admin.sock }\n`,
  );
  writeFileSync(join(folder, "new.yaml"), RULES);
});

afterEach(async () => {
  if (server !== undefined) {
    server.close();
    await once(server, "close");
    server = undefined;
  }
  rmSync(folder, { recursive: true, force: true });
});

const RULES = `version: 1
rules:
  - { id: bad-host, when: { url: { host: bad.example } }, then: quarantine }
  - { id: other-name, when: { url: { host: worse.example } }, then: block }
  - { id: words, when: { direction: inbound, text: { phrase: plan } }, then: block }
`;

function features(host: string, direction = "internal") {
  const party = { aor: "sip:a@a.example", user: "a", domain: "a.example", authenticated: true };
  const link = {
    scheme: "http",
    canonical: `http://${host}/`,
    attribute: false,
    host,
    registrableDomain: host,
    path: "/",
    pathExtensions: [],
    isIp: false,
    hasUserinfo: false,
    punycode: false,
    mixedScript: false,
    disarmed: false,
  };
  return {
    v: 1,
    action: "block",
    unasked: "",
    from: party,
    to: party,
    direction,
    channel: "sip-message",
    transport: "tcp",
    encrypted: false,
    now: 1000,
    texts: 1,
    links: [link],
    disarmed: [],
    linksLeftOut: 0,
    media: [],
    files: [],
    scans: [],
    opaque: false,
    signed: false,
  };
}

const INCIDENTS = [
  { host: "bad.example", rule: "bad-host" },
  { host: "worse.example", rule: "bad-host" },
  { host: "good.example", rule: "bad-host" },
  { host: "good.example", rule: "bad-host", direction: "inbound" },
].map(({ host, rule, direction }, index) => ({
  id: `INC-0000000${index}`,
  count: 1,
  last_seen: new Date(5000 - index).toISOString(),
  from: "sip:a@a.example",
  to: ["sip:b@a.example"],
  action: "block",
  rule,
  features: features(host, direction),
}));

async function replay(...argv: readonly string[]) {
  const terminal = createFakeTerminal();
  const config = join(folder, "sluice.yaml");
  const code = await runCli(
    [
      "--config",
      config,
      ...argv,
      "replay",
      "--since",
      "1970-01-01T00:00:00Z",
      "--rules",
      join(folder, "new.yaml"),
    ],
    {
      terminal,
      version: "1",
      checkYaraRules: async () => [],
      judgeGiven: () => {
        throw new Error("not asked");
      },
      tryMessage: async () => failed("not asked"),
      startGateway: async () => failed([]),
      runDemo: async () => false,
    },
  );
  return { code, out: terminal.out(), err: terminal.err() };
}

async function gatewayAnswers(incidents: readonly unknown[]): Promise<string[]> {
  const asked: string[] = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ live: true, incidents }));
  });
  server.listen(join(folder, "admin.sock"));
  await once(server, "listening");
  return asked;
}

describe("sluice replay", () => {
  it("shows what other rules decide otherwise, and says what it cannot know", async () => {
    const asked = await gatewayAnswers([
      ...INCIDENTS,
      { ...INCIDENTS[0], id: "INC-OLDER000", features: null },
    ]);
    const { code, out, err } = await replay("-o", "json");
    expect(code).toBe(0);
    expect(asked.at(-1)).toContain("features=true");
    const rows = JSON.parse(out) as Record<string, unknown>[];
    expect(
      rows.map((row) => [
        row["id"],
        row["now_action"],
        row["now_rule"],
        row["change"],
        row["needs"],
      ]),
    ).toEqual([
      ["INC-00000000", "quarantine", "bad-host", "looser", []],
      ["INC-00000001", "block", "other-name", "rule", []],
      ["INC-00000002", "allow", "", "looser", []],
      ["INC-00000003", "allow", "", "unknown", ["words: the text"]],
      ["INC-OLDER000", "", "", "unknown", ["what the rules were asked about, which was not kept"]],
    ]);
    expect(err).toBe(
      "5 incidents, 0 the same, 1 by another rule, 2 looser (1 would pass), 0 stricter, 2 unknown\n",
    );
  });

  it("reads the store where no gateway runs", async () => {
    mkdirSync(join(folder, "data"));
    const store = openIncidentStore(join(folder, "data", "sluice.db"), "boot", {
      incidentMs: 1e12,
      incidentRows: 100,
      reviewMs: 1e12,
      eventsPerIncident: 3,
      detailsBytes: 65_536,
      outboxRows: 10,
    });
    const operations = Array.from({ length: 450 }, (_, n) => ({
      kind: "commit" as const,
      groupKey: `g${n}`,
      draft: JSON.stringify({
        ...sampleDraft(),
        id: `INC-${String(n).padStart(8, "0")}`,
        eventId: `e${n}`,
        at: 1000 + Math.floor(n / 7),
        rule: "bad-host",
        features: features(n % 2 === 0 ? "bad.example" : "good.example"),
      }),
    }));
    store.apply(operations);
    store.close();
    const { code, out, err } = await replay("-o", "ndjson");
    expect(code).toBe(0);
    expect(out.trim().split("\n")).toHaveLength(450);
    expect(err).toContain(
      "450 incidents, 0 the same, 0 by another rule, 450 looser (225 would pass)",
    );
  });

  it("exits with 4 when there is neither, and with 1 on rules that cannot be used", async () => {
    expect((await replay()).code).toBe(4);
    writeFileSync(join(folder, "new.yaml"), "version: 1\nrulez: []\n");
    const { code, err } = await replay();
    expect(code).toBe(1);
    expect(err).toContain("new.yaml:2:1");
  });
});
