import { createEventId } from "../journal/event-id.ts";
import type { AllowedEvent, Delivery, IncidentDraft, ScanRecord } from "../journal/records.ts";
import type { HearingContext, Verdict } from "../policy/hearing.ts";
import type { ReceivedEvent, Relay } from "../relay/relay.ts";
import { featuresOf } from "../judge/incident-features.ts";
import { incidentDraft } from "./incident-draft.ts";
import { scanRecords } from "./scan-facts.ts";
import type { Transfer } from "./transfer.ts";

/** What is known of a file once it is here. */
export interface HeldFacts {
  readonly sha256: string;
  readonly sha1: string;
  readonly trueType: string | undefined;
  readonly scan: readonly ScanRecord[];
}

/** Takes from the relay's word what the record of the end will want. */
export function heldFacts({ sha256, sha1, report }: ReceivedEvent): HeldFacts {
  return { sha256, sha1, trueType: report.trueType, scan: scanRecords(report) };
}

/** The incident of a file that is not delivered; whether there is a copy is not known yet. */
export function transferDraft(input: {
  readonly id: string;
  readonly transfer: Transfer;
  readonly verdict: Verdict;
  readonly context: HearingContext;
  readonly event: ReceivedEvent;
}): IncidentDraft {
  const { id, transfer, verdict, context, event } = input;
  const { callId, file } = transfer;
  const { name } = file;
  return {
    ...incidentDraft({ id, callId, verdict, context, action: "block", answer: undefined }),
    type: "transfer",
    channel: "msnftp",
    to: [transfer.receiver.aor],
    file: {
      name: name.normalized || name.raw,
      size: event.size,
      sha256: event.sha256,
      sha1: event.sha1,
      trueType: event.report.trueType,
      sent: sentAs(transfer),
    },
    scan: scanRecords(event.report),
    features: featuresOf(verdict, context, verdict.file ?? file),
  };
}

/** The story of a kept copy: the record in the words of the quarantine. Of several rules that keep it, the longest time and the more eyes count. */
export function keepStory(
  draft: IncidentDraft,
  verdict: Verdict,
  { encrypted }: Pick<HearingContext, "encrypted">,
): Parameters<Relay["keep"]>[1] {
  const times = verdict.decisions.flatMap(({ keepMs }) => (keepMs === undefined ? [] : [keepMs]));
  return {
    incident: draft.id,
    callId: draft.callId,
    from: draft.from,
    to: draft.to,
    rule: draft.rule,
    name: draft.file?.name ?? "",
    threat: draft.scan.find((scan) => scan.threat !== undefined)?.threat ?? "",
    trueType: draft.file?.trueType,
    scan: draft.scan.map(({ engine, result, threat, reason }) => ({
      engine,
      result,
      threat,
      reason,
    })),
    keepMs: times.length === 0 ? undefined : Math.max(...times),
    release: verdict.decisions.find(({ release }) => release !== undefined)?.release,
    encrypted,
  };
}

/** How a transfer ended that no rule has stopped. */
export interface TransferOutcome {
  readonly at: number;
  readonly delivery: Delivery;
  /** Why it failed; "" when it did not. */
  readonly reason: string;
  readonly held?: HeldFacts | undefined;
}

/** Undefined: it never came so far that the two agreed, or its keys did not outlive a restart. */
function sentAs({ agreed }: Transfer): "encrypted" | "clear" | undefined {
  if (agreed === undefined) return undefined;
  return agreed.keys === undefined ? "clear" : "encrypted";
}

/** The line of the event log for a transfer that no rule has stopped. */
export function transferEvent(transfer: Transfer, outcome: TransferOutcome): AllowedEvent {
  const { at, delivery, reason, held } = outcome;
  const { hearing, file } = transfer;
  return {
    eventId: createEventId(at),
    at,
    type: "transfer",
    callId: transfer.callId,
    from: transfer.sender.aor,
    to: [transfer.receiver.aor],
    direction: hearing.direction,
    channel: "msnftp",
    delivery,
    status: undefined,
    would: [],
    reason,
    file: {
      name: file.name.normalized || file.name.raw,
      size: file.size,
      sha256: held?.sha256,
      sha1: held?.sha1,
      trueType: held?.trueType,
      sent: sentAs(transfer),
    },
    scan: held?.scan ?? [],
  };
}
