import type { SipRequest } from "../wire/sip/message.ts";
import { parseDatagram, type SipLimits } from "../wire/sip/parse-message.ts";

/** What we have made ourselves is read again without limits. */
const NO_LIMITS: SipLimits = {
  maxHeadBytes: Number.MAX_SAFE_INTEGER,
  maxHeaderCount: Number.MAX_SAFE_INTEGER,
  maxBodyBytes: Number.MAX_SAFE_INTEGER,
};

/** A request that we have written, as a message. Throws when it is none: that is our bug. */
export function readAgain(bytes: Buffer): SipRequest {
  const message = parseDatagram(bytes, NO_LIMITS);
  if (message.ok && message.value.kind === "request") return message.value;
  throw new Error("what was written cannot be read again");
}
