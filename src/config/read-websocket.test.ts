import { describe, expect, it } from "vitest";
import type { Config } from "./config.ts";
import { loadConfig } from "./load-config.ts";
import { writeTemporaryFiles } from "./temporary-files.test-data.ts";

const HEAD = 'domains: [example.com]\nupstream: ["sip:10.0.0.5"]\n';

function load(text: string): { readonly config: Config | undefined; readonly shown: string } {
  using files = writeTemporaryFiles({ "sluice.yaml": HEAD + text });
  const loaded = loadConfig(files.path("sluice.yaml"));
  if (loaded.ok) return { config: loaded.value, shown: "" };
  return { config: undefined, shown: files.shown(loaded.problem).join("\n") };
}

describe("readWebSocket", () => {
  it("reads listeners, with the ports of the web where none is written", () => {
    const { config } = load('listen: ["ws://0.0.0.0", "ws://[::1]:8080"]');
    expect(config?.listen).toEqual([
      { transport: "ws", address: "0.0.0.0", port: 80 },
      { transport: "ws", address: "::1", port: 8080 },
    ]);
  });

  it("reads origins as browsers write them", () => {
    const { config } = load(
      'websocket: { origins: ["https://Chat.example.com", "http://localhost:8080"], ping: 10s }',
    );
    expect(config?.webSocket).toEqual({
      origins: ["https://chat.example.com", "http://localhost:8080"],
      pingMs: 10_000,
    });
  });

  it.each([
    ['websocket: { origins: ["chat.example.com"] }', '3:24: "chat.example.com" is not an origin'],
    ['websocket: { origins: ["https://example.com/"] }', "is not an origin"],
    ['websocket: { origins: ["https://example.com:443"] }', "is not an origin"],
    ['websocket: { origins: ["*"] }', '"*" is not an origin'],
    ["websocket: { origins: [] }", "names no origin (leave it out to let any page connect)"],
    ["websocket: { ping: 10ms }", "3:14: must be at least 1s"],
    ["websocket: { pings: 10s }", 'unknown key "pings" (did you mean "ping"?)'],
    [
      'upstream_from: ["ws://10.0.0.2:80"]',
      "no server is reached by ws: WebSockets are for clients",
    ],
  ])("refuses %s", (text, words) => {
    expect(load(text).shown).toContain(words);
  });

  it("refuses a server over WebSocket", () => {
    using files = writeTemporaryFiles({
      "sluice.yaml": 'domains: [example.com]\nupstream: ["sip:10.0.0.5;transport=ws"]\n',
    });
    const loaded = loadConfig(files.path("sluice.yaml"));
    const shown = loaded.ok ? [] : files.shown(loaded.problem);
    expect(shown.join("\n")).toContain("no server is reached by ws");
  });
});
