import { hash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { ExpiringBytes } from "../base/expiring-bytes.ts";
import type { Domains } from "../policy/domains.ts";
import type { HearingContext } from "../policy/hearing.ts";
import type { RequestContext } from "../proxy/seams.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { parseNameAddr } from "../wire/sip/name-addr.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { readAddress } from "./address.ts";
import { contentDigest } from "./content-digest.ts";
import { receiverOf } from "./hearing-context.ts";
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
  /** The sender in From, as an address of record. */
  readonly from: string;
  /** The receiver that it was judged for, as an address of record. */
  readonly to: string;
  /** Another name that it may come back under. */
  readonly named?: string;
  /** A refusal for the second crossing to speak; see `Marks.add`. */
  readonly words?: string;
}

/** Of a request that somebody sent. */
export function departureOf(context: RequestContext, { from, to }: HearingContext): Departure {
  return { now: context.receivedAt, from: from.aor, to: to.aor };
}

/** Of a request of our own. */
export function ownDeparture(request: SipRequest, now: number): Departure {
  const from = addressIn(request, HeaderId.From);
  const named = addressIn(request, HeaderId.To);
  return { now, from, to: readAddress(request.requestUri).aor, named };
}

/** Some 150 bytes each: at 1,600 messages a second as long as a mark, and a server's way through is much shorter. */
const MAX_BYTES = 16 * 1024 * 1024;
/** What a peer may make as long as it likes is kept as its hash, and so is a domain of the configuration beyond latin1. */
const PLAIN_KEY = /^[\0-\xff]{0,512}$/;

/**
 * @param key Of the marks; secret, at most 64 bytes.
 * @param domains A receiver is known by any of its names.
 */
export function createSecondCrossing(clock: Clock, key: Buffer, domains: Domains): SecondCrossing {
  const marks = createMarks(key);
  /** By fingerprint the words; empty: it may pass. */
  const left = new ExpiringBytes(clock, { ttlMs: MARK_LIFETIME_MS, maxBytes: MAX_BYTES });
  return {
    leaving(request, splices, { now, from, to, named, words }) {
      const digest = contentDigest(request, splices);
      if (bearsContent(request)) {
        // By no other name than those it was judged for: To is whatever the sender writes.
        for (const name of named === undefined ? [to] : [to, named]) {
          const receiver = receiverOf(name, domains).aor;
          left.set(fingerprint(request, digest, from, receiver), bytesOf(words));
        }
      }
      return [marks.add(request, digest, now, words)];
    },
    saidOf(request, now) {
      const marked = marks.read(request, now);
      if (marked !== undefined || left.isEmpty || !bearsContent(request)) return marked;
      const digest = contentDigest(request, []);
      const from = addressIn(request, HeaderId.From);
      const knownBy = (uri: string): MarkReading | undefined => {
        const said = left.get(fingerprint(request, digest, from, receiverOf(uri, domains).aor));
        if (said === undefined) return undefined;
        return { words: said.length === 0 ? undefined : said.toString("latin1") };
      };
      return knownBy(addressIn(request, HeaderId.To)) ?? knownBy(request.requestUri);
    },
    close: () => left.clear(),
  };
}

/** Without content there is nothing to know it by, and nothing to judge. */
function bearsContent(request: SipRequest): boolean {
  return request.bodyStart < request.bytes.length || request.find(HeaderId.MsTextFormat) >= 0;
}

const PASSED: Buffer = Buffer.alloc(0);

function bytesOf(words: string | undefined): Buffer {
  return words === undefined ? PASSED : Buffer.from(words, "latin1");
}

function fingerprint(request: SipRequest, digest: string, from: string, to: string): string {
  const key = `${request.method}\n${digest}\n${from}\n${to}`;
  return PLAIN_KEY.test(key) ? key : hash("sha256", key, "base64url");
}

function addressIn(request: SipRequest, field: typeof HeaderId.From | typeof HeaderId.To): string {
  const read = parseNameAddr(request.value(field) ?? "");
  return read.ok ? readAddress(read.value.uri).aor : "";
}
