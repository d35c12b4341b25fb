import { mkdtempSync, rmSync } from "node:fs";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CodedError } from "../base/coded-error.ts";
import { createAdminServer, type AdminServer } from "./admin-server.ts";
import { fakePorts, keptFile } from "./fake-ports.test-data.ts";
import type { QuarantinePort, QuarantineView } from "./ports.ts";

let folder = "";
let socket = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-quarantine-"));
  socket = join(folder, "admin.sock");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A server whose quarantine holds `item`. */
async function serve(
  item: QuarantineView,
  changes: Partial<QuarantinePort> = {},
): Promise<AdminServer> {
  const quarantine = {
    ...fakePorts().quarantine,
    show: async (id: string) => (id === item.id ? item : undefined),
    ...changes,
  };
  return createAdminServer(fakePorts({ quarantine }), { socket });
}

async function open(path: string, method = "GET"): Promise<IncomingMessage> {
  // A connection that is kept would lead to the server of the test before.
  const asked = request({ socketPath: socket, path, method, agent: false });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  return response;
}

async function bytesOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function ask(path: string, method = "GET") {
  const response = await open(path, method);
  const body = JSON.parse((await bytesOf(response)).toString()) as unknown;
  return { status: response.statusCode, body, headers: response.headers };
}

const GONE = { status: 410, body: { error: { code: "QUARANTINE_GONE" } } };
const NONE = { status: 404, body: { error: { code: "NOT_FOUND" } } };
const one = `/v1/quarantine/${keptFile.id}`;

describe("addQuarantineRoutes", () => {
  it("lists as many as asked, 100 by default", async () => {
    const asked: number[] = [];
    const list = async (limit: number) => {
      asked.push(limit);
      return [keptFile];
    };
    await using _server = await serve(keptFile, { list });
    expect(await ask("/v1/quarantine")).toMatchObject({
      status: 200,
      body: { quarantine: [keptFile] },
    });
    await ask("/v1/quarantine?limit=1000");
    expect(asked).toEqual([100, 1000]);
  });

  it.each(["limit=0", "limit=1001", "limit=x", "limit=1&limit=2", "since=1"])(
    "refuses the query %s",
    async (query) => {
      await using _server = await serve(keptFile);
      expect(await ask(`/v1/quarantine?${query}`)).toMatchObject({
        status: 400,
        body: { error: { code: "BAD_QUERY" } },
      });
    },
  );

  it("shows one, and asks for no name but an id", async () => {
    const shown: string[] = [];
    const show = async (id: string) => {
      shown.push(id);
      return id === keptFile.id ? keptFile : undefined;
    };
    await using _server = await serve(keptFile, { show });
    expect(await ask(one)).toMatchObject({ status: 200, body: keptFile });
    expect(await ask("/v1/quarantine/none")).toMatchObject(NONE);
    expect(await ask(`/v1/quarantine/${"x".repeat(1000)}`)).toMatchObject({ status: 404 });
    for (const hostile of ["..%2f..%2fkeys", "%2e%2e", "a%00b", "a.b", "a%0d%0ab"]) {
      expect((await ask(`/v1/quarantine/${hostile}`)).status).toBeGreaterThanOrEqual(400);
      expect((await ask(`/v1/quarantine/${hostile}`, "DELETE")).status).toBeGreaterThanOrEqual(400);
    }
    expect(shown).toEqual([keptFile.id, "none"]);
  });

  it("sends the archive as a download that no browser opens", async () => {
    const download = async () => chunks(Buffer.from("PK\u0003\u0004"), Buffer.from("rest"));
    await using _server = await serve(keptFile, { download });
    const response = await open(`${one}/content`);
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      "content-type": "application/zip",
      "content-disposition": `attachment; filename="${keptFile.id}.zip"`,
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    });
    expect((await bytesOf(response)).toString()).toBe("PK\u0003\u0004rest");
  });

  it("reads no further ahead than a slow reader takes, and stops when the reader goes", async () => {
    let sent = 0;
    let isClosed = false;
    async function* endless(): AsyncGenerator<Buffer> {
      try {
        for (;;) {
          sent += 65_536;
          yield Buffer.alloc(65_536);
        }
      } finally {
        isClosed = true;
      }
    }
    await using _server = await serve(keptFile, { download: async () => endless() });
    const response = await open(`${one}/content`);
    response.pause();
    let before = -1;
    await vi.waitFor(
      () => {
        const now = sent;
        const isStill = now === before;
        before = now;
        expect(isStill).toBe(true);
      },
      { interval: 100 },
    );
    expect(sent).toBeLessThan(8 * 1024 * 1024);
    response.destroy();
    await vi.waitFor(() => expect(isClosed).toBe(true));
  });

  it("destroys the connection when the archive breaks off midway", async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(100_000);
      throw new CodedError("QUARANTINE_DAMAGED", "the disk failed");
    }
    await using _server = await serve(keptFile, { download: async () => broken() });
    const response = await open(`${one}/content`);
    await expect(bytesOf(response)).rejects.toThrow(/aborted/);
    expect(response.complete).toBe(false);
  });

  it("answers in words when the archive fails before its first byte", async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      throw new CodedError("QUARANTINE_DAMAGED", "the disk failed");
      // oxlint-disable-next-line no-unreachable -- makes it a generator of buffers
      yield Buffer.alloc(0);
    }
    await using _server = await serve(keptFile, { download: async () => broken() });
    const answer = await ask(`${one}/content`);
    expect(answer).toMatchObject({
      status: 503,
      body: { error: { code: "QUARANTINE_DAMAGED", message: "the disk failed" } },
    });
    expect(answer.headers["content-type"]).toMatch(/^application\/json/);
    expect(answer.headers["content-disposition"]).toBeUndefined();
  });

  it("says gone when the bytes are no longer there, and not found when they never were", async () => {
    for (const state of ["deleted", "expired"] as const) {
      await using _server = await serve({ ...keptFile, state });
      expect(await ask(one)).toMatchObject({ status: 200, body: { state } });
      expect(await ask(`${one}/content`)).toMatchObject(GONE);
      expect(await ask(one, "DELETE")).toMatchObject(GONE);
    }
    await using _server = await serve(keptFile);
    expect(await ask(`${one}/content`)).toMatchObject(GONE);
    expect(await ask("/v1/quarantine/none/content")).toMatchObject(NONE);
    expect(await ask("/v1/quarantine/none", "DELETE")).toMatchObject(NONE);
  });

  it("deletes and answers what is left", async () => {
    const deleted: string[] = [];
    const remove = async (id: string): Promise<QuarantineView> => {
      deleted.push(id);
      return { ...keptFile, state: "deleted" };
    };
    await using _server = await serve(keptFile, { delete: remove });
    expect(await ask(one, "DELETE")).toMatchObject({
      status: 200,
      body: { id: keptFile.id, state: "deleted" },
    });
    expect(deleted).toEqual([keptFile.id]);
  });

  it("answers 503 while the quarantine cannot be asked", async () => {
    const down = async (): Promise<never> => {
      throw new CodedError("RELAY_GONE", "the worker is starting anew");
    };
    await using _server = await serve(keptFile, { list: down, show: down });
    expect((await ask("/v1/quarantine")).status).toBe(503);
    expect((await ask(one)).status).toBe(503);
  });
});

async function* chunks(...parts: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* parts;
}
