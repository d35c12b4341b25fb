/**
 * Schemes that a client may make clickable without slashes after the colon ("http:evil.com", "tel:110"). With "//" after it
 * any word is taken for a scheme, so this table need not be complete.
 */
const COLON_SCHEMES: ReadonlySet<string> = new Set(
  (
    "http https hxxp hxxps ftp ftps sftp file callto gopher ldap ldaps mailto news nntp sip sips tel telnet smb smbs cifs data " +
    "javascript vbscript livescript jar mhtml magnet skype xmpp irc ircs rtsp mms steam view-source webcal sms smsto facetime " +
    "whatsapp tg spotify search-ms shell hcp ws wss"
  ).split(" "),
);

// found also when letters stand directly before them, with a slash after the colon
const EMBEDDED = /(?:hxxps?|https?|ftps?|file)$/;
const GENERIC = /[a-z][a-z0-9+.-]+$/;
const MICROSOFT = /^ms-[a-z0-9-]+$/;

/** A scheme found before a colon, and how many characters it has. */
export interface SchemeMatch {
  readonly scheme: string;
  readonly length: number;
}

/**
 * Which scheme ends at a colon, given the characters before it (letters, digits, "+", ".", "-") and how many slashes of either
 * kind follow.
 */
export function matchScheme(before: string, slashes: number): SchemeMatch | undefined {
  const lower = before.toLowerCase();
  if (slashes > 0) {
    const embedded = EMBEDDED.exec(lower)?.[0];
    if (embedded !== undefined) return { scheme: embedded, length: embedded.length };
  }
  const word = lower.slice(Math.max(lower.lastIndexOf("."), lower.lastIndexOf("+")) + 1);
  const known = COLON_SCHEMES.has(word) || MICROSOFT.test(word);
  if (known) return { scheme: word, length: word.length };
  if (slashes < 2) return undefined;
  const generic = GENERIC.exec(lower)?.[0];
  return generic === undefined ? undefined : { scheme: generic, length: generic.length };
}

/** The scheme under which a client opens it: "hxxp" is what people write for "http". */
export function resolvedScheme(scheme: string): string {
  return scheme.startsWith("hxxp") ? `http${scheme.slice(4)}` : scheme;
}

/** Nothing opens it: it is written so that nobody clicks it, and some may open it all the same once they have undone that. */
export function isDefanged(scheme: string): boolean {
  return scheme.startsWith("hxxp");
}

/** Clients know it by name; any other word is a scheme with two slashes behind it only. */
export function isKnownScheme(scheme: string): boolean {
  return COLON_SCHEMES.has(scheme) || MICROSOFT.test(scheme);
}
