import { describe, expect, it } from "vitest";
import type { EngineConfig, RelayConfig } from "../config/config.ts";
import { largestFileBytes } from "./largest-file-bytes.ts";

const RELAY: RelayConfig = {
  msnftp: undefined,
  msnftpSecurity: [],
  maxFileBytes: 100,
  maxTransfers: 1,
};

function clamd(maxBytes: number | undefined, required = true): EngineConfig {
  return { type: "clamd", client: "instream", address: { path: "/s" }, required, maxBytes };
}

describe("largestFileBytes", () => {
  it.each<[string, number, readonly EngineConfig[]]>([
    ["no engine has a limit", 100, [{ type: "builtin" }, clamd(undefined)]],
    ["a required engine takes less", 40, [{ type: "builtin" }, clamd(70), clamd(40)]],
    ["a required engine takes more", 100, [clamd(101)]],
    ["the engine that takes less is not required", 100, [clamd(40, false), clamd(undefined)]],
  ])("is the least that counts where %s", (_, expected, engines) => {
    expect(largestFileBytes({ relay: RELAY, scan: { engines } })).toBe(expected);
  });
});
