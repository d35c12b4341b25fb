import { describe, expect, it } from "vitest";
import { dryRunContext } from "../../src/assembly/dry-run-context.ts";
import { inlineTestSettings } from "../../src/assembly/judge-settings.ts";
import { textTypes } from "../../src/content/text-types.ts";
import { coversBody } from "../../src/filter/signed-refusal.ts";
import { judge } from "../../src/judge/judge.ts";
import { compilePolicy } from "../../src/policy/compile.ts";
import { foldDomain } from "../../src/policy/text-test.ts";
import { messageRequest, parsedRequest } from "../support/parsed-request.ts";
import type { SipRequest } from "../../src/wire/sip/message.ts";

const SETTINGS = inlineTestSettings([]);
const LENGTH = 50_000;

const POLICY = (() => {
  const compiled = compilePolicy([], { domains: [], generation: 1 });
  if (!compiled.ok) throw new Error("must compile");
  return compiled.value;
})();

function requestWith(header: string): SipRequest {
  return parsedRequest(
    [
      "MESSAGE sip:bob@x.example SIP/2.0",
      "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKx",
      "From: <sip:alice@x.example>;tag=1",
      "To: <sip:bob@x.example>",
      "Call-ID: c",
      "CSeq: 1 MESSAGE",
      "Max-Forwards: 70",
      header,
    ],
    "lunch",
  );
}

function judged(request: SipRequest): void {
  judge(request, dryRunContext(request, 0, SETTINGS), POLICY, SETTINGS);
  coversBody(request);
}

/** A file of 1 MiB, as its type is looked for. */
function typed(start: string, sign: string): void {
  const content = Buffer.from(start + sign.repeat((1 << 20) / sign.length));
  textTypes(content, Buffer.alloc(0));
}

/** Each of these took seconds once; what is linear takes a few milliseconds, and a busy machine some tens. */
const BUDGET_MS = 1000;

describe("a long run of one sign", () => {
  it.each<[string, () => void]>([
    [
      "blanks in a folded field",
      () => judged(requestWith(`Subject: a\r\n b${" ".repeat(LENGTH)}x`)),
    ],
    [
      "blanks in a folded Content-Type",
      () => judged(requestWith(`Content-Type: text/plain;\r\n a=b${" ".repeat(LENGTH)};c=d`)),
    ],
    [
      "blanks in credentials",
      () => judged(requestWith(`Authorization: Digest username="a", qop=${" ".repeat(LENGTH)}x`)),
    ],
    [
      "padding in ms-text-format",
      () =>
        judged(requestWith(`ms-text-format: text/plain;msgr=${"=".repeat(LENGTH)}x;ms-body=aGk=`)),
    ],
    ["dots in a domain", () => void foldDomain(`${".".repeat(LENGTH)}é`)],
    [
      "question marks in a Content-Location",
      () =>
        judged(
          messageRequest(
            `--b\r\nContent-Type: image/png\r\nContent-Location: ${"?".repeat(7000)}\r\n x\r\n\r\nab\r\n--b--\r\n`,
            { type: "multipart/mixed; boundary=b" },
          ),
        ),
    ],
    ["line ends in a shell command file", () => typed("[shell]", "\n")],
    ["line ends in a setup script", () => typed("[version]", "\n")],
    ["blanks behind the word function", () => typed("x;\nfunction", " ")],
    ["blanks in a call", () => typed("x;\n})(", " ")],
    ["words that print", () => typed("", 'print "')],
  ])("of %s costs no more than its length", (_, run) => {
    const begin = process.cpuUsage();
    run();
    expect(process.cpuUsage(begin).user / 1000).toBeLessThan(BUDGET_MS);
  });
});
