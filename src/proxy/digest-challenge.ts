import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipResponse } from "../wire/sip/message.ts";

/** A Digest challenge that we can answer. Texts are one character a byte, quoted pairs as they were sent. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: "MD5" | "SHA-256";
  /** The challenge names its algorithm; one that does not means MD5, and wants none named. */
  readonly algorithmNamed: boolean;
  /** Undefined for a server of RFC 2069, which offers no quality of protection. */
  readonly qop: "auth" | undefined;
  /** Only the nonce was too old; the credentials were right. */
  readonly stale: boolean;
}

/** A server has one challenge or two (an algorithm each), behind a fork a few more. */
const MAX_FIELDS = 8;
const MAX_FIELD_LENGTH = 2048;
const MAX_REALMS = 4;

/**
 * The challenges of a 401 or 407 (RFC 3261 §22, RFC 7616 §3.3, RFC 8760 §2.4): of each realm the first that we can
 * answer, for the server puts the one that it prefers on top. What is malformed, too long, of another scheme, or wants
 * what we do not do (session algorithms, auth-int) is passed over.
 */
export function readChallenges(response: SipResponse): readonly DigestChallenge[] {
  const id = response.status === 407 ? HeaderId.ProxyAuthenticate : HeaderId.WwwAuthenticate;
  const byRealm = new Map<string, DigestChallenge>();
  let fields = 0;
  for (let i = response.find(id); i >= 0; i = response.find(id, i + 1)) {
    fields += 1;
    if (fields > MAX_FIELDS) break;
    const value = response.valueAt(i);
    if (value.length > MAX_FIELD_LENGTH) continue;
    for (const params of splitChallenges(value)) {
      const challenge = understand(params);
      if (challenge === undefined || byRealm.has(challenge.realm)) continue;
      if (byRealm.size < MAX_REALMS) byRealm.set(challenge.realm, challenge);
    }
  }
  return [...byRealm.values()];
}

type Params = Map<string, string>;

/** `name = value`, or the name of a scheme, behind which its parameters stand. */
const ELEMENT =
  /[\s,]*([A-Za-z0-9\-.!%*_+`'~]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",=]+))|(?=[\s,]|$))/y;

/** The parameters of every Digest challenge in one field value; none when the value cannot be read to its end. */
function splitChallenges(value: string): readonly Params[] {
  const challenges: Params[] = [];
  let current: Params | undefined;
  let at = 0;
  while (at < value.length && /[^\s,]/.test(value.slice(at))) {
    ELEMENT.lastIndex = at;
    const element = ELEMENT.exec(value);
    if (element === null) return [];
    at = ELEMENT.lastIndex;
    const [, name = "", quoted, plain] = element;
    const text = quoted ?? plain;
    if (text === undefined) {
      current = name.toLowerCase() === "digest" ? new Map() : undefined;
      if (current !== undefined) challenges.push(current);
    } else if (current !== undefined) {
      // Of a parameter that stands twice one reader takes the first, the other the last.
      if (current.has(name.toLowerCase())) return [];
      current.set(name.toLowerCase(), text);
    }
  }
  return challenges;
}

function understand(params: Params): DigestChallenge | undefined {
  const realm = params.get("realm");
  const nonce = params.get("nonce");
  const algorithm = (params.get("algorithm") ?? "MD5").toUpperCase();
  if (realm === undefined || nonce === undefined) return undefined;
  if (algorithm !== "MD5" && algorithm !== "SHA-256") return undefined;
  const offered = params.get("qop");
  const qops = offered?.split(",").map((one) => one.trim().toLowerCase());
  if (qops !== undefined && !qops.includes("auth")) return undefined;
  const opaque = params.get("opaque");
  if ([realm, nonce, opaque ?? ""].some((text) => CONTROL.test(text))) return undefined;
  return {
    realm,
    nonce,
    opaque,
    algorithm,
    algorithmNamed: params.has("algorithm"),
    qop: qops === undefined ? undefined : "auth",
    stale: params.get("stale")?.toLowerCase() === "true",
  };
}

// oxlint-disable-next-line no-control-regex -- these are what is looked for
const CONTROL = /[\0-\x1f\x7f]/;
