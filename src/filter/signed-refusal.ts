import { withoutContent, type Refusal } from "../judge/carry-out.ts";
import type { HearingContext } from "../policy/hearing.ts";
import type { RequestContext, RequestOutcome } from "../proxy/seams.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { departureOf, type SecondCrossing } from "./second-crossing.ts";

/**
 * The refusal of a request that came over a signed leg (decision 027). The client drops every answer that its server has
 * not signed, so the refusal travels in the mark, with the content taken out; the second crossing speaks it to the
 * server, which signs it on its way to the client.
 */

/** A longer one leaves its text at home: the incident is in the record. */
const MAX_WORDS = 8000;

/** A request that is refused, as far as its refusal needs it. */
export interface RefusedRequest {
  readonly request: SipRequest;
  readonly context: RequestContext;
  readonly hearing: HearingContext;
}

/**
 * The outcome that refuses a request: the answer, and on a signed leg the way to it. Where nothing passes the server, or
 * the credentials cover the content that would have to be taken out, it is the answer all the same.
 */
export function speakRefusal(
  { request, context, hearing }: RefusedRequest,
  refusal: Refusal,
  {
    incident,
    crossing,
  }: { readonly incident: string; readonly crossing?: SecondCrossing | undefined },
): RequestOutcome {
  const answerable = context.side === "server" || !context.signed || coversBody(request);
  if (crossing === undefined || answerable) return { kind: "reply", ...refusal };
  const splices = withoutContent(request, incident);
  const departure = { ...departureOf(context, hearing), words: encodeRefusal(refusal) };
  const towardsServer = crossing.leaving(request, splices, departure);
  return { kind: "forward", splices, towardsServer, elsewhere: refusal };
}

/** A refusal as it stands in a mark. */
export function encodeRefusal(refusal: Refusal): string {
  const words = encoded(refusal);
  if (words.length <= MAX_WORDS) return words;
  return encoded({ status: refusal.status, reason: refusal.reason, headers: [] });
}

function encoded({ body, ...rest }: Refusal): string {
  const content = body && { ...body, bytes: body.bytes.toString("base64") };
  return Buffer.from(JSON.stringify({ ...rest, body: content }), "utf8").toString("base64url");
}

/** Reads what `encodeRefusal` wrote; to be called on what bears our MAC alone. */
export function decodeRefusal(words: string): Refusal {
  const { body, ...rest } = JSON.parse(
    Buffer.from(words, "base64url").toString("utf8"),
  ) as EncodedRefusal;
  if (body === undefined) return rest;
  return { ...rest, body: { ...body, bytes: Buffer.from(body.bytes, "base64") } };
}

type EncodedRefusal = Omit<Refusal, "body"> & {
  readonly body?: { readonly contentType: string; readonly bytes: string };
};

/**
 * Do the request's credentials cover its body (`qop=auth-int`, RFC 7616 §3.4.3)? Then not a byte of it can be changed
 * without the server refusing it.
 */
export function coversBody(request: SipRequest): boolean {
  for (const id of CREDENTIALS) {
    for (let i = request.find(id); i >= 0; i = request.find(id, i + 1)) {
      if (AUTH_INT.test(request.valueAt(i))) return true;
    }
  }
  return false;
}

const CREDENTIALS = [HeaderId.Authorization, HeaderId.ProxyAuthorization] as const;
/** Any number of quotes: with one that may be absent, the blanks on its sides are tried in every division. */
const AUTH_INT = /(?:^|[\s,])qop\s*=[\s"]*auth-int\b/i;
