import { array, assert, constantFrom, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { inlineTestSettings } from "../../src/assembly/judge-settings.ts";
import { judge } from "../../src/judge/judge.ts";
import type { Party } from "../../src/policy/facts.ts";
import { policyOf, NOW } from "../../bench/rule-sets.ts";
import { parsedRequest } from "../support/parsed-request.ts";

/** Pieces at which some reader looks twice. */
const PIECES =
  `a . : / // \\ \\\\ @ - _ 0 4111 %2e % www. http: https:// hxxp [.] (dot) com .com < > <a~href= <b> </b> <!-- --> <script> </ &amp; &#x2e; & ; ' " = { } ` +
  `\\u104? \\'e9 {\\field {\\*\\ HYPERLINK~" \\par \u0301 \u0323 \u200b \u202e 。 ． ｈ 文 я \u{1f600} \ufdfa ﬁ É xn-- moc //:ptth DE89 =?utf-8?q? ?= ( ) [ ] * | \` + --b {\\rtf1 ~ ~~ \t`;
const piece = constantFrom(...PIECES.split(" ").map((each) => each.replaceAll("~", " ")));

const body = record({
  type: constantFrom(
    "text/plain;charset=UTF-8",
    "text/html",
    "text/rtf",
    "application/xml",
    "multipart/mixed;boundary=b",
  ),
  head: constantFrom("", "{\\rtf1 ", "--b\r\n\r\n", "http://", "<a ", "www."),
  unit: array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join("")),
  tail: constantFrom("", ".com", ">", "}", "\r\n--b--\r\n"),
});

const alice: Party = {
  aor: "sip:alice@corp.example",
  user: "alice",
  domain: "corp.example",
  displayName: "Alice",
  ip: "192.0.2.10",
  authenticated: true,
};

describe("a text of 64 kB that repeats itself", () => {
  it("is judged in little time, whatever it repeats", () => {
    const policy = policyOf(100);
    const context = {
      from: alice,
      to: alice,
      direction: "internal",
      channel: "sip-message",
    } as const;
    const rest = { transport: "tcp", encrypted: false, now: NOW, trace: false } as const;
    const settings = inlineTestSettings(["corp.example"]);
    assert(
      property(body, ({ type, head, unit, tail }) => {
        const text = head + unit.repeat(Math.floor(65_000 / Buffer.byteLength(unit))) + tail;
        const request = parsedRequest(
          [
            "MESSAGE sip:bob@corp.example SIP/2.0",
            "Via: SIP/2.0/TCP 192.0.2.10:5060;branch=z9hG4bKslow",
            "Max-Forwards: 70",
            "From: <sip:alice@corp.example>;tag=a",
            "To: <sip:bob@corp.example>",
            "Call-ID: slow@192.0.2.10",
            "CSeq: 1 MESSAGE",
            `Content-Type: ${type}`,
          ],
          text,
        );
        const begin = process.threadCpuUsage();
        judge(request, { ...context, ...rest }, policy, settings);
        // Mostly below 20 ms; what grows with the square of the length takes seconds.
        expect(process.threadCpuUsage(begin).user / 1000).toBeLessThan(400);
      }),
      { numRuns: 150 },
    );
  });
});
