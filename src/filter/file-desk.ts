import type { Clock } from "../base/clock.ts";
import type { Journal } from "../journal/journal.ts";
import type { Delivery } from "../journal/records.ts";
import { judgeFile } from "../judge/judge.ts";
import { noticesOf, replacementOf } from "../judge/outcome-words.ts";
import type { Policy } from "../policy/decision.ts";
import type { FailureSettings, HearingContext, Verdict } from "../policy/hearing.ts";
import type { ReceivedEvent, Relay, RelayEvent, TransferEnd } from "../relay/relay.ts";
import { groupKey } from "./incident-draft.ts";
import type { NoticeDesk } from "./notice-desk.ts";
import type { RuleHits } from "./rule-hits.ts";
import { scanFacts } from "./scan-facts.ts";
import type { TransferDesk } from "./transfer-desk.ts";
import {
  heldFacts,
  keepStory,
  transferDraft,
  transferEvent,
  type HeldFacts,
} from "./transfer-records.ts";
import { readStory } from "./transfer-story.ts";
import type { Role, Transfer } from "./transfer.ts";

/**
 * The verdict on a transferred file and what follows from it: asks the rules about the file that the relay holds, keeps a
 * copy and the record of what is not delivered, and only then lets the relay tell the peers (DESIGN invariants 1 and 6).
 * Whatever breaks on the way, the file is not delivered.
 */
export interface FileDeskDeps {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly policy: () => Policy;
  readonly relay: Relay;
  readonly transfers: TransferDesk;
  readonly notices: NoticeDesk;
  readonly hits: RuleHits;
  /** A failure that no caller can be told of. */
  readonly onFailure: (error: unknown) => void;
}

export interface FileDeskSettings {
  readonly failure: FailureSettings;
  /** Warn-agent, as in answers. */
  readonly agent: string;
}

export class FileDesk {
  readonly #deps: FileDeskDeps;
  readonly #settings: FileDeskSettings;
  readonly #held = new Map<string, HeldFacts>();
  /** The incident whose release lets a transfer through. */
  readonly #released = new Map<string, string>();

  constructor(deps: FileDeskDeps, settings: FileDeskSettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  onEvent(event: RelayEvent): void {
    const { onFailure } = this.#deps;
    if (event.kind === "received") {
      this.#received(event).catch((error: unknown) => {
        this.#deps.relay.decide(event.id, "stop");
        onFailure(error);
      });
      return;
    }
    const transfer = this.#deps.transfers.ofRelay(event.id);
    if (event.kind === "contact") {
      if (transfer === undefined) this.#deps.relay.abort(event.id, "cancelled");
      else this.#deps.transfers.contact(transfer);
    } else if (event.kind === "ended") this.#ended(event.id, event.end).catch(onFailure);
    else if (transfer !== undefined) this.#tell(transfer).catch(onFailure);
  }

  async #received(event: ReceivedEvent): Promise<void> {
    const { relay, transfers } = this.#deps;
    if (event.recovered !== undefined) return this.#recovered(event, event.recovered);
    const transfer = transfers.ofRelay(event.id);
    // Nobody waits for it any more.
    if (transfer === undefined) return relay.decide(event.id, "stop");
    this.#held.set(event.id, heldFacts(event));
    const verdict = this.#judge(transfer.file, event, transfer.hearing);
    this.#deps.hits.take(verdict, this.#deps.clock.now());
    if (verdict.action === "allow" || verdict.action === "rewrite") {
      return relay.decide(event.id, "deliver");
    }
    const { authenticated } = transfer.hearing.from;
    if (authenticated && (await this.#isReleased(event, transfer))) {
      return relay.decide(event.id, "deliver");
    }
    const text = await this.#stop(event, transfer, verdict, authenticated);
    relay.decide(event.id, text === undefined ? "stop" : { kind: "replace", text });
  }

  /** The rules of this moment, also for what was offered under older ones; with the trace for `incidents explain`. */
  #judge(file: Transfer["file"], event: ReceivedEvent, hearing: HearingContext): Verdict {
    const context = { ...hearing, now: this.#deps.clock.now(), trace: true };
    const asked = { context, channel: "msnftp", policy: this.#deps.policy() } as const;
    return judgeFile(file, scanFacts(event.report), asked, this.#settings.failure);
  }

  /**
   * A person has released exactly these bytes for this receiver, knowing of what is found in them now; that is used up hereby, whatever the
   * rules say. When it cannot be told whether it was taken, it is given back, and the file stopped.
   */
  async #isReleased({ id, sha256, report }: ReceivedEvent, transfer: Transfer): Promise<boolean> {
    const { callId, sender, receiver } = transfer;
    const result = report.verdict.kind;
    const asked = { sha256, receiver: receiver.aor, result, taker: id, callId, from: sender.aor };
    let incident: string | undefined;
    try {
      incident = await this.#deps.journal.takeWaiver(asked);
    } catch (error) {
      this.#deps.journal.endWaiver(id, false);
      throw error;
    }
    if (incident === undefined) return false;
    this.#released.set(id, incident);
    return true;
  }

  /**
   * Copy first, then the record that names it; the caller tells the relay afterwards. Gives the text that goes in its place, when the rule has
   * one and it fits.
   */
  async #stop(
    event: ReceivedEvent,
    transfer: Transfer,
    verdict: Verdict,
    mayKeep: boolean,
  ): Promise<Buffer | undefined> {
    const { journal, relay, notices } = this.#deps;
    const context = { ...transfer.hearing, now: this.#deps.clock.now() };
    const { id } = journal.incidentFor(groupKey(verdict, context));
    const wantsCopy =
      verdict.action === "quarantine" || verdict.decisions.some((decision) => decision.keepCopy);
    const draft = transferDraft({ id, transfer, verdict, context, event });
    const kept =
      mayKeep && wantsCopy
        ? await relay.keep(event.id, keepStory(draft, verdict, context))
        : undefined;
    const quarantine = kept?.kind === "kept" ? kept.id : undefined;
    const action = quarantine === undefined ? "block" : "quarantine";
    const words = { incident: id, agent: this.#settings.agent };
    const wished = noticesOf(context, verdict, words);
    transfer.stopped = {
      incident: id,
      eventId: draft.eventId,
      notices: mayKeep ? notices.complete(wished, transfer.file.name.normalized, id) : [],
    };
    // Of an earlier run there is no receiver any more.
    const wanted = event.recovered ? undefined : replacementOf(context, verdict, words);
    const text = Buffer.from(wanted ?? "", "utf8");
    const fits = text.length > 0 && text.length <= event.size;
    const notes = [
      ...(kept?.kind === "not-kept" ? [`no copy: ${kept.detail}`] : []),
      ...(fits ? ["a text in its place"] : []),
      ...(text.length > event.size ? ["the text in its place is longer than the file"] : []),
    ];
    const reason = notes.length === 0 ? draft.reason : `${draft.reason} (${notes.join("; ")})`;
    await journal.commit({ ...draft, action, reason, quarantine });
    return fits ? text : undefined;
  }

  async #ended(relayId: string, end: TransferEnd): Promise<void> {
    const { transfers } = this.#deps;
    const transfer = transfers.ofRelay(relayId);
    const held = this.#held.get(relayId);
    this.#held.delete(relayId);
    const released = this.#released.get(relayId);
    this.#released.delete(relayId);
    if (released !== undefined) {
      this.#deps.journal.endWaiver(relayId, end.result === "delivered");
    }
    if (transfer === undefined) return;
    transfers.close(transfer);
    // The relay's worker may have died without a word.
    if (end.result !== "delivered" && end.result !== "replaced") await this.#tell(transfer);
    if (transfer.stopped !== undefined) await this.#tellStopped(transfer);
    else await this.#noteEnd(transfer, end, { held, released });
    transfers.forget(transfer);
  }

  /** The clients hear by SIP that nothing comes of it, once; the record of a verdict is there by now. */
  async #tell(transfer: Transfer): Promise<void> {
    if (transfer.told) return;
    transfer.told = true;
    const { cancelledBy, stopped } = transfer;
    // A peer that has cancelled by SIP has told the other one itself; to the sender of a stopped file its BYE says it.
    if (cancelledBy !== undefined) return;
    const roles: readonly Role[] = stopped === undefined ? ["sender", "receiver"] : ["receiver"];
    await Promise.all(roles.map(async (role) => this.#deps.transfers.cancelBySip(transfer, role)));
  }

  /** The record is there; now its sender hears of it, and the record of how that went. */
  async #tellStopped(transfer: Transfer): Promise<void> {
    const { journal, notices } = this.#deps;
    const { stopped } = transfer;
    if (stopped === undefined) return;
    const states = await notices.send(stopped.notices, transfer);
    journal.settle(stopped.eventId, "refused", undefined, states);
  }

  async #noteEnd(
    transfer: Transfer,
    end: TransferEnd,
    {
      held,
      released,
    }: { readonly held?: HeldFacts | undefined; readonly released?: string | undefined },
  ): Promise<void> {
    const { notices, journal, clock } = this.#deps;
    const whose = released === undefined ? "" : `released: ${released}`;
    const reason = [whose, end.reason ?? ""].filter((words) => words !== "").join("; ");
    const outcome = { delivery: deliveryOf(end), reason, held };
    journal.allowed(transferEvent(transfer, { at: clock.now(), ...outcome }));
    if (mayShowSuccess(transfer, end)) await notices.sendUndelivered(transfer);
  }

  /** A file of an earlier run: whoever sent it was told, or may have been told, that it was received. */
  async #recovered(
    event: ReceivedEvent,
    { story, state }: NonNullable<ReceivedEvent["recovered"]>,
  ): Promise<void> {
    const { relay, notices, journal } = this.#deps;
    const transfer = readStory(story, event.size, this.#deps.clock.now());
    const judged = this.#judge(transfer.file, event, transfer.hearing);
    const infected = judged.action === "block" || judged.action === "quarantine";
    const verdict: Verdict = infected ? judged : interrupted(judged, transfer, state);
    await this.#stop(event, transfer, { ...verdict, action: "quarantine" }, true);
    relay.decide(event.id, "stop");
    const { stopped } = transfer;
    if (stopped === undefined) return;
    const wanted = transfer.hearing.from.authenticated ? stopped.notices : [];
    const states = await notices.send(wanted, transfer);
    journal.settle(stopped.eventId, "failed", undefined, states);
  }
}

/**
 * Does the sender's client show that a file was sent which has not arrived? One that has heard BYE does.
 * COMPAT(pidgin-sipe): so does one that has written everything when its connection breaks, and it heeds no CANCEL then.
 */
function mayShowSuccess({ cancelledBy }: Transfer, end: TransferEnd): boolean {
  if (end.result === "delivered") return false;
  if (end.senderTold === "received") return true;
  const isCut = end.reason === "sender-gone" || end.reason === "bad-mac";
  return isCut && end.receivedBytes > 0 && cancelledBy !== "sender";
}

function interrupted(verdict: Verdict, transfer: Transfer, state: "held" | "releasing"): Verdict {
  const detail =
    state === "held"
      ? "the gateway stopped before the file was delivered"
      : "the gateway stopped while the file was being delivered";
  return {
    ...verdict,
    decision: undefined,
    decisions: [],
    setting: "interrupted",
    problem: { code: "not-delivered", detail },
    file: transfer.file,
  };
}

function deliveryOf(end: TransferEnd): Delivery {
  if (end.result === "delivered") return "delivered";
  return end.reason === "cancelled" || end.reason === "shutdown" ? "abandoned" : "failed";
}
