import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MAIN, runSluice } from "../support/cli.ts";
import { waitUntil } from "../support/wait-until.ts";

describe("sluice demo", () => {
  it("comes out as told and leaves nothing behind", async () => {
    const { code, stdout } = await runSluice(["demo"]);
    expect(stdout).not.toContain("✗");
    expect(stdout.match(/✓/g)).toHaveLength(6);
    expect(stdout).toContain("All 6 came out as they should");
    expect(code).toBe(0);
  });

  it("leaves its folder when asked to", async () => {
    const { stdout } = await runSluice(["demo", "--keep"]);
    const dir = /^Left in (\S+):$/m.exec(stdout)?.[1] ?? "";
    try {
      expect(existsSync(`${dir}/sluice.yaml`)).toBe(true);
      expect(existsSync(`${dir}/data/events.ndjson`)).toBe(true);
    } finally {
      if (dir.includes("sluice-demo-")) await rm(dir, { recursive: true, force: true });
    }
  });

  it.each(["SIGHUP", "SIGKILL"] as const)(
    "takes its gateway along when it ends by %s",
    async (signal) => {
      const dir = await mkdtemp(join(tmpdir(), "sluice-test-"));
      // oxlint-disable-next-line node/no-process-env -- who is killed cleans nothing up
      const env = { ...process.env, TMPDIR: dir };
      const stdio = ["ignore", "pipe", "ignore"] as const;
      const demo = spawn(process.execPath, [MAIN, "demo"], { stdio: [...stdio], env });
      let told = "";
      demo.stdout?.on("data", (chunk: Buffer) => {
        told += chunk.toString("utf8");
      });
      const port = await waitUntil("the gateway", () => /127\.0\.0\.1:(\d+)/.exec(told)?.[1]);
      demo.kill(signal);
      await once(demo, "exit");
      await waitUntil("the gateway to end", async () => !(await isOpen(Number(port))));
      await rm(dir, { recursive: true, force: true });
      expect(told.includes("everything has been cleaned up")).toBe(signal === "SIGHUP");
    },
  );

  it("says at once which port is in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const { code, stdout } = await runSluice(["demo", "--port-range", `${port}-${port}`]);
    server.close();
    expect([code, stdout]).toEqual([1, expect.stringContaining(`port ${port} is in use`)]);
    expect(stdout).not.toContain("✗ 1");
  });

  it("plays in a temporary folder whose name is too long for a socket", async () => {
    const long = join(await mkdtemp(join(tmpdir(), "sluice-test-")), "x".repeat(100));
    await mkdir(long);
    const { promise, resolve } = Promise.withResolvers<string>();
    // oxlint-disable-next-line node/no-process-env -- the demonstration's, with another TMPDIR
    const env = { ...process.env, TMPDIR: long };
    execFile(process.execPath, [MAIN, "demo"], { env }, (_error, stdout) => resolve(stdout));
    expect(await promise).toContain("All 6 came out as they should");
    await rm(join(long, ".."), { recursive: true });
  });
});

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once("connect", () => resolve(true));
  socket.once("error", () => resolve(false));
  const open = await promise;
  socket.destroy();
  return open;
}
