/**
 * Watches the upstreams by OPTIONS, so that the operator sees which of them lives, and so that requests go to one that
 * does (docs/decisions/021). Each is asked at every interval; one that leaves requests unanswered for a while is asked at
 * once, and when it does not answer that either, what waits for a first answer there goes on to the next. A request that
 * a living server merely takes long with stays where it is, for nobody shall get a MESSAGE twice.
 *
 * The only upstream is watched too, but nothing is ever taken away from it.
 */
import type { TimerHandle } from "../base/timer-wheel.ts";
import type { FlowFace } from "./flow-face.ts";
import { OptionsProbe, type ProbeEnd } from "./options-probe.ts";
import type { ProxyCore } from "./proxy-core.ts";
import type { UpstreamProbe, UpstreamTarget } from "./proxy-options.ts";
import { upstreamName } from "./upstream-name.ts";
import type { UpstreamStatus } from "./upstream-state.ts";

/** An upstream came or went; `reason` is why it went. */
export interface UpstreamChange {
  readonly upstream: string;
  readonly status: UpstreamStatus;
  readonly was: UpstreamStatus;
  readonly reason: string;
}

const TICK_MS = 1000;
/** After 3.5 s a server says 100 to whatever it still works on (RFC 4320 §4.1). */
const SILENCE_MS = 4000;
/** The share of `answerWithinMs` that silence may take, so that the next upstream has the rest. */
const SILENCE_SHARE = 0.2;

interface RunningProbe {
  readonly probe: OptionsProbe;
  /** Requests were left unanswered: one failure is enough. */
  certain: boolean;
}

interface Quiet {
  frames: number;
  ms: number;
}

export class UpstreamWatch {
  readonly #core: ProxyCore;
  readonly #settings: UpstreamProbe;
  readonly #onChange: (change: UpstreamChange) => void;
  readonly #running = new Map<UpstreamTarget, RunningProbe>();
  readonly #quiet = new Map<UpstreamTarget, Quiet>();
  #round: TimerHandle | undefined;
  #tick: TimerHandle | undefined;
  #closed = false;

  constructor(
    core: ProxyCore,
    settings: UpstreamProbe,
    onChange: (change: UpstreamChange) => void,
  ) {
    this.#core = core;
    this.#settings = settings;
    this.#onChange = onChange;
    core.targets.upstreams.onSuspect = (upstream) => this.#probe(upstream, false);
  }

  start(): void {
    this.#probeAll();
    this.#listen();
  }

  close(): void {
    this.#closed = true;
    this.#round?.cancel();
    this.#tick?.cancel();
    for (const { probe } of this.#running.values()) probe.abandon();
    this.#running.clear();
  }

  #probeAll(): void {
    const { timers, targets } = this.#core;
    this.#round = timers.start(this.#settings.intervalMs, () => this.#probeAll());
    for (const upstream of targets.upstreams.all) this.#probe(upstream, false);
  }

  #probe(upstream: UpstreamTarget, certain: boolean): void {
    const running = this.#running.get(upstream);
    if (running !== undefined) {
      running.certain ||= certain;
      return;
    }
    if (this.#closed) return;
    const { face } = this.#core.targets.upstreams.wayTo(upstream);
    const { frames } = face;
    const probe = new OptionsProbe(this.#core, {
      face,
      requestUri: upstreamName(upstream),
      timeoutMs: this.#settings.timeoutMs,
      onEnd: (end) => this.#ended(upstream, end, face.frames > frames),
    });
    this.#running.set(upstream, { probe, certain });
  }

  #ended(upstream: UpstreamTarget, end: ProbeEnd, heard: boolean): void {
    const certain = this.#running.get(upstream)?.certain === true;
    this.#running.delete(upstream);
    const { upstreams } = this.#core.targets;
    if (!upstreams.all.includes(upstream)) return;
    const state = upstreams.stateOf(upstream);
    const reason = failureOf(end, heard);
    const was = state.status;
    const nowMs = this.#core.clock.now();
    const changed =
      reason === undefined
        ? state.noteAlive(this.#settings, nowMs)
        : state.noteDead(reason, certain, this.#settings, nowMs);
    if (!changed) return;
    const { status } = state;
    this.#onChange({ upstream: upstreamName(upstream), status, was, reason: state.reason });
    if (status === "down") this.#moveOn(upstream);
    else upstreams.wake(upstream);
  }

  /**
   * What has had no answer yet goes to the next upstream. The connection is of no use any more, unless the server is
   * seeing to some requests: it lives then, whatever it says to a probe.
   */
  #moveOn(upstream: UpstreamTarget): void {
    const { upstreams } = this.#core.targets;
    if (upstreams.all.length === 1) return;
    for (const face of this.#facesOf(upstream)) {
      for (const waiting of Array.from(face.waiting)) waiting.peerSilent();
      if (face.flow.reliable && face.waiting.size === 0) face.flow.close();
    }
  }

  /** The ways to it that requests wait on: large ones may have taken one of their own. */
  #facesOf(upstream: UpstreamTarget): readonly FlowFace[] {
    const { targets, large } = this.#core;
    const ways = [targets.upstreams.openWayTo(upstream), large?.lastStreamTo(upstream.remote)];
    return ways.flatMap((way) => way?.face ?? []);
  }

  /** Looks every second whether an upstream lets requests wait without a word. */
  #listen(): void {
    const { timers, targets, options } = this.#core;
    this.#tick = timers.start(TICK_MS, () => this.#listen());
    const { all } = targets.upstreams;
    for (const gone of this.#quiet.keys()) if (!all.includes(gone)) this.#quiet.delete(gone);
    if (all.length === 1) return;
    const silenceMs = Math.min(SILENCE_MS, SILENCE_SHARE * options.answerWithinMs);
    for (const upstream of all) {
      const own = this.#running.has(upstream) ? 1 : 0;
      let waiting = 0;
      let frames = 0;
      for (const face of this.#facesOf(upstream)) {
        waiting += face.waiting.size;
        frames += face.frames;
      }
      const quiet = this.#quiet.get(upstream);
      if (waiting <= own) {
        this.#quiet.delete(upstream);
      } else if (quiet === undefined || quiet.frames !== frames) {
        this.#quiet.set(upstream, { frames, ms: 0 });
      } else {
        quiet.ms += TICK_MS;
        if (quiet.ms >= silenceMs) this.#probe(upstream, true);
      }
    }
  }
}

/** Why this is a failure; undefined when it is none. Something else that came from the server says that it lives, too. */
function failureOf(end: ProbeEnd, heard: boolean): string | undefined {
  switch (end.kind) {
    case "answered":
      return end.status === 503 ? "it answers 503" : undefined;
    case "lost":
      return "no connection";
    case "silent":
      return heard ? undefined : "no answer to OPTIONS";
  }
}
