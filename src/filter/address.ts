import { detached } from "../base/detached.ts";
import { RecentMap } from "../base/recent-map.ts";
import { canonicalAorOf, parseSipUri } from "../wire/sip/uri.ts";

/** What rules and records want to know of a URI: one spelling for all that a server takes for the same user. */
export interface Address {
  /** As an address of record; of what is no SIP URI the text itself. */
  readonly aor: string;
  /** Without escapes that are not needed. */
  readonly user: string;
  /** In lower case, without the dot that may stand at the end of a name (RFC 1034 §3.1). */
  readonly domain: string;
}

/** Addresses that are remembered: the same few stand in every message of a user. */
const REMEMBERED = 8192;
/** What is longer is no address of anybody who writes twice, and would only take room. */
const LONGEST = 128;

const remembered = new RecentMap<Address>(REMEMBERED);

/** Reads a URI, or remembers how it was read. The same text always gives the same. */
export function readAddress(uriText: string): Address {
  const known = remembered.get(uriText);
  if (known !== undefined) return known;
  // A piece of a message's text, kept, would keep all of that text.
  const text = detached(uriText);
  const address = addressOf(text);
  if (text.length <= LONGEST) remembered.set(text, address);
  return address;
}

function addressOf(uriText: string): Address {
  const uri = parseSipUri(uriText);
  if (!uri.ok) return { aor: uriText, user: "", domain: "" };
  const { host } = uri.value;
  const user = uri.value.user === undefined ? undefined : unescaped(uri.value.user);
  const domain = (host.endsWith(".") ? host.slice(0, -1) : host).toLowerCase();
  const aor = canonicalAorOf({ ...uri.value, user, host: domain });
  return { aor, user: user ?? "", domain };
}

/** What may stand in a user part as it is (RFC 3261 §25.1), but for what begins parameters and header fields of a URI. */
const NEEDS_NO_ESCAPE = /[\w.!~*'()&=+$,/-]/;

/**
 * RFC 3261 §19.1.4 takes an unreserved character and its escape for the same; registrars take any character so, and look
 * `%2B1` up as `+1`. What needs its escape keeps it, in upper case.
 */
function unescaped(user: string): string {
  if (!user.includes("%")) return user;
  return user.replaceAll(/%[0-9a-f]{2}/gi, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return NEEDS_NO_ESCAPE.test(character) ? character : escape.toUpperCase();
  });
}
