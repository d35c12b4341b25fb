import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { userInfo, tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { failed } from "../base/result.ts";
import { createFakeTerminal } from "./fake-terminal.test-data.ts";
import { runCli } from "./run-cli.ts";

let folder = "";
let asked: { readonly url: string | undefined; readonly body: unknown }[] = [];
let server: Server;
/** What the gateway answers, by path. */
let answers: Readonly<Record<string, readonly [number, unknown]>> = {};

const RELEASED = {
  incident: "INC-0123ABCD",
  item: "01JDEADBEEF0000000000000QA",
  state: "released",
  name: "plan\u202e.exe",
  result: "unscannable",
  threat: "",
  problem: "encrypted",
  to: ["sip:bob@a.example"],
  until: "2026-01-02T00:00:00.000Z",
  notice: "delivered",
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sluice-cli-d-"));
  asked = [];
  const socket = join(folder, "admin.sock");
  writeFileSync(
    join(folder, "sluice.yaml"),
    `listen: [ "udp://127.0.0.1:0" ]\nupstream: embedded\nadmin: { socket: ${socket} }\n`,
  );
  server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      asked.push({ url: request.url, body: await json(request) });
      const [status, body] = answers[request.url ?? ""] ?? [
        404,
        { error: { code: "NOT_FOUND", message: "there is none" } },
      ];
      response.writeHead(status).end(JSON.stringify(body));
    };
    void answer();
  });
  server.listen(socket);
  await once(server, "listening");
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
  rmSync(folder, { recursive: true, force: true });
});

async function run(...words: readonly string[]) {
  const terminal = createFakeTerminal({});
  const code = await runCli([...words, "--config", join(folder, "sluice.yaml")], {
    terminal,
    version: "1",
    checkYaraRules: async () => [],
    judgeGiven: () => {
      throw new Error("not asked here");
    },
    tryMessage: async () => failed("not in this test"),
    startGateway: async () => failed([]),
    runDemo: async () => false,
  });
  return { code, out: terminal.out(), err: terminal.err() };
}

const RELEASE = "/v1/incidents/INC-0123ABCD/release";

describe("sluice incidents release", () => {
  it("asks for the release with reason, receiver and time, and tells what came of it", async () => {
    answers = { [RELEASE]: [200, RELEASED] };
    const words = ["incidents", "release", "INC-0123ABCD", "--reason", "ours", "--by", "carol"];
    const more = ["--to", "bob@a.example", "--for", "2h", "--force", "-o", "table"];
    const { code, out } = await run(...words, ...more);
    expect(code).toBe(0);
    expect(asked).toEqual([
      {
        url: RELEASE,
        body: {
          reason: "ours",
          said_by: "carol",
          to: "bob@a.example",
          force: true,
          for_ms: 7_200_000,
        },
      },
    ]);
    expect(out).toContain("unscannable (encrypted): no engine could look into it");
    expect(out).toContain("until:                2026-01-02T00:00:00.000Z");
    expect(out).not.toContain("\u202e");
  });

  it.each([
    ["without a reason", [], "say why with --reason"],
    ["with a reason of blanks", ["--reason", "  "], "say why with --reason"],
    ["for a time that is none", ["--reason", "r", "--for", "soon"], '"soon" is no time'],
  ])("asks nothing %s", async (_what, words, said) => {
    const { code, err } = await run("incidents", "release", "INC-0123ABCD", ...words);
    expect({ code, asked }).toEqual({ code: 2, asked: [] });
    expect(err).toContain(said);
  });

  it("goes on with the others when one is refused, and its code is that of the first failure", async () => {
    const conflict = { error: { code: "REVIEW_CONFLICT", message: "INC-0123ABCD was denied" } };
    const path = "/v1/incidents/INC-00000002/release";
    answers = { [RELEASE]: [409, conflict], [path]: [200, RELEASED] };
    const ids = ["INC-0123ABCD", "INC-00000002", "INC-00000003"];
    const { code, out, err } = await run("incidents", "release", ...ids, "--reason", "r");
    expect(code).toBe(7);
    expect(err).toContain("INC-0123ABCD was denied");
    expect(err).toContain("there is none");
    expect(JSON.parse(out)).toMatchObject({ state: "released" });
    expect(asked[0]?.body).toMatchObject({ said_by: userInfo().username, force: false });
  });

  it("exits with 1 when the file itself stands against it", async () => {
    const refused = { error: { code: "RELEASE_REFUSED", message: "it is infected now, too (X)" } };
    answers = { [RELEASE]: [422, refused] };
    const { code, err } = await run("incidents", "release", "INC-0123ABCD", "--reason", "r");
    expect(code).toBe(1);
    expect(err).toContain("infected now");
  });
});

describe("sluice incidents deny, sluice incidents review, sluice quarantine deny", () => {
  it.each([
    ["incidents", "deny", "/v1/incidents/X/deny"],
    ["incidents", "review", "/v1/incidents/X/review"],
    ["quarantine", "deny", "/v1/quarantine/X/deny"],
  ])("sluice %s %s", async (group, verb, url) => {
    answers = { [url]: [200, { incident: "X", state: "denied", why: "" }] };
    expect(await run(group, verb, "X", "--by", "carol")).toMatchObject({ code: 0, err: "" });
    expect(asked).toEqual([{ url, body: { said_by: "carol" } }]);
  });
});
