import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { messageRequest, parsedRequest } from "../../test/support/parsed-request.ts";
import { inlineTestSettings } from "../assembly/judge-settings.ts";
import { normalizeFileName } from "../content/file-name.ts";
import { judgeAgain } from "./judge-again.ts";
import { featuresOf } from "./incident-features.ts";
import { judge, judgeFile } from "./judge.ts";
import { compilePolicy } from "../policy/compile.ts";
import type { Policy } from "../policy/decision.ts";
import type { ScanFacts } from "../policy/facts.ts";
import type { HearingContext, Verdict } from "../policy/hearing.ts";
import type { SipRequest } from "../wire/sip/message.ts";

const SETTINGS = inlineTestSettings([]);
const PARTY = { user: "a", domain: "x.example", displayName: "Anna Secret", authenticated: true };
const CONTEXT: HearingContext = {
  from: { aor: "sip:a@x.example", ip: "192.0.2.7", ...PARTY },
  to: { aor: "sip:b@x.example", ip: undefined, ...PARTY },
  direction: "outbound",
  channel: "sip-message",
  transport: "tls",
  encrypted: true,
  now: Date.UTC(2026, 10, 27),
  trace: false,
};

function policyOf(rules: string): Policy {
  const data = { version: 1, rules: parse(rules) as unknown };
  const compiled = compilePolicy([{ file: "r.yaml", pack: undefined, data }], {
    domains: ["x.example"],
    generation: 1,
  });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problem));
  return compiled.value;
}

const THEN = policyOf(`
- { id: bad-host, when: { url: { host: { suffix: bad.example } } }, then: block }
- { id: program-link, when: { url: { path_extension: exe } }, then: block }
- { id: userinfo, when: { url: { has_userinfo: true } }, then: quarantine }
- { id: ftp, when: { url: { prefix: "ftp:" } }, then: block }
- { id: big, when: { file: { size: { gt: 10 } } }, then: { block: { respond: 413 } } }
- { id: program, when: { file: { extension: exe } }, then: block }
- { id: infected, when: { scan: { verdict: infected } }, then: quarantine }
- { id: announced, when: { media: { has: chat } }, then: { strip: { accept_types: text/x-msmsgsinvite } } }
- { id: chat, when: { media: { has: msrp } }, then: block }
- { id: links, when: { url: { any: true } }, then: { rewrite: { links: { prefix: "_" } } } }
`);

function verdictOn(request: SipRequest, context: HearingContext, policy: Policy): Verdict {
  const judgement = judge(request, context, policy, SETTINGS);
  return judgement.kind === "decided"
    ? judgement.verdict
    : judgement.decide(judgement.attachments.map((one) => SETTINGS.scan(one.bytes)));
}

/** As the store gives it back. */
function kept(verdict: Verdict, context: HearingContext = CONTEXT): unknown {
  return JSON.parse(JSON.stringify(featuresOf(verdict, context)));
}

function withFile(name: string, content: string): SipRequest {
  const body = [
    "--b",
    "Content-Type: text/plain",
    "",
    "see the file",
    "--b",
    `Content-Type: application/octet-stream; name="${name}"`,
    `Content-Disposition: attachment; filename="${name}"`,
    "",
    content,
    "--b--",
    "",
  ].join("\r\n");
  return messageRequest(body, { type: "multipart/mixed; boundary=b" });
}

function lyncFile(name: string): SipRequest {
  const file = `<fileInfo><name>${name}</name><size>5</size></fileInfo>`;
  const xml = `<request requestId="1"><publishFile>${file}</publishFile></request>`;
  return messageRequest(xml, { type: "application/ms-filetransfer+xml" });
}

function chatting(types: string): SipRequest {
  const lines = ["v=0", "o=- 0 0 IN IP4 192.0.2.1", "s=-", "t=0 0"];
  const sdp = [...lines, "m=message 5060 sip null", `a=accept-types:${types}`, ""].join("\r\n");
  return messageRequest(sdp, { type: "application/sdp" });
}

const EICAR = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR", "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].join(
  "-",
);

describe("judgeAgain", () => {
  it.each<[string, SipRequest]>([
    ["a host", messageRequest("see http://www.bad.example/a?b=c")],
    ["a link to a program", messageRequest("http://x.example/setup.EXE?token=secret")],
    ["a link that hides its host", messageRequest("http://good.example@other.example/")],
    ["a prefix", messageRequest("ftp://files.example/a")],
    ["a link to be disarmed", messageRequest("see www.other.example, please")],
    [
      "a link in HTML",
      messageRequest('<a href="http://bad.example/">x</a>', { type: "text/html" }),
    ],
    ["a file that is too big", withFile("a.txt", "more than ten bytes")],
    ["a file by its name", withFile("a.exe", "MZ")],
    ["plain text", messageRequest("lunch?")],
    ["a file of Lync, which was not scanned", lyncFile("notes.txt")],
    ["a file of Lync by its name", lyncFile("setup.exe")],
    ["a session that announces file transfer", chatting("text/plain text/x-msmsgsinvite")],
    ["a session that does not", chatting("text/plain")],
  ])("comes to the same verdict on %s by the same rules", (_, request) => {
    const verdict = verdictOn(request, CONTEXT, THEN);
    expect(judgeAgain(kept(verdict), THEN, SETTINGS)).toEqual({
      kind: "decided",
      action: verdict.action,
      rule: verdict.decision?.rule?.id ?? verdict.setting ?? "",
      needs: [],
    });
  });

  it("asks about an attachment's scan, and says when none was made", () => {
    const policy = policyOf(
      "[ { id: infected, when: { scan: { verdict: infected } }, then: quarantine } ]",
    );
    const infected = verdictOn(withFile("a.txt", EICAR), CONTEXT, policy);
    expect(judgeAgain(kept(infected), policy, SETTINGS)).toMatchObject({
      rule: "infected",
      needs: [],
    });
    const refused = verdictOn(withFile("a.exe", EICAR), CONTEXT, THEN);
    expect(judgeAgain(kept(refused), policy, SETTINGS)).toMatchObject({
      needs: ["the scan, which was not made"],
    });
  });

  it("asks about links outside of the texts", () => {
    const request = parsedRequest(
      [
        "MESSAGE sip:b@x.example SIP/2.0",
        "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKx",
        "From: <sip:a@x.example>;tag=1",
        "To: <sip:b@x.example>",
        "Call-ID: c",
        "CSeq: 1 MESSAGE",
        "Max-Forwards: 70",
        "Subject: see http://www.bad.example/a",
        "Content-Type: text/plain",
      ],
      "lunch",
    );
    const verdict = verdictOn(request, CONTEXT, THEN);
    expect(verdict.decision?.rule?.id).toBe("bad-host");
    expect(judgeAgain(kept(verdict), THEN, SETTINGS)).toMatchObject({
      rule: "bad-host",
      needs: [],
    });
  });

  it("judges a transferred file as the relay's was judged", () => {
    const file = { name: normalizeFileName("a.exe"), size: 4, declaredType: undefined };
    const scan: ScanFacts = { verdict: "clean", engine: "builtin", name: "", reason: "" };
    const asked = { context: CONTEXT, channel: "msnftp", policy: THEN } as const;
    const verdict = judgeFile(file, scan, asked, SETTINGS);
    const features: unknown = JSON.parse(JSON.stringify(featuresOf(verdict, CONTEXT, file)));
    expect(judgeAgain(features, THEN, SETTINGS)).toMatchObject({
      action: "block",
      rule: "program",
    });
    const loose = policyOf(
      "[ { id: by-channel, on: session, when: { channel: msnftp, file: { exists: true } }, then: { tag: x } } ]",
    );
    expect(judgeAgain(features, loose, SETTINGS)).toMatchObject({ action: "allow", needs: [] });
  });

  it("asks about the media of an invitation", () => {
    const invite = parsedRequest(
      [
        "INVITE sip:b@x.example SIP/2.0",
        "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKx",
        "From: <sip:a@x.example>;tag=1",
        "To: <sip:b@x.example>",
        "Call-ID: c",
        "CSeq: 1 INVITE",
        "Max-Forwards: 70",
        "Content-Type: application/sdp",
      ],
      "v=0\r\no=- 0 0 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=message 9 TCP/MSRP *\r\na=path:msrp://192.0.2.1:9/a;tcp\r\na=accept-types:*\r\n",
    );
    const context: HearingContext = { ...CONTEXT, channel: "sip-invite" };
    const verdict = verdictOn(invite, context, THEN);
    expect(verdict.action).toBe("block");
    expect(judgeAgain(kept(verdict, context), THEN, SETTINGS)).toMatchObject({ rule: "chat" });
  });

  it("shows what other rules decide, by who, how and when", () => {
    const features = kept(verdictOn(messageRequest("see http://www.bad.example/"), CONTEXT, THEN));
    const by = (condition: string): unknown =>
      judgeAgain(
        features,
        policyOf(`[ { id: r, on: message, ${condition}, then: quarantine } ]`),
        SETTINGS,
      );
    const hit = { action: "quarantine", rule: "r", needs: [] };
    expect(by("when: { direction: outbound, encrypted: true, transport: tls }")).toMatchObject(hit);
    expect(by("when: { from: { ip: 192.0.2.0/24, user: a, authenticated: true } }")).toMatchObject(
      hit,
    );
    expect(
      by("when: { to: { domain: x.example }, url: { registrable_domain: bad.example } }"),
    ).toMatchObject(hit);
    expect(by("when: { direction: inbound }")).toMatchObject({ action: "allow", rule: "" });
    // The rules as they stood on that day.
    expect(by("expires: 2026-11-27")).toMatchObject(hit);
    expect(by("expires: 2026-11-26")).toMatchObject({ action: "allow" });
  });

  it("names the rules that would need what is not kept", () => {
    const features = kept(verdictOn(messageRequest("see http://bad.example/"), CONTEXT, THEN));
    const policy = policyOf(`
- { id: words, when: { direction: outbound, text: { phrase: plan } }, then: block }
- { id: elsewhere, when: { direction: inbound, text: { phrase: plan } }, then: block }
- { id: name, on: message, when: { not: { from: { display_name: Anna } } }, then: { tag: x } }
- { id: all, on: message, then: { tag: y } }`);
    expect(judgeAgain(features, policy, SETTINGS)).toEqual({
      kind: "decided",
      action: "allow",
      rule: "name",
      needs: ["words: the text", "name: a display name"],
    });
  });

  it("says so when not all links are kept", () => {
    const many = Array.from({ length: 900 }, (_, n) => `http://h${n}.bad.example/path`).join(" ");
    const features = kept(verdictOn(messageRequest(many), CONTEXT, THEN));
    expect(JSON.stringify(features).length).toBeLessThan(16 * 1024);
    const again = judgeAgain(features, THEN, SETTINGS);
    expect(again).toMatchObject({ action: "block", rule: "bad-host" });
    expect(again?.kind === "decided" ? again.needs[0] : "").toMatch(
      /^bad-host: all links \(\d+ are not kept\)$/,
    );
  });

  it("asks no rule where none was asked", () => {
    const broken = messageRequest("x", { type: "text/plain; charset=x-unknown" });
    const verdict = verdictOn(broken, CONTEXT, THEN);
    expect(judgeAgain(kept(verdict), THEN, SETTINGS)).toEqual({
      kind: "unasked",
      why: verdict.problem?.code,
    });
  });

  it.each([null, undefined, 7, "x", [], {}, { v: 2 }, { v: 1, links: 3, files: [] }])(
    "knows that %j is nothing of ours",
    (stored) => {
      expect(judgeAgain(stored, THEN, SETTINGS)).toBeUndefined();
    },
  );
});

describe("featuresOf", () => {
  it("keeps no text, display name, query string, fragment or user info", () => {
    const word = fc.stringMatching(/^[a-z]{3,8}$/);
    fc.assert(
      fc.property(word, word, (host, path) => {
        const text = [
          "zzsecret words",
          `http://zzsecret:zzsecret@${host}.example/${path}?zzsecret=1#zzsecret`,
          `ftp://zzsecret@${host}.example/${path};zz?q=zzsecret`,
          `www.${host}.example/${path}?zzsecret`,
          "mailto:zzsecret@y.example",
          "tel:+49123zzsecret",
          `http:\\\\zzsecret@${host}.example\\${path}?zzsecret`,
        ].join(" \n");
        for (const type of ["text/plain", "text/html"]) {
          const verdict = verdictOn(messageRequest(text, { type }), CONTEXT, THEN);
          const json = JSON.stringify(featuresOf(verdict, CONTEXT));
          expect(verdict.inspection?.links.length).toBeGreaterThan(4);
          expect(json).not.toContain("zzsecret");
          expect(json).not.toContain("Secret");
          expect(json).toContain(`${host}.example`);
        }
      }),
      { numRuns: 30, seed: 7 },
    );
  });
});
