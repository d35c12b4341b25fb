import { beforeEach, describe, expect, it } from "vitest";
import { SipResponse, type SipRequest } from "../wire/sip/message.ts";
import { parseDatagram } from "../wire/sip/parse-message.ts";
import { applySplices } from "../wire/sip/splice.ts";
import { createDialogBench, type DialogBench } from "./dialog-bench.test-data.ts";
import { ALICE } from "./filter-setup.test-data.ts";

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
let bench: DialogBench;
beforeEach(() => {
  bench = createDialogBench(RULES);
});

const TAKES = "a=accept-types:text/plain text/x-msmsgsinvite text/html";
const STRIPPED = "a=accept-types:text/plain text/html";

function sdp(...lines: readonly string[]): string {
  return `${["v=0", "o=- 0 0 IN IP4 192.0.2.10", "s=session", "t=0 0", ...lines].join("\r\n")}\r\n`;
}

function chat(medium: string): string {
  return sdp(`m=${medium} 5060 sip null`, TAKES);
}

const SDP = "application/sdp";

function asks(body: string, method = "INVITE"): SipRequest {
  return bench.request("alice", {
    method,
    opens: true,
    cseq: 1,
    ...(body === "" ? {} : { type: SDP, body }),
  });
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
      const said = { method: "INVITE", opens: true, type: SDP, body: chat(medium) };
      expect((await bench.sends("alice", said)).out).toContain(`${STRIPPED}\r\n`);
      const invite = asks(chat(medium));
      for (const status of [183, 200]) {
        const response = answer(status, chat(medium).replace("null", "sip:bob@example.com"));
        const out = passed(response, bench.filter.onResponse(response, invite, ALICE));
        expect(out).toContain(`sip:bob@example.com\r\n${STRIPPED}\r\n`);
        expect(out).toContain(`Content-Length: ${out.length - out.indexOf("\r\n\r\n") - 4}`);
      }
      expect(bench.journal.drafts).toMatchObject([{ rule: "not-announced", action: "rewrite" }]);
    },
  );

  it("says so once where only the answers, of a late offer, announce it: in the 200 and in the ACK", async () => {
    await bench.sends("alice", { method: "INVITE", opens: true });
    const invite = asks("");
    const response = answer(200, chat("message"));
    for (let again = 0; again < 2; again += 1)
      expect(passed(response, bench.filter.onResponse(response, invite, ALICE))).toContain(
        STRIPPED,
      );
    const ack = asks(chat("message"), "ACK");
    expect(passed(ack, bench.filter.onAck(ack, ALICE))).toContain(STRIPPED);
    const drafts = bench.journal.drafts.filter(({ action }) => action === "rewrite");
    expect(drafts).toMatchObject([{ rule: "not-announced", answer: undefined }]);
    expect(bench.journal.settled).toMatchObject([{ delivery: "delivered", status: 200 }]);
  });

  it.each([
    ["before any line", [TAKES, "m=audio 4000 RTP/AVP 0", "m=message 5060 sip null"]],
    [
      "before a line that is closed",
      [TAKES, "m=data 0 TCP/RTP/SAVP 127", "m=message 5060 sip null"],
    ],
    ["under another line", ["m=audio 4000 RTP/AVP 0", TAKES, "m=message 5060 sip null"]],
  ])("announces it nowhere in an answer: not %s", (_, lines) => {
    const response = answer(200, sdp(...lines));
    const out = passed(response, bench.filter.onResponse(response, asks(""), ALICE));
    expect(out).toContain(`${STRIPPED}\r\n`);
  });

  it("closes in an answer what is stripped by its kind", () => {
    const response = answer(
      200,
      sdp("m=audio 4000 RTP/AVP 0", "m=applicationsharing 4002 TCP/RTP/AVP 127"),
    );
    const out = passed(response, bench.filter.onResponse(response, asks(""), ALICE));
    expect(out).toContain("m=audio 4000 RTP/AVP 0\r\nm=applicationsharing 0 TCP/RTP/AVP 127\r\n");
  });

  it("refuses by rule the invitation of a peer that sends one all the same, in the offer too", async () => {
    const invitation = [
      "Application-GUID: {5D3E02AB-6190-11d3-BBBB-00C04F795683}",
      "Invitation-Command: INVITE",
      "Invitation-Cookie: 513756658",
      "Application-File: hello.txt",
      "Application-FileSize: 27",
      "Encryption: R",
      "",
    ].join("\r\n");
    const inside = Buffer.from(invitation).toString("base64");
    const header = `ms-text-format: text/x-msmsgsinvite; charset=UTF-8;ms-body=${inside}`;
    const first = { method: "INVITE", opens: true, type: SDP, body: chat("message") };
    expect((await bench.sends("alice", { ...first, headers: [header] })).status).toBe(606);
    const later = { type: "text/x-msmsgsinvite; charset=UTF-8", body: invitation };
    expect((await bench.sends("alice", later)).status).toBe(606);
  });
});
