import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { createMemoryJournal } from "../../test/support/memory-journal.ts";
import { messageRequest, parsedBytes, parsedRequest } from "../../test/support/parsed-request.ts";
import { compilePolicy } from "../policy/compile.ts";
import { createDomains } from "../policy/domains.ts";
import type { ForwardOutcome, RequestContext, TransactionEnd, Voucher } from "../proxy/seams.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { applySplices } from "../wire/sip/splice.ts";
import { createFilter } from "./create-filter.ts";
import { recordingMeans } from "./filter-kit.test-data.ts";
import { hearingContext } from "./hearing-context.ts";

const RULES = {
  version: 1,
  templates: { off: { en: "[off {incident.short}]" } },
  rules: [
    {
      id: "disarm",
      when: { url: { zone: "internet" } },
      then: {
        rewrite: { links: { prefix: "_" } },
        notice: { template: "off", position: "prepend" },
      },
    },
  ],
};

function contextOf(voucher: Voucher): RequestContext {
  return {
    side: "server",
    transport: "tcp",
    encrypted: false,
    sourceAddress: "10.0.0.1",
    sourcePort: 4000,
    authenticatedAor: undefined,
    trusted: false,
    dialogProven: false,
    signed: false,
    voucher,
    receivedAt: 1_800_000_000_000,
  };
}

const BESIDE = contextOf({ kind: "asserted", aors: ["sip:alice@example.com"] });

function stage() {
  const compiled = compilePolicy([{ file: "rules.yaml", pack: undefined, data: RULES }], {
    domains: [],
    generation: 1,
  });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problem));
  const clock = createManualClock();
  const journal = createMemoryJournal();
  const filter = createFilter(
    {
      journal,
      clock,
      policy: () => compiled.value,
      scan: () => ({ verdict: "clean", engine: "test", name: "", reason: "" }),
      domains: createDomains([]),
      onFailure: (error) => {
        throw error;
      },
      means: recordingMeans(),
    },
    {
      judge: {
        inspect: {
          linksPerMessage: 100,
          mimeDepth: 10,
          attachmentBytes: 100_000,
          textBytes: 100_000,
        },
        onParseProblem: "block",
        onOpaque: "block",
        onInfected: "quarantine",
        onUnscannable: "block",
        onScanError: "block",
      },
      agent: "gw.test",
      markKey: undefined,
      maxFileBytes: undefined,
    },
  );
  const pass = async (request: SipRequest, context = BESIDE): Promise<ForwardOutcome> => {
    const outcome = await filter.onRequest(request, context, new AbortController().signal);
    if (outcome.kind !== "forward") throw new Error(`refused with ${outcome.status}`);
    return outcome;
  };
  return { clock, journal, pass };
}

/** As it goes out. */
function edited(request: SipRequest, { splices, towardsServer = [] }: ForwardOutcome): SipRequest {
  return parsedBytes(applySplices(request.bytes, [...splices, ...towardsServer]));
}

const OK: TransactionEnd = { status: 200, cause: "answered" };

const LINK = "see http://evil.example/x";

describe("a gateway beside two proxies", () => {
  it("judges a message once, though both send it round, and marks nothing", async () => {
    const { journal, pass } = stage();
    const request = messageRequest(LINK);
    const first = await pass(request);
    const out = edited(request, first);
    expect(out.bytes.toString()).not.toContain("Sluice-Mark");
    expect(out.body.toString()).toContain("_http://");
    expect(await pass(out)).toEqual({ kind: "forward", splices: [], messaging: true });
    expect(journal.drafts).toHaveLength(1);
    expect(journal.allowedEvents).toEqual([]);
  });

  it("judges plain text once as well", async () => {
    const { journal, pass } = stage();
    const request = messageRequest("hello");
    const first = await pass(request);
    const second = await pass(request);
    expect(second.onEnd).toBeUndefined();
    first.onEnd?.(OK);
    expect(journal.allowedEvents).toHaveLength(1);
  });

  it.each([["hello"], [LINK]])("has a line for each time that %s is sent again", async (text) => {
    const { journal, pass } = stage();
    const request = messageRequest(text);
    const first = await pass(request);
    const out = edited(request, first);
    await pass(out);
    (await pass(out)).onEnd?.(OK);
    first.onEnd?.(OK);
    const lines = journal.allowedEvents.length;
    const again = await pass(out);
    expect(again.splices).toEqual([]);
    again.onEnd?.(OK);
    expect(journal.allowedEvents).toHaveLength(lines + 1);
    expect(journal.allowedEvents.at(-1)).toMatchObject({ type: "message", callId: request.callId });
    expect(lines + journal.drafts.length).toBe(2);
  });

  it("has a line for what is sent again though nothing came round the first time", async () => {
    const { journal, pass } = stage();
    const request = messageRequest("hello");
    (await pass(request)).onEnd?.(OK);
    (await pass(request)).onEnd?.(OK);
    expect(journal.allowedEvents).toHaveLength(2);
  });

  it.each([
    ["other content", { body: `${LINK} and http://evil.example/y` }],
    ["another receiver", { uri: "sip:carol@example.com" }],
    [
      "a sender nobody vouches for any more",
      { context: contextOf({ kind: "asserted", aors: [] }) },
    ],
  ])(
    "judges again what comes with %s",
    async (_, change: { body?: string; uri?: string; context?: RequestContext }) => {
      const { pass } = stage();
      const request = messageRequest(LINK);
      const out = edited(request, await pass(request));
      const text = out.bytes.toString();
      const again =
        change.body === undefined
          ? parsedBytes(
              Buffer.from(
                text.replace(
                  "sip:bob@example.com SIP",
                  `${change.uri ?? "sip:bob@example.com"} SIP`,
                ),
              ),
            )
          : messageRequest(change.body);
      const known = await pass(out);
      const outcome = await pass(again, change.context);
      expect(known.towardsServer).toBeUndefined();
      expect(outcome.towardsServer).toEqual([]);
    },
  );

  it("judges again what is said to be encoded now", async () => {
    const { pass } = stage();
    const request = messageRequest("aGVsbG8=");
    const out = edited(request, await pass(request)).bytes.toString();
    const field = "Content-Transfer-Encoding: base64";
    const again = parsedBytes(Buffer.from(out.replace("\r\nCSeq:", `\r\n${field}\r\nCSeq:`)));
    await expect(pass(again)).rejects.toThrow("refused");
  });

  it("judges again after 64 seconds", async () => {
    const { clock, pass } = stage();
    const request = messageRequest("hello");
    await pass(request);
    clock.advance(65_000);
    expect((await pass(request)).towardsServer).toEqual([]);
  });

  it("tells calls from sessions of messages, and takes what it cannot tell for the latter", async () => {
    const { pass } = stage();
    const invite = (...media: readonly string[]): SipRequest => {
      const lines = [
        "v=0",
        "o=- 0 0 IN IP4 192.0.2.1",
        "s=-",
        "c=IN IP4 192.0.2.1",
        "t=0 0",
        ...media,
      ];
      return parsedRequest(
        [
          "INVITE sip:bob@example.com SIP/2.0",
          "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKtest1",
          "From: <sip:alice@example.com>;tag=a1",
          "To: <sip:bob@example.com>",
          `Call-ID: ${media.length}${media.at(-1) ?? "none"}`.replaceAll(" ", "-"),
          "CSeq: 1 INVITE",
          "Content-Type: application/sdp",
        ],
        media.length === 0 ? "" : `${lines.join("\r\n")}\r\n`,
      );
    };
    const audio = "m=audio 4000 RTP/AVP 0";
    const call = invite(audio, "m=video 4002 RTP/AVP 31");
    expect((await pass(call)).messaging).toBe(false);
    expect((await pass(call)).messaging).toBe(false);
    expect((await pass(invite(audio, "m=message 5060 sip null"))).messaging).toBe(true);
    expect((await pass(invite(audio, "m=spaceship 1 x y"))).messaging).toBe(true);
    expect((await pass(invite())).messaging).toBe(true);
    expect((await pass(invite())).messaging).toBe(true);
  });
});

describe("hearingContext where servers vouch", () => {
  const request = messageRequest("hello");
  const hear = (voucher: Voucher) =>
    hearingContext(request, contextOf(voucher), createDomains(["example.com"]));

  it("believes an identity that the proxy asserts, and no other From", () => {
    const asserted = hear({ kind: "asserted", aors: ["tel:+1", "sip:alice@example.com"] });
    expect(asserted.from.authenticated).toBe(true);
    expect(hear({ kind: "asserted", aors: ["sip:mallory@example.com"] }).from.authenticated).toBe(
      false,
    );
  });

  it("takes the direction from the server that sent it, whatever From says", () => {
    const ours = hear({ kind: "peer", domains: ["example.com"] });
    expect([ours.from.authenticated, ours.direction]).toEqual([true, "internal"]);
    const theirs = hear({ kind: "peer", domains: ["b.example"] });
    expect([theirs.from.authenticated, theirs.direction]).toEqual([false, "inbound"]);
    expect(hear({ kind: "peer", domains: [] }).direction).toBe("inbound");
  });
});
