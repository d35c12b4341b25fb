import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { failed } from "../base/result.ts";
import { createFakeTerminal } from "./fake-terminal.test-data.ts";
import { runCli } from "./run-cli.ts";
import { safeText } from "./safe-text.ts";

const ID = "01JDEADBEEF0000000000000QA";

const kept = {
  id: ID,
  incident: "INC-0123ABCD",
  name: "=cmd \u001b[2Jgpj\u202eexe.scr",
  size: 1_572_864,
  sha256: "ab".repeat(32),
  threat: "Eicar-Test",
  stored_at: "2026-01-01T00:00:00.000Z",
  state: "quarantined",
  from: "sip:alice@a.example",
  to: ["sip:bob@a.example"],
  rule: "on_infected",
  call_id: "call-1",
  true_type: null,
  scan: [{ engine: "builtin", result: "infected" }],
};

let folder = "";
let asked: string[] = [];
/** The name that came with the last question. */
let who: string | null = null;
let server: Server;
/** What the gateway sends for the content; a test replaces it. */
let sendContent: (response: ServerResponse) => void;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sluice-cli-q-"));
  asked = [];
  who = null;
  sendContent = (response) => response.writeHead(200).end("PK archive");
  writeFileSync(
    join(folder, "sluice.yaml"),
    `listen: [ "udp://127.0.0.1:0" ]\nupstream: embedded\nadmin: { socket: ${join(folder, "admin.sock")} }\n`,
  );
  server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://sluice");
    who = url.searchParams.get("said_by");
    url.searchParams.delete("said_by");
    asked.push(`${request.method} ${url.pathname}${url.search}`);
    const json = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    if (url.pathname === "/v1/quarantine") json(200, { quarantine: [kept] });
    else if (url.pathname === `/v1/quarantine/${ID}/content`) sendContent(response);
    else if (url.pathname === `/v1/quarantine/${ID}`) {
      json(200, request.method === "DELETE" ? { ...kept, state: "deleted" } : kept);
    } else json(404, { error: { code: "NOT_FOUND", message: "there is none" } });
  });
  server.listen(join(folder, "admin.sock"));
  await once(server, "listening");
});

afterEach(async () => {
  vi.restoreAllMocks();
  server.closeAllConnections();
  server.close();
  await once(server, "close");
  rmSync(folder, { recursive: true, force: true });
});

async function cli(argv: readonly string[], isTTY = false) {
  const terminal = createFakeTerminal({ isTTY });
  const code = await runCli(["--config", join(folder, "sluice.yaml"), ...argv], {
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

/** Nothing in it moves a cursor or reorders a line. */
function expectTame(text: string): void {
  const line = text.replaceAll("\n", " ");
  expect(safeText(line)).toBe(line);
}

const sayGone = (response: ServerResponse): void => {
  const body = { error: { code: "QUARANTINE_GONE", message: "the file is gone" } };
  response.writeHead(410, { "content-type": "application/json" }).end(JSON.stringify(body));
};

describe("listKept", () => {
  it("lists for people without letting a name move the cursor, and for programs in full", async () => {
    const table = await cli(["quarantine", "list", "--limit", "5"], true);
    expect(table.code).toBe(0);
    expect(table.out).toContain(`${ID}  2026-01-01T00:00:00  1.5 MiB  Eicar-Test`);
    expect(table.out).toContain("alice@a.example → bob@a.example");
    expectTame(table.out);
    expect(asked).toEqual(["GET /v1/quarantine?limit=5"]);
    const lines = await cli(["quarantine", "list"]);
    expectTame(lines.out);
    expect(JSON.parse(lines.out)).toEqual(kept);
    const csv = await cli(["-o", "csv", "quarantine", "list"]);
    expect(csv.out.split("\r\n")[0]).toBe(
      "id,incident,name,size,sha256,threat,stored_at,state,from,to,rule,call_id,true_type,scan,keep_until,release",
    );
    expect(csv.out).toContain("'=cmd");
  });
});

describe("showKept", () => {
  it("shows one, and exits with 6 when there is none", async () => {
    const { code, out } = await cli(["quarantine", "show", ID], true);
    expect(code).toBe(0);
    expect(out).toContain("INC-0123ABCD");
    expect(out).toContain(kept.sha256);
    expectTame(out);
    expect((await cli(["quarantine", "show", "none"])).code).toBe(6);
  });
});

describe("downloadKept", () => {
  it("has no file of the name while half of it has come: who interrupts it finds a .part", async () => {
    const file = join(folder, "out.zip");
    const half = Promise.withResolvers<ServerResponse>();
    sendContent = (response) => {
      response.writeHead(200).write("PK half");
      half.resolve(response);
    };
    const running = cli(["quarantine", "download", ID, "--out", file]);
    const response = await half.promise;
    await vi.waitFor(() =>
      expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toHaveLength(1),
    );
    expect(existsSync(file)).toBe(false);
    response.end(" and the rest");
    expect((await running).code).toBe(0);
    expect(readFileSync(file, "utf8")).toBe("PK half and the rest");
    expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  it("writes <id>.zip into the current folder, for its owner only, and tells the password", async () => {
    vi.spyOn(process, "cwd").mockReturnValue(folder);
    const { code, out } = await cli(["quarantine", "download", ID], true);
    expect(code).toBe(0);
    const file = join(folder, `${ID}.zip`);
    expect(readFileSync(file, "utf8")).toBe("PK archive");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(out).toContain(file);
    expect(out).toMatch(/^password: +infected$/m);
    expectTame(out);
  });

  it("tells programs the same", async () => {
    const file = join(folder, "x.zip");
    const { code, out } = await cli(["quarantine", "download", ID, "--out", file]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      id: ID,
      file,
      bytes: 10,
      password: "infected",
      name: kept.name,
      sha256: kept.sha256,
    });
  });

  it("never overwrites a file or follows a link, unless it is forced", async () => {
    const notes = join(folder, "notes");
    const link = join(folder, "link");
    writeFileSync(notes, "keep me", { mode: 0o644 });
    symlinkSync(join(folder, "elsewhere"), link);
    for (const file of [notes, link]) {
      const { code, err } = await cli(["quarantine", "download", ID, "--out", file]);
      expect(code).toBe(7);
      expect(err).toContain("--force");
    }
    expect(readFileSync(notes, "utf8")).toBe("keep me");
    expect(existsSync(join(folder, "elsewhere"))).toBe(false);
    const forced = await cli(["quarantine", "download", ID, "--out", notes, "--force"]);
    expect(forced.code).toBe(0);
    expect(readFileSync(notes, "utf8")).toBe("PK archive");
    expect(statSync(notes).mode & 0o777).toBe(0o600);
    await cli(["quarantine", "download", ID, "--out", link, "--force"]);
    expect(existsSync(join(folder, "elsewhere"))).toBe(false);
  });

  it("leaves no half of an archive when the gateway breaks off", async () => {
    const file = join(folder, "x.zip");
    const old = join(folder, "old.zip");
    writeFileSync(old, "the last one");
    sendContent = (response) => {
      response.writeHead(200);
      response.write("PK", () => response.destroy());
    };
    const before = readdirSync(folder);
    const plain = await cli(["quarantine", "download", ID, "--out", file]);
    const forced = await cli(["quarantine", "download", ID, "--out", old, "--force"]);
    for (const { code, err } of [plain, forced]) {
      expect(code).toBe(1);
      expect(err).toContain("broke off");
    }
    expect(readdirSync(folder)).toEqual(before);
    expect(readFileSync(old, "utf8")).toBe("the last one");
  });

  it("exits with 7 when the bytes are gone, with 6 when they never were, and leaves no file", async () => {
    sendContent = sayGone;
    const before = readdirSync(folder);
    const file = join(folder, "x.zip");
    const gone = await cli(["quarantine", "download", ID, "--out", file]);
    expect(gone).toMatchObject({ code: 7, err: "sluice: the file is gone\n" });
    expect((await cli(["quarantine", "download", "none", "--out", file])).code).toBe(6);
    expect(readdirSync(folder)).toEqual(before);
  });

  it("exits with 1 and says why when it cannot write", async () => {
    const file = join(folder, "no", "such", "folder.zip");
    const { code, err } = await cli(["quarantine", "download", ID, "--out", file]);
    expect(code).toBe(1);
    expect(err).toContain(file);
  });
});

describe("deleteKept", () => {
  it("deletes without asking and says what it did", async () => {
    const { code, out } = await cli(["quarantine", "delete", ID], true);
    expect(code).toBe(0);
    expect(asked).toEqual([`DELETE /v1/quarantine/${ID}`]);
    expect(who).toBe(userInfo().username);
    expect(out).toMatch(
      /^deleted: 01JDEADBEEF0000000000000QA \(=cmd \[2Jgpjexe\.scr, 1\.5 MiB\)$/m,
    );
    expect(out).toContain("sluice incidents show INC-0123ABCD");
    expectTame(out);
    expect((await cli(["quarantine", "delete", "none"])).code).toBe(6);
  });
});
