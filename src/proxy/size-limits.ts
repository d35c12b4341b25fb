import type { SipMessage } from "../wire/sip/message.ts";
import type { SipLimits } from "../wire/sip/parse-message.ts";
import type { SipProblemCode } from "../wire/sip/problem.ts";

/**
 * What is too large about a message of a client. The transport bears more than this: what was let in here comes back from
 * the server with fields that we and the server have added, over a connection that everybody's messages share.
 */
export function sizeProblem(
  message: SipMessage,
  limits: SipLimits | undefined,
): SipProblemCode | undefined {
  if (limits === undefined) return undefined;
  const { bytes, bodyStart, headerCount } = message;
  if (bodyStart > limits.maxHeadBytes) return "head-too-large";
  if (headerCount > limits.maxHeaderCount) return "too-many-headers";
  return bytes.length - bodyStart > limits.maxBodyBytes ? "body-too-large" : undefined;
}
