import type { QuarantineView, ReviewPorts, UsageView } from "./ports.ts";

/** Ports of a gateway in which nothing happens; a test changes what it asks about. */
export function fakePorts(changes: Partial<ReviewPorts> = {}): ReviewPorts {
  return {
    health: () => ({ ready: true, parts: [], version: "0.1.0", startedAt: 0 }),
    incidents: { list: async () => [], show: async () => undefined },
    rules: () => ({
      rules: [],
      status: {
        generation: 3,
        hash: "ab",
        loaded: 0,
        loadedAt: 0,
        lastFailure: undefined,
        lists: [],
      },
    }),
    ruleHits: () => ({
      since: "2026-01-01T00:00:00.000Z",
      rules: [
        {
          id: "links",
          mode: "enforce",
          hits: 7,
          would: 0,
          errors: 0,
          last_hit: "2026-01-02T00:00:00.000Z",
        },
        { id: "idle", mode: "monitor", hits: 0, would: 0, errors: 0, last_hit: null },
      ],
    }),
    reload: async () => ({ ok: false, generation: 3, problems: ["r.yaml:3:1: no such key"] }),
    lists: () => [],
    refreshLists: async () => [],
    stats: async () => ({ messages: 7 }),
    quarantine: {
      usage: async () => usage,
      list: async () => [],
      show: async () => undefined,
      download: async () => undefined,
      delete: async () => undefined,
    },
    decisions: {
      review: async (id) => ({ kind: "done", view: { incident: id } }),
      deny: async ({ id }) => ({ kind: "done", view: { id } }),
      release: async ({ id }) => ({ kind: "done", view: { id } }),
      rescan: async (id) => ({ kind: "done", view: { item: id } }),
    },
    engines: async () => [],
    transfers: async () => [],
    ...changes,
  };
}

const usage: UsageView = {
  files: 2,
  max_files: 10,
  bytes: 4096,
  max_bytes: 8192,
  stories: 1,
  used: 0.5,
  high_water: 0.9,
  state: "room",
  oldest: null,
  newest: null,
  days: 14,
};

export const keptFile: QuarantineView = {
  id: "01JDEADBEEF0000000000000QA",
  incident: "INC-0123ABCD",
  name: "invoice\u202efdp.exe",
  size: 1_572_864,
  sha256: "ab".repeat(32),
  sha1: "cd".repeat(20),
  threat: "Eicar-Test",
  stored_at: "2026-01-01T00:00:00.000Z",
  keep_until: null,
  release: null,
  state: "quarantined",
  from: "sip:alice@a.example",
  to: ["sip:bob@a.example"],
  rule: "on_infected",
  call_id: "call-1",
  true_type: null,
  scan: [{ engine: "builtin", result: "infected", threat: "Eicar-Test" }],
};
