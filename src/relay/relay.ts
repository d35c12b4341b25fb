import type { CacheCounts } from "../scan/kept-answers.ts";
import type { EngineStatus, ScanReport } from "../scan/scan-engine.ts";

/**
 * The relay as the SIP thread sees it. Everything that crosses is plain data, so that a worker thread can stand between;
 * nothing here knows SIP or rules. A transfer is one file between two peers: two legs, and the spool between them.
 *
 * Life of a transfer: open → (both legs, all of the file into the spool, scan) → event "received" → keep?, then
 * decide → event "contact" (deferred) → event "ended". Every opened transfer ends with exactly one event "ended", whatever happens.
 */
export interface Relay extends AsyncDisposable {
  /** Reserves room in the spool and a port for each peer that dials us, and listens. Never rejects. */
  open(plan: TransferPlan): Promise<OpenResult>;
  /** The verdict, once for each "received". What is unknown by now is ignored. */
  decide(id: string, decision: FileDecision): void;
  /** Ends a transfer from outside (a peer cancelled by SIP, or could not be told of it); "ended" follows. */
  abort(id: string, reason: AbortReason): void;
  /** Keeps an encrypted copy of a received, undecided file. Never rejects. */
  keep(id: string, story: KeepStory): Promise<KeepOutcome>;
  /** Scans bytes that travelled inside a message, for so long at most. Never rejects. */
  scanBytes(bytes: Uint8Array, withinMs: number, owner?: string): Promise<ScanReport>;
  /** Keeps an encrypted copy of such bytes. Never rejects. */
  keepBytes(bytes: Uint8Array, story: KeepStory): Promise<KeepOutcome>;
  engines(test: boolean): Promise<readonly EngineStatus[]>;
  /** Of the scan results that are kept. */
  scanCounts(): Promise<CacheCounts>;
  transfers(): Promise<readonly TransferView[]>;
  /** Known at once. */
  readonly load: RelayLoad;
}

/** How much is going on, and how much could. */
export interface RelayLoad {
  /** Transfers that are open, and that may be at a time. */
  readonly open: number;
  readonly capacity: number;
  /** Ports of the range, and those of them that no transfer holds. */
  readonly ports: number;
  readonly freePorts: number;
  /** Ports at which receivers are awaited: others may be there too. */
  readonly doors: number;
}

export interface TransferPlan {
  /** Ours, a ULID. */
  readonly id: string;
  /** As in the receiver's ACCEPT: base64 of 24 bytes each (lcs.md B2). Undefined: the plain variant, all in clear. */
  readonly keys: { readonly encryptionKey: string; readonly hashKey: string } | undefined;
  /** Bytes, as invited. */
  readonly size: number;
  /** The receiver's address as it stands in USR: "bob@example.com". */
  readonly user: string;
  /** How the connection to the file's sender comes about, and that to its receiver; any two of them go together. */
  readonly sender: LegPlan;
  readonly receiver: LegPlan;
  /**
   * When the receiver is met. both: at once, and its connection waits for the verdict. deferred: after a verdict to deliver;
   * one that dials us hears only then where (event "contact").
   */
  readonly contact: Contact;
  /** Whose quota: the sender's address of record. */
  readonly owner: string;
  /** Kept beside the spooled file, and handed back in "recovered". Plain JSON. */
  readonly story: Readonly<Record<string, unknown>>;
}

export type Contact = "both" | "deferred";

export type LegPlan =
  /** The peer listens there, and gave this AuthCookie: we dial it. */
  | {
      readonly kind: "dial";
      readonly address: string;
      readonly port: number;
      readonly authCookie: string;
    }
  /** The peer dials us. */
  | {
      readonly kind: "await";
      /** The only source address from which it may, when it has nothing else to prove itself by. */
      readonly onlyFrom: string | undefined;
      /** From where it will probably dial, when that is known: there is always room for it. */
      readonly expected: string | undefined;
    };

/** Where a peer that dials shall dial, and what it shall say (a receiver) or be told (a sender). */
export interface Place {
  readonly port: number;
  readonly authCookie: string;
}

export type FileDecision =
  | "deliver"
  | "stop"
  /** Stop it, and give its receiver a text of the announced size instead: `text`, and blanks behind it. A longer text is a "stop". */
  | { readonly kind: "replace"; readonly text: Uint8Array };

export type OpenResult =
  | {
      readonly kind: "opened";
      /** Of each peer that dials us; undefined: we dial it. */
      readonly sender: Place | undefined;
      readonly receiver: Place | undefined;
    }
  | { readonly kind: "refused"; readonly reason: RelayRefusal };

export type RelayRefusal =
  | "no-free-port"
  | "too-many-transfers"
  | "too-large"
  | "quota"
  | "spool-full"
  | "no-space"
  | "bad-keys"
  | "bad-address"
  | "unproven-sender"
  | "unavailable";

export type RelayEvent =
  | ReceivedEvent
  /** It may be delivered, and the receiver that will dial us is awaited from now on. */
  | { readonly kind: "contact"; readonly id: string }
  /** It will not be delivered; what its owner has to tell the clients by SIP they should hear now. "ended" follows. */
  | { readonly kind: "ending"; readonly id: string }
  | {
      readonly kind: "ended";
      readonly id: string;
      readonly end: TransferEnd;
    };

/** The whole file is here and has been scanned; the relay waits for `decide`. */
export interface ReceivedEvent {
  readonly kind: "received";
  readonly id: string;
  readonly size: number;
  readonly sha256: string;
  readonly sha1: string;
  readonly report: ScanReport;
  /** Of an earlier run of the program: there are no legs any more, and `decide` must be "stop". */
  readonly recovered:
    | undefined
    | {
        readonly story: Readonly<Record<string, unknown>>;
        /** "releasing": delivery had begun. */
        readonly state: "held" | "releasing";
      };
}

export interface TransferEnd {
  /** delivered: the receiver has all of it; stopped: as decided; replaced: stopped, and its receiver has the text; failed: see `reason`. */
  readonly result: "delivered" | "stopped" | "replaced" | "failed";
  readonly reason: FailureReason | undefined;
  /** Bytes of content. */
  readonly receivedBytes: number;
  readonly deliveredBytes: number;
  /** What the sender's client has been told over its connection: BYE "received", BYE with a failure, or nothing. */
  readonly senderTold: "received" | "failed" | "nothing";
}

export type AbortReason = "cancelled" | "not-told" | "shutdown";

export type FailureReason =
  | "sender-silent"
  | "receiver-silent"
  | "sender-gone"
  | "receiver-gone"
  | "wrong-cookie"
  | "wrong-size"
  | "bad-mac"
  | "protocol"
  | "disk-full"
  /** The file in the spool is not what was received any more: somebody else wrote to it. */
  | "changed"
  | "timeout"
  | "cancelled"
  /** Its client could not be told where to connect to. */
  | "not-told"
  | "receiver-refused"
  | "shutdown"
  | "internal";

/** For `Relay.keep`; the same as the quarantine's story, in plain data. */
export interface KeepStory {
  readonly incident: string;
  readonly callId: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly rule: string;
  readonly name: string;
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

export type KeepOutcome =
  | { readonly kind: "kept"; readonly id: string }
  | {
      readonly kind: "not-kept";
      readonly reason: "full" | "failed";
      readonly detail: string;
      /** When it is full: what it would take to keep it, bytes. */
      readonly needs?: number | undefined;
      /** When it is the disk that is full: how many bytes more would have to be free. */
      readonly lacks?: number | undefined;
    };

/** One transfer for `sluice transfers`. */
export interface TransferView {
  readonly id: string;
  readonly state:
    | "connecting"
    | "receiving"
    | "scanning"
    | "deciding"
    /** The verdict is there, and the receiver is awaited: deferred contact. */
    | "contacting"
    | "delivering"
    | "ending";
  /** Ours, at which peers dial: two at most. */
  readonly ports: readonly number[];
  readonly size: number;
  readonly receivedBytes: number;
  readonly deliveredBytes: number;
  /** Since it was opened. */
  readonly ageMs: number;
}
