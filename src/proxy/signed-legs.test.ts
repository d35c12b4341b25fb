import { describe, expect, it } from "vitest";
import { answer, bench, FORWARD, request } from "./proxy-bench.test-data.ts";
import type { RequestOutcome } from "./seams.ts";

const SIGNED = ['Proxy-Authorization: NTLM qop="auth", crand="1", cnum="1", response="00"'];

describe("createProxy on signed legs", () => {
  it.each([
    ["NTLM", SIGNED, true],
    ["Kerberos", ['Authorization: kerberos qop="auth", response="00"'], true],
    [
      "TLS-DSK beside Digest",
      ['Authorization: Digest realm="r"', "Authorization: TLS-DSK a=b"],
      true,
    ],
    ["Digest", ['Proxy-Authorization: Digest username="NTLM ", realm="Kerberos x"'], false],
    ["nobody", [], false],
  ])("tells the filter whose answers a client believes: %s", (_, extra, signed) => {
    const { alice, send, asked } = bench();
    send(alice, request("MESSAGE", { extra }));
    expect(asked[0]?.context.signed).toBe(signed);
  });

  it("sends what is for the server alone to no client, and answers it", () => {
    const onRequest = ({ method }: { method: string }): RequestOutcome =>
      method === "MESSAGE"
        ? { kind: "forward", splices: [], elsewhere: { status: 606, reason: "No", headers: [] } }
        : FORWARD;
    const { alice, bob, send } = bench({ seams: { onRequest }, options: { upstream: "embedded" } });
    const extra = ["Contact: <sip:bob@192.0.2.20:9>"];
    send(bob, request("REGISTER", { to: "<sip:bob@example.com>", extra }));
    bob.taken();
    send(alice, request("MESSAGE"));
    expect(alice.takenLines()).toEqual(["SIP/2.0 606 No"]);
    expect(bob.taken()).toEqual([]);
  });

  it("sends it to the server, and gives the server's answer", () => {
    const onRequest = (): RequestOutcome => ({
      kind: "forward",
      splices: [],
      elsewhere: { status: 606, reason: "No", headers: [] },
    });
    const { alice, send, upstream } = bench({ seams: { onRequest } });
    send(alice, request("MESSAGE"));
    send(upstream(), answer(upstream().request(), 480));
    expect(alice.takenLines()).toEqual(["SIP/2.0 480 Reason"]);
  });
});
