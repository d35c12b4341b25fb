import { describe, expect, it } from "vitest";
import { parsedRequest } from "../../test/support/parsed-request.ts";
import { inspectRequest } from "./inspect-request.ts";

const LIMITS = { linksPerMessage: 100, mimeDepth: 5, attachmentBytes: 10_000, textBytes: 10_000 };

function inspected(body: string, method = "INFO") {
  const request = parsedRequest(
    [
      `${method} sip:bob@example.com SIP/2.0`,
      "Via: SIP/2.0/TCP 192.0.2.10:5061;branch=z9hG4bKtopic",
      "Max-Forwards: 70",
      "From: <sip:alice@example.com>;tag=aa11",
      "To: <sip:bob@example.com>;tag=bb22",
      "Call-ID: topic@192.0.2.10",
      `CSeq: 1 ${method}`,
      "Content-Type: application/xml+conversationinfo",
    ],
    body,
  );
  return inspectRequest(request, LIMITS);
}

function subjectHosts(body: string): readonly (string | undefined)[] {
  const read = inspected(body);
  if (!read.ok) throw new Error(read.problem.code);
  return read.value.links.filter(({ carrier }) => carrier === "subject").map((link) => link.host);
}

function filesIn(body: string, method?: string): number {
  const read = inspected(body, method);
  if (!read.ok) throw new Error(read.problem.code);
  return read.value.attachments.length;
}

describe("the topic of a conversation", () => {
  it.each([
    ["<c><Subject>see http://evil.com</Subject></c>"],
    ["<c><Subject>http&#58;//evil&#46;com</Subject></c>"],
    ["<!-- x --><c><Subject>http&#58;//evil&#46;com</Subject></c>"],
    ["<c><![CDATA[x]]><Subject>&#104;ttp&colon;&sol;&sol;evil&#46;com</Subject></c>"],
    ["<c><Subject><![CDATA[see http://evil.com]]></Subject></c>"],
  ])("has the link that a client shows: %s", (body) => {
    expect(subjectHosts(body)).toEqual(["evil.com"]);
  });

  it("is refused in a charset in which its letters may be others", () => {
    const body =
      '<?xml version="1.0" encoding="UTF-7"?><c><Subject>http+ADo-//evil+AC4-com</Subject></c>';
    expect(inspected(body)).toMatchObject({ ok: false, problem: { code: "ambiguous-charset" } });
    expect(inspected(body.replace("UTF-7", "utf-16")).ok).toBe(true);
  });

  it("is no file where it is nothing but a topic", () => {
    expect(filesIn("<c><Subject>the plan</Subject></c>")).toBe(0);
  });

  it.each([
    ["a message", "<c><Subject>the plan</Subject></c>", "MESSAGE"],
    ["more than a topic takes", `<c><Subject/><data>${"A".repeat(5000)}</data></c>`, "INFO"],
    ["no XML", "MZ\u0090 this program", "INFO"],
  ])("is a file to be scanned as %s", (_, body, method) => {
    expect(filesIn(body, method)).toBe(1);
  });
});
