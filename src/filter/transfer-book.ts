import type { Clock } from "../base/clock.ts";
import { ExpiringMap } from "../base/expiring-map.ts";
import type { Originator } from "../proxy/origination.ts";
import { transferKey, type Transfer } from "./transfer.ts";

export interface TransferBookDeps {
  readonly clock: Clock;
  /** Watches the legs of a call for as long as one of its transfers may need a CANCEL of ours. */
  readonly originator: Pick<Originator, "watch" | "unwatch">;
}

/** How long an invitation may lie unanswered, and a finished transfer's cookie stays used. */
const MEMORY_MS = 3_600_000;
const MAX_TRANSFERS = 10_000;
/** Offers of one sender that wait for an answer: who makes more than a person would must not push out those of others. */
const WAITING_PER_SENDER = 20;
/** Finished transfers of one sender that are remembered, for the same reason. A cookie that is forgotten begins a new offer, which is judged as one. */
const FINISHED_PER_SENDER = 100;

/**
 * The transfers that are known, by call and cookie and by the relay's id, and the calls that are watched for them. What
 * never got to the relay is forgotten with its end; of the others the cookie stays used.
 *
 * Limits: WAITING_PER_SENDER, FINISHED_PER_SENDER, MAX_TRANSFERS in all; beyond it the oldest goes, but what the relay still has ends there.
 */
export class TransferBook {
  readonly #originator: TransferBookDeps["originator"];
  readonly #transfers: ExpiringMap<Transfer>;
  readonly #byRelayId = new Map<string, Transfer>();
  /** Transfers of each call whose legs are watched: one call may have several, one after the other or at once. */
  readonly #watched = new Map<string, Set<Transfer>>();
  /** How many offers of each sender wait. */
  readonly #waiting = new Map<string, number>();
  /** Keys of each sender's that are finished, oldest first. */
  readonly #finished = new Map<string, Set<string>>();

  constructor({ clock, originator }: TransferBookDeps) {
    this.#originator = originator;
    this.#transfers = new ExpiringMap(clock, {
      ttlMs: MEMORY_MS,
      maxEntries: MAX_TRANSFERS,
      onExpire: (transfer) => this.#expired(transfer),
    });
  }

  find(callId: string, cookie: string): Transfer | undefined {
    return this.#transfers.get(transferKey(callId, cookie));
  }

  /** The transfer that the relay knows under this id. */
  ofRelay(relayId: string): Transfer | undefined {
    return this.#byRelayId.get(relayId);
  }

  /** Those of this call of which somebody may still have to be told. */
  ofCall(callId: string): readonly Transfer[] {
    return [...(this.#watched.get(callId) ?? [])];
  }

  /** How many transfers of this user, as sender or receiver, the relay has, and how many ports they hold at most. */
  openOf(aor: string): { readonly open: number; readonly ports: number } {
    let open = 0;
    let ports = 0;
    const doors = new Set<number>();
    for (const { sender, receiver, opened } of this.#byRelayId.values()) {
      if (sender.aor !== aor && receiver.aor !== aor) continue;
      open += 1;
      if (opened?.hasOwnPort === true) ports += 1;
      if (opened?.door === "being opened") ports += 1;
      else if (opened?.door !== undefined) doors.add(opened.door);
    }
    return { open, ports: ports + doors.size };
  }

  /** Notes a new offer; false when too many of its sender's wait. */
  add(transfer: Transfer): boolean {
    const { sender, callId } = transfer;
    const waiting = this.#waiting.get(sender.aor) ?? 0;
    if (waiting >= WAITING_PER_SENDER) return false;
    this.#waiting.set(sender.aor, waiting + 1);
    this.#transfers.set(transfer.key, transfer);
    const watched = this.#watched.get(callId) ?? new Set();
    this.#watched.set(callId, watched.add(transfer));
    this.#originator.watch(callId);
    return true;
  }

  /** The relay has it under this id. */
  opened(transfer: Transfer, relayId: string): void {
    this.#waitsNoMore(transfer);
    this.#byRelayId.set(relayId, transfer);
  }

  /** The relay is done with it; its cookie stays used. */
  close(transfer: Transfer): void {
    transfer.state = "ended";
    const { opened, key, sender } = transfer;
    if (opened === undefined || !this.#byRelayId.delete(opened.relayId)) return;
    // One that took longer than it would be remembered is forgotten already.
    if (this.#transfers.get(key) !== transfer) return;
    const finished = this.#finished.get(sender.aor) ?? new Set();
    this.#finished.set(sender.aor, finished.add(key));
    const [oldest] = finished;
    if (finished.size <= FINISHED_PER_SENDER || oldest === undefined) return;
    finished.delete(oldest);
    this.#transfers.take(oldest);
  }

  /** It never got to the relay: nothing of it is kept. */
  drop(transfer: Transfer): void {
    this.#waitsNoMore(transfer);
    this.close(transfer);
    this.#transfers.take(transfer.key);
    this.unwatch(transfer);
  }

  /** Nobody has to be told any more. */
  unwatch(transfer: Transfer): void {
    const { callId } = transfer;
    const watched = this.#watched.get(callId);
    if (watched?.delete(transfer) !== true) return;
    if (watched.size === 0) this.#watched.delete(callId);
    this.#originator.unwatch(callId);
  }

  #expired(transfer: Transfer): void {
    if (transfer.opened !== undefined) {
      this.#forgetFinished(transfer);
      return;
    }
    this.#waitsNoMore(transfer);
    this.unwatch(transfer);
  }

  #forgetFinished({ key, sender }: Transfer): void {
    const finished = this.#finished.get(sender.aor);
    finished?.delete(key);
    if (finished?.size === 0) this.#finished.delete(sender.aor);
  }

  #waitsNoMore(transfer: Transfer): void {
    if (transfer.opened !== undefined || transfer.state === "ended") return;
    const left = (this.#waiting.get(transfer.sender.aor) ?? 1) - 1;
    if (left > 0) this.#waiting.set(transfer.sender.aor, left);
    else this.#waiting.delete(transfer.sender.aor);
  }
}
