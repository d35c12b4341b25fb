import { hash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { ExpiringMap } from "../base/expiring-map.ts";
import type { ScanRecord } from "../journal/records.ts";
import type { HearingContext } from "../policy/hearing.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { contentDigest } from "./content-digest.ts";
import { MARK_LIFETIME_MS } from "./mark.ts";

/** 64 characters and change each; what is forgotten is judged again, and counts as the same action (actions.ts). */
const REMEMBERED = 20_000;

const NONE: readonly Splice[] = [];

/** What the first judgement has found, for when the request comes by again. */
export interface Judged {
  /** `ForwardOutcome.messaging`. */
  readonly messaging: boolean;
  /** Rules in monitor mode that have hit, and what others said of it. */
  readonly would: readonly string[];
  readonly tags: readonly string[];
  readonly log: readonly string[];
  /** What was said of the files in it; absent: there was none. */
  readonly scan?: readonly ScanRecord[];
  /**
   * Is the next one to come the same message on its way? True once, and only until the first has its answer: what comes by
   * the second proxy comes before. All else is somebody's sending it once more, and is one more event.
   */
  comesRound: boolean;
}

/**
 * What has been judged and sent on, where the gateway stands beside proxies or between servers and the very same request
 * may come by again (two proxies beside one gateway). Known by everything that a rule could ask about: who sends to
 * whom, in which transaction, and the content as it went out. Kept here and not in the message, because what leaves may
 * go straight to a client.
 */
export class Crossings {
  readonly #judged: ExpiringMap<Judged>;

  constructor(clock: Clock) {
    this.#judged = new ExpiringMap(clock, { ttlMs: MARK_LIFETIME_MS, maxEntries: REMEMBERED });
  }

  /** `splices` are the edits with which it goes out. */
  note(
    request: SipRequest,
    hearing: HearingContext,
    splices: readonly Splice[],
    judged: Judged,
  ): void {
    this.#judged.set(keyOf(request, hearing, splices), judged);
  }

  find(request: SipRequest, hearing: HearingContext): Judged | undefined {
    return this.#judged.get(keyOf(request, hearing, NONE));
  }

  close(): void {
    this.#judged.clear();
  }
}

/** No field value can hold a line end, so the parts cannot run into each other. */
function keyOf(
  request: SipRequest,
  { from, to }: HearingContext,
  splices: readonly Splice[],
): string {
  const { number, method } = request.cseq;
  const parts = [
    request.callId,
    `${number} ${method}`,
    request.value(HeaderId.From) ?? "",
    `${from.aor} ${from.authenticated}`,
    request.requestUri,
    to.aor,
    contentDigest(request, splices),
  ];
  return hash("sha256", parts.join("\n"), "hex");
}
