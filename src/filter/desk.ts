import type { Clock } from "../base/clock.ts";
import type { Attachment } from "../inspect/inspection.ts";
import type { Journal } from "../journal/journal.ts";
import type { JudgeSettings } from "../judge/judge.ts";
import type { Notifier } from "../notify/notifier.ts";
import type { Policy } from "../policy/decision.ts";
import type { Domains } from "../policy/domains.ts";
import type { ScanFacts } from "../policy/facts.ts";
import type { HearingContext } from "../policy/hearing.ts";
import type { Originator } from "../proxy/origination.ts";
import type { RequestContext } from "../proxy/seams.ts";
import type { Contact, Relay } from "../relay/relay.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import type { Actions } from "./actions.ts";
import type { ApplicationDesk } from "./application-desk.ts";
import type { Crossings } from "./crossings.ts";
import type { IgnoredRefusals } from "./ignored-refusals.ts";
import type { NoticeDesk } from "./notice-desk.ts";
import type { Rates } from "./rates.ts";
import type { RuleHits } from "./rule-hits.ts";
import type { SecondCrossing } from "./second-crossing.ts";
import type { Strangers } from "./strangers.ts";
import type { TransferSecurity } from "./transfer-security.ts";
import type { TransferDesk } from "./transfer-desk.ts";
import type { ConnectsSetting, Seat } from "./transfer-ways.ts";

/** What the filter is built from. */
export interface FilterDeps {
  readonly journal: Journal;
  readonly clock: Clock;
  /** The policy in force at this moment. */
  readonly policy: () => Policy;
  /** Scans one attachment of a sender's, for so long at most; never rejects, a broken engine is the verdict "error". */
  readonly scan: (
    attachment: Attachment,
    withinMs: number,
    sender: string,
  ) => ScanFacts | Promise<ScanFacts>;
  readonly domains: Domains;
  /** A failure that no caller can be told of. */
  readonly onFailure: (error: unknown) => void;
  /** What the gateway can do besides answering; the proxy and the relay come to life after the filter. */
  readonly means: FilterMeans;
}

/** The ways in which the filter acts on its own. */
export interface FilterMeans {
  readonly relay: Relay;
  readonly originator: Originator;
  readonly notifier: Notifier;
  /** The host of ours that a peer with this source address shall dial for a file. */
  readonly mediaHost: (peerAddress: string | undefined) => string | undefined;
  /** Where the devices of a user are, as far as they have registered through us. */
  readonly seatsOf: (aor: string) => readonly Seat[];
  /** A new ULID. */
  readonly newId: () => string;
}

export interface FilterSettings {
  readonly judge: JudgeSettings;
  /** Warn-agent of our answers. */
  readonly agent: string;
  /** 32 bytes; undefined when no message crosses the gateway twice (`upstream: embedded`, beside a proxy, on a trunk). */
  readonly markKey: Buffer | undefined;
  /** What the scans of all attachments of one message may take together, so that it is answered in time; absent: no limit. */
  readonly attachmentScanMs?: number;
  /** Largest file to be relayed, bytes; undefined: no transfers (`relay.msnftp: off`). */
  readonly maxFileBytes: number | undefined;
  /** What is asked of transfers whose SIP comes from this address; absent: `as_sip`. */
  readonly transferSecurity?: (sourceAddress: string) => TransferSecurity;
  /** When receivers of files are met; absent: both at once. */
  readonly transferContact?: Contact;
  /** Who is to connect for a file on the leg of a peer with this source address; absent: auto. */
  readonly transferConnects?: (peerAddress: string | undefined) => ConnectsSetting;
}

/** What every step of the filter needs. */
export interface Desk {
  readonly deps: FilterDeps;
  readonly settings: FilterSettings;
  readonly actions: Actions;
  readonly rates: Rates;
  readonly hits: RuleHits;
  readonly strangers: Strangers;
  readonly crossing: SecondCrossing | undefined;
  readonly crossings: Crossings;
  readonly transfers: TransferDesk;
  readonly applications: ApplicationDesk;
  readonly ignored: IgnoredRefusals;
  readonly notices: NoticeDesk;
}

/** One request on its way through the filter, and the policy that it is judged by from beginning to end. */
export interface Question {
  readonly request: SipRequest;
  readonly context: RequestContext;
  readonly hearing: HearingContext;
  readonly policy: Policy;
}
