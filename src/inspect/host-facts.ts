import { getDomain, parse } from "tldts";
import { shownHost } from "../content/shown-host.ts";

const OPTIONS = { allowPrivateDomains: false, extractHostname: false, validateHostname: false };
const IPV4 = /^(?:[0-9]{1,3}\.){3}[0-9]{1,3}$/;

/** What a rule may ask about a host. */
export interface HostFacts {
  readonly registrableDomain: string | undefined;
  readonly isIp: boolean;
  readonly punycode: boolean;
  readonly mixedScript: boolean;
}

/** Facts about a host in its ASCII form (lower case, IPv6 without brackets). */
export function hostFacts(host: string): HostFacts {
  const isIp = host.includes(":") || IPV4.test(host);
  if (isIp) return { registrableDomain: undefined, isIp, punycode: false, mixedScript: false };
  const punycode = host.startsWith("xn--") || host.includes(".xn--");
  return {
    registrableDomain: getDomain(host, OPTIONS) ?? undefined,
    isIp,
    punycode,
    mixedScript: punycode && shownHost(host).split(".").some(mixesScripts),
  };
}

/**
 * A bare word with dots is a host for clients when it ends in a public suffix of ICANN ("evil.zip", "example.co.uk"); numbers
 * before ".zip" and ".mov" are versions of files.
 */
export function isBareHost(asciiHost: string): boolean {
  if (asciiHost.length > 253) return false;
  const result = parse(asciiHost, OPTIONS);
  if (result.isIcann !== true) return false;
  // some of the longer suffixes are hosts themselves (gov.uk)
  if (result.domain === null && result.publicSuffix?.includes(".") !== true) return false;
  return !/(?:^|\.)[0-9]+\.(?:zip|mov)$/.test(asciiHost);
}

/** Names that lead somewhere without being under a public suffix: of tests and documents (RFC 6761), of private networks. */
const PRIVATE = /(?:^|\.)(?:example|test|localhost|local|internal|home|lan|corp|intranet|onion)$/;

/** A client that opens it gets somewhere: an address, a host under a public suffix, one of a private network. */
export function isReachable(asciiHost: string): boolean {
  return isIpv4(asciiHost) || PRIVATE.test(asciiHost) || isBareHost(asciiHost);
}

/** Nothing stands before what one registers. */
export function isRegistered(asciiHost: string): boolean {
  return getDomain(asciiHost, OPTIONS) === asciiHost;
}

/** Suffixes that are extensions of files too: scripts, libraries, sources, parts of a build. */
const FILE_SUFFIXES: ReadonlySet<string> = new Set(
  (
    "sh py so md pl rs mk cc in ps mo la am ac pm ml tf ms mm do cat st vc cl ai sc tc bz app map link properties java inc " +
    "info cmake man dev android zip mov"
  ).split(" "),
);

/** A name that may as well be a file's: "run.sh". */
export function hasFileSuffix(host: string): boolean {
  return FILE_SUFFIXES.has(host.slice(host.lastIndexOf(".") + 1));
}

/** The ASCII form of a bare word with dots that is a host for clients (`isBareHost`); undefined when it is none. */
export function asciiBareHost(written: string): string | undefined {
  if (endsInNoSuffix(written)) return undefined;
  const ascii = asciiHost(written);
  return ascii !== undefined && isBareHost(ascii) ? ascii : undefined;
}

/** Han and kana that IDNA leaves as they are, whatever stands beside them (UTS #46 §4). */
const LEFT_BY_IDNA = /^[\u3041-\u3096\u30A1-\u30FA\u30FC\u3400-\u4DBF\u4E00-\u9FFF]+$/;

/**
 * Spares most of Chinese and Japanese, where a full stop is a dot to browsers, the way through IDNA: the list of suffixes has them
 * as they are written, too.
 */
function endsInNoSuffix(written: string): boolean {
  const last = written.slice(written.lastIndexOf(".") + 1);
  return LEFT_BY_IDNA.test(last) && parse(`x.${last}`, OPTIONS).isIcann !== true;
}

/** The ASCII form of a host written in other letters; undefined when it cannot be one. */
export function asciiHost(host: string): string | undefined {
  // eslint-disable-next-line no-control-regex -- the range of ASCII
  if (/^[\x00-\x7f]*$/.test(host)) return host.toLowerCase();
  return URL.parse(`http://${host}`)?.hostname;
}

/**
 * Four numbers that are an address even where nothing but they say so, as some clients have it (Android's Linkify): one of them
 * is 32 or more. Smaller ones are mostly the version of something.
 */
export function isAddress(host: string): boolean {
  const numbers = host.split(".").map(Number);
  return numbers.every((one) => one <= 255) && numbers.some((one) => one >= 32);
}

/** Four numbers with dots between them, of whatever size. */
export function isIpv4(host: string): boolean {
  return IPV4.test(host);
}

const CONFUSED_WITH_LATIN =
  /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u;

function mixesScripts(label: string): boolean {
  return (
    (/\p{Script=Latin}/u.test(label) && CONFUSED_WITH_LATIN.test(label)) ||
    (/\p{Script=Cyrillic}/u.test(label) && /\p{Script=Greek}/u.test(label))
  );
}
