import { beforeEach, describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { createMemoryJournal, type MemoryJournal } from "../../test/support/memory-journal.ts";
import { parsedRequest } from "../../test/support/parsed-request.ts";
import { compilePolicy } from "../policy/compile.ts";
import { createDomains } from "../policy/domains.ts";
import type { RequestContext, RequestOutcome } from "../proxy/seams.ts";
import { SipResponse, type SipRequest } from "../wire/sip/message.ts";
import { parseDatagram } from "../wire/sip/parse-message.ts";
import { applySplices } from "../wire/sip/splice.ts";
import { createFilter, type Filter } from "./create-filter.ts";
import { recordingMeans } from "./filter-kit.test-data.ts";

const RULES = {
  version: 1,
  rules: [
    {
      id: "not-announced",
      when: { media: { has: "chat" } },
      then: { strip: { accept_types: "text/x-msmsgsinvite" } },
    },
    {
      id: "no-sharing",
      when: { media: { has: "app_sharing" } },
      then: { strip: { media: "app_sharing" } },
    },
    { id: "no-files", on: "session", when: { file: { exists: true } }, then: "block" },
  ],
};
const ALICE: RequestContext = {
  side: "client",
  transport: "tcp",
  encrypted: false,
  sourceAddress: "192.0.2.10",
  sourcePort: 4000,
  authenticatedAor: "sip:alice@example.com",
  trusted: false,
  dialogProven: true,
  signed: false,
  receivedAt: 1_800_000_000_000,
};

let journal: MemoryJournal;
let filter: Filter;

beforeEach(() => {
  journal = createMemoryJournal();
  const compiled = compilePolicy([{ file: "rules.yaml", pack: undefined, data: RULES }], {
    domains: [],
    generation: 1,
  });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problem));
  filter = createFilter(
    {
      journal,
      clock: createManualClock(),
      policy: () => compiled.value,
      scan: () => ({ verdict: "clean", engine: "test", name: "", reason: "" }),
      domains: createDomains([]),
      onFailure(error) {
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
      markKey: Buffer.alloc(32, 1),
      maxFileBytes: 1_000_000,
    },
  );
});

const TAKES = "a=accept-types:text/plain text/x-msmsgsinvite text/html";
const STRIPPED = "a=accept-types:text/plain text/html";

function sdp(...lines: readonly string[]): string {
  return `${["v=0", "o=- 0 0 IN IP4 192.0.2.10", "s=session", "t=0 0", ...lines].join("\r\n")}\r\n`;
}

function chat(medium: string): string {
  return sdp(`m=${medium} 5060 sip null`, TAKES);
}

function request(method: string, body: string, fields: readonly string[] = []): SipRequest {
  return parsedRequest(
    [
      `${method} sip:bob@example.com SIP/2.0`,
      "Via: SIP/2.0/TCP 192.0.2.10;branch=z9hG4bKs1",
      "From: <sip:alice@example.com>;tag=aa11;epid=01",
      "To: <sip:bob@example.com>",
      "Call-ID: strip-1",
      `CSeq: 1 ${method}`,
      ...(body === "" ? [] : ["Content-Type: application/sdp"]),
      ...fields,
    ],
    body,
  );
}

function answer(status: number, body: string): SipResponse {
  const bytes = [
    `SIP/2.0 ${status} Fine`,
    "Via: SIP/2.0/TCP 192.0.2.10;branch=z9hG4bKs1",
    "From: <sip:alice@example.com>;tag=aa11;epid=01",
    "To: <sip:bob@example.com>;tag=bb22",
    "Call-ID: strip-1",
    "CSeq: 1 INVITE",
    "Content-Type: application/sdp",
    `Content-Length: ${body.length}`,
    "",
    body,
  ].join("\r\n");
  const parsed = parseDatagram(Buffer.from(bytes, "latin1"), {
    maxHeadBytes: 65_536,
    maxHeaderCount: 100,
    maxBodyBytes: 65_536,
  });
  if (!parsed.ok || !(parsed.value instanceof SipResponse)) throw new Error("no response");
  return parsed.value;
}

async function asked(message: SipRequest): Promise<RequestOutcome> {
  return filter.onRequest(message, ALICE, AbortSignal.timeout(60_000));
}

async function forwarded(message: SipRequest): Promise<string> {
  const outcome = await asked(message);
  if (outcome.kind !== "forward") throw new Error("refused");
  outcome.onEnd?.({ status: 200, cause: "answered" });
  return applySplices(message.bytes, outcome.splices).toString("latin1");
}

function passed(
  message: SipRequest | SipResponse,
  splices: Parameters<typeof applySplices>[1],
): string {
  return applySplices(message.bytes, splices).toString("latin1");
}

describe("a session of which rules strip something", () => {
  it.each(["x-ms-message", "message"])(
    "announces file transfer neither in the offer nor in its answers (m=%s)",
    async (medium) => {
      const invite = request("INVITE", chat(medium));
      expect(await forwarded(invite)).toContain(`${STRIPPED}\r\n`);
      for (const status of [183, 200]) {
        const response = answer(status, chat(medium).replace("null", "sip:bob@example.com"));
        const out = passed(response, filter.onResponse(response, invite, ALICE));
        expect(out).toContain(`sip:bob@example.com\r\n${STRIPPED}\r\n`);
        expect(out).toContain(`Content-Length: ${out.length - out.indexOf("\r\n\r\n") - 4}`);
      }
      expect(journal.drafts).toMatchObject([{ rule: "not-announced", action: "rewrite" }]);
    },
  );

  it("says so once where only the answers, of a late offer, announce it: in the 200 and in the ACK", async () => {
    const invite = request("INVITE", "");
    expect(await forwarded(invite)).not.toContain("accept-types");
    const response = answer(200, chat("message"));
    for (let again = 0; again < 2; again += 1)
      expect(passed(response, filter.onResponse(response, invite, ALICE))).toContain(STRIPPED);
    const ack = request("ACK", chat("message"));
    expect(passed(ack, filter.onAck(ack, ALICE))).toContain(STRIPPED);
    expect(journal.drafts).toMatchObject([
      { rule: "not-announced", action: "rewrite", answer: undefined },
    ]);
    expect(journal.settled).toMatchObject([{ delivery: "delivered", status: 200 }]);
  });

  it("closes in an answer what is stripped by its kind", async () => {
    const invite = request("INVITE", "");
    const response = answer(
      200,
      sdp("m=audio 4000 RTP/AVP 0", "m=applicationsharing 4002 TCP/RTP/AVP 127"),
    );
    const out = passed(response, filter.onResponse(response, invite, ALICE));
    expect(out).toContain("m=audio 4000 RTP/AVP 0\r\nm=applicationsharing 0 TCP/RTP/AVP 127\r\n");
  });

  it("refuses by rule the invitation of a peer that sends one all the same, and by itself what comes in the offer", async () => {
    const invitation = [
      "Application-Name: File Transfer",
      "Application-GUID: {5D3E02AB-6190-11d3-BBBB-00C04F795683}",
      "Invitation-Command: INVITE",
      "Invitation-Cookie: 513756658",
      "Application-File: hello.txt",
      "Application-FileSize: 27",
      "Encryption: R",
      "",
    ].join("\r\n");
    const inside = Buffer.from(invitation).toString("base64");
    const first = request("INVITE", chat("message"), [
      `ms-text-format: text/x-msmsgsinvite; charset=UTF-8;ms-body=${inside}`,
    ]);
    expect(await asked(first)).toMatchObject({ kind: "reply", status: 606 });
    const later = parsedRequest(
      [
        "MESSAGE sip:bob@example.com SIP/2.0",
        "Via: SIP/2.0/TCP 192.0.2.10;branch=z9hG4bKs2",
        "From: <sip:alice@example.com>;tag=aa11;epid=01",
        "To: <sip:bob@example.com>;tag=bb22",
        "Call-ID: strip-1",
        "CSeq: 2 MESSAGE",
        "Content-Type: text/x-msmsgsinvite; charset=UTF-8",
      ],
      invitation,
    );
    const refused = await asked(later);
    expect(refused).toMatchObject({ kind: "reply", status: 606 });
  });
});
