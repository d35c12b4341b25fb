import { describe, expect, it } from "vitest";
import { messageRequest, parsedBytes } from "../../test/support/parsed-request.ts";
import type { Inspection } from "../inspect/inspection.ts";
import { inspectRequest } from "../inspect/inspect-request.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { applySplices } from "../wire/sip/splice.ts";
import { rewriteTexts } from "./rewrite-texts.ts";

const LIMITS = {
  linksPerMessage: 100,
  mimeDepth: 10,
  attachmentBytes: 100_000,
  textBytes: 100_000,
};
const NOTICE = { text: "[links disabled]", position: "prepend" } as const;

function inspected(request: SipRequest): Inspection {
  const result = inspectRequest(request, LIMITS);
  if (!result.ok) throw new Error(result.problem.code);
  return result.value;
}

/** Disarms every link and adds the notice; gives the outgoing message. */
function disarmed(request: SipRequest, notices: readonly (typeof NOTICE)[] = [NOTICE]): SipRequest {
  const inspection = inspected(request);
  const edits = rewriteTexts(request, inspection, {
    linkRewrites: inspection.links.map((_, link) => ({ link, style: "underscore" })),
    notices,
    linksIn: () => [],
  });
  if (!edits.ok) throw new Error(edits.problem);
  return parsedBytes(applySplices(request.bytes, edits.value));
}

describe("rewriteTexts", () => {
  it("puts the prefix before each link and the notice before the text", () => {
    const out = disarmed(messageRequest("see http://evil.example/a and www.evil.example now"));
    expect(out.body.toString()).toBe(
      "[links disabled]\nsee _http://evil.example/a and _www.evil.example now",
    );
  });

  it("changes no byte but the body and Content-Length", () => {
    const request = messageRequest("http://evil.example/", { extra: ["X-Odd:   a ,b  "] });
    const out = disarmed(request);
    const head = (bytes: Buffer): string =>
      bytes
        .toString("latin1")
        .split("\r\n\r\n")[0]
        ?.replace(/Content-Length: \d+/, "") ?? "";
    expect(head(out.bytes)).toBe(head(request.bytes));
  });

  it("gives a message whose links are gone: judging it again changes nothing", () => {
    const out = disarmed(
      messageRequest("HTTP:\\\\evil.example\\x, ftp.evil.example http:/a.example"),
    );
    expect(inspected(out).links).toEqual([]);
  });

  it("rewrites only the link inside HTML attributes and shows the notice first", () => {
    const html = '<html><body><a href="http://evil.example/x">click</a></body></html>';
    const out = disarmed(messageRequest(html, { type: "text/html" }));
    expect(out.body.toString()).toBe(
      '[links disabled]<br><html><body><a href="_http://evil.example/x">click</a></body></html>',
    );
  });

  it("does not put the same notice there twice", () => {
    const once = disarmed(messageRequest("http://evil.example/"));
    const again = rewriteTexts(once, inspected(once), {
      linkRewrites: [],
      notices: [NOTICE],
      linksIn: () => [],
    });
    expect(again.ok && again.value).toEqual([]);
  });

  it.each(["text/plain", "text/html"])(
    "knows the notices of another gateway again, several and with another incident: %s",
    (type) => {
      const notices = (incident: string) =>
        (["prepend", "append"] as const).flatMap((position) => [
          { text: `[links off & gone. Ref ${incident}]`, position },
          { text: `[caution. Ref ${incident}]`, position },
        ]);
      const edited = (request: SipRequest, incident: string) => {
        const edits = { linkRewrites: [], notices: notices(incident), linksIn: () => [] };
        const spliced = rewriteTexts(request, inspected(request), edits);
        return spliced.ok ? parsedBytes(applySplices(request.bytes, spliced.value)) : request;
      };
      const once = edited(messageRequest("hello", { type }), "INC-AAAAAAAA");
      expect(once.body.toString().match(/Ref INC-AAAAAAAA/g)).toHaveLength(4);
      expect(edited(once, "INC-BBBBBBBB").bytes.equals(once.bytes)).toBe(true);
      const other = edited(
        messageRequest(once.body.toString().replace("caution", "danger"), { type }),
        "INC-BBBBBBBB",
      );
      expect(other.body.toString()).toContain("INC-BBBBBBBB");
    },
  );

  it("re-encodes a base64 part where it stood and leaves the others alone", () => {
    const encoded = Buffer.from("go http://evil.example/").toString("base64");
    const body = [
      "--b",
      "Content-Type: text/plain",
      "",
      "plain words",
      "--b",
      "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: base64",
      "",
      encoded,
      "--b--",
      "",
    ].join("\r\n");
    const out = disarmed(messageRequest(body, { type: "multipart/mixed;boundary=b" }), []);
    const text = out.body.toString();
    expect(text).toContain("\r\nplain words\r\n");
    expect(text.replaceAll("\r\n", "")).toContain(
      Buffer.from("go _http://evil.example/").toString("base64"),
    );
  });

  it("rewrites the first message of an LCS session inside its header", () => {
    const body = Buffer.from("see http://evil.example/").toString("base64");
    const request = messageRequest("", {
      extra: [`ms-text-format: text/plain; charset=UTF-8;ms-body=${body}`],
    });
    const out = disarmed(request);
    const value = /ms-body=(\S+)\r\n/.exec(out.bytes.toString("latin1"))?.[1] ?? "";
    expect(Buffer.from(value, "base64").toString()).toBe(
      "[links disabled]\nsee _http://evil.example/",
    );
  });

  it("keeps the sender's charset, and takes the accents off a notice that it cannot write", () => {
    const request = messageRequest(Buffer.from("sch\xf6n: http://evil.example/", "latin1"), {
      type: "text/plain;charset=iso-8859-1",
    });
    const inspection = inspected(request);
    const edits = rewriteTexts(request, inspection, {
      linkRewrites: [{ link: 0, style: "underscore" }],
      notices: [{ text: "čeština ∞", position: "append" }],
      linksIn: () => [],
    });
    expect(edits.ok).toBe(true);
    const out = edits.ok ? applySplices(request.bytes, edits.value) : Buffer.alloc(0);
    expect(parsedBytes(out).body.toString("latin1")).toBe(
      "sch\xf6n: _http://evil.example/\ncestina ?",
    );
  });

  it("keeps a long first message of an LCS session on one line", () => {
    const text = `${"words ".repeat(40)}http://evil.example/`;
    const request = messageRequest("", {
      extra: [`ms-text-format: text/plain;ms-body=${Buffer.from(text).toString("base64")}`],
    });
    const value = /ms-body=([^\r]*)\r\n/.exec(disarmed(request).bytes.toString("latin1"))?.[1];
    expect(Buffer.from(value ?? "", "base64").toString()).toContain("_http://evil.example/");
  });

  it("keeps lengths inside the body right", () => {
    const inner = "go http://evil.example/";
    const body = [
      "From: <sip:a@example.com>",
      "To: <sip:b@example.com>",
      "",
      "Content-Type: text/plain; charset=utf-8",
      `Content-Length: ${inner.length}`,
      "",
      inner,
    ].join("\r\n");
    const out = disarmed(messageRequest(body, { type: "message/cpim" }));
    const length = inner.length + NOTICE.text.length + 2;
    expect(out.body.toString()).toContain(`Content-Length: ${length}\r\n`);
    expect(inspected(out).links).toEqual([]);
  });

  it("leaves a byte order mark at the beginning", () => {
    const out = disarmed(messageRequest("\ufeffhttp://evil.example/"));
    expect(out.body.toString()).toBe("\ufeff[links disabled]\n_http://evil.example/");
  });
});
