/** A text for one user, from the gateway's account. */
export interface Notice {
  /** Address of record. */
  readonly to: string;
  readonly text: string;
  /** Whose message it is about, and for whom that was: addresses of record. */
  readonly about: { readonly sender: string; readonly receiver: string };
  /** What it is about came in by TLS. */
  readonly encrypted: boolean;
}

/** What became of a notice; these words stand in the record. */
export type NoticeState =
  | "delivered"
  | "accepted"
  | "refused"
  | "failed"
  /** It could leave in clear only. */
  | "not sent"
  | "limited"
  | "no account";

/** Sends notices; bounded in rate for each user and in all. */
export interface Notifier {
  /** Never rejects. */
  send(notice: Notice): Promise<NoticeState>;
}
