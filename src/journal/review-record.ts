/** What people do about incidents and kept files, in the journal's own plain records. */

export type ReviewAction =
  /** Looked at: `open` becomes `reviewed`. */
  | "review"
  /** One of the two persons whom a rule wants to agree. */
  | "agree"
  | "release"
  | "deny"
  /** The bytes of a kept file were removed. */
  | "delete"
  /** A kept file was fetched. */
  | "download"
  /** A kept file was scanned once more. */
  | "rescan"
  /** The gateway removed the bytes, for their age or for room. */
  | "expire";

/** One such deed: a row of the store that stays with the incident, and a line of the event log (`type: admin`). */
export interface ReviewRecord {
  readonly eventId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly action: ReviewAction;
  /** "INC-…" */
  readonly incident: string;
  /** Id and SHA-256 of the kept file that it is about; undefined: it is about the incident alone. */
  readonly item: string | undefined;
  readonly sha256: string | undefined;
  readonly actor: ReviewActor;
  /** In the words of whoever did it; "" when none were asked for and none were given. */
  readonly reason: string;
  /** What came of it, as plain JSON: the result of a scan, for whom something was released. */
  readonly details: Readonly<Record<string, unknown>>;
  /** With "release": what may come through once. */
  readonly waivers?: readonly Waiver[] | undefined;
}

/** Who did it. */
export interface ReviewActor {
  /** What the gateway knows by itself: the way by which it was asked, or the setting that had it done. */
  readonly by: string;
  /** The name that the asking program gave, which nobody has proven; "" when it gave none. */
  readonly said: string;
}

/** Leave for exactly these bytes to reach exactly this receiver, once, until a moment. */
export interface Waiver {
  /** Ours, a ULID. */
  readonly id: string;
  readonly sha256: string;
  /** Address of record. */
  readonly receiver: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** The finding that its person knew of and overruled; "": there was none. Another one is not released by it. */
  readonly accepts: "" | "error" | "suspicious" | "infected";
}

/** What became of a deed; a conflict changed nothing, and says in words what stands against it. */
export type ReviewOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "conflict"; readonly detail: string };

/** A file that would be stopped, and who asks whether it has been released. */
export interface WaiverQuestion {
  readonly sha256: string;
  /** Address of record. */
  readonly receiver: string;
  /** What the engines say of it now. */
  readonly result: "clean" | "infected" | "suspicious" | "unscannable" | "error";
  /** Of the transfer that takes it; a taken waiver is ended under the same name. */
  readonly taker: string;
  /** Whose transfer it is, for the event log. */
  readonly callId: string;
  readonly from: string;
}
