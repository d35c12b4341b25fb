import type { FileContent } from "../content/file-content.ts";
import type { FileName, Link, MediaKind, TransferChannel } from "../inspect/inspection.ts";

export type { FileContent };

/** What rules are asked about: one message, one offered file, or one file with its scan result. */
export interface Facts {
  readonly phase: Phase;
  readonly from: Party;
  readonly to: Party;
  readonly direction: Direction;
  readonly channel: Channel;
  readonly transport: string;
  readonly encrypted: boolean;
  /** Wall clock, milliseconds since 1970. */
  readonly now: number;
  /** Shown text of every text part. */
  readonly texts: readonly string[];
  readonly links: readonly Link[];
  readonly media: readonly MediaKind[];
  /** Types that a session description says it takes as messages, lower case; absent: none. */
  readonly acceptTypes?: readonly string[];
  readonly file: FileFacts | undefined;
  readonly scan: ScanFacts | undefined;
  /** Absent: nothing is counted, and every rate is that of this message alone. */
  readonly rates?: RateCounter | undefined;
}

/** A place in a rule that counts. */
export interface RateMeter {
  /** Stays the same over reloads. */
  readonly id: string;
  readonly overMs: number;
}

/** Counts for the condition `rate`; kept outside of the policy. */
export interface RateCounter {
  /** How many actions a meter has counted for a value, this one included; the same action counts once. */
  count(meter: RateMeter, value: string): number;
  /** From now on it holds on to nothing of the message, for what is judged again later. Absent: it never does. */
  detach?(): void;
}

/** message: text; session: an offer, before any byte moves (and media); file: the bytes are here. RULES.md "on". */
export type Phase = "message" | "session" | "file";

export type Direction = "inbound" | "outbound" | "internal" | "transit";

export type Channel = "sip-message" | "sip-invite" | TransferChannel;

export interface Party {
  /** "sip:user@domain": scheme and domain in lower case, no port, no parameters. */
  readonly aor: string;
  readonly user: string;
  readonly domain: string;
  readonly displayName: string;
  /** Source address; undefined for the receiving side. */
  readonly ip: string | undefined;
  readonly authenticated: boolean;
}

export interface FileFacts {
  readonly name: FileName;
  readonly size: number | undefined;
  readonly declaredType: string | undefined;
  /** "sha-1:7224…", as offered; absent: none. */
  readonly declaredHashes?: readonly string[];
  /** What its bytes say; absent before they are here, and when they could not be read. */
  readonly content?: FileContent | undefined;
}

export interface ScanFacts {
  readonly verdict: "clean" | "infected" | "suspicious" | "unscannable" | "error";
  readonly engine: string;
  /** Threat name of infected and suspicious, else "". */
  readonly name: string;
  /** Reason of unscannable and error, else "". */
  readonly reason: string;
  /** What the same look at the bytes found besides; absent: they could not be read. */
  readonly content?: FileContent | undefined;
}

/** Ours are `domains`; with none configured everything is internal. Subdomains are not implied. */
export function directionOf(
  fromDomain: string,
  toDomain: string,
  domains: readonly string[],
): Direction {
  if (domains.length === 0) return "internal";
  const fromOurs = domains.includes(fromDomain);
  const toOurs = domains.includes(toDomain);
  if (fromOurs) return toOurs ? "internal" : "outbound";
  return toOurs ? "inbound" : "transit";
}
