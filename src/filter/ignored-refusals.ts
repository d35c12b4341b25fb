import type { Clock } from "../base/clock.ts";
import { detached } from "../base/detached.ts";
import { ExpiringMap } from "../base/expiring-map.ts";
import { fieldAor } from "../wire/sip/field-aor.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { Invitation } from "../wire/msnftp/invitation.ts";
import type { Verdict } from "../policy/hearing.ts";
import type { Originator } from "../proxy/origination.ts";
import type { Question } from "./desk.ts";
import { cancelText, INVITATION_TYPE } from "./transfer-words.ts";

/** A client that has seen a refusal does not send the same invitation again within this time. */
const MEMORY_MS = 600_000;
const MAX_REFUSED = 10_000;
/** Of Call-ID and tag together; what is longer is no call of a client that anybody knows, and is not remembered. */
const MAX_KEY_LENGTH = 1024;

/**
 * Refused invitations whose sender shows that it has not understood the answer: it sends the same one again, in the same dialog. Its
 * client waits for a file that will not be fetched, and is told by a CANCEL as if from its peer (lcs.md B12, decision 4).
 *
 * Only within dialogs, to clients that have signed in and whose messages are not signed, and once for each invitation. The
 * call is watched from the second refusal on, one call of a sender at a time: until then nobody needs to know its legs. The CANCEL goes out
 * at the first repetition at which the way to the client is known, that is, after its peer has sent something.
 */
export class IgnoredRefusals {
  readonly #originator: Originator;
  /** By call, sender's tag and cookie. */
  readonly #refused: ExpiringMap<{ told: boolean }>;
  /** Which call of a sender is watched. */
  readonly #watched: ExpiringMap<string>;

  constructor(clock: Clock, originator: Originator) {
    this.#originator = originator;
    const limits = { ttlMs: MEMORY_MS, maxEntries: MAX_REFUSED };
    this.#refused = new ExpiringMap(clock, limits);
    const onExpire = (callId: string): void => originator.unwatch(callId);
    this.#watched = new ExpiringMap(clock, { ...limits, onExpire });
  }

  /** An invitation is being refused. Settles when its sender has been told, or need not be; never rejects. */
  async refused(question: Question, verdict: Verdict): Promise<void> {
    const invitation = verdict.inspection?.invitation?.invitation;
    if (invitation?.command !== "INVITE") return;
    const refusal = refusalOf(question, invitation);
    if (refusal === undefined) return;
    const { callId, fromTag, toTag, toAor, cookie, sender } = refusal;
    const key = `${callId}\n${fromTag}\n${cookie}`;
    const known = this.#refused.get(key);
    if (known === undefined) this.#refused.set(key, { told: false });
    if (known === undefined || known.told || !this.#watches(sender, callId)) return;
    known.told = true;
    const end = await this.#originator.sendInLeg({
      callId,
      fromTag: toTag,
      toTag: fromTag,
      toAor,
      contentType: INVITATION_TYPE,
      body: cancelText(cookie, "FAIL"),
    });
    if (end.kind === "failed" && end.reason === "no-leg") known.told = false;
  }

  /** A sender with many calls must not push out those that transfers need. */
  #watches(sender: string, callId: string): boolean {
    const watched = this.#watched.get(sender);
    if (watched !== undefined) return watched === callId;
    this.#watched.set(sender, detached(callId));
    this.#originator.watch(callId);
    return true;
  }

  close(): void {
    this.#refused.clear();
    this.#watched.clear();
  }
}

interface RefusedInvitation {
  readonly callId: string;
  readonly fromTag: string;
  readonly toTag: string;
  /** Whose client it is: nobody ends another one's transfer by writing its tag. */
  readonly toAor: string;
  readonly cookie: string;
  readonly sender: string;
}

/** Undefined: whoever sends it could not be told, or is not known. */
function refusalOf(
  { request, context, hearing }: Question,
  { cookie }: Invitation,
): RefusedInvitation | undefined {
  const { callId, fromTag, toTag } = request;
  if (context.side !== "client" || context.signed || !hearing.from.authenticated) return undefined;
  if (cookie === undefined || fromTag === undefined || toTag === undefined) return undefined;
  if (callId.length + fromTag.length > MAX_KEY_LENGTH) return undefined;
  const toAor = fieldAor(request.value(HeaderId.From) ?? "");
  if (toAor === undefined) return undefined;
  return { callId, fromTag, toTag, toAor, cookie, sender: hearing.from.aor };
}
