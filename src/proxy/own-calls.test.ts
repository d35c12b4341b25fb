import { describe, expect, it } from "vitest";
import { HeaderId } from "../wire/sip/header-names.ts";
import { answer, bench, request, values } from "./proxy-bench.test-data.ts";

const CHALLENGE = ['WWW-Authenticate: Digest realm="example.com", nonce="chosen", qop="auth"'];
const NOTICE = {
  from: "sip:sluice@example.com",
  to: "sip:bob@example.com",
  contentType: "text/plain",
  encrypted: false,
  body: Buffer.from("a notice"),
};

/** Sends a notice to bob by way of the server, as far as bob's client. */
function noticeAtBob() {
  const b = bench({ options: { account: { user: "sluice", password: "s3cret" } } });
  const extra = ["Contact: <sip:bob@192.0.2.20:9>"];
  b.send(b.bob, request("REGISTER", { to: "<sip:bob@example.com>", extra }));
  const register = b.upstream().request();
  b.send(b.upstream(), answer(register, 200));
  b.bob.taken();
  const end = b.proxy.sendMessage(NOTICE);
  const first = b.upstream().request();
  const [path = ""] = values(register, HeaderId.Path);
  const onward = first.bytes
    .toString("latin1")
    .replace("MESSAGE sip:bob@example.com", "MESSAGE sip:bob@192.0.2.20:9")
    .replace(
      "Via:",
      `Via: SIP/2.0/TCP 10.9.0.5:5070;branch=z9hG4bKserver\r\nRoute: ${path}\r\nVia:`,
    );
  b.send(b.upstream(), onward);
  return { ...b, end, first, atBob: b.bob.request() };
}

describe("OwnCalls", () => {
  it("gives the account's digest to no receiver that asks for it", async () => {
    const { bob, atBob, first, end, send, upstream } = noticeAtBob();
    send(bob, answer(atBob, 401, CHALLENGE));
    expect(upstream().takenLines()).toEqual(["SIP/2.0 401 Reason"]);
    send(upstream(), answer(first, 401, CHALLENGE));
    expect(await end).toEqual({ kind: "answered", status: 401 });
    expect(upstream().taken()).toEqual([]);
  });

  it("answers the server, whatever else a client has said", async () => {
    const { bob, atBob, first, send, upstream } = noticeAtBob();
    send(bob, answer(atBob, 480, CHALLENGE));
    upstream().taken();
    send(upstream(), answer(first, 401, CHALLENGE));
    await new Promise((resolve) => setImmediate(resolve));
    expect(upstream().request().value(HeaderId.Authorization)).toContain('nonce="chosen"');
  });
});
