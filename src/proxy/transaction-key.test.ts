import { describe, expect, it } from "vitest";
import type { SipRequest } from "../wire/sip/message.ts";
import { parseDatagram } from "../wire/sip/parse-message.ts";
import { topmostVia } from "../wire/sip/via.ts";
import { transactionKey } from "./transaction-key.ts";

const LIMITS = { maxHeadBytes: 65_536, maxHeaderCount: 200, maxBodyBytes: 65_536 };

function request(method: string, via: string, to = "<sip:b@x>", callId = "c"): SipRequest {
  const head = [
    `${method} sip:b@x SIP/2.0`,
    `Via: SIP/2.0/UDP ${via}`,
    "From: <sip:a@x>;tag=1",
    `To: ${to}`,
    `Call-ID: ${callId}`,
    `CSeq: 1 ${method}`,
  ];
  const message = parseDatagram(Buffer.from(`${head.join("\r\n")}\r\n\r\n`), LIMITS);
  if (!message.ok || message.value.kind !== "request") throw new Error("not a request");
  return message.value;
}

function key(method: string, via: string, to?: string, callId?: string): string {
  const message = request(method, via, to, callId);
  return transactionKey(message, topmostVia(message), "192.0.2.1");
}

describe("transactionKey", () => {
  it("rests on branch, sent-by, source and method alone when there is a branch", () => {
    expect(key("MESSAGE", "h:5060;branch=z9hG4bKa", undefined, "c1")).toBe(
      key("MESSAGE", "H:5060;rport;branch=z9hG4bKa", undefined, "c2"),
    );
    expect(key("MESSAGE", "h;branch=z9hG4bKa")).not.toBe(key("MESSAGE", "h;branch=z9hG4bKb"));
    expect(key("MESSAGE", "h;branch=z9hG4bKa")).not.toBe(key("MESSAGE", "i;branch=z9hG4bKa"));
    expect(key("MESSAGE", "h;branch=z9hG4bKa")).not.toBe(key("INFO", "h;branch=z9hG4bKa"));
  });

  it("finds the INVITE of an ACK, whatever its To tag, with and without a branch", () => {
    for (const via of ["h;branch=z9hG4bKa", "h", "h;branch=old-style", "h;branch=z9hG4bK"]) {
      expect(key("ACK", via, "<sip:b@x>;tag=9")).toBe(key("INVITE", via));
    }
  });

  it("finds the INVITE of a CANCEL when asked for it", () => {
    for (const via of ["h;branch=z9hG4bKa", "h"]) {
      const cancel = request("CANCEL", via);
      const found = transactionKey(cancel, topmostVia(cancel), "192.0.2.1", "INVITE");
      expect(found).toBe(key("INVITE", via));
      expect(key("CANCEL", via)).not.toBe(found);
    }
  });

  it("keeps in-dialog requests without a branch apart by their To tag", () => {
    expect(key("BYE", "h", "<sip:b@x>;tag=1")).not.toBe(key("BYE", "h", "<sip:b@x>;tag=2"));
  });

  it("does not grow with what a peer makes long", () => {
    const long = "x".repeat(50_000);
    expect(key("MESSAGE", `h;branch=z9hG4bK${long}`).length).toBeLessThan(100);
    expect(key("MESSAGE", "h", undefined, long).length).toBeLessThan(100);
  });
});
