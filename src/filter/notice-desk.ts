import type { NoticeRecord } from "../journal/records.ts";
import type { Notifier } from "../notify/notifier.ts";
import type { Transfer } from "./transfer.ts";

/** A notice that a verdict asks for. */
export interface WantedNotice {
  readonly audience: string;
  readonly text: string;
}

/** Sends what verdicts ask for to the two parties, from the gateway's account. */
export class NoticeDesk {
  readonly #notifier: Notifier;

  constructor(notifier: Notifier) {
    this.#notifier = notifier;
  }

  /** The notices of a stopped file: the sender hears of it in any case, since its client may have shown success. */
  complete(
    wanted: readonly WantedNotice[],
    fileName: string,
    incident: string,
  ): readonly WantedNotice[] {
    if (wanted.some((notice) => notice.audience === "sender")) return wanted;
    const text = `${fileName || "A file"} was not delivered. Ref ${incident}`;
    return [...wanted, { audience: "sender", text }];
  }

  /** Never rejects; one record for each notice. */
  async send(
    notices: readonly WantedNotice[],
    { sender, receiver, hearing }: Parties,
  ): Promise<readonly NoticeRecord[]> {
    const { encrypted } = hearing;
    const about = { sender: sender.aor, receiver: receiver.aor };
    return Promise.all(
      notices.map(async ({ audience, text }) => {
        const to = audience === "sender" ? sender.aor : receiver.aor;
        // Those who run the gateway read the record.
        if (audience === "admins") return { audience, state: "recorded" };
        return { audience, state: await this.#notifier.send({ to, text, encrypted, about }) };
      }),
    );
  }

  /** The sender's client has said "sent", and the receiver has nothing. */
  async sendUndelivered(transfer: Transfer): Promise<void> {
    const { from, encrypted } = transfer.hearing;
    if (!from.authenticated) return;
    const name = transfer.file.name.normalized || "A file";
    const text = `${name} was not delivered.`;
    const about = { sender: transfer.sender.aor, receiver: transfer.receiver.aor };
    await this.#notifier.send({ to: transfer.sender.aor, text, encrypted, about });
  }
}

/** Whom a notice may go to. */
export interface Parties {
  readonly sender: { readonly aor: string };
  readonly receiver: { readonly aor: string };
  /** Of what it is about. */
  readonly hearing: { readonly encrypted: boolean };
}
