/**
 * Relays files between two peers of the LCS dialect (MSN_SECURE_FTP, and MSNFTP in clear; lcs.md B4, B7, B12): both
 * connections end here, the file is fetched, held, scanned, and delivered when `decide` says so. It knows no SIP, no rules
 * and no records.
 *
 * Not here: resuming, and encrypting for one peer what comes in clear from the other.
 * Limits: the ports of the range, `maxTransfers`, `maxFileBytes`, the times in relay-options.ts, and the spool's own quotas.
 */
import { chooseAuthCookie } from "../wire/msnftp/auth-cookie.ts";
import { protocolFor } from "../wire/msnftp/control-line.ts";
import type { ScanReport } from "../scan/scan-engine.ts";
import type { IncomingFile } from "../spool/spool.ts";
import { checkPlan, type CheckedPlan } from "./check-plan.ts";
import type { Entrances } from "./leg-pair.ts";
import { memorySource } from "./memory-source.ts";
import { PortRange } from "./port-range.ts";
import { ReceiverDoors } from "./receiver-doors.ts";
import { Recovered } from "./recovered-file.ts";
import {
  DEFAULT_TIMERS,
  type RelayDeps,
  type RelayOptions,
  type RelayTimers,
} from "./relay-options.ts";
import type {
  FileDecision,
  AbortReason,
  KeepOutcome,
  KeepStory,
  OpenResult,
  Place,
  Relay,
  RelayRefusal,
  TransferPlan,
  TransferView,
} from "./relay.ts";
import { Transfer } from "./transfer.ts";

/**
 * Makes the relay, in the thread that calls it. Files of an earlier run come as events "received" in a later turn of the
 * event loop, one after the other.
 */
export function createRelay(deps: RelayDeps, options: RelayOptions): Relay {
  const relay = new ThreadRelay(deps, options);
  setImmediate(() => void relay.recover());
  return relay;
}

const ROLES = ["sender", "receiver"] as const;
const NO_ENTRANCES: Entrances = { sender: undefined, receiver: undefined };

class ThreadRelay implements Relay {
  readonly #deps: RelayDeps;
  readonly #options: RelayOptions;
  readonly #timers: RelayTimers;
  readonly #ports: PortRange;
  readonly #doors: ReceiverDoors;
  /** Undefined: being opened; "aborted": being opened, and not wanted any more. */
  readonly #transfers = new Map<string, Transfer | "aborted" | undefined>();
  readonly #recovered = new Map<string, Recovered>();
  #isClosing = false;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(deps: RelayDeps, options: RelayOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#timers = { ...DEFAULT_TIMERS, ...options.timers };
    this.#ports = new PortRange(options.address, options.firstPort, options.lastPort);
    this.#doors = new ReceiverDoors({ clock: deps.clock, timers: this.#timers }, this.#ports);
  }

  get load(): Relay["load"] {
    const { size: ports, free: freePorts } = this.#ports;
    const capacity = ports === 0 ? 0 : this.#options.maxTransfers;
    return { open: this.#transfers.size, capacity, ports, freePorts, doors: this.#doors.size };
  }

  async recover(): Promise<void> {
    if (this.#isClosing) return;
    const found = this.#deps.spool.recover().map((file) => {
      const recovered = new Recovered(this.#deps, file);
      this.#recovered.set(file.file.id, recovered);
      return recovered;
    });
    for (const recovered of found) {
      if (this.#isClosing) return;
      await recovered.scan();
    }
  }

  async open(plan: TransferPlan): Promise<OpenResult> {
    const { id } = plan;
    if (this.#isClosing || this.#transfers.has(id) || this.#recovered.has(id)) {
      return refused("unavailable");
    }
    if (this.#transfers.size >= this.#options.maxTransfers) return refused("too-many-transfers");
    const checked = checkPlan(plan, this.#options, (port) => this.#ports.holds(port));
    if (!checked.ok) return refused(checked.problem);
    const admission = this.#deps.spool.admit({ id, size: plan.size, owner: plan.owner });
    if (admission.kind === "refused") {
      return refused(admission.reason === "failed" ? "unavailable" : admission.reason);
    }
    this.#transfers.set(id, undefined);
    const opened = await this.#begin(plan, checked.value, admission.file);
    if (opened.kind === "refused") {
      admission.file.discard();
      this.#forget(id);
    }
    return opened;
  }

  decide(id: string, decision: FileDecision): void {
    this.#open(id)?.decide(decision);
    void this.#endRecovered(id);
  }

  abort(id: string, reason: AbortReason): void {
    if (this.#transfers.has(id) && this.#transfers.get(id) === undefined) {
      this.#transfers.set(id, "aborted");
    } else this.#open(id)?.abort(reason);
  }

  async keep(id: string, story: KeepStory): Promise<KeepOutcome> {
    const file = this.#open(id) ?? this.#recovered.get(id);
    if (file === undefined) {
      return { kind: "not-kept", reason: "failed", detail: "no such transfer" };
    }
    return file.keep(story);
  }

  async scanBytes(bytes: Uint8Array, withinMs: number, owner?: string): Promise<ScanReport> {
    return this.#deps.scan.scan(memorySource(bytes), withinMs, owner);
  }

  async keepBytes(bytes: Uint8Array, story: KeepStory): Promise<KeepOutcome> {
    return this.#deps.quarantine.keep(memorySource(bytes), story);
  }

  async engines(test: boolean): ReturnType<Relay["engines"]> {
    return test ? this.#deps.scan.test() : this.#deps.scan.status();
  }

  async scanCounts(): ReturnType<Relay["scanCounts"]> {
    return this.#deps.scan.counts;
  }

  async transfers(): Promise<readonly TransferView[]> {
    return this.#allOpen().map((transfer) => transfer.view);
  }

  /** Ends all transfers, as far as the peers let us in a bounded time; recovered files stay in the spool. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    for (const transfer of this.#allOpen()) transfer.abort("shutdown");
    if (this.#transfers.size === 0) return;
    const idle = (this.#idle ??= Promise.withResolvers<void>());
    const { clock } = this.#deps;
    const { disposeMs } = this.#timers;
    let patience = clock.schedule(disposeMs, () => {
      for (const transfer of this.#allOpen()) transfer.destroy();
      // A scan that still reads its file; the process ends without it.
      patience = clock.schedule(disposeMs, () => idle.resolve());
    });
    await idle.promise;
    patience.cancel();
  }

  async #begin(
    plan: TransferPlan,
    { keys }: CheckedPlan,
    incoming: IncomingFile,
  ): Promise<OpenResult> {
    const entrances = await this.#enter(plan, keys);
    const isUnwanted = this.#isClosing || this.#transfers.get(plan.id) === "aborted";
    const isFull = ROLES.some((role) => plan[role].kind === "await" && !entrances[role]);
    if (isUnwanted || isFull) {
      entrances.sender?.server.close();
      this.#release(entrances);
      await entrances.receiver?.leave();
      return refused(isUnwanted ? "unavailable" : "no-free-port");
    }
    const onGone = (): void => {
      this.#release(entrances);
      this.#forget(plan.id);
    };
    const parts = { plan, keys, entrances, incoming, timers: this.#timers, onGone };
    const transfer = new Transfer(this.#deps, parts);
    this.#transfers.set(plan.id, transfer);
    transfer.start();
    const { sender, receiver } = entrances;
    return { kind: "opened", sender: placeOf(sender), receiver: placeOf(receiver) };
  }

  /** A port or a door for each peer that dials, as far as there are any. */
  async #enter(plan: TransferPlan, keys: CheckedPlan["keys"]): Promise<Entrances> {
    const { user, sender, receiver } = plan;
    const taken = sender.kind === "await" ? await this.#ports.take() : undefined;
    if (sender.kind === "await" && taken === undefined) return NO_ENTRANCES;
    const protocol = protocolFor(keys);
    const seat =
      receiver.kind === "await"
        ? await this.#doors.seat({ user, protocol, expected: receiver.expected })
        : undefined;
    return {
      sender: taken && { ...taken, authCookie: chooseAuthCookie(user) },
      receiver: seat,
    };
  }

  /** The sender's port; the receiver's is its door's. */
  #release({ sender }: Entrances): void {
    if (sender !== undefined) this.#ports.release(sender.port);
  }

  #open(id: string): Transfer | undefined {
    const transfer = this.#transfers.get(id);
    return transfer === "aborted" ? undefined : transfer;
  }

  #allOpen(): readonly Transfer[] {
    return [...this.#transfers.keys()].flatMap((id) => this.#open(id) ?? []);
  }

  #forget(id: string): void {
    this.#transfers.delete(id);
    if (this.#transfers.size === 0) this.#idle?.resolve();
  }

  async #endRecovered(id: string): Promise<void> {
    const recovered = this.#recovered.get(id);
    if (recovered === undefined) return;
    await recovered.end();
    this.#recovered.delete(id);
  }
}

/** What the peers are told of it. */
function placeOf(entrance: Place | undefined): Place | undefined {
  return entrance && { port: entrance.port, authCookie: entrance.authCookie };
}

function refused(reason: RelayRefusal): OpenResult {
  return { kind: "refused", reason };
}
