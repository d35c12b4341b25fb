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

/** A file that came through the relay and was found infected, its copy kept, its notices under way. */
export function sampleTransferDraft(): IncidentDraft {
  return {
    ...sampleDraft(),
    type: "transfer",
    channel: "msnftp",
    action: "quarantine",
    rule: "infected",
    reason: "Malware was found",
    file: {
      name: "invoice.txt",
      size: 68,
      sha256: "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
      trueType: "text/plain",
    },
    quarantine: "01HF7YAT00QUARANTINE000001",
    scan: [
      {
        engine: "builtin",
        result: "infected",
        threat: "Eicar-Test-Signature",
        reason: undefined,
        ms: 3,
      },
    ],
    urls: [],
    notify: [
      { audience: "sender", state: "pending" },
      { audience: "recipient", state: "pending" },
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

/** A file that was delivered. */
export function sampleTransfer(): AllowedEvent {
  return {
    ...sampleAllowed(),
    type: "transfer",
    channel: "msnftp",
    status: undefined,
    file: {
      name: "notes.txt",
      size: 5,
      sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
      trueType: "text/plain",
    },
    scan: [{ engine: "builtin", result: "clean", threat: undefined, reason: undefined, ms: 1 }],
  };
}
