import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipMessage, SipRequest, SipResponse } from "../wire/sip/message.ts";

/** INFO, UPDATE and PRACK are telephony's; they are looked into only for what a messaging client would show or use. */
const MESSAGING_TYPES =
  /^(?:text\/|multipart\/|message\/|application\/(?:sdp|vnd\.gsma|ms-(?:filetransfer|conf-invite)|x-ms|xml\+conversationinfo))/i;

/** What is shown or offered whatever the method; presence documents and the progress of transfers are not. */
const SHOWN_TYPES =
  /^(?:text\/(?!xml)|multipart\/|message\/(?!sipfrag)|application\/(?:vnd\.gsma|ms-(?:filetransfer|conf-invite)|x-ms|xml\+conversationinfo))/i;

/**
 * RFC 3261 §25.1 lets blanks stand around the slash, and clients may forgive more: what is not written like this is looked into whatever it
 * says, and refused there.
 */
const PLAINLY_WRITTEN = /^[!#$%&'*+.^_`|~0-9a-z-]+\/[!#$%&'*+.^_`|~0-9a-z-]+[ \t]*(?:;|$)/i;

function isShown(type: string): boolean {
  return SHOWN_TYPES.test(type) || !PLAINLY_WRITTEN.test(type);
}

/** Is there anything in this request that a client would show, offer or take as a file? All else is not looked into. */
export function carriesContent(request: SipRequest): boolean {
  switch (request.method) {
    case "MESSAGE":
    case "INVITE":
      return true;
    case "INFO":
    case "UPDATE":
    case "PRACK":
      return request.find(HeaderId.MsTextFormat) >= 0 || bearsMessagingBody(request);
    case "REFER":
      return leadsOffThePhone(request) || showsBody(request);
    default:
      return showsBody(request);
  }
}

/** Not made for messages, but a client that is shown one does not mind. */
function showsBody(request: SipRequest): boolean {
  const type = request.value(HeaderId.ContentType);
  return type !== undefined && type !== "" && isShown(type) && hasBody(request);
}

const PHONE = /^(?:[^<]*<)?\s*(?:sips?|tel|im|pres|urn):/i;

/** A REFER may send a client to a page on the web (RFC 3515 §2.1). */
function leadsOffThePhone(request: SipRequest): boolean {
  const target = request.value(HeaderId.ReferTo) ?? "";
  return !PHONE.test(target) || /:\/\/|%3a%2f|\\\\/i.test(target);
}

/** Has the answer to a MESSAGE a body that a client could show? One that accepts it may have none at all (RFC 3428 §7). */
export function answersWithContent(response: SipResponse, request: SipRequest): boolean {
  if (request.method !== "MESSAGE" || response.status >= 300 || !hasBody(response)) return false;
  return isShown(response.value(HeaderId.ContentType) || "text/plain");
}

function bearsMessagingBody(request: SipRequest): boolean {
  if (!hasBody(request)) return false;
  const type = request.value(HeaderId.ContentType) || "text/plain";
  if (!PLAINLY_WRITTEN.test(type)) return true;
  const disposition = request.value(HeaderId.ContentDisposition) ?? "";
  return MESSAGING_TYPES.test(type) || /name/i.test(type) || /attachment|name/i.test(disposition);
}

function hasBody(message: SipMessage): boolean {
  return message.bodyStart < message.bytes.length;
}
