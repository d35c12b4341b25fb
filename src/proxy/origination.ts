/** A request of our own outside of any dialog: a notice from the gateway's account. */
export interface OwnMessage {
  /** Address of record of the account, and of the receiver ("sip:bob@example.com"). */
  readonly from: string;
  readonly to: string;
  readonly contentType: string;
  readonly body: Buffer;
  /** What it is about came in by TLS, and so it does not leave in clear unless the operator permits it (secrecy.ts). */
  readonly encrypted: boolean;
}

/** A request of our own inside a dialog, as if from one peer to the other: the CANCEL of a transfer (lcs.md E7). */
export interface LegRequest {
  readonly callId: string;
  /** Tag of the peer in whose name it is sent, and of the client that gets it. */
  readonly fromTag: string;
  readonly toTag: string;
  /** Only if that client is this user's (canonical address of record): a tag alone may be anybody's word. Absent: whoever it is. */
  readonly toAor?: string;
  readonly contentType: string;
  readonly body: Buffer;
}

/** What became of it: the final status, or why there is none. */
export type OriginationEnd =
  | { readonly kind: "answered"; readonly status: number }
  /** withheld: it could leave in clear only; no-leg: no request went that way in a watched call; signed: its client ignores what the server did not sign. */
  | {
      readonly kind: "failed";
      readonly reason: "timeout" | "unreachable" | "withheld" | "no-leg" | "signed";
    };

/** What the gateway may send of its own; the proxy implements it, the filter and the notifier are given it. */
export interface Originator {
  /** Sends a MESSAGE by the ordinary way to the server (or to the embedded registrar's binding). Never rejects. */
  sendMessage(message: OwnMessage): Promise<OriginationEnd>;
  /** Sends a MESSAGE inside the dialog to the client on that leg, with a CSeq of its own. Never rejects. */
  sendInLeg(request: LegRequest): Promise<OriginationEnd>;
  /** From now on the legs of this call are remembered, so that `sendInLeg` finds them. Bounded; oldest out. Each needs an `unwatch`. */
  watch(callId: string): void;
  /** The call is watched once less; after the last a leg whose numbering we have shifted is kept as long as its dialog. */
  unwatch(callId: string): void;
}
