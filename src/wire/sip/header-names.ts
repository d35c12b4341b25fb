/**
 * The header fields that somebody in the program asks for. Compact forms (RFC 3261 §7.3.3 and later) have the number of
 * their long form. Numbers below 31 may be kept in a bit mask; every field that may stand once is among them.
 */
export const HeaderId = {
  Other: 0,
  Via: 1,
  From: 2,
  To: 3,
  CallId: 4,
  CSeq: 5,
  MaxForwards: 6,
  Contact: 7,
  Route: 8,
  RecordRoute: 9,
  Path: 10,
  ContentType: 11,
  ContentLength: 12,
  ContentEncoding: 13,
  ContentDisposition: 14,
  Require: 15,
  ProxyRequire: 16,
  Supported: 17,
  Unsupported: 18,
  Expires: 19,
  Authorization: 20,
  ProxyAuthorization: 21,
  Subject: 22,
  MsTextFormat: 23,
  PAssertedIdentity: 24,
  Warning: 25,
  Date: 26,
  SluiceMark: 27,
  UserAgent: 28,
  Timestamp: 29,
  PPreferredIdentity: 30,
  Event: 31,
  Reason: 32,
  ReferTo: 33,
  CallInfo: 34,
  AlertInfo: 35,
  ReplyTo: 36,
  WwwAuthenticate: 37,
  ProxyAuthenticate: 38,
  AuthenticationInfo: 39,
  ProxyAuthenticationInfo: 40,
  Identity: 41,
  MsDiagnostics: 42,
  Server: 43,
  ContentTransferEncoding: 44,
  MimeVersion: 45,
  ServiceRoute: 46,
  SessionExpires: 47,
  Accept: 48,
  Allow: 49,
  ReferredBy: 50,
} as const;

export type HeaderId = (typeof HeaderId)[keyof typeof HeaderId];

/** Every name with its number, in lower case. */
const NAMES: ReadonlyArray<readonly [string, HeaderId]> = [
  ["via", HeaderId.Via],
  ["v", HeaderId.Via],
  ["from", HeaderId.From],
  ["f", HeaderId.From],
  ["to", HeaderId.To],
  ["t", HeaderId.To],
  ["call-id", HeaderId.CallId],
  ["i", HeaderId.CallId],
  ["cseq", HeaderId.CSeq],
  ["max-forwards", HeaderId.MaxForwards],
  ["contact", HeaderId.Contact],
  ["m", HeaderId.Contact],
  ["route", HeaderId.Route],
  ["record-route", HeaderId.RecordRoute],
  ["path", HeaderId.Path],
  ["content-type", HeaderId.ContentType],
  ["c", HeaderId.ContentType],
  ["content-length", HeaderId.ContentLength],
  ["l", HeaderId.ContentLength],
  ["content-encoding", HeaderId.ContentEncoding],
  ["e", HeaderId.ContentEncoding],
  ["content-disposition", HeaderId.ContentDisposition],
  ["require", HeaderId.Require],
  ["proxy-require", HeaderId.ProxyRequire],
  ["supported", HeaderId.Supported],
  ["k", HeaderId.Supported],
  ["unsupported", HeaderId.Unsupported],
  ["expires", HeaderId.Expires],
  ["authorization", HeaderId.Authorization],
  ["proxy-authorization", HeaderId.ProxyAuthorization],
  ["subject", HeaderId.Subject],
  ["s", HeaderId.Subject],
  ["ms-text-format", HeaderId.MsTextFormat],
  ["p-asserted-identity", HeaderId.PAssertedIdentity],
  ["warning", HeaderId.Warning],
  ["date", HeaderId.Date],
  ["sluice-mark", HeaderId.SluiceMark],
  ["user-agent", HeaderId.UserAgent],
  ["timestamp", HeaderId.Timestamp],
  ["p-preferred-identity", HeaderId.PPreferredIdentity],
  ["event", HeaderId.Event],
  ["o", HeaderId.Event],
  ["reason", HeaderId.Reason],
  ["refer-to", HeaderId.ReferTo],
  ["r", HeaderId.ReferTo],
  ["call-info", HeaderId.CallInfo],
  ["alert-info", HeaderId.AlertInfo],
  ["reply-to", HeaderId.ReplyTo],
  ["www-authenticate", HeaderId.WwwAuthenticate],
  ["proxy-authenticate", HeaderId.ProxyAuthenticate],
  ["authentication-info", HeaderId.AuthenticationInfo],
  ["proxy-authentication-info", HeaderId.ProxyAuthenticationInfo],
  ["identity", HeaderId.Identity],
  ["y", HeaderId.Identity],
  ["ms-diagnostics", HeaderId.MsDiagnostics],
  ["server", HeaderId.Server],
  ["content-transfer-encoding", HeaderId.ContentTransferEncoding],
  ["mime-version", HeaderId.MimeVersion],
  ["service-route", HeaderId.ServiceRoute],
  ["session-expires", HeaderId.SessionExpires],
  ["x", HeaderId.SessionExpires],
  ["accept", HeaderId.Accept],
  ["allow", HeaderId.Allow],
  ["referred-by", HeaderId.ReferredBy],
  ["b", HeaderId.ReferredBy],
];

/** Names laid out one after the other, so that comparing needs neither a string nor an array of arrays. */
const SPELLING: Buffer = Buffer.from(NAMES.map(([name]) => name).join(""), "latin1");
const SPELLING_START: Int32Array = new Int32Array(NAMES.length + 1);
const ENTRY_ID: Uint8Array = new Uint8Array(NAMES.length + 1);
/** Slot (length, first and last letter) → entry + 1; entries that share a slot are chained through NEXT. */
const FIRST: Uint8Array = new Uint8Array(1024);
const NEXT: Uint8Array = new Uint8Array(NAMES.length + 1);

let offset = 0;
for (const [index, [name, id]] of NAMES.entries()) {
  const slot = slotOf(name.length, name.charCodeAt(0), name.charCodeAt(name.length - 1));
  SPELLING_START[index] = offset;
  ENTRY_ID[index] = id;
  NEXT[index] = FIRST[slot] as number;
  FIRST[slot] = index + 1;
  offset += name.length;
}
SPELLING_START[NAMES.length] = offset;

/**
 * Recognises a header name, in any case, long or compact. The range must hold token bytes only.
 *
 * @example headerIdOf(Buffer.from("CALL-id"), 0, 7) // HeaderId.CallId
 */
export function headerIdOf(bytes: Uint8Array, start: number, end: number): HeaderId {
  const length = end - start;
  let entry = FIRST[slotOf(length, bytes[start] as number, bytes[end - 1] as number)] as number;
  while (entry !== 0) {
    const from = SPELLING_START[entry - 1] as number;
    if ((SPELLING_START[entry] as number) - from === length) {
      let i = 0;
      // `| 32` folds case; among token bytes only letters and the hyphen can meet a letter or a hyphen.
      while (i < length && ((bytes[start + i] as number) | 32) === SPELLING[from + i]) i++;
      if (i === length) return ENTRY_ID[entry - 1] as HeaderId;
    }
    entry = NEXT[entry - 1] as number;
  }
  return HeaderId.Other;
}

function slotOf(length: number, first: number, last: number): number {
  return ((length & 31) << 5) ^ ((first & 31) * 5) ^ ((last & 31) * 3);
}
