import { getDomain, parse } from "tldts";

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
  const labels = host.split(".");
  const punycode = labels.some((label) => label.startsWith("xn--"));
  return {
    registrableDomain: getDomain(host, OPTIONS) ?? undefined,
    isIp,
    punycode,
    mixedScript: punycode && labels.some((label) => mixesScripts(decodeLabel(label))),
  };
}

/**
 * A bare word with dots is a host for clients when it ends in a public suffix of ICANN ("evil.zip", "example.co.uk"); numbers
 * before ".zip" and ".mov" are versions of files.
 */
export function isBareHost(asciiHost: string): boolean {
  if (asciiHost.length > 253) return false;
  const result = parse(asciiHost, OPTIONS);
  if (result.isIcann !== true || result.domain === null) return false;
  return !/(?:^|\.)[0-9]+\.(?:zip|mov)$/.test(asciiHost);
}

/** The ASCII form of a host written in other letters; undefined when it cannot be one. */
export function asciiHost(host: string): string | undefined {
  // eslint-disable-next-line no-control-regex -- the range of ASCII
  if (/^[\x00-\x7f]*$/.test(host)) return host.toLowerCase();
  try {
    return new URL(`http://${host}`).hostname;
  } catch {
    return undefined;
  }
}

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

/** RFC 3492 §6.2; a label that is not well formed is given back as it is. */
function decodeLabel(label: string): string {
  if (!label.startsWith("xn--") || label.length > 63) return label;
  const encoded = label.slice(4);
  const dash = encoded.lastIndexOf("-");
  const out: number[] = [];
  for (let at = 0; at < dash; at++) out.push(encoded.charCodeAt(at));
  let codePoint = 128;
  let i = 0;
  let bias = 72;
  for (let at = dash > 0 ? dash + 1 : 0; at < encoded.length;) {
    const before = i;
    for (let weight = 1, k = 36; ; k += 36) {
      const digit = digitOf(encoded.charCodeAt(at++));
      if (digit < 0) return label;
      i += digit * weight;
      const threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
      if (digit < threshold) break;
      weight *= 36 - threshold;
    }
    bias = adaptedBias(i - before, out.length + 1, before === 0);
    codePoint += Math.floor(i / (out.length + 1));
    i %= out.length + 1;
    if (codePoint > 0x10ffff) return label;
    out.splice(i++, 0, codePoint);
  }
  return String.fromCodePoint(...out);
}

function digitOf(code: number): number {
  if (code >= 0x61 && code <= 0x7a) return code - 0x61;
  return code >= 0x30 && code <= 0x39 ? code - 0x30 + 26 : -1;
}

function adaptedBias(delta: number, points: number, first: boolean): number {
  let rest = Math.floor(first ? delta / 700 : delta / 2);
  rest += Math.floor(rest / points);
  let k = 0;
  for (; rest > 455; k += 36) rest = Math.floor(rest / 35);
  return k + Math.floor((36 * rest) / (rest + 38));
}
