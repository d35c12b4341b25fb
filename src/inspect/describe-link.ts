import { hostFacts, type HostFacts } from "./host-facts.ts";
import type { Link } from "./inspection.ts";
import { resolvedScheme } from "./link-schemes.ts";
import { pathExtensions } from "./path-extensions.ts";

/** How a link was recognised. */
export type LinkForm = "scheme" | "www" | "ftp" | "host" | "unc" | "relative";

/** What a link points to; the rest of `Link` says where it stands. */
export type LinkTarget = Omit<Link, "part" | "start" | "end" | "raw" | "attribute">;

interface Parsed {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly path: string;
  readonly hasUserinfo: boolean;
  readonly href: string;
}

/** Schemes that the URL standard calls special, and those that clients open the same way. */
const WEB: ReadonlySet<string> = new Set(["http", "https", "ftp", "file", "ws", "wss"]);
/** Nothing behind the colon names a file. */
const NO_PATH: ReadonlySet<string> = new Set(
  "mailto tel sip sips im pres callto sms smsto data javascript vbscript livescript xmpp facetime".split(
    " ",
  ),
);
/** A host may stand in a link of this scheme: not in numbers, scripts, data. */
export function mayHaveHost(scheme: string): boolean {
  return !NO_PATH.has(scheme) || isSip(scheme);
}

/** `sip:user@host`: what stands before the "@" is no host to anybody. */
export function isSip(scheme: string): boolean {
  return scheme === "sip" || scheme === "sips";
}

const NO_HOST: HostFacts = {
  registrableDomain: undefined,
  isIp: false,
  punycode: false,
  mixedScript: false,
};

/**
 * Resolves the text of a link (folded, beginning with its scheme, "www.", host or slashes) as a client would.
 *
 * @example describeLink("scheme", "http", "http:\\\\evil.example/a.EXE").canonical // "http://evil.example/a.exe"
 */
export function describeLink(form: LinkForm, scheme: string, text: string): LinkTarget {
  if (form === "www" || form === "host") {
    const parsed = parseWeb(`http://${text}`);
    return target("http", parsed.href.slice("http://".length), parsed);
  }
  if (form === "ftp") {
    const parsed = parseWeb(`ftp://${text}`);
    return target("ftp", parsed.href.slice("ftp://".length), parsed);
  }
  if (form === "unc") {
    const place = text.replace(/^[\\/]+(?:[?.][\\/](?:unc[\\/])?)?/i, "");
    // "\\\\host@SSL@8080\\share": how WebDAV is to be spoken
    const parsed = parseWeb(`file://${place.replace(/^([^\\/@]+)@[^\\/]*/, "$1")}`);
    return target("unc", parsed.href, parsed);
  }
  if (form === "relative") {
    const parsed = parseWeb(`http:${text}`);
    return target("http", parsed.href, parsed);
  }
  const resolved = resolvedScheme(scheme);
  const rest = text.slice(scheme.length + 1);
  if (WEB.has(resolved)) {
    const parsed = parseWeb(`${resolved}:${rest}`);
    return target(resolved, parsed.href, resolved === "file" ? onShare(parsed) : parsed);
  }
  const canonical = `${resolved}:${rest}`.toLowerCase();
  if (NO_PATH.has(resolved)) return target(resolved, canonical, parseAddress(resolved, rest));
  const parsed = parseWeb(/^[\\/]{2}/.test(rest) ? `http:${rest}` : `file:///${rest}`);
  return target(resolved, canonical, parsed);
}

/** "file:////host/share" is \\host\share to Windows. */
function onShare(parsed: Parsed): Parsed {
  const [, host, path] = /^\/{2,}([^/]+)(\/.*)?$/.exec(parsed.path) ?? [];
  if (parsed.host !== undefined || host === undefined) return parsed;
  return { ...parsed, host: normalHost(host.toLowerCase()), path: path ?? "/" };
}

function target(scheme: string, canonical: string, parsed: Parsed): LinkTarget {
  return {
    scheme,
    canonical: canonical.toLowerCase(),
    host: parsed.host,
    ...(parsed.host === undefined ? NO_HOST : hostFacts(parsed.host)),
    port: parsed.port,
    path: parsed.path,
    pathExtensions: NO_PATH.has(scheme) ? [] : pathExtensions(parsed.path),
    hasUserinfo: parsed.hasUserinfo,
  };
}

/** What the URL standard makes of it; where it refuses, the parts as a lax client might cut them. */
function parseWeb(text: string): Parsed {
  const url = URL.parse(text);
  if (url === null) return parseLaxly(text);
  return {
    host: normalHost(url.hostname),
    port: url.port === "" ? undefined : Number(url.port),
    path: url.pathname,
    hasUserinfo: url.username !== "" || url.password !== "",
    href: url.href,
  };
}

function parseLaxly(text: string): Parsed {
  const match = /^([a-z]+:)[\\/]*([^\\/?#]*)([^?#]*)/i.exec(text);
  const [, scheme = "", authority = "", path = ""] = match ?? [];
  const at = authority.lastIndexOf("@");
  const hostPort = /^(.*?)(?::([0-9]{0,5}))?$/.exec(authority.slice(at + 1));
  return {
    host: normalHost((hostPort?.[1] ?? "").toLowerCase()),
    port: hostPort?.[2] === undefined || hostPort[2] === "" ? undefined : Number(hostPort[2]),
    path,
    hasUserinfo: at > 0,
    href: `${scheme}//${authority}${text.slice(match?.[0].length === undefined ? 0 : match[0].length - path.length)}`,
  };
}

/** An IPv4 address in IPv6 (RFC 4291 §2.5.5.2), as the URL standard writes it: the connection goes to the former. */
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/** A name longer than DNS allows leads nowhere. */
function normalHost(host: string): string | undefined {
  if (host.length > 256) return undefined;
  const bare = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  const mapped = MAPPED.exec(bare);
  if (mapped !== null) {
    const [high, low] = [parseInt(mapped[1] ?? "", 16), parseInt(mapped[2] ?? "", 16)];
    return [high >> 8, high & 255, low >> 8, low & 255].join(".");
  }
  const undotted = bare.replace(/\.{1,3}$/, "");
  return undotted === "" ? undefined : undotted;
}

/** `sip:user@host;params`: the host is a place to go to; an address of mail or a number is not. */
function parseAddress(scheme: string, rest: string): Parsed {
  const authority = /^\/{0,2}([^;?/]*)/.exec(rest)?.[1] ?? "";
  const base: Parsed = {
    host: undefined,
    port: undefined,
    path: rest,
    hasUserinfo: false,
    href: "",
  };
  if (!isSip(scheme)) return base;
  const parsed = parseWeb(`http://${authority.slice(authority.lastIndexOf("@") + 1)}`);
  return { ...base, host: parsed.host, port: parsed.port };
}
