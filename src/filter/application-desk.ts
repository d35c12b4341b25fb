import { ExpiringMap } from "../base/expiring-map.ts";
import type { Clock } from "../base/clock.ts";
import { detached } from "../base/detached.ts";
import type { Application } from "../inspect/inspection.ts";
import type { Verdict } from "../policy/hearing.ts";
import { speaksOfFile } from "../wire/msnftp/speaks-of-file.ts";
import { transferKey } from "./transfer.ts";
import type { TransferStep } from "./transfer-step.ts";
import type { TransferMessage } from "./transfer-message.ts";
import { transferRefusal, type TransferRefusal } from "./transfer-refusal.ts";

/** As long as a transfer's cookie stays used. */
const MEMORY_MS = 3_600_000;
const MAX_APPLICATIONS = 10_000;
/** Whoever makes more in that time than a person would must not push out those of others. */
const PER_SENDER = 20;
/** Of Call-ID and tag together: what is longer is no call of a client that anybody knows. */
const MAX_KEY_LENGTH = 1024;

/**
 * Invitations to applications other than file transfer (lcs.md B9). Their clients meet without the gateway, so that an invitation
 * passes only where a rule allows that application by name (decision 056), and an answer that names an address only when it answers
 * such an invitation, from one of the two in whose dialog it was sent. Every message here has passed the rules already.
 */
export class ApplicationDesk {
  readonly #allowed: ExpiringMap<AllowedApplication>;
  /** How many of each sender's are remembered. */
  readonly #senders = new Map<string, number>();
  readonly #isTransfer: (callId: string, cookie: string) => boolean;

  /** @param isTransfer Is this the cookie of a file transfer in that call? */
  constructor(clock: Clock, isTransfer: (callId: string, cookie: string) => boolean) {
    this.#allowed = new ExpiringMap(clock, {
      ttlMs: MEMORY_MS,
      maxEntries: MAX_APPLICATIONS,
      onExpire: (application) => this.#forgotten(application),
    });
    this.#isTransfer = isTransfer;
  }

  /** What becomes of it; undefined: it is about no application. */
  take(message: TransferMessage): TransferStep | undefined {
    const { request, part, verdict } = message;
    const { command, cookie } = part.invitation;
    const application = verdict.inspection?.application;
    const key = transferKey(request.callId, cookie ?? "");
    if (command === "INVITE" && application !== undefined)
      return this.#invite(message, key, application);
    const known = cookie === undefined ? undefined : this.#allowed.get(key);
    if (known === undefined) return undefined;
    // One cookie for both would let the answer about a file pass as one about the application.
    if (command === "INVITE") return refuse(message, "cookie-used");
    if (!message.hearing.from.authenticated) return refuse(message, "not-signed-in");
    if (!isParty(known, message)) return refuse(message, "not-a-party");
    // A client that takes every invitation for one of a file answers with the keys of one.
    if (command === "ACCEPT" && speaksOfFile(part.invitation)) {
      return refuse(message, "broken-accept");
    }
    if (command === "CANCEL" && this.#allowed.take(key) !== undefined) this.#forgotten(known);
    return verdict.action === "rewrite" ? refuse(message, "changed-text") : FORWARD;
  }

  #invite(message: TransferMessage, key: string, application: Application): TransferStep {
    const { request, hearing, verdict } = message;
    const { callId, fromTag, method } = request;
    const { cookie, kinds } = application;
    if (method !== "MESSAGE" && method !== "INVITE") return refuse(message, "not-a-message");
    if (verdict.action === "rewrite") return refuse(message, "changed-text");
    if (!isAllowedByName(verdict, kinds)) return refuse(message, "application-not-allowed");
    if (!hearing.from.authenticated) return refuse(message, "not-signed-in");
    if (cookie === undefined || fromTag === undefined) return refuse(message, "broken-offer");
    if (callId.length + fromTag.length > MAX_KEY_LENGTH) return refuse(message, "broken-offer");
    const known = this.#allowed.get(key);
    const taken = known === undefined ? this.#isTransfer(callId, cookie) : !isParty(known, message);
    if (taken) return refuse(message, "cookie-used");
    return known !== undefined || this.#remember(key, fromTag, hearing.from.aor)
      ? FORWARD
      : refuse(message, "quota");
  }

  #remember(key: string, tag: string, aor: string): boolean {
    const count = this.#senders.get(aor) ?? 0;
    if (count >= PER_SENDER) return false;
    this.#senders.set(aor, count + 1);
    this.#allowed.set(key, { tag: detached(tag), aor });
    return true;
  }

  #forgotten({ aor }: AllowedApplication): void {
    const left = (this.#senders.get(aor) ?? 1) - 1;
    if (left > 0) this.#senders.set(aor, left);
    else this.#senders.delete(aor);
  }

  close(): void {
    this.#allowed.clear();
  }
}

/** Who has sent the invitation. */
interface AllowedApplication {
  readonly tag: string;
  readonly aor: string;
}

const FORWARD: TransferStep = { kind: "forward", splices: [] };

/** Whoever has sent it, or whoever it was sent to: in a dialog one of them bears the tag. */
function isParty({ tag, aor }: AllowedApplication, { request, hearing }: TransferMessage): boolean {
  return request.fromTag === tag ? hearing.from.aor === aor : request.toTag === tag;
}

/** Does the rule that lets it pass name one of these kinds? What was said of the media beside it does not count. */
function isAllowedByName({ application }: Verdict, kinds: Application["kinds"]): boolean {
  return kinds.some((kind) => application?.allowedMedia.includes(kind) === true);
}

function refuse({ part, verdict }: TransferMessage, code: TransferRefusal): TransferStep {
  const { inspection } = verdict;
  const about = { inspection, file: undefined, cookie: part.invitation.cookie };
  return { kind: "refuse", verdict: transferRefusal(code, "", about) };
}
