import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { runSluice } from "../support/cli.ts";

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
});
