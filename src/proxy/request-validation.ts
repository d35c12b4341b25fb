import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { parseSipUri } from "../wire/sip/uri.ts";
import { plainReply, type Reply } from "./reply.ts";
import type { IsOwn } from "./route.ts";

/**
 * RFC 3261 §16.3: may this request be forwarded at all? Its syntax has been seen to by the codec, loops by branch.ts.
 * Returns the answer where not, the 200 for an OPTIONS that is meant for ourselves included.
 */
export function validateRequest(request: SipRequest, isOwn: IsOwn): Reply | undefined {
  if (request.method === "OPTIONS" && isForUs(request, isOwn)) return plainReply(200, "OK");
  if (!KNOWN_SCHEME.test(request.requestUri)) return plainReply(416, "Unsupported URI Scheme");
  // RFC 3261 §10.2: there is no dialog, so whoever writes a To tag wants it taken for a request in one.
  if (request.method === "REGISTER" && request.toTag !== undefined) {
    return plainReply(400, "REGISTER With To Tag");
  }
  if (hopsLeft(request) === 0) {
    return request.method === "OPTIONS" ? plainReply(200, "OK") : plainReply(483, "Too Many Hops");
  }
  return request.find(HeaderId.ProxyRequire) < 0 ? undefined : refuseExtensions(request);
}

/** tel: is no address of ours to resolve, but the server behind us may know what to do with it. */
const KNOWN_SCHEME = /^(?:sips?|tel):/i;

function hopsLeft(request: SipRequest): number | undefined {
  const value = request.value(HeaderId.MaxForwards);
  return value === undefined ? undefined : Number(value);
}

/** A Request-URI that names a listener of ours and nobody there. */
function isForUs(request: SipRequest, isOwn: IsOwn): boolean {
  const uri = parseSipUri(request.requestUri);
  if (!uri.ok || (uri.value.user !== undefined && uri.value.user !== "")) return false;
  return isOwn(uri.value.host, uri.value.port);
}

/**
 * COMPAT(pidgin-sipe, Office Communicator): `Proxy-Require: ms-benotify` and its like are addressed to the server
 * behind us and stay without harm here.
 */
const PASSED_EXTENSION = /^ms-/i;
const OPTION_TAG = /^[A-Za-z0-9\-.!%*_+`'~]{1,64}$/;
const LONGEST_LIST = 8;

/** RFC 3261 §16.3 step 5: 420 with the extensions that we do not know. */
function refuseExtensions(request: SipRequest): Reply | undefined {
  const unknown: string[] = [];
  for (
    let i = request.find(HeaderId.ProxyRequire);
    i >= 0;
    i = request.find(HeaderId.ProxyRequire, i + 1)
  ) {
    for (const tag of request.valueAt(i).split(",")) {
      const name = tag.trim();
      if (name !== "" && !PASSED_EXTENSION.test(name)) unknown.push(name);
    }
  }
  if (unknown.length === 0) return undefined;
  const listed = unknown.filter((name) => OPTION_TAG.test(name)).slice(0, LONGEST_LIST);
  const headers = listed.length === 0 ? [] : [{ name: "Unsupported", value: listed.join(", ") }];
  return { status: 420, reason: "Bad Extension", headers };
}
