import { normalizeFileName } from "../content/file-name.ts";
import type {
  Attachment,
  FileOffer,
  Inspection,
  InspectProblem,
  MediaKind,
  MediaLine,
} from "../inspect/inspection.ts";
import { stricter, type Action, type Decision, type Policy } from "./decision.ts";
import type { Channel, Facts, FileFacts, ScanFacts } from "./facts.ts";

/** Who and how, as far as it does not stand in the message itself. */
export interface HearingContext extends Pick<
  Facts,
  "from" | "to" | "direction" | "channel" | "transport" | "encrypted" | "now" | "rates"
> {
  /** Ask the rules for their trace. */
  readonly trace: boolean;
  /** What changes with another receiver, by URI: a message may name several (RFC 5365). */
  readonly towards?: (uri: string) => Pick<Facts, "to" | "direction">;
  /** A file that a person has released for this receiver: rules are not asked about it. Absent: none is. */
  readonly isReleased?: ((attachment: Attachment) => boolean) | undefined;
}

/** The failure keys of the configuration (DESIGN §6): what becomes of a message in that state when no rule says. */
export interface FailureSettings {
  readonly onParseProblem: "block" | "allow";
  readonly onOpaque: "block" | "allow";
  readonly onInfected: "quarantine" | "block";
  readonly onUnscannable: "block" | "quarantine" | "allow";
  readonly onScanError: "block" | "quarantine" | "allow";
}

/** What becomes of a message, and what led to it. */
export interface Verdict {
  readonly action: Action;
  /** The decision that weighed most; undefined when no rule was asked or a failure key decided. */
  readonly decision: Decision | undefined;
  /** Every decision taken, in the order of asking. */
  readonly decisions: readonly Decision[];
  /** What decided, when no rule did: a failure key ("parse_problem", "opaque", "on_infected" …) or "relay". */
  readonly setting: string | undefined;
  readonly problem: InspectProblem | undefined;
  /** What the sender is told, where the setting alone does not say enough. */
  readonly sentence?: string;
  readonly inspection: Inspection | undefined;
  /** The file that the weightiest decision was about. */
  readonly file: FileFacts | undefined;
  /** Invitation-Cookie of the offer that the weightiest decision was about. */
  readonly cookie: string | undefined;
  readonly scans: readonly ScanFacts[];
  /** The decision on the application that the message invites to, when it does. */
  readonly application?: Decision | undefined;
}

/** Collects the decisions on one message; the strictest leads, and among equals the first. */
export class Hearing {
  action: Action = "allow";
  #leading: Decision | undefined;
  #setting: string | undefined;
  #file: FileFacts | undefined;
  #cookie: string | undefined;
  #application: Decision | undefined;
  readonly #scans: ScanFacts[] = [];
  readonly #unseen: FileFacts[] = [];
  readonly #decisions: Decision[] = [];
  readonly #inspection: Inspection;
  readonly #context: HearingContext;
  readonly #policy: Policy;
  readonly #media: readonly MediaKind[];
  readonly #acceptTypes: readonly string[];
  /** One array for all questions: by it a policy knows that they are about one message. */
  readonly #texts: readonly string[];

  /** @param texts the same array for all receivers of a message, which may cost as much as one with a single receiver */
  constructor(
    inspection: Inspection,
    context: HearingContext,
    policy: Policy,
    texts: readonly string[] = shownTexts(inspection),
  ) {
    this.#inspection = inspection;
    this.#context = context;
    this.#policy = policy;
    this.#media = mediaKindsOf(inspection.media);
    this.#acceptTypes = acceptTypesOf(inspection.media);
    this.#texts = texts;
  }

  /** Blocked or quarantined already: nothing later can make it stricter in a way that the sender would notice. */
  get stopped(): boolean {
    return this.action === "block" || this.action === "quarantine";
  }

  unreadable(action: "block" | "allow"): void {
    this.#settle(action, "opaque", undefined);
  }

  askMessage(): void {
    const { texts, links, disarmed, outside } = this.#inspection;
    if (texts.length > 0) this.#take(this.#ask("message", {}), undefined);
    if (this.stopped || disarmed.length + outside.length === 0) return;
    // A link that bears our marker, or stands where nothing is edited, needs no rewriting, but what would be refused as a
    // link is refused all the same.
    const again = this.#ask("message", { links: [...links, ...disarmed, ...outside] });
    if (again.action === "block" || again.action === "quarantine") this.#take(again, undefined);
  }

  askSession(always: boolean): void {
    const { application, offers, attachments } = this.#inspection;
    if (this.#media.length > 0 || (always && offers.length === 0 && application === undefined)) {
      const decision = this.#ask("session", {});
      this.#take(decision, undefined);
      const named = offers.some(({ channel }) => channel === "lync-ft");
      const carriesFiles = !named && this.#inspection.media.some(isDataLine);
      if (carriesFiles && decision.skipScan === undefined) this.#unseen.push(NAMELESS);
    }
    // By itself: what is said of it must not count for the media of a session that comes with it.
    if (application !== undefined) {
      this.#application = this.#ask("session", { media: application.kinds });
      this.#take(this.#application, undefined, application.cookie);
    }
    for (const offer of offers) {
      const file = offerFacts(offer);
      const { skipScan } = this.askOffer(file, offer.channel, offer.cookie);
      if (offer.channel === "lync-ft" && skipScan === undefined) this.#unseen.push(file);
    }
    for (const attachment of attachments) {
      if (!this.#isReleased(attachment)) this.askOffer(attachmentFacts(attachment));
    }
  }

  /** Phase session for one file, before any byte of it has moved. */
  askOffer(file: FileFacts, channel?: Channel, cookie?: string): Decision {
    const about = channel === undefined ? { file } : { file, channel };
    const { application } = this.#inspection;
    const media = channel === "t120" ? application?.kinds : undefined;
    const decision = this.#ask("session", media ? { ...about, media } : about);
    this.#take(decision, file, cookie);
    return decision;
  }

  /**
   * Phase file for what passed phase session and whose bytes never come by: files of Lync, which travel as SRTP over ICE. What is
   * known of them is that nobody can look into them (decision 056).
   */
  askUnseen(settings: FailureSettings): void {
    for (const file of this.#unseen) {
      if (this.stopped) return;
      this.askFile(file, UNSEEN_SCAN, settings, "lync-ft");
    }
  }

  /** Phase file for the attachments; `scans` has one result for each, in order. */
  askFiles(scans: readonly ScanFacts[], settings: FailureSettings): void {
    for (const [index, attachment] of this.#inspection.attachments.entries()) {
      if (this.#isReleased(attachment)) continue;
      this.askFile(attachmentFacts(attachment), scans[index] ?? MISSING_SCAN, settings);
    }
  }

  #isReleased(attachment: Attachment): boolean {
    return this.#context.isReleased?.(attachment) === true;
  }

  /** Phase file for one file whose bytes are here. */
  askFile(
    offered: FileFacts,
    scan: ScanFacts,
    settings: FailureSettings,
    channel: Channel = this.#context.channel,
  ): void {
    const file = scan.content === undefined ? offered : { ...offered, content: scan.content };
    this.#scans.push(scan);
    const decision = this.#ask("file", { file, scan, channel });
    this.#take(decision, file);
    if (decision.byDefault) this.#scanSetting(scan, file, settings);
  }

  /** A scan result that no rule decided takes the configured road, never the rules' default verdict. */
  #scanSetting(scan: ScanFacts, file: FileFacts, settings: FailureSettings): void {
    if (scan.verdict === "infected" || scan.verdict === "suspicious") {
      this.#settle(settings.onInfected, "on_infected", file);
    } else if (scan.verdict === "unscannable") {
      this.#settle(settings.onUnscannable, "on_unscannable", file);
    } else if (scan.verdict === "error") {
      this.#settle(settings.onScanError, "on_error", file);
    }
  }

  verdict(settings: FailureSettings): Verdict {
    // Content under an end-to-end signature is never silently edited (RULES "Rewrites vs integrity").
    if (this.action === "rewrite" && this.#inspection.signed) {
      if (settings.onOpaque === "allow") this.action = "allow";
      else this.#settle("block", "opaque", undefined);
    }
    return {
      action: this.action,
      decision: this.#setting === undefined ? (this.#leading ?? this.#decisions[0]) : undefined,
      decisions: this.#decisions,
      setting: this.#setting,
      problem: undefined,
      inspection: this.#inspection,
      file: this.#file,
      cookie: this.#cookie,
      scans: this.#scans,
      application: this.#application,
    };
  }

  #ask(
    phase: Facts["phase"],
    about: Partial<Pick<Facts, "file" | "scan" | "channel" | "links" | "media">>,
  ): Decision {
    const context = this.#context;
    const facts: Facts = {
      phase,
      from: context.from,
      to: context.to,
      direction: context.direction,
      channel: about.channel ?? context.channel,
      transport: context.transport,
      encrypted: context.encrypted,
      now: context.now,
      rates: context.rates,
      texts: this.#texts,
      links: about.links ?? this.#inspection.links,
      media: about.media ?? this.#media,
      acceptTypes: this.#acceptTypes,
      file: about.file,
      scan: about.scan,
    };
    return this.#policy.decide(facts, context.trace ? { trace: true } : undefined);
  }

  #take(decision: Decision, file: FileFacts | undefined, cookie?: string): void {
    this.#decisions.push(decision);
    if (stricter(this.action, decision.action) === this.action) return;
    this.action = decision.action;
    this.#leading = decision;
    this.#setting = undefined;
    this.#file = file;
    this.#cookie = cookie;
  }

  #settle(action: Action, setting: string, file: FileFacts | undefined): void {
    if (action === "allow" || stricter(this.action, action) === this.action) return;
    this.action = action;
    this.#setting = setting;
    this.#file = file;
  }
}

/** The texts of a message as rules are asked about them. */
export function shownTexts({ texts }: Inspection): readonly string[] {
  return texts.map((part) => part.shown);
}

/** What rules are asked about an offered file. */
export function offerFacts(offer: FileOffer): FileFacts {
  const { name, size, declaredType, declaredHashes } = offer;
  return { name, size, declaredType, declaredHashes };
}

/** What rules are asked about a file inside a message. */
export function attachmentFacts(attachment: Attachment): FileFacts {
  return {
    name: attachment.name,
    size: attachment.bytes.length,
    declaredType: attachment.declaredType,
  };
}

/** The scan result of a file that the gateway never sees. */
export const UNSEEN_SCAN: ScanFacts = {
  verdict: "unscannable",
  engine: "none",
  name: "",
  reason: "encrypted",
};

/** A file that will come over a media line, of which nobody has said what it is called. */
const NAMELESS: FileFacts = {
  name: normalizeFileName(""),
  size: undefined,
  declaredType: undefined,
};

/** Does this line carry the bytes of files, by no protocol that we know besides (Lync)? */
export function isDataLine({ kinds, port }: MediaLine): boolean {
  return port !== 0 && kinds.length === 1 && kinds[0] === "file";
}

/** A scanner that gave fewer results than it was asked for has failed for the rest. */
const MISSING_SCAN: ScanFacts = { verdict: "error", engine: "none", name: "", reason: "bad-reply" };

/**
 * What a session description asks for. A line with port 0 offers nothing (RFC 3264 §5.1); one of no kind that we know
 * counts as "unknown", which the shipped rules refuse.
 */
export function mediaKindsOf(lines: readonly MediaLine[]): readonly MediaKind[] {
  if (lines.length === 0) return [];
  const kinds = new Set<MediaKind>();
  for (const line of lines) {
    if (line.port === 0) continue;
    if (line.kinds.length === 0) kinds.add("unknown");
    for (const kind of line.kinds) kinds.add(kind);
  }
  return [...kinds];
}

const NO_TYPES: readonly string[] = [];

/** What a session description says that it takes as messages, on lines that are closed too. */
function acceptTypesOf(lines: readonly MediaLine[]): readonly string[] {
  if (lines.every(({ acceptTypes }) => acceptTypes === undefined)) return NO_TYPES;
  const entries = lines.flatMap(({ acceptTypes = [] }) => acceptTypes.flatMap((one) => one.types));
  return [...new Set(entries)];
}
