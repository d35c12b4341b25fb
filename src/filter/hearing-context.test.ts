import { describe, expect, it } from "vitest";
import { parsedRequest } from "../../test/support/parsed-request.ts";
import { createDomains } from "../policy/domains.ts";
import type { RequestContext } from "../proxy/seams.ts";
import { hearingContext } from "./hearing-context.ts";

const domains = createDomains(["corp.example"], ["10.0.0.5"]);

const STRANGER: RequestContext = {
  side: "client",
  transport: "tcp",
  encrypted: false,
  sourceAddress: "192.0.2.1",
  sourcePort: 4000,
  authenticatedAor: undefined,
  trusted: false,
  dialogProven: false,
  signed: false,
  receivedAt: 1_800_000_000_000,
};
const CONTEXTS = {
  nobody: STRANGER,
  alice: { ...STRANGER, authenticatedAor: "sip:alice@corp.example" },
  "a guest": { ...STRANGER, authenticatedAor: "sip:eve@guests.example" },
  trusted: { ...STRANGER, trusted: true },
  server: { ...STRANGER, side: "server" },
} as const;

function heard(who: keyof typeof CONTEXTS, from: string, to: string) {
  const request = parsedRequest([
    `MESSAGE sip:bob@${to} SIP/2.0`,
    "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKtest1",
    `From: <sip:${from}>;tag=a1`,
    `To: <sip:bob@${to}>`,
    "Call-ID: c",
    "CSeq: 1 MESSAGE",
  ]);
  return hearingContext(request, CONTEXTS[who], domains);
}

describe("hearingContext", () => {
  it.each([
    // Who sends, as whom, to where: what it is, and whether the From is proven.
    ["alice", "alice@corp.example", "corp.example", "internal", true],
    ["alice", "alice@corp.example", "else.example", "outbound", true],
    ["alice", "ceo@corp.example", "corp.example", "internal", false],
    ["alice", "eve@else.example", "corp.example", "internal", false],
    ["alice", "eve@else.example", "else.example", "outbound", false],
    ["a guest", "alice@corp.example", "corp.example", "inbound", false],
    ["nobody", "alice@corp.example", "corp.example", "inbound", false],
    ["nobody", "alice@corp.example", "10.0.0.5", "inbound", false],
    ["nobody", "alice@corp.example", "corp.example.", "inbound", false],
    ["nobody", "alice@corp.example", "else.example", "outbound", false],
    ["nobody", "eve@else.example", "corp.example", "inbound", false],
    ["nobody", "eve@else.example", "third.example", "transit", false],
    ["trusted", "alice@corp.example", "corp.example", "internal", true],
    ["alice", "%61lice@corp.example.", "corp.example", "internal", true],
    ["alice", "alice@10.0.0.5", "corp.example", "internal", false],
    ["server", "alice@corp.example", "corp.example", "internal", true],
    ["server", "eve@else.example", "corp.example", "inbound", true],
  ] as const)("%s as %s to %s is %s", (who, from, to, direction, authenticated) => {
    const context = heard(who, from, to);
    expect(context.direction).toBe(direction);
    expect(context.from.authenticated).toBe(authenticated);
  });
});

describe("hearingContext of one receiver by several names", () => {
  it.each(["%62ob@corp.example", "bob@corp.example.", "bob@10.0.0.5", "b%6Fb@10.0.0.5:5060"])(
    "knows %s",
    (address) => {
      const request = parsedRequest([
        `MESSAGE sip:${address} SIP/2.0`,
        "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKtest1",
        "From: <sip:eve@else.example>;tag=a1",
        "To: <sip:bob@corp.example>",
        "Call-ID: c",
        "CSeq: 1 MESSAGE",
      ]);
      const { to } = hearingContext(request, STRANGER, domains);
      const { aor, user, domain } = to;
      expect([aor, user, domain]).toEqual(["sip:bob@corp.example", "bob", "corp.example"]);
    },
  );
});

describe("hearingContext of what the server sends to a Contact", () => {
  const BOB = "sip:bob@corp.example";
  const hear = (
    receivers: readonly string[] | undefined,
    given: { contact?: string; to?: string; proven?: boolean } = {},
  ) => {
    const { contact = "sip:bob@192.0.2.20:5060", to = `<${BOB}>`, proven = false } = given;
    const request = parsedRequest([
      `MESSAGE ${contact} SIP/2.0`,
      "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKtest1",
      "From: <sip:eve@else.example>;tag=a1",
      `To: ${to}`,
      "Call-ID: c",
      "CSeq: 1 MESSAGE",
    ]);
    const context = { ...CONTEXTS.server, receivers, dialogProven: proven };
    const { to: party, direction } = hearingContext(request, context, domains);
    return [party.aor, direction];
  };

  it("is for the user who has registered on the flow, whatever To and the Contact say", () => {
    expect(hear([BOB])).toEqual([BOB, "inbound"]);
    expect(hear([BOB], { to: "<sip:carol@corp.example>" })).toEqual([BOB, "inbound"]);
    expect(hear([BOB], { contact: "sip:x@192.0.2.20", to: "<sip:x@y.example>;tag=1" })).toEqual([
      BOB,
      "inbound",
    ]);
  });

  it("is, of several users on one flow, for the one that the Contact names, else To, else the last", () => {
    const both = [BOB, "sip:carol@corp.example", "sip:dan@corp.example"];
    const x = "sip:x@192.0.2.20";
    expect(hear(both, { to: "<sip:dan@corp.example>" })[0]).toBe(BOB);
    expect(hear(both, { contact: x, to: "<sip:carol@corp.example>" })[0]).toBe(both[1]);
    expect(hear(both, { contact: x, to: "<sip:eve@corp.example>" })[0]).toBe(both[2]);
  });

  it("is for a user of ours also where nobody knows any more which", () => {
    expect(hear([])).toEqual([BOB, "inbound"]);
    expect(hear([], { to: "<sip:x@y.example>" })).toEqual([BOB, "inbound"]);
    expect(hear([], { to: "<sip:guest@y.example>;tag=1", proven: true })).toEqual([
      "sip:guest@y.example",
      "transit",
    ]);
  });

  it("is transit where it goes on to an address of its own", () => {
    expect(hear(undefined)).toEqual(["sip:bob@192.0.2.20", "transit"]);
  });
});
