/** What is known of a kept file besides its bytes; `sluice quarantine show` prints it. */
export interface QuarantineStory {
  /** "INC-…" */
  readonly incident: string;
  readonly callId: string;
  /** Addresses of record. */
  readonly from: string;
  readonly to: readonly string[];
  /** Id of the rule, or the failure key that decided. */
  readonly rule: string;
  /** As sent; for display only, never a path. */
  readonly name: string;
  /** "" when no engine named one. */
  readonly threat: string;
  readonly trueType: string | undefined;
  readonly scan: readonly {
    readonly engine: string;
    readonly result: string;
    readonly threat: string | undefined;
    readonly reason: string | undefined;
  }[];
  /** How long its rule has it kept, milliseconds; absent: as the configuration says. */
  readonly keepMs?: number | undefined;
  /** Its rule wants two persons to agree before it is released; absent: one is enough. */
  readonly release?: "four-eyes" | undefined;
  /** What arranged it came in by TLS, so that nothing about it may leave in clear; absent: nobody knows any more. */
  readonly encrypted?: boolean | undefined;
}

/** One kept file (DESIGN §6: id, incident, name, size, sha256, threat, stored_at, state; the rest of the story besides). */
export interface QuarantineItem extends QuarantineStory {
  readonly id: string;
  readonly size: number;
  readonly sha256: string;
  /** Absent: of an item that an older version kept. */
  readonly sha1?: string | undefined;
  /** Milliseconds since 1970. */
  readonly storedAt: number;
  readonly state: "quarantined" | "deleted" | "expired";
}

/** The bytes to keep: complete, and read from an already open descriptor or from memory. */
export interface KeepSource {
  readonly size: number;
  readonly sha256: string;
  /** For the story. */
  readonly sha1?: string;
  read(buffer: Buffer, position: number): number;
}

export type KeepResult = { readonly kind: "kept"; readonly id: string } | NotKept;

export interface NotKept {
  readonly kind: "not-kept";
  readonly reason: "full" | "failed";
  readonly detail: string;
  /** When it is full: what it would take to keep it, bytes. */
  readonly needs?: number | undefined;
  /** When it is the disk that is full: how many bytes more would have to be free. */
  readonly lacks?: number | undefined;
}

/** The writing half; it lives in the relay's worker thread. */
export interface QuarantineWriter {
  /** Encrypts and stores; resolves when all of it is on the disk (fsync). Total: never rejects. */
  keep(source: KeepSource, story: QuarantineStory): Promise<KeepResult>;
}

/**
 * The reading half, for the admin API; it lives beside it. Every method rejects with QuarantineFailed when the disk fails, or when
 * the item asked for is not as it was stored; a download does so while it is read, before it has given out a byte of a damaged file.
 */
export interface QuarantineReader {
  /** Newest first. */
  list(limit: number): Promise<readonly QuarantineItem[]>;
  show(id: string): Promise<QuarantineItem | undefined>;
  /** An encrypted zip (password "infected") with the file in it; undefined when there is no such item, or no bytes any more. */
  download(id: string): Promise<AsyncIterable<Buffer> | undefined>;
  /** Removes the bytes and keeps the story, with state "deleted". Undefined: no such item. */
  delete(id: string): Promise<QuarantineItem | undefined>;
  /** Removes the bytes of items older than `maxAgeMs`, or than their own `keepMs`; returns which. Rejects when not one of several could be. */
  expire(now: number, maxAgeMs: number): Promise<readonly RemovedItem[]>;
  /**
   * Removes the bytes of items, the oldest first, until no more is left than asked for. Those that are younger than `minAgeMs`, or that
   * their rule keeps, stay, and so does one whose story cannot be read; when the others are not enough, nothing is removed. `reached` is
   * false, too, when some could not be removed.
   */
  trim(now: number, goal: TrimGoal): Promise<TrimResult>;
  /** What lies there. */
  usage(): Promise<QuarantineUsage>;
  /** Removes the stories of items older than `maxAgeMs` that have no bytes any more; returns how many. */
  forget(now: number, maxAgeMs: number): Promise<number>;
}

/** An item whose bytes are gone; what its story said, as far as it could be read. */
export interface RemovedItem {
  readonly id: string;
  readonly incident: string | undefined;
  readonly sha256: string | undefined;
}

export interface TrimGoal {
  /** Of all that lies there, counted as the writer does (ITEM_COST_BYTES). */
  readonly maxBytes: number;
  /** Items that have their bytes. */
  readonly maxFiles: number;
  readonly minAgeMs: number;
}

export interface TrimResult {
  /** No more is left than was asked for. */
  readonly reached: boolean;
  readonly removed: readonly RemovedItem[];
}

export interface QuarantineUsage {
  /** Items that have their bytes. */
  readonly files: number;
  /** With what an item takes besides its bytes, and the stories of those that have none. */
  readonly bytes: number;
  /** Stories whose bytes are gone. */
  readonly stories: number;
  /** When the oldest and the newest that has its bytes was stored, milliseconds since 1970; undefined: there is none. */
  readonly oldestAt: number | undefined;
  readonly newestAt: number | undefined;
}
