import type { Clock, ScheduledCall } from "../base/clock.ts";
import { failed } from "../base/result.ts";
import type { CheckedSource } from "./checked-source.ts";
import { onAbort } from "./on-abort.ts";
import { Outage } from "./outage.ts";
import { pause } from "./pause.ts";
import type { EngineStatus, PingAnswer, ScanEngine } from "./scan-engine.ts";
import type { ScanErrorReason, ScanResult } from "./scan-result.ts";

export interface EngineWatchDeps {
  readonly clock: Clock;
  /** The engine went up or down, or warns of something else. */
  readonly onChange: (status: EngineStatus) => void;
}

/** How one file is to be scanned. */
export interface ScanTerms {
  /** The most that it may take. */
  readonly deadlineMs: number;
  /** Errors are tried again until then, or another stands behind that is asked instead. */
  readonly patience: "insists" | "asks-once";
  /** Waits, too, for an engine that is just down. */
  readonly waits: boolean;
  /** Aborts when there is nothing to wait for any more: another engine has found something. */
  readonly enough?: AbortSignal;
}

/** So many scans that fail one after the other, and the engine counts as down. */
const MAX_FAILURES = 5;
const PROBE_MS = 5000;
const PING_MS = 3000;
/** An engine that did not answer in less has not failed: it was asked late, or by who does not wait. */
const FAIR_MS = PROBE_MS;
/** Files wait for it. */
const VERSION_MS = 500;
const PING_EVERY_MS = 2000;
const FIRST_REPROBE_MS = 1000;
const MAX_REPROBE_MS = 10_000;
/** A probe that fails sooner costs nothing and is repeated soon. */
const CHEAP_PROBE_MS = 250;
/** While it is down: an engine that comes back is at work within two seconds. */
const PING_DOWN_EVERY_MS = 1000;
/** A queue that is full for longer may belong to an engine that does nothing. */
const MAX_BUSY_MS = 10_000;
/**
 * Taken down again by scans of so many contents, although its probe has succeeded: it is left alone this long, then twice as long, up
 * to the bound. One file that it cannot bear is tried again and again, and must not keep it from all others.
 */
const MANY_FILES = 3;
const FIRST_REST_MS = 1000;
const MAX_REST_MS = 10_000;
const NO_ANSWER = "no answer in time";
const FIRST_RETRY_MS = 200;
const MAX_RETRY_MS = 1000;

/**
 * One engine under watch. It is probed at the start and asked every two seconds whether it is there; five failures in a row, no
 * answer to a ping, or a failed probe, and it is down: then nothing is sent to it, and only a probe that succeeds brings it
 * back; one is made as soon as it answers pings again. A scan that had begun before is tried again until its deadline; one that comes
 * in the first moments waits (Outage), and later ones fail at once. An engine whose probes succeed while its scans fail is left alone for longer each time (a circuit breaker; the probe is its half-open state).
 */
export class EngineWatch implements AsyncDisposable {
  readonly engine: ScanEngine;
  readonly #deps: EngineWatchDeps;
  readonly #disposal = new AbortController();
  #state: EngineStatus["state"] = "unknown";
  #why = "not probed yet";
  #toldWarning = "";
  #failures = 0;
  /** How often in a row scans have taken it down, with no answer to one in between. */
  #trips = 0;
  /** Hashes of what failed since it was up, MANY_FILES at most. */
  readonly #failedFiles = new Set<string>();
  #scans = 0;
  #errors = 0;
  #reprobeMs = FIRST_REPROBE_MS;
  #probeNotBeforeMs = 0;
  #busySinceMs: number | undefined;
  #next: ScheduledCall | undefined;
  #probe: Promise<void> | undefined;
  readonly #outage: Outage;

  constructor(deps: EngineWatchDeps, engine: ScanEngine) {
    this.#deps = deps;
    this.#outage = new Outage(deps.clock);
    this.engine = engine;
  }

  get status(): EngineStatus {
    const { name, required, version } = this.engine;
    const signaturesAt = this.#state === "up" ? this.engine.signaturesAt : undefined;
    const warning = this.#state === "up" ? (this.engine.warning ?? "") : "";
    const itself = warning === "" ? version : `${version} (${warning})`;
    const detail = this.#state === "up" ? itself : this.#why;
    const counts = { scans: this.#scans, errors: this.#errors };
    return { name, required, state: this.#state, detail, warning, signaturesAt, ...counts };
  }

  /** Probes now, or waits for the probe that runs. */
  async probe(): Promise<void> {
    this.#probe ??= this.#probeOnce().finally(() => {
      this.#probe = undefined;
    });
    await this.#probe;
  }

  /** Total. */
  async scan(source: CheckedSource, terms: ScanTerms): Promise<ScanResult> {
    const { deadlineMs, patience } = terms;
    const startedAt = this.#deps.clock.monotonicMs();
    const deadline = new AbortController();
    const timer = this.#deps.clock.schedule(deadlineMs, () => deadline.abort());
    const signal = AbortSignal.any([deadline.signal, this.#disposal.signal]);
    this.#scans += 1;
    try {
      // what an engine is good for is known once it was probed
      if (this.#state === "unknown") {
        await this.#unlessAborted(async () => this.probe(), undefined, signal);
      }
      const isDown = this.#state === "down" && !(await this.#comesBack(terms, signal));
      const ask = async (): Promise<ScanResult> =>
        patience === "insists" ? this.#insist(source, signal) : this.#ask(source, signal);
      const result = isDown ? this.#failed("down") : await ask();
      if (result.kind === "error") this.#errors += 1;
      return { ...result, ms: Math.round(this.#deps.clock.monotonicMs() - startedAt) };
    } finally {
      timer.cancel();
    }
  }

  /** All that its results hang on, asked of it now; undefined: it does not say, or is not up. Never rejects. */
  async signatureVersion(): Promise<string | undefined> {
    if (this.#state !== "up") return undefined;
    const said = await this.#question<string | undefined>(
      VERSION_MS,
      async (signal) => this.engine.signatureVersion?.(signal),
      undefined,
    );
    return this.#state === "up" ? said : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal.abort();
    this.#next?.cancel();
    await this.engine[Symbol.asyncDispose]();
  }

  async #comesBack(
    { deadlineMs, waits, enough }: ScanTerms,
    signal: AbortSignal,
  ): Promise<boolean> {
    const either = enough === undefined ? signal : AbortSignal.any([signal, enough]);
    return waits && this.#outage.isOver(deadlineMs, either);
  }

  async #insist(source: CheckedSource, signal: AbortSignal): Promise<ScanResult> {
    let waitMs = FIRST_RETRY_MS;
    let result = await this.#ask(source, signal);
    while (result.kind === "error" && !source.broken && !signal.aborted) {
      await pause(this.#deps.clock, waitMs, signal);
      waitMs = Math.min(2 * waitMs, MAX_RETRY_MS);
      if (!signal.aborted && this.#state !== "down") result = await this.#ask(source, signal);
    }
    return result;
  }

  async #ask(source: CheckedSource, signal: AbortSignal): Promise<ScanResult> {
    const startedAt = this.#deps.clock.monotonicMs();
    const result = await this.#unlessAborted(
      async () => this.engine.scan(source, signal),
      this.#failed("timeout"),
      signal,
    );
    if (result.kind !== "error") {
      this.#failures = 0;
      this.#trips = 0;
      this.#failedFiles.clear();
    } else if (
      this.#isToBlame(result.reason, this.#deps.clock.monotonicMs() - startedAt) &&
      !source.broken
    ) {
      if (this.#failedFiles.size < MANY_FILES) this.#failedFiles.add(source.sha256);
      this.#countFailure(result.reason);
    }
    return result;
  }

  /** A full queue is no failure; nor is a file that takes too long, where an engine that hangs is found out by its ping. */
  #isToBlame(reason: ScanErrorReason, tookMs: number): boolean {
    if (reason === "timeout") return this.engine.ping === undefined && tookMs >= FAIR_MS;
    return reason !== "overloaded";
  }

  /** An engine is total and heeds the signal; one that does not must not hold up the others. */
  async #unlessAborted<T>(run: () => Promise<T>, otherwise: T, signal: AbortSignal): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T>();
    // the engine hears of the abort too; its own answer is better when it comes in the same breath
    const stop = onAbort(signal, () => setImmediate(() => resolve(otherwise)));
    run().then(resolve, () => resolve(otherwise));
    const outcome = await promise;
    stop();
    return outcome;
  }

  #countFailure(reason: ScanErrorReason): void {
    if (this.#disposal.signal.aborted) return;
    this.#failures += 1;
    if (this.#failures < MAX_FAILURES || this.#state === "down") return;
    const isAboutFew = this.#failedFiles.size < MANY_FILES;
    this.#trips = isAboutFew ? 1 : this.#trips + 1;
    const why = `${MAX_FAILURES} scans failed, the last: ${reason}`;
    if (this.#trips === 1) {
      this.#turn("down", why);
      // at once: where only these files were the trouble, it is up again in a moment
      void this.probe();
      return;
    }
    const restMs = Math.min(FIRST_REST_MS * 2 ** (this.#trips - 2), MAX_REST_MS);
    this.#turn("down", `${why}; its probes succeed, so it rests for ${restMs / 1000} s`);
    this.#outage.giveUp();
    this.#probeNotBeforeMs = this.#deps.clock.monotonicMs() + restMs;
    if (this.engine.ping === undefined) this.#later(restMs, async () => this.probe());
    else this.#later(PING_DOWN_EVERY_MS, async () => this.#ping());
  }

  async #probeOnce(): Promise<void> {
    this.#next?.cancel();
    const startedAt = this.#deps.clock.monotonicMs();
    const problem = await this.#question<string | undefined>(
      PROBE_MS,
      async (signal) => this.engine.probe(signal),
      NO_ANSWER,
    );
    if (this.#disposal.signal.aborted) return;
    if (problem === undefined) {
      this.#failures = 0;
      this.#failedFiles.clear();
      this.#reprobeMs = FIRST_REPROBE_MS;
      this.#turn("up", "");
      if (this.engine.ping !== undefined) this.#later(PING_EVERY_MS, async () => this.#ping());
      return;
    }
    this.#trips = 0;
    this.#turn("down", problem);
    const isCheap = this.#deps.clock.monotonicMs() - startedAt < CHEAP_PROBE_MS;
    this.#probeNotBeforeMs = this.#deps.clock.monotonicMs() + this.#reprobeMs;
    if (this.engine.ping === undefined) this.#later(this.#reprobeMs, async () => this.probe());
    else this.#later(PING_DOWN_EVERY_MS, async () => this.#ping());
    this.#reprobeMs = isCheap ? FIRST_REPROBE_MS : Math.min(2 * this.#reprobeMs, MAX_REPROBE_MS);
  }

  async #ping(): Promise<void> {
    const answer = await this.#question<PingAnswer>(
      PING_MS,
      async (signal) => (await this.engine.ping?.(signal)) ?? failed(NO_ANSWER),
      failed(NO_ANSWER),
    );
    if (this.#disposal.signal.aborted || this.#probe !== undefined) return;
    if (this.#state === "down") await this.#afterPingWhileDown(answer);
    else await this.#afterPing(answer);
  }

  async #afterPing(answer: PingAnswer): Promise<void> {
    const nowMs = this.#deps.clock.monotonicMs();
    if (answer.ok && answer.value === "busy") this.#busySinceMs ??= nowMs;
    else this.#busySinceMs = undefined;
    const isStuck = this.#busySinceMs !== undefined && nowMs - this.#busySinceMs >= MAX_BUSY_MS;
    if (answer.ok && !isStuck) {
      // it may have learned something to warn of
      this.#turn("up", "");
      this.#later(PING_EVERY_MS, async () => this.#ping());
      return;
    }
    this.#busySinceMs = undefined;
    if (!answer.ok) this.#turn("down", answer.problem);
    await this.probe();
  }

  /** An engine that answers after it did not is back; one that answers all the time, and yet fails its probe, has to wait. */
  async #afterPingWhileDown(answer: PingAnswer): Promise<void> {
    const isDue = this.#deps.clock.monotonicMs() >= this.#probeNotBeforeMs;
    if (answer.ok && isDue) {
      await this.probe();
      return;
    }
    if (!answer.ok) {
      this.#why = answer.problem;
      this.#probeNotBeforeMs = 0;
    }
    this.#later(PING_DOWN_EVERY_MS, async () => this.#ping());
  }

  async #question<T>(
    ms: number,
    ask: (signal: AbortSignal) => Promise<T>,
    otherwise: T,
  ): Promise<T> {
    const deadline = new AbortController();
    const timer = this.#deps.clock.schedule(ms, () => deadline.abort());
    const signal = AbortSignal.any([deadline.signal, this.#disposal.signal]);
    const answer = await this.#unlessAborted(async () => ask(signal), otherwise, signal);
    timer.cancel();
    return answer;
  }

  #later(ms: number, run: () => Promise<void>): void {
    this.#next?.cancel();
    this.#next = this.#deps.clock.schedule(ms, () => void run());
  }

  #turn(state: "up" | "down", why: string): void {
    const before = this.#state;
    this.#state = state;
    this.#why = why;
    if (state === "down") this.#outage.begin();
    else this.#outage.end();
    const { warning } = this.status;
    const changed = before !== state || (state === "up" && warning !== this.#toldWarning);
    if (state === "up") this.#toldWarning = warning;
    if (changed) this.#deps.onChange(this.status);
  }

  #failed(reason: ScanErrorReason): ScanResult {
    return { kind: "error", engine: this.engine.name, reason, ms: 0 };
  }
}
