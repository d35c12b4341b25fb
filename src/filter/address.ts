import { RecentMap } from "../base/recent-map.ts";
import { canonicalAorOf, parseSipUri } from "../wire/sip/uri.ts";

/** What rules and records want to know of a URI. */
export interface Address {
  /** As an address of record; of what is no SIP URI the text itself. */
  readonly aor: string;
  readonly user: string;
  /** In lower case. */
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
  const uri = parseSipUri(uriText);
  const address = uri.ok
    ? {
        aor: canonicalAorOf(uri.value),
        user: uri.value.user ?? "",
        domain: uri.value.host.toLowerCase(),
      }
    : { aor: uriText, user: "", domain: "" };
  if (uriText.length <= LONGEST) remembered.set(uriText, address);
  return address;
}
