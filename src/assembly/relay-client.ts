import { Worker } from "node:worker_threads";
import type { Clock, ScheduledCall } from "../base/clock.ts";
import { CodedError } from "../base/coded-error.ts";
import { workerEntry } from "../base/worker-entry.ts";
import type {
  AbortReason,
  FileDecision,
  KeepOutcome,
  OpenResult,
  Relay,
  RelayEvent,
  TransferEnd,
  TransferPlan,
} from "../relay/relay.ts";
import type { EngineStatus, ScanReport } from "../scan/scan-engine.ts";
import { NOTHING_KEPT } from "../scan/kept-answers.ts";
import { ownBytes } from "./own-bytes.ts";
import type {
  EngineRules,
  KeptScans,
  RelayCall,
  RelayMethods,
  RelayReply,
  RelayWorkerSettings,
} from "./relay-messages.ts";

/**
 * The SIP thread's end of the relay's worker (DESIGN §4 "Processes and threads"). Calls and events cross as plain data. A
 * worker that dies is started anew: its transfers end as failed, what was asked of it gets the answer that stops a file,
 * and what its spool still holds comes back as recovered.
 */
export interface RelayClient extends Relay, EngineRules, KeptScans {
  /** Why nothing can be transferred or scanned at the moment; undefined: all is well. */
  readonly trouble: string | undefined;
  /** How the scan engines stood when one of them last changed; empty before the first has been probed. */
  readonly lastEngines: readonly EngineStatus[];
}

export interface RelayClientDeps {
  readonly clock: Clock;
  readonly onEvent: (event: RelayEvent) => void;
  readonly onEngine: (status: EngineStatus) => void;
  /** Makes room in the quarantine for a file that needs so many bytes, `lacks` of them on the disk; false: nothing there may go. Never rejects. */
  readonly makeRoom: (needs: number, lacks?: number) => Promise<boolean>;
  /** The worker died; it is started again. */
  readonly onDeath: (error: Error) => void;
}

/** The relay's worker could not be started. */
export class RelayFailed extends CodedError {}

type AwaitedAt = Pick<Extract<OpenResult, { kind: "opened" }>, "sender" | "receiver">;

const FIRST_RESTART_MS = 100;
const MAX_RESTART_MS = 5000;
const CLOSE_MS = 10_000;

const LOST: TransferEnd = {
  result: "failed",
  reason: "internal",
  receivedBytes: 0,
  deliveredBytes: 0,
  senderTold: "nothing",
};
const ENGINES_DOWN: ScanReport = {
  verdict: { kind: "error", engine: "none", reason: "down", ms: 0 },
  results: [{ kind: "error", engine: "none", reason: "down", ms: 0 }],
  trueType: undefined,
};
const RULES_LOST = {
  ok: false,
  problems: ["scan engines: the relay was restarted, and reads their rules by itself"],
} as const;
const NOT_SCANNED = { kind: "failed", detail: "the relay was restarted" } as const;
const NOT_KEPT = { kind: "not-kept", reason: "failed", detail: "the relay was restarted" } as const;

/** Starts the worker and waits until it is at work. Rejects with RELAY_FAILED. */
export async function createRelayClient(
  deps: RelayClientDeps,
  settings: RelayWorkerSettings,
): Promise<RelayClient> {
  const client = new WorkerRelay(deps, settings);
  await client.start();
  return client;
}

class WorkerRelay implements RelayClient {
  trouble: string | undefined = "the relay is starting";
  lastEngines: readonly EngineStatus[] = [];
  readonly #deps: RelayClientDeps;
  readonly #settings: RelayWorkerSettings;
  readonly #calls = new Map<number, { resolve: (value: unknown) => void; lost: unknown }>();
  /** With the ports at which their peers are awaited, once they are known. */
  readonly #open = new Map<string, AwaitedAt>();
  #worker: Worker | undefined;
  #seq = 0;
  #restartMs = FIRST_RESTART_MS;
  #restart: ScheduledCall | undefined;
  #closing = false;

  constructor(deps: RelayClientDeps, settings: RelayWorkerSettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  get load(): Relay["load"] {
    const { ports: range, maxTransfers } = this.#settings;
    const ports = range === undefined ? 0 : range.lastPort - range.firstPort + 1;
    const awaited = [...this.#open.values()];
    const doors = new Set(awaited.flatMap(({ receiver }) => receiver?.port ?? [])).size;
    const held = doors + awaited.filter(({ sender }) => sender !== undefined).length;
    const capacity = ports === 0 ? 0 : maxTransfers;
    return { open: this.#open.size, capacity, ports, freePorts: Math.max(0, ports - held), doors };
  }

  async start(): Promise<void> {
    const started = Promise.withResolvers<void>();
    const worker = new Worker(workerEntry(import.meta.url, "relay-worker"), {
      workerData: this.#settings,
      name: "relay",
    });
    this.#worker = worker;
    worker.on("message", (reply: RelayReply) => {
      if (reply.kind === "ready") started.resolve();
      this.#take(reply);
    });
    worker.on("error", (error) => {
      started.reject(new RelayFailed("RELAY_FAILED", error.message, { cause: error }));
      this.#died(worker, error);
    });
    worker.on("exit", (code) => {
      const error = new RelayFailed("RELAY_FAILED", `the relay's worker ended with ${code}`);
      started.reject(error);
      this.#died(worker, error);
    });
    await started.promise;
  }

  async open(plan: TransferPlan): Promise<OpenResult> {
    this.#open.set(plan.id, { sender: undefined, receiver: undefined });
    const opened = await this.#call("open", [plan], { kind: "refused", reason: "unavailable" });
    if (opened.kind === "refused") this.#open.delete(plan.id);
    // Its end may have come before the answer is looked at.
    else if (this.#open.has(plan.id)) this.#open.set(plan.id, opened);
    return opened;
  }

  decide(id: string, decision: FileDecision): void {
    void this.#call("decide", [id, decision], undefined);
  }

  abort(id: string, reason: AbortReason): void {
    void this.#call("abort", [id, reason], undefined);
  }

  async keep(...args: Parameters<Relay["keep"]>): ReturnType<Relay["keep"]> {
    return this.#kept(async () => this.#call("keep", args, NOT_KEPT));
  }

  async scanBytes(...args: Parameters<Relay["scanBytes"]>): Promise<ScanReport> {
    const [bytes, ...terms] = args;
    const own = ownBytes(bytes);
    return this.#call("scanBytes", [own, ...terms], ENGINES_DOWN, [own.buffer]);
  }

  async keepBytes(...args: Parameters<Relay["keepBytes"]>): ReturnType<Relay["keepBytes"]> {
    const [bytes, story] = args;
    return this.#kept(async () => {
      const own = ownBytes(bytes);
      return this.#call("keepBytes", [own, story], NOT_KEPT, [own.buffer]);
    });
  }

  /** Once more, when the quarantine was full and something in it may go. */
  async #kept(keep: () => Promise<KeepOutcome>): Promise<KeepOutcome> {
    const outcome = await keep();
    if (outcome.kind === "kept" || outcome.needs === undefined) return outcome;
    return (await this.#deps.makeRoom(outcome.needs, outcome.lacks)) ? keep() : outcome;
  }

  async engines(test: boolean): ReturnType<Relay["engines"]> {
    return this.#call("engines", [test], []);
  }

  async reloadEngines(isTrial: boolean): ReturnType<EngineRules["reloadEngines"]> {
    const haveRules = this.#settings.scan.engines.some(({ type }) => type === "yara");
    return haveRules ? this.#call("reloadEngines", [isTrial], RULES_LOST) : undefined;
  }

  async scanKept(...args: Parameters<KeptScans["scanKept"]>): ReturnType<KeptScans["scanKept"]> {
    return this.#call("scanKept", args, NOT_SCANNED);
  }

  async scanCounts(): ReturnType<Relay["scanCounts"]> {
    return this.#call("scanCounts", [], NOTHING_KEPT);
  }

  async transfers(): ReturnType<Relay["transfers"]> {
    return this.#call("transfers", [], []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.#restart?.cancel();
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = Promise.withResolvers<void>();
    worker.once("exit", () => ended.resolve());
    post(worker, "close");
    const patience = this.#deps.clock.schedule(CLOSE_MS, () => void worker.terminate());
    await ended.promise;
    patience.cancel();
  }

  /** @param lost the answer when the worker dies before it gives one: always the one that lets nothing pass */
  async #call<M extends keyof RelayMethods>(
    method: M,
    args: Parameters<RelayMethods[M]>,
    lost: Awaited<ReturnType<RelayMethods[M]>>,
    handedOver: readonly ArrayBuffer[] = [],
  ): Promise<Awaited<ReturnType<RelayMethods[M]>>> {
    const worker = this.#worker;
    if (worker === undefined || this.trouble !== undefined) return lost;
    this.#seq += 1;
    const seq = this.#seq;
    const answered = Promise.withResolvers<unknown>();
    this.#calls.set(seq, { resolve: answered.resolve, lost });
    post(worker, { seq, method, args }, handedOver);
    // The worker answers in the type of the method that it was asked for; relay-worker.ts is checked for that.
    return (await answered.promise) as Awaited<ReturnType<RelayMethods[M]>>;
  }

  #take(reply: RelayReply): void {
    switch (reply.kind) {
      case "ready":
        this.trouble = undefined;
        this.#restartMs = FIRST_RESTART_MS;
        return;
      case "answer": {
        const call = this.#calls.get(reply.seq);
        this.#calls.delete(reply.seq);
        call?.resolve(reply.value);
        return;
      }
      case "event":
        if (reply.event.kind === "ended") this.#open.delete(reply.event.id);
        this.#deps.onEvent(reply.event);
        return;
      case "engine":
        this.lastEngines = reply.all;
        this.#deps.onEngine(reply.status);
    }
  }

  #died(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.lastEngines = [];
    const wasUp = this.trouble === undefined;
    this.trouble = `the relay is not at work: ${error.message}`;
    for (const { resolve, lost } of this.#calls.values()) resolve(lost);
    this.#calls.clear();
    for (const id of this.#open.keys()) this.#deps.onEvent({ kind: "ended", id, end: LOST });
    this.#open.clear();
    if (this.#closing) return;
    if (wasUp || this.#restart !== undefined) this.#deps.onDeath(error);
    if (!wasUp && this.#restart === undefined) return;
    this.#restart = this.#deps.clock.schedule(this.#restartMs, () => {
      this.start().catch(() => undefined);
    });
    this.#restartMs = Math.min(2 * this.#restartMs, MAX_RESTART_MS);
  }
}

function post(
  worker: Worker,
  message: RelayCall | "close",
  handedOver: readonly ArrayBuffer[] = [],
): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
  worker.postMessage(message, handedOver);
}
