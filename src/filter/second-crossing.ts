import { hash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { ExpiringMap } from "../base/expiring-map.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { parseNameAddr } from "../wire/sip/name-addr.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { canonicalAor } from "../wire/sip/uri.ts";
import { contentDigest } from "./content-digest.ts";
import { createMarks, MARK_LIFETIME_MS, type MarkReading } from "./mark.ts";

/**
 * Knows a request again that comes back from the server on its way to the receiver (DESIGN §4 "Crossings and identity",
 * decision 026): by the mark that it left with, or, behind a back-to-back user agent that makes a request of its own
 * out of it, by a fingerprint of what left: the content and its two parties.
 *
 * A fingerprint is good for as long as a mark, for all forks, and only from the server side. It is found only where the
 * back-to-back user agent keeps content and addresses; else the request is judged again, which changes nothing in it.
 */
export interface SecondCrossing {
  /** A judged request leaves towards the server with these edits: gives those that make it known when it comes back. */
  leaving(request: SipRequest, splices: readonly Splice[], departure: Departure): readonly Splice[];
  /** What was said of a request from the server side when it came in; undefined when nobody remembers it. */
  saidOf(request: SipRequest, now: number): MarkReading | undefined;
  /** Forgets what was remembered, and stops waiting for it to expire. */
  close(): void;
}

export interface Departure {
  /** Wall clock, milliseconds since 1970. */
  readonly now: number;
  /** The receiver, as an address of record: the Request-URI that the server will replace. */
  readonly to: string;
  /** A refusal for the second crossing to speak; see `Marks.add`. */
  readonly words?: string;
}

/** Some 200 bytes each: at 300 messages a second as long as a mark, and a server's way through is much shorter. */
const MAX_FINGERPRINTS = 20_000;
/** What a peer may make as long as it likes is kept as its hash. */
const MAX_KEY = 512;

/** @param key Of the marks; secret, at most 64 bytes. */
export function createSecondCrossing(clock: Clock, key: Buffer): SecondCrossing {
  const marks = createMarks(key);
  const left = new ExpiringMap<MarkReading>(clock, {
    ttlMs: MARK_LIFETIME_MS,
    maxEntries: MAX_FINGERPRINTS,
  });
  return {
    leaving(request, splices, { now, to, words }) {
      const digest = contentDigest(request, splices);
      if (bearsContent(request)) {
        left.set(fingerprint(request, digest, to), { words });
        // Where To names the user and the Request-URI a device or an alias, either may come back.
        const named = addressIn(request, HeaderId.To);
        if (named !== to) left.set(fingerprint(request, digest, named), { words });
      }
      return [marks.add(request, digest, now, words)];
    },
    saidOf(request, now) {
      const marked = marks.read(request, now);
      if (marked !== undefined || left.size === 0 || !bearsContent(request)) return marked;
      const digest = contentDigest(request, []);
      return (
        left.get(fingerprint(request, digest, addressIn(request, HeaderId.To))) ??
        left.get(fingerprint(request, digest, canonicalAor(request.requestUri) ?? ""))
      );
    },
    close: () => left.clear(),
  };
}

/** Without content there is nothing to know it by, and nothing to judge. */
function bearsContent(request: SipRequest): boolean {
  return request.bodyStart < request.bytes.length || request.find(HeaderId.MsTextFormat) >= 0;
}

function fingerprint(request: SipRequest, digest: string, to: string): string {
  const key = `${request.method}\n${digest}\n${addressIn(request, HeaderId.From)}\n${to}`;
  return key.length <= MAX_KEY ? key : hash("sha256", key, "base64url");
}

function addressIn(request: SipRequest, field: typeof HeaderId.From | typeof HeaderId.To): string {
  const read = parseNameAddr(request.value(field) ?? "");
  return read.ok ? (canonicalAor(read.value.uri) ?? "") : "";
}
