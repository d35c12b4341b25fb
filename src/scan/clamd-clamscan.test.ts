import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import NodeClam from "clamscan";
import { describe, expect, it } from "vitest";
import { FakeClamd } from "../../test/support/fake-clamd.ts";
import { scanByClamscan } from "./clamd-clamscan.ts";
import { createMemorySource } from "./memory-source.ts";
import { ok } from "../base/result.ts";
import { EngineSocket } from "./engine-socket.ts";

/** What scanByClamscan rests on in the package: private names, and what an update might change without saying so. */
describe("the package clamscan", () => {
  const main = createRequire(import.meta.url).resolve("clamscan");
  const source = readFileSync(main, "utf8");

  it("is the version that was read and made safe", () => {
    const text = readFileSync(main.replace(/index\.js$/, "package.json"), "utf8");
    expect(JSON.parse(text)).toMatchObject({ version: "2.4.0" });
    const ours = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    expect(JSON.parse(ours)).toMatchObject({ dependencies: { clamscan: "2.4.0" } });
  });

  it("opens its connection in _initSocket, and in scanStream nowhere else", () => {
    expect(Reflect.get(NodeClam.prototype, "_initSocket")).toBeTypeOf("function");
    const scanStream = source.slice(source.indexOf("    scanStream(stream, cb) {"));
    expect(scanStream.match(/_initSocket/g)).toHaveLength(1);
    expect(scanStream).not.toMatch(/createConnection|tls\.connect|execFile|spawn/);
  });

  it("uses the connection that it is given, and no other", async () => {
    await using clamd = await FakeClamd.start();
    if (!("path" in clamd.address)) throw new Error("a unix socket");
    const socket = new EngineSocket().connect(clamd.address.path);
    const answer = await scanByClamscan(async () => ok(socket), {
      source: createMemorySource(Buffer.from("words")),
      chunkBytes: 2,
      signal: new AbortController().signal,
    });
    expect(answer).toEqual({ kind: "clean" });
    expect(clamd.connections).toBe(1);
    expect(clamd.receivedBytes).toBe("zINSTREAM\0words".length + 4 * 4);
    expect(socket.destroyed).toBe(true);
  });
});
