import { describe, expect, it } from "vitest";
import { parseDatagram } from "../wire/sip/parse-message.ts";
import { LIMITS, read } from "./proxy-bench.test-data.ts";
import { buildReply, overloadReply, plainReply, withoutControls } from "./reply.ts";

function asked(more: string) {
  const text =
    "MESSAGE sip:b@c SIP/2.0\r\nv:SIP/2.0/UDP a;branch=z9hG4bKa\r\nf:<sip:a@b>;tag=1\r\nt:<sip:b@c>\r\n" +
    `i:i\r\nCSeq:1 MESSAGE\r\n${more}\r\n`;
  const message = read(text);
  if (message.kind !== "request") throw new Error("a response");
  return message;
}

describe("buildReply", () => {
  const refusal = {
    ...overloadReply(),
    headers: [
      { name: "Warning", value: `399 gw "${"word ".repeat(20)}"` },
      { name: "Retry-After", value: "5" },
    ],
  };

  it("keeps a refusal within one and a half times its request, and leaves out what is too long", () => {
    const request = asked("");
    const answer = buildReply(request, refusal, "sl1", []);
    expect(answer.length).toBeLessThanOrEqual(1.5 * request.bytes.length);
    expect(answer.toString()).toMatch(/^SIP\/2\.0 503 \r\n[^]*\r\nRetry-After: 5\r\nl:0\r\n\r\n$/);
  });

  it("says all of it to a request of the usual length", () => {
    const answer = buildReply(
      asked(`X-More: ${"x".repeat(300)}\r\n`),
      refusal,
      "sl1",
      [],
    ).toString();
    expect(answer).toMatch(/^SIP\/2\.0 503 Service Unavailable\r\n/);
    expect(answer).toContain("\r\nWarning: 399 gw");
  });

  it("takes nothing from a 2xx", () => {
    const ok = { ...refusal, status: 200, reason: "OK" };
    expect(buildReply(asked(""), ok, "sl1", []).toString()).toContain("\r\nWarning: 399 gw");
  });

  it.each([
    ["a field more than there may be", "X: 1\r\nX: 2\r\nContent-Length: 7\r\n", 6],
    ["a line that is no field", "Content-Length\0: 7\r\n", 200],
  ])("copies nothing from behind a field that it copies: %s", (_, behind, maxHeaderCount) => {
    const text = `A sip:b SIP/2.0\r\nf:a\r\nt:b\r\ni:i\r\nCSeq:1 A\r\nv:SIP/2.0/UDP a\r\n${behind}\r\n`;
    const parsed = parseDatagram(Buffer.from(text), { ...LIMITS, maxHeaderCount });
    const partial = parsed.ok ? undefined : parsed.problem.partial;
    if (partial === undefined) throw new Error("nothing to answer");
    const answer = withoutControls(
      buildReply(partial, plainReply(400, "Bad"), "t1", []),
    ).toString();
    expect(answer.match(/^(?:Content-Length|l)/gm)).toHaveLength(1);
    expect(answer).not.toContain("7");
  });
});
