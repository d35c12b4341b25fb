import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { JournalUnavailable } from "../journal/journal-unavailable.ts";
import type { IncidentFilter, IncidentView } from "../journal/journal.ts";
import { createAdminServer } from "./admin-server.ts";
import { fakePorts } from "./fake-ports.test-data.ts";
import type { ReviewPorts, TransferView } from "./ports.ts";

let folder = "";
let socket = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-admin-"));
  socket = join(folder, "run", "admin.sock");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const incident: IncidentView = {
  id: "INC-0123ABCD",
  state: "open",
  count: 1,
  first_seen: "2026-01-01T00:00:00.000Z",
  last_seen: "2026-01-01T00:00:00.000Z",
  from: "sip:alice@a.example",
  to: ["sip:bob@a.example"],
  direction: "internal",
  channel: "sip-message",
  action: "block",
  rule: "no-programs",
  reason: "link to a program",
  file: null,
  scan: [],
  answer: { status: 403, reason: "Forbidden" },
  severity: "high",
  delivery: "refused",
  details: { rule_file: "rules/10.yaml", rule_line: 7, trace: [{ rule: "no-programs" }] },
};

function ports(changes: Partial<ReviewPorts> = {}): ReviewPorts {
  return fakePorts({
    incidents: {
      list: async () => [incident],
      show: async (id) => (id === incident.id ? incident : undefined),
    },
    ...changes,
  });
}

interface Answer {
  readonly status: number | undefined;
  readonly body: unknown;
}

async function ask(path: string, method = "GET", body?: string): Promise<Answer> {
  const answered = Promise.withResolvers<Answer>();
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const asked = request({ socketPath: socket, path, method, headers }, (response) => {
    let text = "";
    response.on("data", (chunk: Buffer) => (text += chunk.toString()));
    response.on("end", () =>
      answered.resolve({ status: response.statusCode, body: JSON.parse(text) as unknown }),
    );
  });
  asked.on("error", answered.reject);
  asked.end(body);
  return answered.promise;
}

describe("createAdminServer", () => {
  it("opens the socket for its own user only", async () => {
    await using _server = await createAdminServer(ports(), { socket });
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "run")).mode & 0o777).toBe(0o700);
  });

  it("answers health, readiness, rules, stats and reload", async () => {
    await using _server = await createAdminServer(ports(), { socket });
    expect(await ask("/livez")).toEqual({ status: 200, body: { live: true } });
    expect(await ask("/readyz")).toEqual({ status: 200, body: { ready: true } });
    expect((await ask("/v1/health")).body).toMatchObject({
      started_at: "1970-01-01T00:00:00.000Z",
    });
    expect((await ask("/v1/rules")).body).toEqual({ rules: [] });
    expect((await ask("/v1/rules/status")).body).toMatchObject({
      generation: 3,
      last_failure: null,
    });
    expect((await ask("/v1/stats")).body).toEqual({ messages: 7 });
    expect((await ask("/v1/reload", "POST")).body).toMatchObject({ ok: false, generation: 3 });
  });

  it("lists the lists and refreshes those that are named", async () => {
    const asked: unknown[] = [];
    const list = {
      name: "bad",
      kind: "list",
      type: "domain",
      entries: 3,
      file: "bad.txt",
      refresh: "watch",
      loaded_at: "2026-01-01T00:00:00.000Z",
      checked_at: "2026-01-01T00:00:00.000Z",
      trouble: null,
    } as const;
    await using _server = await createAdminServer(
      ports({
        lists: () => [list],
        refreshLists: async (which) => {
          asked.push(which);
          return [{ name: "bad", outcome: "same", entries: 3, problem: undefined }];
        },
      }),
      { socket },
    );
    expect((await ask("/v1/lists")).body).toEqual({ lists: [list] });
    expect((await ask("/v1/lists/refresh?name=bad&allow_shrink=true", "POST")).body).toEqual({
      lists: [{ name: "bad", outcome: "same", entries: 3, problem: null }],
    });
    expect(await ask("/v1/lists/refresh", "POST")).toMatchObject({ status: 200 });
    expect(asked).toEqual([
      { names: ["bad"], allowShrink: true },
      { names: undefined, allowShrink: false },
    ]);
    expect(await ask("/v1/lists/refresh?name=other", "POST")).toMatchObject({ status: 404 });
    expect(await ask("/v1/lists/refresh?shrink=yes", "POST")).toMatchObject({ status: 400 });
  });

  it("answers how the engines stand, and probes them only when it is told to", async () => {
    const asked: boolean[] = [];
    const engine = { name: "clamd", required: true, state: "down", detail: "refused" } as const;
    const engines = async (test: boolean) => {
      asked.push(test);
      return [{ ...engine, scans: 7, errors: 3 }];
    };
    await using _server = await createAdminServer(ports({ engines }), { socket });
    const body = { engines: [{ ...engine, scans: 7, errors: 3 }] };
    expect(await ask("/v1/engines")).toEqual({ status: 200, body });
    expect(await ask("/v1/engines/test", "POST")).toEqual({ status: 200, body });
    expect((await ask("/v1/engines/test")).status).toBe(404);
    expect(asked).toEqual([false, true]);
  });

  it("answers the transfers under way", async () => {
    const transfer: TransferView = {
      id: "01T",
      state: "receiving",
      port: 6891,
      ports: [6891],
      size: 1000,
      received_bytes: 10,
      delivered_bytes: 0,
      age_ms: 5,
      from: "sip:alice@a.example",
      to: ["sip:bob@a.example"],
      name: "a.txt",
      call_id: "c",
    };
    await using _server = await createAdminServer(ports({ transfers: async () => [transfer] }), {
      socket,
    });
    expect((await ask("/v1/transfers")).body).toEqual({ transfers: [transfer] });
  });

  it("says 503 while the gateway is not ready", async () => {
    const health = { ready: false, parts: [], version: "0.1.0", startedAt: 0 };
    await using _server = await createAdminServer(ports({ health: () => health }), { socket });
    expect((await ask("/readyz")).status).toBe(503);
  });

  it("lists, shows and explains incidents", async () => {
    const asked: IncidentFilter[] = [];
    const incidents = {
      ...ports().incidents,
      list: async (filter: IncidentFilter) => {
        asked.push(filter);
        return [incident];
      },
    };
    await using _server = await createAdminServer(ports({ incidents }), { socket });
    const query = "since=2026-01-01T00:00:00Z&until=1767225600001&action=block&user=alice&limit=5";
    expect((await ask(`/v1/incidents?${query}`)).body).toMatchObject({ incidents: [{ count: 1 }] });
    expect(asked).toEqual([
      { since: 1767225600000, until: 1767225600001, action: "block", user: "alice", limit: 5 },
    ]);
    expect((await ask("/v1/incidents/inc-0123abcd")).body).toMatchObject({ rule: "no-programs" });
    expect((await ask("/v1/incidents/INC-0123ABCD/explain")).body).toMatchObject({
      rule_line: 7,
      trace: [{ rule: "no-programs" }],
    });
  });

  it.each([
    ["limit=0", /^limit must be a whole number from 1 to 1000$/],
    ["limit=x", /^limit must be a whole number from 1 to 1000$/],
    ["since=yesterday", /^since must be a time as in/],
    ["action=fly", /^action must be one of: rewrite, block, quarantine$/],
    ["limit=100000", /limit/],
    ["since=yesterday", /since/],
    ["user=", /user/],
    ["sort=asc", /sort/],
    ["action=allow&action=block", /action/],
  ])("refuses the query %s and says why", async (query, message) => {
    await using _server = await createAdminServer(ports(), { socket });
    const answer = await ask(`/v1/incidents?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      error: { code: "BAD_QUERY", message: expect.stringMatching(message) as unknown },
    });
  });

  it("answers errors as JSON: unknown path, unknown incident, too long a body, a store that fails", async () => {
    const incidents = {
      list: async () =>
        Promise.reject(new JournalUnavailable("JOURNAL_UNAVAILABLE", "disk I/O error")),
      show: async () => Promise.resolve(undefined),
    };
    await using _server = await createAdminServer(ports({ incidents }), { socket });
    expect(await ask("/v1/nothing")).toMatchObject({
      status: 404,
      body: { error: { code: "NOT_FOUND" } },
    });
    expect(await ask("/v1/incidents/INC-00000000")).toMatchObject({ status: 404 });
    expect(await ask("/v1/reload", "POST", `"${"x".repeat(70_000)}"`)).toMatchObject({
      status: 413,
    });
    expect(await ask("/v1/incidents")).toMatchObject({
      status: 503,
      body: { error: { code: "JOURNAL_UNAVAILABLE", message: "disk I/O error" } },
    });
  });

  it("replaces the socket file that a crash left", async () => {
    const child = createServer();
    const old = join(folder, "left.sock");
    child.listen(old);
    await once(child, "listening");
    // A listener that goes without its file, as kill -9 would leave it: the name stays, nobody answers.
    const { renameSync } = await import("node:fs");
    socket = join(folder, "admin.sock");
    renameSync(old, socket);
    child.close();
    await once(child, "close");
    await using _server = await createAdminServer(ports(), { socket });
    expect((await ask("/livez")).status).toBe(200);
  });

  it("leaves the socket to another gateway that answers on it", async () => {
    await using _first = await createAdminServer(ports(), { socket });
    await expect(createAdminServer(ports(), { socket })).rejects.toMatchObject({
      code: "ADMIN_SOCKET_BUSY",
    });
    expect((await ask("/livez")).status).toBe(200);
  });

  it("never removes a file that is no socket", async () => {
    const notes = join(folder, "notes");
    writeFileSync(notes, "keep me");
    chmodSync(notes, 0o600);
    await expect(createAdminServer(ports(), { socket: notes })).rejects.toMatchObject({
      code: "ADMIN_SOCKET_FAILED",
    });
    expect(statSync(notes).size).toBe(7);
  });

  it("says that a path is too long for a socket", async () => {
    const long = join(folder, "x".repeat(120));
    await expect(createAdminServer(ports(), { socket: long })).rejects.toThrow(/107 bytes/);
  });
});
