import { describe, expect, it } from "vitest";
import { loadConfig } from "./load-config.ts";
import { writeTemporaryFiles } from "./temporary-files.test-data.ts";

/** What `sluice check` says of these lines, or the values that they give. */
function read(lines: string) {
  using files = writeTemporaryFiles({
    "sluice.yaml": `upstream: [ "sip:10.0.0.5" ]\nrules: []\ndomains: [ a.example ]\n${lines}\n`,
  });
  const loaded = loadConfig(files.path("sluice.yaml"));
  if (!loaded.ok) return { problems: files.shown(loaded.problem) };
  const { upstreamProbe, udpMtuBytes, dns } = loaded.value;
  return { upstreamProbe, udpMtuBytes, dns };
}

describe("readRouting", () => {
  it("probes every 10 s, sends up to 1300 bytes by UDP and asks the system's name servers", () => {
    expect(read("")).toEqual({
      upstreamProbe: { intervalMs: 10_000, timeoutMs: 2000, failures: 2, successes: 2 },
      udpMtuBytes: 1300,
      dns: { servers: [], timeoutMs: 4000, cacheEntries: 1000 },
    });
  });

  it("reads every key", () => {
    const lines = [
      "upstream_probe: { interval: 30s, timeout: 5s, failures: 3, successes: 1 }",
      "udp_mtu: 1KiB",
      'dns: { servers: [ "10.0.0.53", "[fd00::53]:5353" ], timeout: 1s, cache: 50 }',
    ];
    expect(read(lines.join("\n"))).toEqual({
      upstreamProbe: { intervalMs: 30_000, timeoutMs: 5000, failures: 3, successes: 1 },
      udpMtuBytes: 1024,
      dns: { servers: ["10.0.0.53", "[fd00::53]:5353"], timeoutMs: 1000, cacheEntries: 50 },
    });
    expect(read("upstream_probe: off\nudp_mtu: off")).toMatchObject({
      upstreamProbe: undefined,
      udpMtuBytes: undefined,
    });
  });

  it.each([
    ["upstream_probe: { interval: 500ms }", "must be at least 1s"],
    ["upstream_probe: { timeout: 10s }", "less than interval"],
    ["upstream_probe: on", "expected a map with interval, or the word off"],
    ["upstream_probe: { failures: 0 }", "must be at least 1"],
    ["upstream_probe: { every: 10s }", 'unknown key "every"'],
    ["udp_mtu: 10", "must be from 500"],
    ["udp_mtu: 1MiB", "must be from 500"],
    ["dns: { servers: [ ns.example ] }", "is not a name server"],
    ["dns: { servers: [ '10.0.0.53:99999' ] }", "is not a name server"],
    ["dns: { timeout: 2m }", "must be from 100ms to 30s"],
  ])("refuses %s", (lines, words) => {
    expect(read(lines)).toEqual({
      problems: expect.arrayContaining([expect.stringContaining(words)]) as unknown,
    });
  });
});
