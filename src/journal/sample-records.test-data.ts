import type { AllowedEvent, IncidentDraft } from "./records.ts";

/** A decision "block" as the filter would record it; tests change what they are about. */
export function sampleDraft(): IncidentDraft {
  return {
    id: "INC-0123ABCD",
    eventId: "0190a000-0000-7000-8000-000000000001",
    at: 1_700_000_000_000,
    type: "message",
    callId: "call@a.example",
    from: "sip:alice@a.example",
    to: ["sip:bob@a.example"],
    direction: "internal",
    channel: "sip-message",
    action: "block",
    rule: "no-programs",
    ruleTitle: "Links to programs",
    ruleFile: "rules/10-links.yaml",
    ruleLine: 7,
    policy: "default",
    severity: "high",
    reason: "link to a program",
    tags: ["links"],
    file: undefined,
    scan: [],
    urls: ["hxxp://evil.example/a.exe"],
    answer: undefined,
    notify: [{ audience: "sender", state: "not-sent" }],
    trace: [
      { rule: "other", file: "r.yaml", line: 1, matched: false, note: undefined, leaves: [] },
      { rule: "no-programs", file: "r.yaml", line: 7, matched: true, note: undefined, leaves: [] },
    ],
  };
}

/** A decision "allow". */
export function sampleAllowed(): AllowedEvent {
  return {
    eventId: "0190a000-0000-7000-8000-000000000002",
    at: 1_700_000_000_000,
    type: "message",
    callId: "call@a.example",
    from: "sip:alice@a.example",
    to: ["sip:bob@a.example"],
    direction: "internal",
    channel: "sip-message",
    delivery: "delivered",
    status: 200,
    would: [],
  };
}
