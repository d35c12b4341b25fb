/**
 * Notices to users, from the gateway's own account, as one plain text MESSAGE each (RFC 3428).
 *
 * What a notice says comes in part from a stranger (a file's name), so nothing stays in it that breaks a line, turns the
 * order of characters or is not seen. Does not: repeat, queue, or know what a notice is about.
 * Limits: MAX_CHARACTERS, and notices a minute to one user, about one sender and in all; what exceeds them is dropped and says
 * "limited". There is no notice about a notice, nor about what somebody answers to one.
 */
import type { Clock } from "../base/clock.ts";
import type { Notice, Notifier, NoticeState } from "./notifier.ts";

/** A request of our own outside of any dialog. */
export interface NoticeMessage {
  /** Addresses of record. */
  readonly from: string;
  readonly to: string;
  readonly contentType: string;
  readonly body: Buffer;
  /** What it is about came in by TLS: it is not to leave in clear. */
  readonly encrypted: boolean;
}

/** What became of it: the final status, or none. */
export type NoticeEnd =
  | { readonly kind: "answered"; readonly status: number }
  | { readonly kind: "failed"; readonly reason: string };

export interface NotifierDeps {
  readonly clock: Clock;
  readonly originate: (message: NoticeMessage) => Promise<NoticeEnd>;
}

export interface NotifierOptions {
  /** Address of record that notices come from; undefined: there are none. */
  readonly account: string | undefined;
  /** Notices a minute at most: to one user, about what one sender has sent, and in all. */
  readonly perUser: number;
  readonly perSender: number;
  readonly inAll: number;
}

/** What an operator gets who says nothing else. */
export const DEFAULT_NOTICE_LIMITS: Pick<NotifierOptions, "perUser" | "perSender" | "inAll"> = {
  perUser: 10,
  perSender: 20,
  inAll: 600,
};

const MINUTE_MS = 60_000;
const MAX_CHARACTERS = 1000;

/** Makes the notifier. */
export function createNotifier(deps: NotifierDeps, options: NotifierOptions): Notifier {
  const { account } = options;
  const limit = createMinuteLimit(deps.clock, options);

  async function send({ to, text, encrypted, about }: Notice): Promise<NoticeState> {
    if (account === undefined) return "no account";
    const user = userOf(to);
    // It would be answered by a notice about itself, and so on; and so would be what an automatic answer to one caused.
    const own = userOf(account);
    if ([user, userOf(about.sender), userOf(about.receiver)].includes(own)) return "refused";
    if (!limit.take(user, userOf(about.sender))) return "limited";
    const message = {
      from: account,
      to,
      contentType: "text/plain; charset=UTF-8",
      body: Buffer.from(noticeText(text), "utf8"),
      encrypted,
    };
    try {
      return stateOf(await deps.originate(message));
    } catch {
      return "failed";
    }
  }

  return { send };
}

function stateOf(end: NoticeEnd): NoticeState {
  if (end.kind === "failed") return end.reason === "withheld" ? "not sent" : "failed";
  if (end.status === 202) return "accepted";
  return end.status >= 200 && end.status < 300 ? "delivered" : "refused";
}

/** Line breaks and tabs part words; everything else that is not seen goes without a trace. */
function noticeText(text: string): string {
  const shown = text
    .toWellFormed()
    .replaceAll(/[\t\n\v\f\r\u0085\p{Zl}\p{Zp}]+/gu, " ")
    .replaceAll(/[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, "");
  let end = 0;
  let characters = 0;
  for (const character of shown) {
    if (characters === MAX_CHARACTERS) break;
    characters += 1;
    end += character.length;
  }
  return shown.slice(0, end);
}

/** One user, however his address is spelt. */
function userOf(aor: string): string {
  return aor
    .replace(/^sips?:/i, "")
    .replace(/[;?].*$/s, "")
    .toLowerCase();
}

/** Counts the last minute exactly; what it holds is bounded by the limit in all. */
function createMinuteLimit(
  clock: Clock,
  { perUser, perSender, inAll }: Pick<NotifierOptions, "perUser" | "perSender" | "inAll">,
): { take(user: string, sender: string): boolean } {
  let sent: { readonly user: string; readonly sender: string; readonly atMs: number }[] = [];
  return {
    take(user, sender) {
      const nowMs = clock.monotonicMs();
      sent = sent.filter((one) => one.atMs > nowMs - MINUTE_MS);
      const toUser = sent.filter((one) => one.user === user).length;
      const aboutSender = sent.filter((one) => one.sender === sender).length;
      if (sent.length >= inAll || toUser >= perUser || aboutSender >= perSender) return false;
      sent.push({ user, sender, atMs: nowMs });
      return true;
    },
  };
}
