import { failed, ok, type Result } from "../../base/result.ts";
import { SipUriScan } from "./scan-uri.ts";

/** A sip or sips URI (RFC 3261 §19.1), its parts as sent: escapes are kept, so that no two users become one. */
export interface SipUri {
  readonly scheme: "sip" | "sips";
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** As sent; an IPv6 address in its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** Names in lower case; "" for a parameter without value. */
  readonly params: ReadonlyMap<string, string>;
  /** What follows "?", undecoded. */
  readonly headers: string | undefined;
}

/** Why a text is not a SIP URI: another scheme (answered 416), a broken one, or a parameter that stands twice. */
export interface SipUriProblem {
  readonly code: "unsupported-scheme" | "bad-uri" | "duplicate-uri-parameter";
}

const scan: SipUriScan = new SipUriScan();

/**
 * Reads a sip or sips URI.
 *
 * @example parseSipUri("sip:bob@[2001:db8::1]:5070;transport=tcp") // { host: "[2001:db8::1]", port: 5070, … }
 */
export function parseSipUri(text: string): Result<SipUri, SipUriProblem> {
  const bytes = Buffer.from(text, "utf8");
  if (!scan.read(bytes, 0, bytes.length)) return failed({ code: "bad-uri" });
  if (!scan.isSip) return failed({ code: "unsupported-scheme" });
  const params = uriParams(bytes.toString("utf8", scan.paramsStart, scan.paramsEnd));
  if (params === undefined) return failed({ code: "duplicate-uri-parameter" });
  const { userStart, userEnd, passwordStart, headersStart } = scan;
  return ok({
    scheme: scan.schemeEnd === 3 ? "sip" : "sips",
    user: userStart < 0 ? undefined : bytes.toString("utf8", userStart, userEnd),
    password: passwordStart < 0 ? undefined : bytes.toString("utf8", passwordStart, scan.at),
    host: bytes.toString("utf8", scan.hostStart, scan.hostEnd),
    port: scan.port < 0 ? undefined : scan.port,
    params,
    headers: headersStart < 0 ? undefined : bytes.toString("utf8", headersStart, bytes.length),
  });
}

/**
 * The address of record that a URI stands for: scheme and host in lower case, the user part as sent, no password, port,
 * parameters or header fields. Undefined for what is no sip or sips URI.
 *
 * @example canonicalAor("SIP:Alice@Example.COM:5060;transport=tcp") // "sip:Alice@example.com"
 */
export function canonicalAor(text: string): string | undefined {
  const uri = parseSipUri(text);
  return uri.ok ? canonicalAorOf(uri.value) : undefined;
}

/** The same of a URI that has been read. */
export function canonicalAorOf({ scheme, user, host }: SipUri): string {
  return `${scheme}:${user === undefined ? "" : `${user}@`}${host.toLowerCase()}`;
}

function uriParams(text: string): ReadonlyMap<string, string> | undefined {
  const params = new Map<string, string>();
  if (text === "") return params;
  for (const part of text.split(";")) {
    const equals = part.indexOf("=");
    const name = (equals < 0 ? part : part.slice(0, equals)).toLowerCase();
    if (params.has(name)) return undefined;
    params.set(name, equals < 0 ? "" : part.slice(equals + 1));
  }
  return params;
}
