import { buildRequest, type HeaderField } from "../wire/sip/build.ts";
import type { Target } from "./targets.ts";

/** A MESSAGE of our own, without what differs from branch to branch. */
export interface MessageDraft {
  readonly requestUri: string;
  /** Field values, tags included. */
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly cseq: number;
  /** Credentials. */
  readonly headers: readonly HeaderField[];
  readonly contentType: string;
  readonly body: Buffer;
}

const MAX_FORWARDS = 70;

/** The MESSAGE for one branch; the Request-URI and the Route are the target's where it has some. */
export function writeMessage(draft: MessageDraft, target: Target, branch: string): Buffer {
  const { requestUri, from, to, callId, cseq, contentType, body } = draft;
  const via = `${target.face.viaHead}${branch}`.slice("Via: ".length);
  const headers = [
    { name: "Via", value: via },
    { name: "Max-Forwards", value: String(MAX_FORWARDS) },
    ...(target.path ?? []).map((value) => ({ name: "Route", value })),
    { name: "From", value: from },
    { name: "To", value: to },
    { name: "Call-ID", value: callId },
    { name: "CSeq", value: `${cseq} MESSAGE` },
    ...draft.headers,
  ];
  return buildRequest({
    method: "MESSAGE",
    requestUri: target.requestUri ?? requestUri,
    headers,
    body: { contentType, bytes: body },
  });
}
