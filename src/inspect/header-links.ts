/**
 * Texts and links in the header fields of a request. People read Subject: it is a text of the message, like its body. Display
 * names, Organization, and what a client fetches by itself (Call-Info, Alert-Info, Error-Info: RFC 3261 §20.9, §20.4, §20.18) are
 * looked at for links only, and a rule may refuse them, but nothing is edited there: they belong to telephony
 * (decision 044). A Refer-To (RFC 3515) that leads to anything but a phone is a text that cannot be edited either.
 */
import { isUtf8 } from "node:buffer";
import { decodeEncodedWords } from "../content/encoded-word.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { displayNames } from "./display-names.ts";
import { findLinks } from "./find-links.ts";
import type { InspectProblem, Link, TextPlace } from "./inspection.ts";
import { addOutside, addText, type InspectionDraft, type TextLimits } from "./inspection-draft.ts";

/** Fields whose value begins with a display name. */
const NAMED: ReadonlySet<HeaderId> = new Set<HeaderId>([
  HeaderId.From,
  HeaderId.To,
  HeaderId.Contact,
  HeaderId.PAssertedIdentity,
  HeaderId.PPreferredIdentity,
  HeaderId.ReplyTo,
  HeaderId.ReferredBy,
]);

/** Adds what the header fields of a request show, name or point to. */
export function inspectHeaders(
  request: SipRequest,
  draft: InspectionDraft,
  limits: TextLimits,
): InspectProblem | undefined {
  for (let i = 0; i < request.headerCount; i++) {
    const problem = inspectField(request, i, draft, limits);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function inspectField(
  request: SipRequest,
  i: number,
  draft: InspectionDraft,
  limits: TextLimits,
): InspectProblem | undefined {
  const id = request.idAt(i);
  if (id === HeaderId.Via || id === HeaderId.CSeq || id === HeaderId.CallId) return undefined;
  if (id === HeaderId.Subject) return addSubject(request, i, draft, limits);
  if (NAMED.has(id)) return addNames(textAt(request, i), draft, limits);
  if (id === HeaderId.CallInfo || id === HeaderId.AlertInfo)
    return addReferences(textAt(request, i), draft, limits);
  if (id === HeaderId.ReferTo) return addTarget(request, i, draft, limits);
  if (id !== HeaderId.Other) return undefined;
  const name = request.nameAt(i).toLowerCase();
  if (name === "error-info") return addReferences(textAt(request, i), draft, limits);
  // COMPAT: what phones show of a caller, or of who has passed a call on, before there was P-Asserted-Identity
  if (name === "remote-party-id" || name === "diversion")
    return addNames(textAt(request, i), draft, limits);
  if (name === "organization") return addOutside(draft, textAt(request, i), "name", limits);
  return undefined;
}

/** One address without a name, as in nearly every message. */
const NAMELESS = /^<[^<>"]*>[^<,"]*$/;

/** A Contact may be anything that a client can go to (RFC 3261 §20.10), and so may the others to a lax one. */
function addNames(
  value: string,
  draft: InspectionDraft,
  limits: TextLimits,
): InspectProblem | undefined {
  const names = NAMELESS.test(value) ? "" : displayNames(value);
  const problem = names === "" ? undefined : addOutside(draft, names, "name", limits);
  if (problem !== undefined || !/:[\\/]{2}/.test(value)) return problem;
  return addReferences(value.replaceAll(/"[^"]*"/g, '""'), draft, limits);
}

/** SIP's headers are UTF-8 (RFC 3261 §7.3.1); older clients write Latin-1. */
function textAt(request: SipRequest, i: number): string {
  const latin1 = request.valueAt(i);
  if (!/[\x80-\xff]/.test(latin1)) return latin1;
  return isUtf8(bytesAt(request, i)) ? request.utf8At(i) : latin1;
}

function bytesAt(request: SipRequest, i: number): Buffer {
  return request.bytes.subarray(request.valueStart(i), request.valueEnd(i));
}

/** Where the value of a field stands, for an edit of it. */
function placeOf(request: SipRequest, i: number): TextPlace {
  const start = request.valueStart(i);
  return { carrier: "header", start, end: request.valueEnd(i), transferEncoding: "identity" };
}

function addSubject(
  request: SipRequest,
  i: number,
  draft: InspectionDraft,
  limits: TextLimits,
): InspectProblem | undefined {
  const text = textAt(request, i);
  const place = placeOf(request, i);
  const label = isUtf8(bytesAt(request, i)) ? "utf-8" : "iso-8859-1";
  // What is folded has no offsets in common with what is shown, and is not edited.
  const content = request.foldedAt(i) ? Buffer.from(text, "utf8") : bytesAt(request, i);
  const type = request.foldedAt(i) ? "message/folded-subject" : "text/plain";
  const problem = addText(
    draft,
    {
      place,
      type,
      content,
      linkCarrier: "subject",
      label: request.foldedAt(i) ? "utf-8" : label,
    },
    limits,
  );
  if (problem !== undefined || !text.includes("=?")) return problem;
  return addOutside(draft, decodeEncodedWords(text), "subject", limits);
}

function addReferences(
  value: string,
  draft: InspectionDraft,
  limits: TextLimits,
): InspectProblem | undefined {
  return addOutside(draft, value, "header", limits, leadsOut);
}

/** Schemes of calls, of parts of the same message and of names. */
const TELEPHONY: ReadonlySet<string> = new Set(
  "sip sips tel im pres urn cid mid callto".split(" "),
);

/**
 * Is this reference more than telephony's own? Ringing and answering modes are written as addresses that lead nowhere
 * (COMPAT: `<http://nohost>;info=alert-autoanswer`, `<http://127.0.0.1/Bellcore-dr2>`, `<http://www.notused.com>`).
 */
function leadsOut(link: Omit<Link, "part">): boolean {
  if (TELEPHONY.has(link.scheme) || !/^(?:[a-z][a-z0-9+.-]*:|\\\\)/i.test(link.raw)) return false;
  const { host, pathExtensions } = link;
  if (host === undefined || pathExtensions.length > 0) return true;
  return host.includes(".") && !/^127\.|(?:^|\.)notused\.com$/.test(host);
}

function addTarget(
  request: SipRequest,
  i: number,
  draft: InspectionDraft,
  limits: TextLimits,
): InspectProblem | undefined {
  const text = textAt(request, i);
  const { links, complete } = findLinks(text, limits.linksPerMessage);
  if (complete && !links.some((link) => leadsOut(link))) return undefined;
  const place = placeOf(request, i);
  const content = Buffer.from(text, "utf8");
  return addText(
    draft,
    { place, type: "message/refer-to", content, label: "utf-8", linkCarrier: "target" },
    limits,
  );
}
